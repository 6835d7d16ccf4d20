/* Trimming, padding, cutting and turning strings round. */
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/chars.h"

/* The text without whitespace at the chosen ends; the same string when there is none. */
static RfStatus trim(RfVm *vm, const RfBuiltin *self, RfValue *place, bool start, bool end, RfValue *out)
{
    if (!rf_is_string(*place)) {
        return rf_args_raise_named(vm, self, "requires a string argument");
    }
    const RfString *s = place->as.str;
    size_t before = start ? rf_chars_space_prefix(s->data, s->len) : 0;
    size_t after = end ? rf_chars_space_suffix(s->data + before, s->len - before) : 0;
    *out = before + after == 0 ? rf_take(place) : rf_args_piece(vm, s->data + before, s->len - before - after);
    return RF_OK;
}

RfStatus rf_lib_trim(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return trim(vm, self, &argv[0], true, true, out);
}

RfStatus rf_lib_trim_start(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return trim(vm, self, &argv[0], true, false, out);
}

RfStatus rf_lib_trim_end(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return trim(vm, self, &argv[0], false, true, out);
}

/* pad_left and pad_right. */
static RfStatus pad(RfVm *vm, const RfBuiltin *self, RfValue *argv, bool left, RfValue *out)
{
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires 3 arguments: string, width, char");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "width must be a number");
    }
    if (!rf_is_string(argv[2])) {
        return rf_args_raise_named(vm, self, "requires 3 arguments: string, width, char");
    }
    const RfString *s = argv[0].as.str;
    const RfString *fill = argv[2].as.str;
    int64_t width = rf_args_count(argv[1]);
    if (width <= s->count) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    const char *unit = fill->len > 0 ? fill->data : " ";
    size_t unit_len = rf_utf8_width((unsigned char)unit[0]);
    uint64_t missing = (uint64_t)width - s->count;
    if (missing > RF_STRING_MAX || missing * unit_len + s->len > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    size_t padding = (size_t)missing * unit_len;
    RfString *result = rf_string_alloc(padding + s->len);
    memcpy(result->data + (left ? padding : 0), s->data, s->len);
    char *to = result->data + (left ? 0 : s->len);
    if (unit_len == 1) {
        memset(to, unit[0], padding);
    } else {
        for (size_t i = 0; i < padding; i += unit_len) {
            memcpy(to + i, unit, unit_len);
        }
    }
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_pad_left(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return pad(vm, self, argv, true, out);
}

RfStatus rf_lib_pad_right(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return pad(vm, self, argv, false, out);
}

RfStatus rf_lib_str_reverse(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfString *s = argv[0].as.str;
    if (s->count < 2) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    RfString *result = rf_string_alloc(s->len);
    char *to = result->data + s->len;
    for (size_t pos = 0; pos < s->len;) {
        size_t width = rf_utf8_width((unsigned char)s->data[pos]);
        to -= width;
        memcpy(to, s->data + pos, width);
        pos += width;
    }
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_truncate(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "length must be a number");
    }
    if (!rf_is_string(argv[2])) {
        return rf_args_raise_usage(vm, self);
    }
    RfString *s = argv[0].as.str;
    const RfString *suffix = argv[2].as.str;
    int64_t max = rf_args_count(argv[1]);
    if (max < 0 || s->count <= max) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    size_t keep = suffix->count < max ? (size_t)max - suffix->count : 0;
    size_t kept = rf_string_offset(s, keep);
    if (kept + suffix->len > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfString *result = rf_string_alloc(kept + suffix->len);
    memcpy(result->data, s->data, kept);
    memcpy(result->data + kept, suffix->data, suffix->len);
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}
