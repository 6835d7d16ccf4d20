/* Letter case: to_upper, to_lower, capitalize, and the naming conventions slugify, camelCase, snake_case, kebab-
 * case. */
#include "base/unicode.h"
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/chars.h"

typedef void PutText(RfBuf *out, const char *text, size_t len);

/* The text of a string sent through `put`. */
static RfStatus map_text(RfVm *vm, const RfBuiltin *self, RfValue v, PutText *put, RfValue *out)
{
    RfBuf text = RF_BUF_INIT;
    put(&text, v.as.str->data, v.as.str->len);
    return rf_args_return_buf(vm, self, &text, out);
}

/* to_upper and to_lower: bytes from `first` to `first` + 25 flip their case bit in ASCII strings. */
static RfStatus change_case(RfVm *vm, const RfBuiltin *self, RfValue v, char first, PutText *put, RfValue *out)
{
    if (!rf_is_string(v)) {
        return rf_args_raise_named(vm, self, "requires a string argument");
    }
    const RfString *s = v.as.str;
    if (!rf_args_is_ascii(s)) {
        return map_text(vm, self, v, put, out);
    }
    RfString *result = rf_string_alloc(s->len);
    for (size_t i = 0; i < s->len; i++) {
        unsigned char c = (unsigned char)s->data[i];
        unsigned flip = (unsigned char)(c - (unsigned char)first) < 26 ? 0x20u : 0;
        result->data[i] = (char)(c ^ flip);
    }
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_to_upper(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return change_case(vm, self, argv[0], 'a', rf_chars_put_upper_text, out);
}

RfStatus rf_lib_to_lower(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return change_case(vm, self, argv[0], 'A', rf_chars_put_lower_text, out);
}

RfStatus rf_lib_capitalize(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument");
    }
    return map_text(vm, self, argv[0], rf_chars_put_capitalized, out);
}

/* ---- naming conventions ---- */

/* Appends a separator unless one stands at the end already, or nothing does. */
static void put_separator(RfBuf *out, char separator)
{
    if (out->len > 0 && out->data[out->len - 1] != separator) {
        rf_buf_putc(out, separator);
    }
}

static bool is_separator(uint32_t cp)
{
    return cp == '_' || cp == '-' || rf_chars_is_space(cp);
}

/* Lower-cases letters and digits, turns whitespace, _ and - into single separators and drops everything else. With
 * `split_humps`, an upper-case letter after one that is not begins a new part. */
static void put_separated(RfBuf *out, const char *text, size_t len, char separator, bool split_humps)
{
    bool after_upper = false;
    for (size_t pos = 0; pos < len;) {
        uint32_t cp;
        size_t width = rf_utf8_decode(text + pos, len - pos, &cp);
        bool upper = split_humps && rf_chars_is_upper(cp);
        if (upper && !after_upper) {
            put_separator(out, separator);
        }
        if (is_separator(cp)) {
            put_separator(out, separator);
        } else if (rf_unicode_is_alnum(cp)) {
            rf_chars_put_lower(out, text, len, pos, width, cp);
        }
        after_upper = upper;
        pos += width;
    }
    if (out->len > 0 && out->data[out->len - 1] == separator) {
        out->len--;
    }
}

static void put_slug(RfBuf *out, const char *text, size_t len)
{
    put_separated(out, text, len, '-', false);
}

static void put_snake(RfBuf *out, const char *text, size_t len)
{
    put_separated(out, text, len, '_', true);
}

static void put_kebab(RfBuf *out, const char *text, size_t len)
{
    put_separated(out, text, len, '-', true);
}

static void put_camel(RfBuf *out, const char *text, size_t len)
{
    size_t start = 0; /* of the word under way */
    size_t pos = 0;
    while (pos <= len) {
        uint32_t cp = 0;
        size_t width = pos < len ? rf_utf8_decode(text + pos, len - pos, &cp) : 1;
        if (!rf_unicode_is_alnum(cp)) {
            PutText *put = out->len == 0 ? rf_chars_put_lower_text : rf_chars_put_capitalized;
            put(out, text + start, pos - start);
            start = pos + width;
        }
        pos += width;
    }
}

static RfStatus rename_text(RfVm *vm, const RfBuiltin *self, RfValue v, PutText *put, RfValue *out)
{
    return rf_is_string(v) ? map_text(vm, self, v, put, out) : rf_args_raise_usage(vm, self);
}

RfStatus rf_lib_slugify(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return rename_text(vm, self, argv[0], put_slug, out);
}

RfStatus rf_lib_to_camel_case(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return rename_text(vm, self, argv[0], put_camel, out);
}

RfStatus rf_lib_to_snake_case(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return rename_text(vm, self, argv[0], put_snake, out);
}

RfStatus rf_lib_to_kebab_case(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return rename_text(vm, self, argv[0], put_kebab, out);
}
