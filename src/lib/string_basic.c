/* Looking at strings and into containers: len, substring, char_at, contains, index_of, starts_with, ends_with,
 * is_empty, count_chars. Positions are code points; for ASCII strings they are bytes and everything here is O(1) or
 * O(result). */
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/array_find.h"
#include "lib/builtins.h"
#include "lib/dict_key.h"

RfStatus rf_lib_len(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    RfValue v = argv[0];
    switch (v.tag) {
    case RF_TAG_STRING: *out = rf_int(v.as.str->count); return RF_OK;
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: *out = rf_int(v.as.arr->len); return RF_OK;
    case RF_TAG_DICT: *out = rf_int(v.as.dict->len); return RF_OK;
    case RF_TAG_BYTES: *out = rf_int(v.as.bytes->len); return RF_OK;
    case RF_TAG_SET: *out = rf_int(v.as.set->len); return RF_OK;
    case RF_TAG_QUEUE: *out = rf_int(v.as.queue->len); return RF_OK;
    default: return rf_args_raise_named(vm, self, "requires an array, dict, bytes, set, queue, stack, or string");
    }
}

RfStatus rf_lib_substring(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument for value");
    }
    if (!rf_is_num(argv[1]) || !rf_is_num(argv[2])) {
        return rf_args_raise_named(vm, self, "start and end must be a number");
    }
    RfString *s = argv[0].as.str;
    int64_t start = rf_args_count(argv[1]);
    int64_t end = rf_args_count(argv[2]);
    if (start < 0) {
        start = 0;
    }
    if (end > s->count) {
        end = s->count;
    }
    if (start >= end) {
        *out = rf_args_empty(vm);
    } else if (start == 0 && end == s->count) {
        *out = rf_take(&argv[0]);
    } else if (rf_args_is_ascii(s)) {
        *out = rf_args_piece(vm, s->data + start, (size_t)(end - start));
    } else {
        *out = rf_obj(rf_string_slice(s, (size_t)start, (size_t)end));
    }
    return RF_OK;
}

RfStatus rf_lib_char_at(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument for value");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "index must be a number");
    }
    RfString *s = argv[0].as.str;
    int64_t index = rf_args_count(argv[1]);
    if (index < 0 || index >= s->count) {
        *out = rf_args_empty(vm);
        return RF_OK;
    }
    size_t at = rf_string_offset(s, (size_t)index);
    uint32_t cp;
    rf_utf8_decode(s->data + at, s->len - at, &cp);
    *out = rf_obj(rf_string_char(rf_rt(vm), cp));
    return RF_OK;
}

/* Byte offset of the first occurrence of `needle` in `s` (0 for an empty one), or SIZE_MAX. */
static size_t find_bytes(const RfString *s, const RfString *needle)
{
    if (needle->len == 0) {
        return 0;
    }
    const char *at = rf_args_find(s->data, s->len, needle->data, needle->len);
    return at == NULL ? SIZE_MAX : (size_t)(at - s->data);
}

static bool queue_has(const RfQueue *q, RfValue item)
{
    for (size_t i = 0; i < q->len; i++) {
        if (rf_value_equal(rf_queue_peek(q, i), item)) {
            return true;
        }
    }
    return false;
}

static RfStatus raise_wrong_item(RfVm *vm, const RfBuiltin *self)
{
    return rf_args_raise_named(vm, self, "requires two arguments: string/array and substring/item");
}

RfStatus rf_lib_contains(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    RfValue in = argv[0];
    RfValue item = argv[1];
    switch (in.tag) {
    case RF_TAG_STRING:
        if (!rf_is_string(item)) {
            return raise_wrong_item(vm, self);
        }
        *out = rf_int(find_bytes(in.as.str, item.as.str) != SIZE_MAX);
        return RF_OK;
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: *out = rf_bool(rf_array_find(in.as.arr, item) >= 0); return RF_OK;
    case RF_TAG_SET: *out = rf_bool(rf_set_has(in.as.set, item)); return RF_OK;
    case RF_TAG_QUEUE: *out = rf_bool(queue_has(in.as.queue, item)); return RF_OK;
    case RF_TAG_DICT:
        if (!rf_dict_key_ok(item)) {
            return raise_wrong_item(vm, self);
        }
        *out = rf_bool(rf_dict_key_find(in.as.dict, item) != NULL);
        return RF_OK;
    default: return rf_args_raise_named(vm, self, "first argument must be a string, array, or dictionary");
    }
}

RfStatus rf_lib_index_of(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (rf_is_array(argv[0])) {
        *out = rf_int(rf_array_find(argv[0].as.arr, argv[1]));
        return RF_OK;
    }
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "first argument must be a string or array");
    }
    if (!rf_is_string(argv[1])) {
        return raise_wrong_item(vm, self);
    }
    const RfString *s = argv[0].as.str;
    size_t at = find_bytes(s, argv[1].as.str);
    if (at == SIZE_MAX) {
        *out = rf_int(-1);
    } else {
        *out = rf_int((int64_t)(rf_args_is_ascii(s) ? at : rf_utf8_count(s->data, at)));
    }
    return RF_OK;
}

RfStatus rf_lib_starts_with(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_args_raise_named(vm, self, "requires string and prefix string arguments");
    }
    const RfString *s = argv[0].as.str;
    const RfString *prefix = argv[1].as.str;
    *out = rf_bool(s->len >= prefix->len && memcmp(s->data, prefix->data, prefix->len) == 0);
    return RF_OK;
}

RfStatus rf_lib_ends_with(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_args_raise_named(vm, self, "requires string and suffix string arguments");
    }
    const RfString *s = argv[0].as.str;
    const RfString *suffix = argv[1].as.str;
    *out = rf_bool(s->len >= suffix->len && memcmp(s->data + (s->len - suffix->len), suffix->data, suffix->len) == 0);
    return RF_OK;
}

RfStatus rf_lib_is_empty(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    *out = rf_bool(argv[0].as.str->len == 0);
    return RF_OK;
}

RfStatus rf_lib_count_chars(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    *out = rf_int(argv[0].as.str->count);
    return RF_OK;
}
