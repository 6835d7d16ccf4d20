/* Builtins that call a function for the items of a sequence: map filter flat_map each reduce find find_index any all
 * min_by max_by group_by count_by.
 *
 * The callback is checked once and called with as little around it as can be (RfCallback). It may do anything, also
 * reassign the variable the sequence came from: the caller's argv holds the sequence and the callee until the
 * builtin returns. An error of the callback or of a generator stops the walk, whatever was built is released, and
 * the error goes on unchanged. */
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/seq.h"

/* A walk with its callback. */
typedef struct Walk {
    RfSeq seq;
    RfCallback callback;
} Walk;

/* Checks that `source` is a seq and `callee` callable and starts the walk. */
static RfStatus begin(RfVm *vm, const RfBuiltin *self, Walk *walk, RfValue source, RfValue callee)
{
    if (!rf_is_seq(source) || !rf_is_callable(callee)) {
        return rf_raise(rf_rt(vm), "%s expects an array and a function", self->arity_name);
    }
    rf_callback_init(vm, &walk->callback, callee);
    return rf_seq_init(vm, &walk->seq, source);
}

/* Calls the callback with one item, which is taken. */
static inline RfStatus call(Walk *walk, RfValue item, RfValue *result)
{
    RfValue args[1] = {item};
    return rf_callback_call(&walk->callback, 1, args, result);
}

/* Likewise, for the truth of its result. */
static inline RfStatus test(Walk *walk, RfValue item, bool *truth)
{
    RfValue result;
    if (call(walk, item, &result) != RF_OK) {
        return RF_ERROR;
    }
    *truth = rf_truthy(result);
    rf_release(result);
    return RF_OK;
}

/* Ends a builtin that has built `result` (taken): hands it out, or releases it when the walk or the builtin failed. */
static RfStatus finish(Walk *walk, RfStatus status, int more, RfValue result, RfValue *out)
{
    rf_seq_end(&walk->seq);
    if (status != RF_OK || more < 0) {
        rf_release(result);
        return RF_ERROR;
    }
    *out = result;
    return RF_OK;
}

/* ---- map, flat_map, filter, each ---- */
RfStatus rf_lib_map(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new(walk.seq.len);
    RfStatus status = RF_OK;
    RfValue item, mapped;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        status = call(&walk, item, &mapped);
        if (status == RF_OK) {
            status = rf_seq_push(vm, self, result, mapped);
        }
    }
    return finish(&walk, status, more, rf_obj(result), out);
}

static RfStatus splice(RfVm *vm, const RfBuiltin *self, RfArray *result, RfValue mapped)
{
    if (!rf_is_array(mapped)) {
        return rf_seq_push(vm, self, result, mapped);
    }
    RfStatus status = RF_OK;
    if ((uint64_t)result->len + mapped.as.arr->len > RF_COLLECTION_MAX) {
        status = rf_raise_too_large(vm, self->arity_name);
    } else {
        rf_array_append(result, mapped.as.arr);
    }
    rf_release(mapped);
    return status;
}

RfStatus rf_lib_flat_map(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new(walk.seq.len);
    RfStatus status = RF_OK;
    RfValue item, mapped;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        status = call(&walk, item, &mapped);
        if (status == RF_OK) {
            status = splice(vm, self, result, mapped);
        }
    }
    return finish(&walk, status, more, rf_obj(result), out);
}

RfStatus rf_lib_filter(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new(0);
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        bool keep = false;
        status = test(&walk, rf_retain(item), &keep);
        if (keep) {
            status = rf_seq_push(vm, self, result, item);
        } else {
            rf_release(item);
        }
    }
    return finish(&walk, status, more, rf_obj(result), out);
}

RfStatus rf_lib_each(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfStatus status = RF_OK;
    RfValue item, ignored;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        status = call(&walk, item, &ignored);
        if (status == RF_OK) {
            rf_release(ignored);
        }
    }
    return finish(&walk, status, more, rf_null(), out);
}

/* ---- reduce ---- */
RfStatus rf_lib_reduce(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_seq(argv[0]) || !rf_is_callable(argv[2])) {
        return rf_raise(rf_rt(vm), "reduce expects an array, an initial value, and a function");
    }
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[2]) != RF_OK) {
        return RF_ERROR;
    }
    /* The accumulator is moved into every call, so that a callback like push(acc, x) changes it in place. */
    RfValue accumulator = rf_take(&argv[1]);
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        RfValue args[2] = {accumulator, item};
        accumulator = rf_null();
        status = rf_callback_call(&walk.callback, 2, args, &accumulator);
    }
    return finish(&walk, status, more, accumulator, out);
}

/* ---- find, find_index, any, all ---- */
typedef struct Match {
    RfValue item;  /* new reference when there is a match, else null */
    int64_t index; /* -1: none */
} Match;

