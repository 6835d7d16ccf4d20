/* Iteration: the state of a `for` loop in three locals, and the same walk for builtins (RfIter).
 *
 *   source          position            count
 *   INT step        next value          values left         ranges, ints, floats
 *   ARRAY STACK     index               -
 *   STRING          byte offset         index
 *   BYTES QUEUE     index               -
 *   DICT SET        walk position       index (sets)
 *   GENERATOR       index               -
 *   CHANNEL         index               - */
#include "base/utf8.h"
#include "vm/frame.h"

static RfStatus not_iterable(RfVm *vm, RfValue v)
{
    return rf_raise(rf_rt(vm), "Cannot iterate over non-iterable type: %s", rf_value_type_name(v));
}

void rf_iterate_step(RfValue *it, int64_t start, int64_t stop, int64_t step)
{
    uint64_t count = 0;
    if (step > 0 && start < stop) {
        count = ((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1;
    } else if (step < 0 && start > stop) {
        count = ((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step) + 1;
    }
    rf_assign(&it[0], rf_int(step));
    rf_assign(&it[1], rf_int(start));
    rf_assign(&it[2], rf_int((int64_t)count));
}

RfStatus rf_iterate_range(RfVm *vm, RfValue *it, RfValue low, RfValue high, bool inclusive)
{
    if (low.tag != RF_TAG_INT || high.tag != RF_TAG_INT) {
        return rf_raise(rf_rt(vm), "range bounds must be integers");
    }
    rf_iterate_step(it, low.as.i, high.as.i, 1);
    if (inclusive && low.as.i <= high.as.i) {
        it[2].as.i++;
    }
    return RF_OK;
}

RfStatus rf_iterate_prep(RfVm *vm, RfValue *it, RfValue source)
{
    switch (source.tag) {
    case RF_TAG_INT: rf_iterate_step(it, 0, source.as.i, 1); return RF_OK;
    case RF_TAG_FLOAT: rf_iterate_step(it, 0, rf_float_to_int(source.as.f), 1); return RF_OK;
    case RF_TAG_ARRAY:
    case RF_TAG_STACK:
    case RF_TAG_STRING:
    case RF_TAG_BYTES:
    case RF_TAG_QUEUE:
    case RF_TAG_DICT:
    case RF_TAG_SET:
    case RF_TAG_GENERATOR:
    case RF_TAG_CHANNEL:
        rf_assign(&it[0], source);
        rf_assign(&it[1], rf_int(0));
        rf_assign(&it[2], rf_int(0));
        return RF_OK;
    default: {
        RfStatus status = not_iterable(vm, source);
        rf_release(source);
        return status;
    }
    }
}

/* The next item of a source that needs no script code. False at the end. *key: index or dict key, new references. */
static bool next_item(RfVm *vm, RfValue *it, RfValue *item, RfValue *key, bool want_key)
{
    int64_t at = it[1].as.i;
    if (want_key) {
        *key = rf_int(at);
    }
    switch (it->tag) {
    case RF_TAG_INT:
        if (it[2].as.i == 0) {
            return false;
        }
        it[2].as.i--;
        *item = rf_int(at);
        it[1].as.i = (int64_t)((uint64_t)at + (uint64_t)it->as.i);
        return true;
    case RF_TAG_ARRAY:
    case RF_TAG_STACK:
        if (at >= (int64_t)it->as.arr->len) {
            return false;
        }
        *item = rf_array_get(it->as.arr, (size_t)at);
        it[1].as.i++;
        return true;
    case RF_TAG_STRING: {
        RfString *s = it->as.str;
        if (at >= (int64_t)s->len) {
            return false;
        }
        size_t left = s->len - (size_t)at;
        uint32_t cp;
        size_t width = rf_utf8_decode(s->data + at, left, &cp);
        *item = rf_obj(rf_string_char(rf_rt(vm), cp));
        if (want_key) {
            *key = rf_int(it[2].as.i);
        }
        it[2].as.i++;
        it[1].as.i += (int64_t)width;
        return true;
    }
    case RF_TAG_BYTES:
        if (at >= (int64_t)it->as.bytes->len) {
            return false;
        }
        *item = rf_int(it->as.bytes->data[at]);
        it[1].as.i++;
        return true;
    case RF_TAG_QUEUE:
        if (at >= (int64_t)it->as.queue->len) {
            return false;
        }
        *item = rf_retain(rf_queue_peek(it->as.queue, (size_t)at));
        it[1].as.i++;
        return true;
    case RF_TAG_DICT: {
        size_t pos = (size_t)at;
        RfDictItem found;
        if (!rf_dict_next(it->as.dict, &pos, &found)) {
            return false;
        }
        it[1].as.i = (int64_t)pos;
        RfValue name = rf_obj(rf_dict_key_string(found.key));
        if (want_key) {
            *key = name;
            *item = rf_retain(*found.value);
        } else {
            *item = name;
        }
        return true;
    }
    default: { /* SET */
        size_t pos = (size_t)at;
        const RfValue *found = rf_set_next(it->as.set, &pos);
        if (!found) {
            return false;
        }
        it[1].as.i = (int64_t)pos;
        *item = rf_retain(*found);
        if (want_key) {
            *key = rf_int(it[2].as.i);
        }
        it[2].as.i++;
        return true;
    }
    }
}

int rf_iterate_next(RfVm *vm, RfValue *it, bool two)
{
    RfValue item, key;
    if (it->tag == RF_TAG_GENERATOR) {
        RfGenerator *g = (RfGenerator *)it->as.ptr;
        if (g->state == RF_GEN_DONE) {
            return 0;
        }
        int got = rf_tier_draw(vm, g, &item);
        if (got < 2) {
            if (got > 0) {
                rf_push(vm, item);
                if (two) {
                    rf_push(vm, rf_int(it[1].as.i++));
                }
            }
            return got;
        }
        return rf_generator_resume(vm, g, two ? RF_FRAME_FOR2 : RF_FRAME_FOR, vm->sp) == RF_ENTER ? 2 : -1;
    }
    if (it->tag == RF_TAG_CHANNEL) {
        int got = rf_channel_next(vm, it[0], &item);
        if (got <= 0) {
            return got;
        }
        key = rf_int(it[1].as.i++);
    } else if (!next_item(vm, it, &item, &key, two)) {
        return 0;
    }
    rf_push(vm, item);
    if (two) {
        rf_push(vm, key);
    }
    return 1;
}

/* ---- for builtins ---- */

RfStatus rf_iter_init(RfVm *vm, RfIter *it, RfValue value)
{
    RfValue state[3] = {rf_null(), rf_null(), rf_null()};
    if (rf_iterate_prep(vm, state, value) != RF_OK) {
        *it = (RfIter){rf_null(), 0, 0};
        return RF_ERROR;
    }
    *it = (RfIter){state[0], state[1].as.i, state[2].as.i};
    return RF_OK;
}

int rf_iter_next(RfVm *vm, RfIter *it, RfValue *item)
{
    if (it->source.tag == RF_TAG_GENERATOR) {
        return rf_generator_next(vm, (RfGenerator *)it->source.as.ptr, item);
    }
    if (it->source.tag == RF_TAG_CHANNEL) {
        return rf_channel_next(vm, it->source, item);
    }
    RfValue state[3] = {it->source, rf_int(it->pos), rf_int(it->end)};
    bool more = next_item(vm, state, item, NULL, false);
    it->pos = state[1].as.i;
    it->end = state[2].as.i;
    return more;
}

void rf_iter_end(RfIter *it)
{
    rf_release(it->source);
    it->source = rf_null();
}

bool rf_is_seq(RfValue v)
{
    switch (v.tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_SET:
    case RF_TAG_QUEUE:
    case RF_TAG_STACK:
    case RF_TAG_BYTES:
    case RF_TAG_GENERATOR: return true;
    default: return false;
    }
}

RfStatus rf_iter_collect(RfVm *vm, RfValue v, RfValue *out)
{
    if (v.tag == RF_TAG_ARRAY) {
        *out = v;
        return RF_OK;
    }
    RfIter it;
    if (rf_iter_init(vm, &it, v) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *a = rf_array_new(0);
    RfValue item;
    int got;
    while ((got = rf_iter_next(vm, &it, &item)) > 0) {
        rf_array_push(a, item);
    }
    rf_iter_end(&it);
    if (got < 0) {
        rf_object_release(a);
        return RF_ERROR;
    }
    *out = rf_obj(a);
    return RF_OK;
}
