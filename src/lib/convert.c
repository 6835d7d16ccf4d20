/* Conversions between kinds: to_string, to_int, to_float, to_bool, parse_*, the constructors array and dict, and
 * error. */
#include <ctype.h>
#include <strings.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/chars.h"
#include "runtime/foreign.h"

/* A string without the whitespace around it. Borrowed bytes. */
typedef struct Trimmed {
    const char *text;
    size_t len;
} Trimmed;

static Trimmed trimmed(const RfString *s)
{
    size_t before = rf_chars_space_prefix(s->data, s->len);
    size_t after = rf_chars_space_suffix(s->data + before, s->len - before);
    return (Trimmed){s->data + before, s->len - before - after};
}

RfStatus rf_lib_to_string(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    if (rf_is_string(argv[0])) {
        *out = rf_take(&argv[0]);
    } else if (rf_is_int(argv[0]) && argv[0].as.i >= 0 && argv[0].as.i <= 9) {
        *out = rf_obj(rf_string_char(rf_rt(vm), (uint32_t)('0' + argv[0].as.i)));
    } else if (rf_is_int(argv[0])) {
        *out = rf_obj(rf_string_from_int(argv[0].as.i));
    } else {
        *out = rf_obj(rf_text_string(rf_rt(vm), argv[0]));
    }
    return RF_OK;
}

/* "Cannot convert KIND to TYPE" */
static RfStatus raise_kind(RfVm *vm, RfValue v, const char *type)
{
    const char *kind = rf_is_array(v) ? "array" : rf_is_dict(v) ? "dict" : rf_is_null(v) ? "null" : "value";
    return rf_raise(rf_rt(vm), "Cannot convert %s to %s", kind, type);
}

RfStatus rf_lib_to_int(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    RfValue v = argv[0];
    switch (v.tag) {
    case RF_TAG_INT:
    case RF_TAG_BOOL: *out = rf_int(v.as.i); return RF_OK;
    case RF_TAG_FLOAT: *out = rf_int(rf_float_to_int(v.as.f)); return RF_OK;
    case RF_TAG_STRING: {
        Trimmed t = trimmed(v.as.str);
        int64_t i;
        if (!rf_text_to_int(t.text, t.len, 10, &i)) {
            return rf_args_raise_quoting(vm, "Cannot convert '", v.as.str, "' to int");
        }
        *out = rf_int(i);
        return RF_OK;
    }
    case RF_TAG_POINTER: *out = rf_int((int64_t)(uintptr_t)rf_as_pointer(v)->address); return RF_OK;
    default: return raise_kind(vm, v, "int");
    }
}

RfStatus rf_lib_to_float(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    RfValue v = argv[0];
    switch (v.tag) {
    case RF_TAG_INT:
    case RF_TAG_BOOL: *out = rf_float((double)v.as.i); return RF_OK;
    case RF_TAG_FLOAT: *out = v; return RF_OK;
    case RF_TAG_STRING: {
        Trimmed t = trimmed(v.as.str);
        double f;
        if (!rf_text_to_float(t.text, t.len, &f)) {
            return rf_args_raise_quoting(vm, "Cannot convert '", v.as.str, "' to float");
        }
        *out = rf_float(f);
        return RF_OK;
    }
    default: return raise_kind(vm, v, "float");
    }
}

RfStatus rf_lib_to_bool(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc;
    RfValue v = argv[0];
    bool b = true;
    switch (v.tag) {
    case RF_TAG_NULL: b = false; break;
    case RF_TAG_BOOL:
    case RF_TAG_INT: b = v.as.i != 0; break;
    case RF_TAG_FLOAT: b = v.as.f != 0; break;
    case RF_TAG_STRING: {
        const RfString *s = v.as.str;
        bool is_no = (s->len == 1 && s->data[0] == '0') || (s->len == 5 && strncasecmp(s->data, "false", 5) == 0);
        b = s->len > 0 && !is_no;
        break;
    }
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: b = v.as.arr->len > 0; break;
    case RF_TAG_DICT: b = v.as.dict->len > 0; break;
    case RF_TAG_SET: b = v.as.set->len > 0; break;
    case RF_TAG_QUEUE: b = v.as.queue->len > 0; break;
    case RF_TAG_BYTES: b = v.as.bytes->len > 0; break;
    default: break;
    }
    *out = rf_bool(b);
    return RF_OK;
}

/* Reads an int of `base`; unlike rf_text_to_int it accepts the base's own prefix after the sign. */
static bool read_int(Trimmed t, int base, int64_t *out)
{
    char letter = base == 16 ? 'x' : base == 8 ? 'o' : base == 2 ? 'b' : '\0';
    size_t sign = t.len > 0 && (t.text[0] == '+' || t.text[0] == '-');
    if (letter == '\0' || t.len < sign + 3 || t.text[sign] != '0' || (t.text[sign + 1] | 0x20) != letter ||
        !isalnum((unsigned char)t.text[sign + 2])) {
        return rf_text_to_int(t.text, t.len, base, out);
    }
    RfBuf digits = RF_BUF_INIT;
    rf_buf_put(&digits, t.text, sign);
    rf_buf_put(&digits, t.text + sign + 2, t.len - sign - 2);
    bool ok = rf_text_to_int(digits.data, digits.len, base, out);
    rf_buf_free(&digits);
    return ok;
}

RfStatus rf_lib_parse_int(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_string(argv[0]) || (argc == 2 && !rf_is_int(argv[1]))) {
        return rf_args_raise_usage(vm, self);
    }
    int64_t base = argc == 2 ? argv[1].as.i : 10;
    if (base < 2 || base > 36) {
        return rf_raise(rf_rt(vm), "parse_int base must be between 2 and 36");
    }
    int64_t i;
    if (!read_int(trimmed(argv[0].as.str), (int)base, &i)) {
        return rf_args_raise_quoting(vm, "Cannot parse '", argv[0].as.str, "' as integer");
    }
    *out = rf_int(i);
    return RF_OK;
}

RfStatus rf_lib_parse_float(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    Trimmed t = trimmed(argv[0].as.str);
    double f;
    if (!rf_text_to_float(t.text, t.len, &f)) {
        return rf_args_raise_quoting(vm, "Cannot parse '", argv[0].as.str, "' as float");
    }
    *out = rf_float(f);
    return RF_OK;
}

RfStatus rf_lib_array(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self;
    *out = rf_obj(rf_array_from_values(argv, (size_t)argc));
    for (int i = 0; i < argc; i++) {
        argv[i] = rf_null(); /* moved into the array */
    }
    return RF_OK;
}

RfStatus rf_lib_dict(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc, (void)argv;
    *out = rf_obj(rf_dict_new(0));
    return RF_OK;
}

RfStatus rf_lib_error(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc, (void)out;
    return rf_raise_value(rf_rt(vm), rf_take(&argv[0]));
}
