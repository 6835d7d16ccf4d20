/* The debug form, used inside error messages, and the verbose form that the builtin debug() writes. */
#include <string.h>

#include "runtime/object.h"
#include "runtime/struct.h"
#include "runtime/text.h"
#include "runtime/text_walk.h"

void rf_debug_put_quoted(RfBuf *out, const char *text, size_t len)
{
    static const char short_escapes[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r', ['\0'] = '0'};
    rf_buf_putc(out, '"');
    size_t start = 0; /* of the stretch not written yet */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t width = 1;
        unsigned code = c;
        if (c == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0) { /* U+0080 to U+009F */
            width = 2;
            code = (unsigned char)text[i + 1];
        } else if (c > 0x7F || (c >= 0x20 && c != 0x7F && !short_escapes[c])) {
            continue;
        }
        rf_buf_put(out, text + start, i - start);
        if (code < 0x80 && short_escapes[code]) {
            rf_buf_putc(out, '\\');
            rf_buf_putc(out, short_escapes[code]);
        } else {
            rf_buf_printf(out, "\\u{%x}", code);
        }
        i += width - 1;
        start = i + 1;
    }
    rf_buf_put(out, text + start, len - start);
    rf_buf_putc(out, '"');
}

/* "Dict{2 keys}" */
static void put_count(RfBuf *out, const char *before, int64_t count, const char *after)
{
    rf_buf_puts(out, before);
    rf_text_put_int(out, count);
    rf_buf_puts(out, after);
}

static void put_named(RfBuf *out, const char *before, const char *name, size_t len)
{
    rf_buf_puts(out, before);
    rf_buf_put(out, name, len);
    rf_buf_putc(out, ')');
}

/* What both forms write alike. */
static const char *open_common(RfBuf *out, RfValue v, RfValue *child)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL: rf_buf_puts(out, "Null"); return NULL;
    case RF_TAG_BOOL: rf_buf_puts(out, v.as.i ? "Bool(true)" : "Bool(false)"); return NULL;
    case RF_TAG_INT: put_count(out, "Int(", v.as.i, ")"); return NULL;
    case RF_TAG_FLOAT:
        rf_buf_puts(out, "Float(");
        rf_text_put_float(out, v.as.f);
        rf_buf_putc(out, ')');
        return NULL;
    case RF_TAG_NONE: rf_buf_puts(out, "None"); return NULL;
    case RF_TAG_BUILTIN: {
        const char *name = rf_builtin_names(v.as.builtin)->name;
        put_named(out, "NativeFunction(", name, strlen(name));
        return NULL;
    }
    case RF_TAG_FUNCTION: put_named(out, "BytecodeFunction(", v.as.fn->name->data, v.as.fn->name->len); return NULL;
    case RF_TAG_MODULE: put_named(out, "Module(", v.as.module->name->data, v.as.module->name->len); return NULL;
    case RF_TAG_BYTES: put_count(out, "Bytes(", v.as.bytes->len, " bytes)"); return NULL;
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
    case RF_TAG_HANDLE: rf_buf_puts(out, v.as.handle->type->debug_name); return NULL;
    default: {
        const RfKindOps *ops = rf_object_ops((RfTag)v.tag);
        if (ops && ops->debug) {
            ops->debug(v.as.obj, out);
        } else {
            rf_buf_puts(out, rf_value_type_name(v));
        }
        return NULL;
    }
    }
}

/* ---- debug form: containers show their size only ---- */
static const char *open_debug(RfBuf *out, RfValue v, RfValue *child)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_STRING:
        rf_buf_puts(out, "Str(");
        rf_debug_put_quoted(out, v.as.str->data, v.as.str->len);
        rf_buf_putc(out, ')');
        return NULL;
    case RF_TAG_ARRAY: put_count(out, "Array[", v.as.arr->len, "]"); return NULL;
    case RF_TAG_DICT: put_count(out, "Dict{", v.as.dict->len, " keys}"); return NULL;
    case RF_TAG_SET: put_count(out, "Set{", v.as.set->len, " items}"); return NULL;
    case RF_TAG_QUEUE: put_count(out, "Queue(", v.as.queue->len, " items)"); return NULL;
    case RF_TAG_STACK: put_count(out, "Stack(", v.as.stack->len, " items)"); return NULL;
    case RF_TAG_STRUCT: {
        const RfString *name = v.as.strct->shape->type->name;
        rf_buf_puts(out, "Struct { name: ");
        rf_debug_put_quoted(out, name->data, name->len);
        rf_buf_puts(out, ", fields: {");
        return "} }";
    }
    default: return open_common(out, v, child);
    }
}

static void put_debug_field(RfBuf *out, const RfString *name)
{
    rf_debug_put_quoted(out, name->data, name->len);
    rf_buf_puts(out, ": ");
}

static const RfTextForm debug_form = {open_debug, NULL, put_debug_field};

void rf_debug_put(RfBuf *out, RfValue v)
{
    rf_text_walk(out, v, &debug_form);
}

RfString *rf_debug_string(RfValue v)
{
    RfBuf out = RF_BUF_INIT;
    rf_debug_put(&out, v);
    RfString *s = rf_string_new(out.data, out.len);
    rf_buf_free(&out);
    return s;
}

/* ---- verbose form: containers show their contents, structs their name only ---- */
static const char *open_verbose(RfBuf *out, RfValue v, RfValue *child)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_STRING:
        rf_buf_puts(out, "String(\"");
        rf_text_put_string(out, v.as.str);
        rf_buf_puts(out, "\")");
        return NULL;
    case RF_TAG_ARRAY: rf_buf_puts(out, "Array["); return "]";
    case RF_TAG_DICT: rf_buf_puts(out, "Dict{"); return "}";
    case RF_TAG_SET: rf_buf_puts(out, "Set{"); return "}";
    case RF_TAG_QUEUE: rf_buf_puts(out, "Queue["); return "]";
    case RF_TAG_STACK: rf_buf_puts(out, "Stack["); return "]";
    case RF_TAG_STRUCT: {
        const RfString *name = v.as.strct->shape->type->name;
        put_named(out, "Struct(", name->data, name->len);
        return NULL;
    }
    case RF_TAG_HANDLE:
        if (v.as.handle->type->verbose) {
            v.as.handle->type->verbose(v.as.handle, out);
            return NULL;
        }
        return open_common(out, v, child);
    default: {
        const RfKindOps *ops = rf_is_heap(v) ? rf_object_ops((RfTag)v.tag) : NULL;
        return ops && ops->verbose ? ops->verbose(v.as.obj, out, child) : open_common(out, v, child);
    }
    }
}

static void put_verbose_key(RfBuf *out, RfValue key)
{
    rf_text_put_key(out, key);
    rf_buf_puts(out, ": ");
}

static const RfTextForm verbose_form = {open_verbose, put_verbose_key, NULL};

void rf_debug_put_verbose(RfBuf *out, RfValue v)
{
    rf_text_walk(out, v, &verbose_form);
}
