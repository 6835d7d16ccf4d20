/* Builtins over any sequence that call no callback: take, skip, zip, enumerate, sum, collect, first, last.
 * Also the walk itself (seq.h). */
#include "lib/seq.h"

#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"

RfStatus rf_seq_init(RfVm *vm, RfSeq *seq, RfValue source)
{
    *seq = (RfSeq){.vm = vm};
    switch ((RfTag)source.tag) {
    case RF_TAG_ARRAY:
        seq->array = source.as.arr;
        seq->len = source.as.arr->len;
        return RF_OK;
    case RF_TAG_STACK: seq->len = source.as.stack->len; break;
    case RF_TAG_SET: seq->len = source.as.set->len; break;
    case RF_TAG_QUEUE: seq->len = source.as.queue->len; break;
    case RF_TAG_BYTES: seq->len = source.as.bytes->len; break;
    default: break;
    }
    return rf_iter_init(vm, &seq->iter, rf_retain(source));
}

RfValue rf_seq_pair(RfValue a, RfValue b)
{
    if (a.tag == b.tag && (a.tag == RF_TAG_INT || a.tag == RF_TAG_FLOAT)) {
        RfArray *numbers = rf_array_new_kind(a.tag == RF_TAG_INT ? RF_ELEM_INT : RF_ELEM_FLOAT, 2);
        numbers->as.ints[0] = a.as.i; /* the payload's bits, whichever kind */
        numbers->as.ints[1] = b.as.i;
        return rf_obj(numbers);
    }
    if (a.tag == RF_TAG_BOOL && b.tag == RF_TAG_BOOL) {
        RfValue both[2] = {a, b};
        return rf_obj(rf_array_from_values(both, 2));
    }
    RfArray *pair = rf_array_new_kind(RF_ELEM_ANY, 2);
    pair->as.values[0] = a;
    pair->as.values[1] = b;
    return rf_obj(pair);
}

/* Ends a builtin that filled `result`: hands it out, or releases it when `status` is an error. */
static RfStatus finish(RfSeq *seq, RfStatus status, RfArray *result, RfValue *out)
{
    rf_seq_end(seq);
    if (status != RF_OK) {
        rf_object_release(result);
        return status;
    }
    *out = rf_obj(result);
    return RF_OK;
}

/* ---- take, skip ---- */
static RfStatus check_count(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (!rf_is_seq(argv[0])) {
        return rf_args_raise_named(vm, self, "requires 2 arguments: array and count");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "count must be a number");
    }
    return RF_OK;
}

