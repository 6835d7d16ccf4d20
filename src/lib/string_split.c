/* Taking strings apart and putting them together: split, lines, words, join, replace, repeat.
 *
 * All are linear. Results are counted and sized in a first pass, so that the second one writes into storage of the
 * final size. */
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/chars.h"

/* Non-overlapping occurrences of `needle` (not empty) in `s`. */
static size_t count_matches(const RfString *s, const RfString *needle)
{
    const char *at = s->data;
    const char *end = s->data + s->len;
    size_t n = 0;
    while ((at = rf_args_find(at, (size_t)(end - at), needle->data, needle->len)) != NULL) {
        at += needle->len;
        n++;
    }
    return n;
}

/* The code points of `s` as strings. */
static RfArray *split_chars(RfVm *vm, const RfString *s)
{
    RfArray *parts = rf_array_new_kind(RF_ELEM_ANY, s->count);
    size_t pos = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t cp;
        pos += rf_utf8_decode(s->data + pos, s->len - pos, &cp);
        parts->as.values[i] = rf_obj(rf_string_char(rf_rt(vm), cp));
    }
    return parts;
}

RfStatus rf_lib_split(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_args_raise_named(vm, self, "requires string and delimiter string arguments");
    }
    const RfString *s = argv[0].as.str;
    const RfString *sep = argv[1].as.str;
    if (sep->len == 0) {
        *out = rf_obj(split_chars(vm, s));
        return RF_OK;
    }
    size_t matches = count_matches(s, sep);
    if (matches >= RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfArray *parts = rf_array_new_kind(RF_ELEM_ANY, matches + 1);
    const char *from = s->data;
    const char *end = s->data + s->len;
    for (size_t i = 0; i < matches; i++) {
        const char *to = rf_args_find(from, (size_t)(end - from), sep->data, sep->len);
        parts->as.values[i] = rf_args_piece(vm, from, (size_t)(to - from));
        from = to + sep->len;
    }
    parts->as.values[matches] = rf_args_piece(vm, from, (size_t)(end - from));
    *out = rf_obj(parts);
    return RF_OK;
}

RfStatus rf_lib_lines(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfString *s = argv[0].as.str;
    RfArray *parts = rf_array_new(0);
    const char *from = s->data;
    const char *end = s->data + s->len;
    while (from < end) {
        const char *newline = memchr(from, '\n', (size_t)(end - from));
        const char *to = newline == NULL ? end : newline;
        size_t len = (size_t)(to - from);
        if (newline != NULL && len > 0 && to[-1] == '\r') {
            len--;
        }
        rf_array_push(parts, rf_args_piece(vm, from, len));
        from = newline == NULL ? end : newline + 1;
    }
    *out = rf_obj(parts);
    return RF_OK;
}

RfStatus rf_lib_words(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfString *s = argv[0].as.str;
    RfArray *parts = rf_array_new(0);
    size_t start = 0; /* of the word under way */
    size_t pos = 0;
    while (pos < s->len) {
        uint32_t cp;
        size_t width = rf_utf8_decode(s->data + pos, s->len - pos, &cp);
        if (rf_chars_is_space(cp)) {
            if (pos > start) {
                rf_array_push(parts, rf_args_piece(vm, s->data + start, pos - start));
            }
            start = pos + width;
        }
        pos += width;
    }
    if (pos > start) {
        rf_array_push(parts, rf_args_piece(vm, s->data + start, pos - start));
    }
    *out = rf_obj(parts);
    return RF_OK;
}

/* join of an array whose elements are all strings: sized exactly. `total` is the length of the result. */
static RfValue join_strings(const RfArray *a, const RfString *sep, size_t total)
{
    RfString *s = rf_string_alloc(total);
    char *to = s->data;
    for (size_t i = 0; i < a->len; i++) {
        const RfString *item = a->as.values[i].as.str;
        if (i > 0) {
            memcpy(to, sep->data, sep->len);
            to += sep->len;
        }
        memcpy(to, item->data, item->len);
        to += item->len;
    }
    rf_string_finish(s);
    return rf_obj(s);
}

