/* Strings, code points and bytes: bytes, ord, chr, string_to_bytes, bytes_to_string, hex_encode, hex_decode. */
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"

RfStatus rf_lib_bytes(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfArray *a = argv[0].as.arr;
    RfBytes *b = rf_bytes_new(NULL, a->len);
    for (size_t i = 0; i < a->len; i++) {
        RfValue v = rf_array_peek(a, i);
        if (!rf_is_int(v) || v.as.i < 0 || v.as.i > 255) {
            rf_object_release(b);
            if (!rf_is_int(v)) {
                return rf_raise(rf_rt(vm), "bytes() requires an array of integers");
            }
            return rf_raise(rf_rt(vm), "bytes() requires integers in range 0-255, got %lld", (long long)v.as.i);
        }
        b->data[i] = (uint8_t)v.as.i;
    }
    *out = rf_obj(b);
    return RF_OK;
}

RfStatus rf_lib_ord(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0]) || argv[0].as.str->len == 0) {
        return rf_args_raise_named(vm, self, "requires a non-empty string argument");
    }
    uint32_t cp;
    rf_utf8_decode(argv[0].as.str->data, argv[0].as.str->len, &cp);
    *out = rf_int(cp);
    return RF_OK;
}

RfStatus rf_lib_chr(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_int(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an integer argument");
    }
    int64_t cp = argv[0].as.i;
    if (cp < 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
        return rf_raise(rf_rt(vm), "chr() code point out of range: %lld", (long long)cp);
    }
    *out = rf_obj(rf_string_char(rf_rt(vm), (uint32_t)cp));
    return RF_OK;
}

RfStatus rf_lib_string_to_bytes(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument");
    }
    *out = rf_obj(rf_bytes_new(argv[0].as.str->data, argv[0].as.str->len));
    return RF_OK;
}

RfStatus rf_lib_bytes_to_string(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (argv[0].tag != RF_TAG_BYTES) {
        return rf_args_raise_named(vm, self, "requires a bytes argument");
    }
    if (argc == 2 && !rf_is_bool(argv[1])) {
        return rf_args_raise_named(vm, self, "lossy flag must be a bool");
    }
    const char *data = (const char *)argv[0].as.bytes->data;
    size_t len = argv[0].as.bytes->len;
    size_t good = rf_utf8_validate(data, len);
    if (good == len) {
        *out = rf_args_piece(vm, data, len);
        return RF_OK;
    }
    if (argc < 2 || !argv[1].as.i) {
        return rf_raise(rf_rt(vm), "bytes_to_string() invalid UTF-8 at byte %zu", good);
    }
    RfBuf text = RF_BUF_INIT;
    rf_utf8_put_lossy(&text, data, len);
    return rf_args_return_buf(vm, self, &text, out);
}

RfStatus rf_lib_hex_encode(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    const unsigned char *data;
    size_t len;
    if (rf_is_string(argv[0])) {
        data = (const unsigned char *)argv[0].as.str->data;
        len = argv[0].as.str->len;
    } else if (argv[0].tag == RF_TAG_BYTES) {
        data = argv[0].as.bytes->data;
        len = argv[0].as.bytes->len;
    } else {
        return rf_args_raise_named(vm, self, "requires a string or bytes argument");
    }
    if (len > RF_STRING_MAX / 2) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    static const char digits[] = "0123456789abcdef";
    RfString *s = rf_string_alloc(len * 2);
    for (size_t i = 0; i < len; i++) {
        s->data[2 * i] = digits[data[i] >> 4];
        s->data[2 * i + 1] = digits[data[i] & 15];
    }
    rf_string_finish(s);
    *out = rf_obj(s);
    return RF_OK;
}

/* Value of a hex digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

RfStatus rf_lib_hex_decode(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a string argument");
    }
    const RfString *s = argv[0].as.str;
    if (s->len % 2 != 0) {
        return rf_args_raise_named(vm, self, "invalid hex string");
    }
    RfBytes *b = rf_bytes_new(NULL, s->len / 2);
    for (size_t i = 0; i < b->len; i++) {
        int high = hex_value(s->data[2 * i]);
        int low = hex_value(s->data[2 * i + 1]);
        if (high < 0 || low < 0) {
            rf_object_release(b);
            return rf_args_raise_named(vm, self, "invalid hex string");
        }
        b->data[i] = (uint8_t)(high << 4 | low);
    }
    *out = rf_obj(b);
    return RF_OK;
}
