/* to_json, to_json_pretty: values to JSON.
 *
 * Open containers are kept on a stack of bounded depth, so that nesting costs no C stack. */
#include <math.h>

#include "base/mem.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/json.h"
#include "runtime/array.h"
#include "runtime/dict.h"

typedef struct Level {
    RfValue container; /* array or dict, borrowed */
    RfDictItem *items; /* of a dict, sorted; NULL for arrays */
    size_t at, len;
} Level;

typedef struct Writer {
    RfBuf *out;
    bool pretty;
    size_t depth;
    Level levels[RF_JSON_DEPTH];
} Writer;

/* ---- scalars ---- */
static void put_string(RfBuf *out, const char *text, size_t len)
{
    static const char letters[32] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    const char *end = text + len;
    rf_buf_reserve(out, len + 2);
    rf_buf_putc(out, '"');
    for (;;) {
        const char *stop = rf_json_skip_plain(text, end);
        rf_buf_put(out, text, (size_t)(stop - text));
        if (stop == end) {
            break;
        }
        unsigned char c = (unsigned char)*stop;
        if (c < 0x20 && letters[c] == 0) {
            rf_buf_printf(out, "\\u%04x", c);
        } else {
            rf_buf_putc(out, '\\');
            rf_buf_putc(out, c < 0x20 ? letters[c] : (char)c);
        }
        text = stop + 1;
    }
    rf_buf_putc(out, '"');
}

static void put_int(RfBuf *out, int64_t i)
{
    rf_buf_reserve(out, 21);
    out->len += rf_int_to_text(i, out->data + out->len);
}

/* Shortest digits, with a point or an exponent, so that the number stays a float when it is read again. */
static void put_float(RfBuf *out, double f)
{
    if (signbit(f)) {
        rf_buf_putc(out, '-');
    }
    if (f == 0.0) {
        rf_buf_puts(out, "0.0");
        return;
    }
    char digits[18];
    int exponent;
    int len = rf_float_digits(f, digits, &exponent); /* 0.DIGITS * 10^exponent */
    if (exponent < -4 || exponent > 16) {
        rf_buf_putc(out, digits[0]);
        if (len > 1) {
            rf_buf_putc(out, '.');
            rf_buf_put(out, digits + 1, (size_t)len - 1);
        }
        rf_buf_putc(out, 'e');
        put_int(out, exponent - 1);
        return;
    }
    if (exponent <= 0) {
        rf_buf_puts(out, "0.");
        rf_buf_put(out, "0000", (size_t)-exponent);
        rf_buf_put(out, digits, (size_t)len);
        return;
    }
    int whole = len < exponent ? len : exponent;
    rf_buf_put(out, digits, (size_t)whole);
    rf_buf_put(out, "0000000000000000", (size_t)(exponent - whole));
    rf_buf_putc(out, '.');
    rf_buf_put(out, whole == len ? "0" : digits + whole, whole == len ? 1 : (size_t)(len - whole));
}

/* A dict key: always quoted. */
static void put_key(RfBuf *out, RfValue key)
{
    if (rf_is_string(key)) {
        put_string(out, key.as.str->data, key.as.str->len);
        return;
    }
    rf_buf_putc(out, '"');
    put_int(out, key.as.i);
    rf_buf_putc(out, '"');
}

static RfStatus raise_kind(RfVm *vm, RfValue v)
{
    RfBuf message = RF_BUF_INIT;
    rf_buf_puts(&message, "Cannot convert ");
    rf_debug_put(&message, v);
    rf_buf_puts(&message, " to JSON");
    return rf_args_raise_buf(vm, &message);
}

/* ---- containers ---- */
static void put_newline(Writer *w)
{
    if (w->pretty) {
        size_t indent = 2 * w->depth;
        rf_buf_reserve(w->out, indent + 1);
        w->out->data[w->out->len] = '\n';
        memset(w->out->data + w->out->len + 1, ' ', indent);
        w->out->len += indent + 1;
    }
}