/* Total length of the elements when all are strings, else SIZE_MAX. */
static size_t string_lengths(const RfArray *a)
{
    if (rf_array_kind(a) != RF_ELEM_ANY) {
        return SIZE_MAX;
    }
    size_t total = 0;
    for (size_t i = 0; i < a->len; i++) {
        if (!rf_is_string(a->as.values[i])) {
            return SIZE_MAX;
        }
        total += a->as.values[i].as.str->len;
    }
    return total;
}

RfStatus rf_lib_join(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0]) || !rf_is_string(argv[1])) {
        return rf_args_raise_named(vm, self, "requires array and separator string arguments");
    }
    const RfArray *a = argv[0].as.arr;
    const RfString *sep = argv[1].as.str;
    if (a->len == 0) {
        *out = rf_args_empty(vm);
        return RF_OK;
    }
    size_t separators = (size_t)(a->len - 1) * sep->len;
    size_t lengths = string_lengths(a);
    if (separators > RF_STRING_MAX || (lengths != SIZE_MAX && lengths + separators > RF_STRING_MAX)) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    if (lengths != SIZE_MAX) {
        *out = join_strings(a, sep, lengths + separators);
        return RF_OK;
    }
    RfBuf text = RF_BUF_INIT;
    rf_buf_reserve(&text, separators + a->len); /* no text form but "" is shorter than a byte */
    for (size_t i = 0; i < a->len && text.len <= RF_STRING_MAX; i++) {
        if (i > 0) {
            rf_buf_put(&text, sep->data, sep->len);
        }
        rf_text_put(&text, rf_array_peek(a, i));
    }
    return rf_args_return_buf(vm, self, &text, out);
}

/* replace with an empty `from`: `to` between all code points and at both ends. */
static RfStatus interleave(RfVm *vm, const RfBuiltin *self, const RfString *s, const RfString *to, RfValue *out)
{
    size_t total = s->len + ((size_t)s->count + 1) * to->len;
    if (total > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->canonical);
    }
    RfString *result = rf_string_alloc(total);
    char *at = result->data;
    for (size_t pos = 0; pos < s->len;) {
        size_t width = rf_utf8_width((unsigned char)s->data[pos]);
        memcpy(at, to->data, to->len);
        memcpy(at + to->len, s->data + pos, width);
        at += to->len + width;
        pos += width;
    }
    memcpy(at, to->data, to->len);
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_replace(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1]) || !rf_is_string(argv[2])) {
        return rf_raise(rf_rt(vm), "replace() requires string, from-string, and to-string arguments");
    }
    const RfString *s = argv[0].as.str;
    const RfString *from = argv[1].as.str;
    const RfString *to = argv[2].as.str;
    if (from->len == 0) {
        return interleave(vm, self, s, to, out);
    }
    size_t matches = count_matches(s, from);
    if (matches == 0) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    size_t total = s->len - matches * from->len + matches * to->len;
    if (total > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->canonical);
    }
    RfString *result = rf_string_alloc(total);
    char *at = result->data;
    const char *rest = s->data;
    const char *end = s->data + s->len;
    for (size_t i = 0; i < matches; i++) {
        const char *match = rf_args_find(rest, (size_t)(end - rest), from->data, from->len);
        memcpy(at, rest, (size_t)(match - rest));
        at += match - rest;
        memcpy(at, to->data, to->len);
        at += to->len;
        rest = match + from->len;
    }
    memcpy(at, rest, (size_t)(end - rest));
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_repeat(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument for value");
    }
    if (!rf_is_num(argv[1])) {
        return rf_args_raise_named(vm, self, "count must be a number");
    }
    const RfString *s = argv[0].as.str;
    int64_t n = rf_args_count(argv[1]);
    if (n <= 0 || s->len == 0) {
        *out = rf_args_empty(vm);
        return RF_OK;
    }
    if (n > (int64_t)(RF_STRING_MAX / s->len)) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    size_t total = (size_t)n * s->len;
    RfString *result = rf_string_alloc(total);
    memcpy(result->data, s->data, s->len);
    for (size_t done = s->len; done < total;) { /* doubles what is there */
        size_t step = done < total - done ? done : total - done;
        memcpy(result->data + done, result->data, step);
        done += step;
    }
    rf_string_finish(result);
    *out = rf_obj(result);
    return RF_OK;
}
