/* What the collection builtins share: walking any sequence, building result arrays.
 *
 * A "seq" (stdlib.md 1.4) is an array, set, queue, stack, bytes or generator. Arrays are walked without any call;
 * the rest goes through RfIter, so that generators are drawn lazily. */
#ifndef RF_LIB_SEQ_H
#define RF_LIB_SEQ_H

#include "runtime/array.h"
#include "vm/vm.h"

/* A walk over a seq. The source is borrowed: the caller keeps its reference until rf_seq_end. */
typedef struct RfSeq {
    RfVm *vm;
    const RfArray *array; /* NULL: `iter` does the work */
    size_t pos;
    size_t len; /* items of a source that knows, else 0: a hint for the size of results */
    RfIter iter;
} RfSeq;

/* Starts a walk over `source` (borrowed; rf_is_seq). On RF_ERROR there is nothing to end. */
RfStatus rf_seq_init(RfVm *vm, RfSeq *seq, RfValue source);
/* Stores the next item (new reference) and returns 1; 0 at the end; -1 when an error was raised. */
static inline int rf_seq_next(RfSeq *seq, RfValue *item)
{
    if (seq->array != NULL) {
        if (seq->pos == seq->array->len) {
            return 0;
        }
        *item = rf_array_get(seq->array, seq->pos++);
        return 1;
    }
    return rf_iter_next(seq->vm, &seq->iter, item);
}
/* Always, also after an error of rf_seq_next. */
static inline void rf_seq_end(RfSeq *seq)
{
    if (seq->array == NULL) {
        rf_iter_end(&seq->iter);
    }
}

/* Appends to an array that only the caller holds; takes v. Raises "NAME() result exceeds ..." at the limit. */
static inline RfStatus rf_seq_push(RfVm *vm, const RfBuiltin *self, RfArray *result, RfValue v)
{
    if (__builtin_expect(result->len == RF_COLLECTION_MAX, 0)) {
        rf_release(v);
        return rf_raise_too_large(vm, self->arity_name);
    }
    rf_array_push(result, v);
    return RF_OK;
}

/* The array [a, b], of the tightest kind. Takes both; new reference. */
RfValue rf_seq_pair(RfValue a, RfValue b);

/* A position that may count from the end, clamped to 0..len. */
static inline size_t rf_seq_clamp(int64_t at, size_t len)
{
    if (at < 0) {
        at += (int64_t)len;
    }
    return at < 0 ? 0 : (uint64_t)at > len ? len : (size_t)at;
}

#endif