RfStatus rf_lib_take(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_count(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    int64_t count = rf_args_count(argv[1]);
    if (count <= 0) {
        *out = rf_obj(rf_array_new(0));
        return RF_OK;
    }
    if (rf_is_array(argv[0])) {
        RfArray *array = rf_take(&argv[0]).as.arr;
        size_t end = (uint64_t)count < array->len ? (size_t)count : array->len;
        *out = rf_obj(rf_array_slice_take(array, 0, end));
        return RF_OK;
    }
    RfSeq seq;
    if (rf_seq_init(vm, &seq, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new((uint64_t)count < seq.len ? (size_t)count : seq.len);
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    /* The count is tested first: a generator is not asked for more than is wanted. */
    while (status == RF_OK && count-- > 0 && (more = rf_seq_next(&seq, &item)) > 0) {
        status = rf_seq_push(vm, self, result, item);
    }
    return finish(&seq, more < 0 ? RF_ERROR : status, result, out);
}

RfStatus rf_lib_skip(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_count(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    int64_t count = rf_args_count(argv[1]);
    if (count < 0) {
        count = 0;
    }
    if (rf_is_array(argv[0])) {
        RfArray *array = rf_take(&argv[0]).as.arr;
        size_t start = (uint64_t)count < array->len ? (size_t)count : array->len;
        *out = rf_obj(rf_array_slice_take(array, start, array->len));
        return RF_OK;
    }
    RfSeq seq;
    if (rf_seq_init(vm, &seq, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new((uint64_t)count < seq.len ? seq.len - (size_t)count : 0);
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&seq, &item)) > 0) {
        if (count > 0) {
            count--;
            rf_release(item);
        } else {
            status = rf_seq_push(vm, self, result, item);
        }
    }
    return finish(&seq, more < 0 ? RF_ERROR : status, result, out);
}

/* ---- zip, enumerate ---- */
RfStatus rf_lib_zip(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_seq(argv[0]) || !rf_is_seq(argv[1])) {
        return rf_args_raise_named(vm, self, "requires 2 array arguments");
    }
    RfSeq left, right;
    if (rf_seq_init(vm, &left, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (rf_seq_init(vm, &right, argv[1]) != RF_OK) {
        rf_seq_end(&left);
        return RF_ERROR;
    }
    RfArray *result = rf_array_new(left.len < right.len ? left.len : right.len);
    RfStatus status = RF_OK;
    int more = 0;
    for (RfValue a, b; status == RF_OK && (more = rf_seq_next(&left, &a)) > 0;) {
        more = rf_seq_next(&right, &b);
        if (more <= 0) {
            rf_release(a);
            break;
        }
        status = rf_seq_push(vm, self, result, rf_seq_pair(a, b));
    }
    rf_seq_end(&right);
    return finish(&left, more < 0 ? RF_ERROR : status, result, out);
}

RfStatus rf_lib_enumerate(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_seq(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an array argument");
    }
    RfSeq seq;
    if (rf_seq_init(vm, &seq, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *result = rf_array_new(seq.len);
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    for (int64_t i = 0; status == RF_OK && (more = rf_seq_next(&seq, &item)) > 0; i++) {
        status = rf_seq_push(vm, self, result, rf_seq_pair(rf_int(i), item));
    }
    return finish(&seq, more < 0 ? RF_ERROR : status, result, out);
}

/* ---- sum ---- An int until the first float, a float from then on; added up in order, so that the result does not
 * depend on the kind of the array. */
typedef struct Sum {
    bool is_float;
    int64_t i;
    double f;
} Sum;

static RfStatus raise_sum_overflow(RfVm *vm, int64_t sum, int64_t item)
{
    return rf_raise(rf_rt(vm), "Integer overflow: %lld + %lld", (long long)sum, (long long)item);
}

static RfStatus sum_add(RfVm *vm, Sum *sum, RfValue item)
{
    if (rf_is_float(item)) {
        sum->f = (sum->is_float ? sum->f : (double)sum->i) + item.as.f;
        sum->is_float = true;
    } else if (rf_is_int(item)) {
        if (sum->is_float) {
            sum->f += (double)item.as.i;
        } else {
            int64_t before = sum->i;
            if (__builtin_add_overflow(before, item.as.i, &sum->i)) {
                return raise_sum_overflow(vm, before, item.as.i);
            }
        }
    }
    return RF_OK;
}

static RfStatus sum_array(RfVm *vm, Sum *sum, const RfArray *a)
{
    switch (rf_array_kind(a)) {
    case RF_ELEM_BOOL: return RF_OK;
    case RF_ELEM_INT: {
        int64_t total = 0;
        for (size_t i = 0; i < a->len; i++) {
            int64_t before = total;
            if (__builtin_expect(__builtin_add_overflow(before, a->as.ints[i], &total), 0)) {
                return raise_sum_overflow(vm, before, a->as.ints[i]);
            }
        }
        sum->i = total;
        return RF_OK;
    }
    case RF_ELEM_FLOAT: {
        double total = 0.0;
        for (size_t i = 0; i < a->len; i++) {
            total += a->as.floats[i];
        }
        sum->f = total;
        sum->is_float = a->len > 0;
        return RF_OK;
    }
    default: break;
    }
    for (size_t i = 0; i < a->len; i++) {
        if (sum_add(vm, sum, a->as.values[i]) != RF_OK) {
            return RF_ERROR;
        }
    }
    return RF_OK;
}

RfStatus rf_lib_sum(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_seq(argv[0])) {
        return rf_raise(rf_rt(vm), "sum requires an array argument");
    }
    Sum sum = {false, 0, 0.0};
    if (rf_is_array(argv[0])) {
        if (sum_array(vm, &sum, argv[0].as.arr) != RF_OK) {
            return RF_ERROR;
        }
    } else {
        RfSeq seq;
        if (rf_seq_init(vm, &seq, argv[0]) != RF_OK) {
            return RF_ERROR;
        }
        RfStatus status = RF_OK;
        RfValue item;
        int more = 0;
        while (status == RF_OK && (more = rf_seq_next(&seq, &item)) > 0) {
            status = sum_add(vm, &sum, item);
            rf_release(item);
        }
        rf_seq_end(&seq);
        if (status != RF_OK || more < 0) {
            return RF_ERROR;
        }
    }
    *out = sum.is_float ? rf_float(sum.f) : rf_int(sum.i);
    return RF_OK;
}

/* ---- collect ---- */

/* A number stands for that many ints; more than an array can hold is an error before anything is made. */
static bool too_many(RfValue v)
{
    return rf_is_num(v) && rf_args_count(v) > (int64_t)RF_COLLECTION_MAX;
}

RfStatus rf_lib_collect(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_seq(argv[0]) && !rf_is_num(argv[0]) && !rf_is_string(argv[0]) && !rf_is_dict(argv[0]) &&
        argv[0].tag != RF_TAG_CHANNEL) {
        return rf_args_raise_named(vm, self, "expects an iterator or array");
    }
    if (too_many(argv[0])) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    return rf_iter_collect(vm, rf_take(&argv[0]), out);
}

RfStatus rf_lib___vm_for_iterable(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (rf_is_seq(argv[0]) || rf_is_num(argv[0]) || rf_is_string(argv[0]) || rf_is_dict(argv[0])) {
        if (too_many(argv[0])) {
            return rf_raise_too_large(vm, self->arity_name);
        }
        return rf_iter_collect(vm, rf_take(&argv[0]), out);
    }
    *out = rf_take(&argv[0]);
    return RF_OK;
}

/* ---- first, last ---- */
static RfValue end_of_string(RfVm *vm, const RfString *s, bool last)
{
    size_t at = 0;
    if (last) {
        at = s->len - 1;
        while (at > 0 && ((unsigned char)s->data[at] & 0xC0) == 0x80) {
            at--;
        }
    }
    uint32_t code_point = 0;
    rf_utf8_decode(s->data + at, s->len - at, &code_point);
    return rf_obj(rf_string_char(rf_rt(vm), code_point));
}

static RfStatus end_of(RfVm *vm, const RfBuiltin *self, RfValue v, bool last, RfValue *out)
{
    *out = rf_null();
    switch ((RfTag)v.tag) {
    case RF_TAG_ARRAY:
        if (v.as.arr->len > 0) {
            *out = rf_array_get(v.as.arr, last ? v.as.arr->len - 1 : 0);
        }
        return RF_OK;
    case RF_TAG_BYTES:
        if (v.as.bytes->len > 0) {
            *out = rf_int(v.as.bytes->data[last ? v.as.bytes->len - 1 : 0]);
        }
        return RF_OK;
    case RF_TAG_STRING:
        if (v.as.str->len > 0) {
            *out = end_of_string(vm, v.as.str, last);
        }
        return RF_OK;
    default: return rf_args_raise_named(vm, self, "requires an array, string, or bytes argument");
    }
}

RfStatus rf_lib_first(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return end_of(vm, self, argv[0], false, out);
}

RfStatus rf_lib_last(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return end_of(vm, self, argv[0], true, out);
}