/* Walks up to the first item for which the callback's truth is `wanted`. */
static RfStatus search(RfVm *vm, const RfBuiltin *self, RfValue *argv, bool wanted, Match *match)
{
    *match = (Match){rf_null(), -1};
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    for (int64_t i = 0; status == RF_OK && match->index < 0 && (more = rf_seq_next(&walk.seq, &item)) > 0; i++) {
        bool truth = !wanted;
        status = test(&walk, rf_retain(item), &truth);
        if (truth == wanted) {
            *match = (Match){item, i};
        } else {
            rf_release(item);
        }
    }
    rf_seq_end(&walk.seq);
    return more < 0 ? RF_ERROR : status;
}

RfStatus rf_lib_find(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Match match;
    if (search(vm, self, argv, true, &match) != RF_OK) {
        return RF_ERROR;
    }
    *out = match.item;
    return RF_OK;
}

RfStatus rf_lib_find_index(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Match match;
    if (search(vm, self, argv, true, &match) != RF_OK) {
        return RF_ERROR;
    }
    rf_release(match.item);
    *out = rf_int(match.index);
    return RF_OK;
}

RfStatus rf_lib_any(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Match match;
    if (search(vm, self, argv, true, &match) != RF_OK) {
        return RF_ERROR;
    }
    rf_release(match.item);
    *out = rf_bool(match.index >= 0);
    return RF_OK;
}

RfStatus rf_lib_all(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    Match match;
    if (search(vm, self, argv, false, &match) != RF_OK) {
        return RF_ERROR;
    }
    rf_release(match.item);
    *out = rf_bool(match.index < 0);
    return RF_OK;
}

/* ---- min_by, max_by ---- */

/* Whether `key` comes before (sign -1) or after (sign 1) the best so far; the first one always wins. */
static bool is_better(RfValue key, RfValue best, int sign)
{
    if (rf_is_undef(best)) {
        return true;
    }
    int order = rf_value_order(key, best);
    return sign < 0 ? order < 0 : order > 0;
}

/* The first item with the least (sign -1) or greatest (sign 1) key. */
static RfStatus extreme(RfVm *vm, const RfBuiltin *self, RfValue *argv, int sign, RfValue *out)
{
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfValue best = rf_null();
    RfValue best_key = rf_undef();
    RfStatus status = RF_OK;
    RfValue item, key;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        status = call(&walk, rf_retain(item), &key);
        if (status != RF_OK) {
            rf_release(item);
        } else if (is_better(key, best_key, sign)) {
            rf_assign(&best, item);
            rf_assign(&best_key, key);
        } else {
            rf_release(item);
            rf_release(key);
        }
    }
    rf_release(best_key);
    return finish(&walk, status, more, best, out);
}

RfStatus rf_lib_min_by(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return extreme(vm, self, argv, -1, out);
}

RfStatus rf_lib_max_by(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return extreme(vm, self, argv, 1, out);
}

/* ---- group_by, count_by ---- */

/* Adds an item (taken) under a key (taken, normalised) to the dict of groups, or counts it. */
static void add_to_group(RfDict *groups, RfValue key, RfValue item)
{
    RfValue *group = rf_dict_find(groups, key);
    if (group != NULL) {
        rf_array_push(group->as.arr, item); /* nobody else has seen the array yet */
        rf_release(key);
        return;
    }
    RfArray *array = rf_array_new(1);
    rf_array_push(array, item);
    rf_dict_set(groups, key, rf_obj(array));
}

static void add_to_count(RfDict *counts, RfValue key, RfValue item)
{
    rf_release(item);
    RfValue *count = rf_dict_find(counts, key);
    if (count != NULL) {
        count->as.i++;
        rf_release(key);
        return;
    }
    rf_dict_set(counts, key, rf_int(1));
}

typedef void AddToDict(RfDict *dict, RfValue key, RfValue item);

static RfStatus group(RfVm *vm, const RfBuiltin *self, RfValue *argv, AddToDict *add, RfValue *out)
{
    Walk walk;
    if (begin(vm, self, &walk, argv[0], argv[1]) != RF_OK) {
        return RF_ERROR;
    }
    RfDict *groups = rf_dict_new(0);
    RfStatus status = RF_OK;
    RfValue item, result, key;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&walk.seq, &item)) > 0) {
        status = call(&walk, rf_retain(item), &result);
        if (status != RF_OK) {
            rf_release(item);
            break;
        }
        if (rf_dict_make_key(result, &key)) {
            add(groups, key, item);
        } else {
            rf_release(item);
            status = rf_raise(rf_rt(vm), "Invalid dict key");
        }
        rf_release(result);
    }
    return finish(&walk, status, more, rf_obj(groups), out);
}

RfStatus rf_lib_group_by(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return group(vm, self, argv, add_to_group, out);
}

RfStatus rf_lib_count_by(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return group(vm, self, argv, add_to_count, out);
}
