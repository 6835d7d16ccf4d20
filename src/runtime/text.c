/* The text form of values: what print, to_string and interpolation write. */
#include "runtime/text.h"

#include <string.h>

#include "runtime/object.h"
#include "runtime/runtime.h"
#include "runtime/struct.h"
#include "runtime/text_walk.h"

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

size_t rf_int_to_text(int64_t i, char *out)
{
    char text[20];
    char *p = text + sizeof text;
    uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    while (u >= 100) {
        memcpy(p -= 2, digit_pairs + 2 * (u % 100), 2);
        u /= 100;
    }
    if (u >= 10) {
        memcpy(p -= 2, digit_pairs + 2 * u, 2);
    } else {
        *--p = (char)('0' + u);
    }
    if (i < 0) {
        *--p = '-';
    }
    size_t len = (size_t)(text + sizeof text - p);
    memcpy(out, p, len);
    return len;
}

static void put_named(RfBuf *out, const char *before, const RfString *name)
{
    rf_buf_puts(out, before);
    rf_text_put_string(out, name);
    rf_buf_putc(out, '>');
}

static void put_function(RfBuf *out, const RfFunction *f)
{
    if (f->obj.flags & RF_FN_GENERATOR) {
        put_named(out, "<generator function ", f->name);
    } else if (f->obj.flags & RF_FN_LAMBDA) {
        rf_buf_puts(out, "<lambda>");
    } else {
        put_named(out, "<function ", f->name);
    }
}

static void put_bytes(RfBuf *out, const RfBytes *b)
{
    rf_buf_puts(out, "Bytes[");
    for (size_t i = 0; i < b->len; i++) {
        if (i > 0) {
            rf_buf_puts(out, ", ");
        }
        rf_text_put_int(out, b->data[i]);
    }
    rf_buf_putc(out, ']');
}

/* Kinds of the VM bring their own text; "<word>" for those that do not. */
static void put_other(RfBuf *out, RfValue v)
{
    const RfKindOps *ops = rf_object_ops((RfTag)v.tag);
    if (ops && ops->text) {
        ops->text(v.as.obj, out);
        return;
    }
    rf_buf_putc(out, '<');
    rf_buf_puts(out, rf_value_type_name(v));
    rf_buf_putc(out, '>');
}

static const char *open_text(RfBuf *out, RfValue v, RfValue *child)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL: rf_buf_puts(out, "null"); return NULL;
    case RF_TAG_BOOL: rf_buf_puts(out, v.as.i ? "true" : "false"); return NULL;
    case RF_TAG_INT: rf_text_put_int(out, v.as.i); return NULL;
    case RF_TAG_FLOAT: rf_text_put_float(out, v.as.f); return NULL;
    case RF_TAG_NONE: rf_buf_puts(out, "None"); return NULL;
    case RF_TAG_STRING: rf_text_put_string(out, v.as.str); return NULL;
    case RF_TAG_BUILTIN:
        rf_buf_puts(out, "<native function: ");
        rf_buf_puts(out, rf_builtin_names(v.as.builtin)->name);
        rf_buf_putc(out, '>');
        return NULL;
    case RF_TAG_ARRAY: rf_buf_putc(out, '['); return "]";
    case RF_TAG_DICT: rf_buf_putc(out, '{'); return "}";
    case RF_TAG_SET: rf_buf_puts(out, "Set["); return "]";
    case RF_TAG_QUEUE: rf_buf_puts(out, "Queue["); return "]";
    case RF_TAG_STACK: rf_buf_puts(out, "Stack["); return "]";
    case RF_TAG_STRUCT:
        rf_text_put_string(out, v.as.strct->shape->type->name);
        rf_buf_puts(out, " { ");
        return " }";
    case RF_TAG_VARIANT:
        rf_text_open_variant(out, v.as.variant);
        *child = v.as.variant->payload;
        return ")";
    case RF_TAG_TAGGED:
        rf_text_put_tag(out, v.as.tagged);
        if (v.as.tagged->count == 0) {
            return NULL;
        }
        rf_buf_putc(out, '(');
        return ")";
    case RF_TAG_FUNCTION: put_function(out, v.as.fn); return NULL;
    case RF_TAG_BYTES: put_bytes(out, v.as.bytes); return NULL;
    case RF_TAG_MODULE: put_named(out, "<module ", v.as.module->name); return NULL;
    default: put_other(out, v); return NULL;
    }
}

static void put_dict_key(RfBuf *out, RfValue key)
{
    rf_buf_putc(out, '"');
    rf_text_put_key(out, key);
    rf_buf_puts(out, "\": ");
}

static void put_field_name(RfBuf *out, const RfString *name)
{
    rf_text_put_string(out, name);
    rf_buf_puts(out, ": ");
}

static const RfTextForm print_form = {open_text, put_dict_key, put_field_name};

void rf_text_put(RfBuf *out, RfValue v)
{
    rf_text_walk(out, v, &print_form);
}

RfString *rf_text_string(RfRuntime *rt, RfValue v)
{
    if (rf_is_string(v)) {
        rf_object_retain(v.as.str);
        return v.as.str;
    }
    if (rf_is_int(v)) {
        return v.as.i >= 0 && v.as.i <= 9 ? rf_string_char(rt, '0' + (uint32_t)v.as.i) : rf_string_from_int(v.as.i);
    }
    if (rf_is_float(v)) {
        char text[RF_FLOAT_TEXT_MAX];
        return rf_string_new(text, rf_float_to_text(v.as.f, text));
    }
    RfBuf out = RF_BUF_INIT;
    rf_text_put(&out, v);
    RfString *s = rf_string_new(out.data, out.len);
    rf_buf_free(&out);
    return s;
}
