/* encode_base64, decode_base64: the standard alphabet of RFC 4648 with padding. */
#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- encoding ---- */
static void encode(const unsigned char *in, size_t len, char *out)
{
    for (; len >= 3; len -= 3, in += 3, out += 4) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = alphabet[bits >> 18];
        out[1] = alphabet[bits >> 12 & 63];
        out[2] = alphabet[bits >> 6 & 63];
        out[3] = alphabet[bits & 63];
    }
    if (len > 0) {
        uint32_t bits = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);
        out[0] = alphabet[bits >> 18];
        out[1] = alphabet[bits >> 12 & 63];
        out[2] = len == 2 ? alphabet[bits >> 6 & 63] : '=';
        out[3] = '=';
    }
}

RfStatus rf_lib_encode_base64(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    const void *data;
    size_t len;
    if (rf_is_string(argv[0])) {
        data = argv[0].as.str->data;
        len = argv[0].as.str->len;
    } else if (argv[0].tag == RF_TAG_BYTES) {
        data = argv[0].as.bytes->data;
        len = argv[0].as.bytes->len;
    } else {
        return rf_args_raise_usage(vm, self);
    }
    size_t size = (len + 2) / 3 * 4;
    if (size > RF_STRING_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfString *text = rf_string_alloc(size);
    encode(data, len, text->data);
    rf_string_finish(text);
    *out = rf_obj(text);
    return RF_OK;
}

/* ---- decoding ---- */

/* Value of a character, 64 when it is none of the alphabet. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Decodes `count` characters; returns false when one is not in the alphabet. The last group may be short; *rest
 * receives the bits of it that make no whole byte. */
static bool decode(const char *in, size_t count, uint8_t *out, uint32_t *rest)
{
    uint32_t wrong = 0; /* the bit 64, when any value has it */
    for (; count >= 4; count -= 4, in += 4, out += 3) {
        uint32_t a = value_of(in[0]), b = value_of(in[1]), c = value_of(in[2]), d = value_of(in[3]);
        wrong |= a | b | c | d;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = value_of(in[i]);
        wrong |= value;
        bits = bits << 6 | value;
    }
    if (count == 2) {
        out[0] = (uint8_t)(bits >> 4);
        *rest = bits & 15;
    } else if (count == 3) {
        out[0] = (uint8_t)(bits >> 10);
        out[1] = (uint8_t)(bits >> 2);
        *rest = bits & 3;
    }
    return (wrong & 64) == 0;
}

static RfStatus raise_character(RfVm *vm, const RfString *s, size_t at)
{
    uint32_t code_point;
    size_t width = rf_utf8_decode(s->data + at, s->len - at, &code_point);
    RfBuf message = RF_BUF_INIT;
    rf_buf_puts(&message, "Base64 decode error: invalid character '");
    rf_buf_put(&message, s->data + at, width);
    rf_buf_printf(&message, "' at offset %zu", at);
    return rf_args_raise_buf(vm, &message);
}

RfStatus rf_lib_decode_base64(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfString *s = argv[0].as.str;
    size_t count = s->len; /* without the padding */
    while (count > 0 && s->data[count - 1] == '=') {
        count--;
    }
    size_t padding = s->len - count;
    RfBytes *bytes = rf_bytes_new(NULL, count / 4 * 3 + (count % 4 > 1 ? count % 4 - 1 : 0));
    uint32_t rest = 0;
    bool valid = decode(s->data, count, bytes->data, &rest);
    if (valid && count % 4 != 1 && padding == (4 - count % 4) % 4 && rest == 0) {
        *out = rf_obj(bytes);
        return RF_OK;
    }
    rf_object_release(bytes);
    for (size_t i = 0; !valid && i < count; i++) {
        if (value_of(s->data[i]) == 64 && s->data[i] != '=') {
            return raise_character(vm, s, i);
        }
    }
    return rf_raise(rf_rt(vm), "Base64 decode error: invalid %s", valid && count % 4 == 1 ? "length" : "padding");
}