/* Writes a value; of an array or dict that is not empty only its opening bracket. */
static RfStatus put_value(RfVm *vm, Writer *w, RfValue v)
{
    RfBuf *out = w->out;
    switch (v.tag) {
    case RF_TAG_NULL: rf_buf_puts(out, "null"); return RF_OK;
    case RF_TAG_BOOL: rf_buf_puts(out, v.as.i ? "true" : "false"); return RF_OK;
    case RF_TAG_INT: put_int(out, v.as.i); return RF_OK;
    case RF_TAG_FLOAT:
        if (!isfinite(v.as.f)) {
            return rf_raise(rf_rt(vm), "Cannot convert non-finite float %s to JSON",
                            isnan(v.as.f) ? "NaN"
                            : v.as.f > 0  ? "inf"
                                          : "-inf");
        }
        put_float(out, v.as.f);
        return RF_OK;
    case RF_TAG_STRING: put_string(out, v.as.str->data, v.as.str->len); return RF_OK;
    case RF_TAG_ARRAY:
    case RF_TAG_DICT: break;
    default: return raise_kind(vm, v);
    }
    if (w->depth == RF_JSON_DEPTH) {
        return rf_raise(rf_rt(vm), "JSON value exceeds maximum nesting depth of %u", RF_JSON_DEPTH);
    }
    bool is_dict = rf_is_dict(v);
    size_t len = is_dict ? v.as.dict->len : v.as.arr->len;
    if (len == 0) {
        rf_buf_puts(out, is_dict ? "{}" : "[]");
        return RF_OK;
    }
    rf_buf_putc(out, is_dict ? '{' : '[');
    w->levels[w->depth++] = (Level){v, is_dict ? rf_dict_sorted(v.as.dict) : NULL, 0, len};
    return RF_OK;
}

static void leave(Writer *w)
{
    const Level *level = &w->levels[--w->depth];
    if (level->items != NULL) {
        rf_mem_free(level->items, level->len * sizeof *level->items);
    }
}

/* Goes on in the innermost container: its next value, or its end. */
static RfStatus step(RfVm *vm, Writer *w)
{
    Level *level = &w->levels[w->depth - 1];
    const RfDictItem *items = level->items;
    if (level->at == level->len) {
        leave(w);
        put_newline(w);
        rf_buf_putc(w->out, items != NULL ? '}' : ']');
        return RF_OK;
    }
    if (level->at > 0) {
        rf_buf_putc(w->out, ',');
    }
    put_newline(w);
    size_t at = level->at++;
    if (items == NULL) {
        return put_value(vm, w, rf_array_peek(level->container.as.arr, at));
    }
    put_key(w->out, items[at].key);
    rf_buf_puts(w->out, w->pretty ? ": " : ":");
    return put_value(vm, w, *items[at].value);
}

RfStatus rf_json_write(RfVm *vm, const char *name, RfBuf *out, RfValue v, bool pretty)
{
    Writer w;
    w.out = out;
    w.pretty = pretty;
    w.depth = 0;
    RfStatus status = put_value(vm, &w, v);
    while (status == RF_OK && w.depth > 0) {
        /* shared parts are written out each time: a small value can have an endless text */
        status = out->len > RF_STRING_MAX ? rf_raise_too_large(vm, name) : step(vm, &w);
    }
    while (w.depth > 0) {
        leave(&w);
    }
    return status;
}

static RfStatus return_json(RfVm *vm, const RfBuiltin *self, RfValue v, bool pretty, RfValue *out)
{
    RfBuf text = RF_BUF_INIT;
    if (rf_json_write(vm, self->arity_name, &text, v, pretty) != RF_OK) {
        rf_buf_free(&text);
        return RF_ERROR;
    }
    return rf_args_return_buf(vm, self, &text, out);
}

RfStatus rf_lib_to_json(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return return_json(vm, self, argv[0], false, out);
}

RfStatus rf_lib_to_json_pretty(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return return_json(vm, self, argv[0], true, out);
}
