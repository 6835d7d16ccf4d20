/* parse_csv, to_csv: comma-separated values with the quoting of RFC 4180. */
#include "base/mem.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "runtime/array.h"
#include "runtime/dict.h"

/* ---- reading ---- */

/* A field: where it stands, and whether its text had to be put together in the reader's buffer. */
typedef struct Field {
    const char *text;
    size_t len;
} Field;

typedef struct Reader {
    const char *at, *end;
    size_t line;    /* of `at`, from 1 */
    RfBuf unquoted; /* text of a field with quotes */
} Reader;

/* The end of the plain text at `at`: a comma, a line feed, or the end of the input. */
static const char *plain_end(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '\n') {
        at++;
    }
    return at;
}

/* Reads a field that starts with a quote. Text after the closing quote belongs to it as it stands. */
static Field read_quoted(Reader *r)
{
    const char *run = ++r->at;
    rf_buf_clear(&r->unquoted);
    for (;;) {
        const char *quote = memchr(run, '"', (size_t)(r->end - run));
        const char *stop = quote != NULL ? quote : r->end;
        rf_buf_put(&r->unquoted, run, (size_t)(stop - run));
        for (const char *p = run; (p = memchr(p, '\n', (size_t)(stop - p))) != NULL; p++) {
            r->line++;
        }
        if (quote == NULL) {
            r->at = r->end;
            break;
        }
        run = quote + 1;
        if (run == r->end || *run != '"') {
            r->at = plain_end(run, r->end);
            size_t len = (size_t)(r->at - run);
            len -= len > 0 && run[len - 1] == '\r' && (r->at == r->end || *r->at == '\n');
            rf_buf_put(&r->unquoted, run, len);
            break;
        }
        rf_buf_putc(&r->unquoted, '"');
        run++;
    }
    return (Field){r->unquoted.data, r->unquoted.len};
}

/* Reads a field; the reader then stands at the comma or line feed behind it, or at the end. The text is good until the
 * next field is read. */
static Field read_field(Reader *r)
{
    if (r->at < r->end && *r->at == '"') {
        return read_quoted(r);
    }
    Field field = {r->at, 0};
    r->at = plain_end(r->at, r->end);
    field.len = (size_t)(r->at - field.text);
    if (field.len > 0 && field.text[field.len - 1] == '\r' && r->at < r->end && *r->at == '\n') {
        field.len--;
    }
    return field;
}

/* Moves past the comma behind a field: true. At the end of a record moves past the line feed: false. */
static bool next_field(Reader *r)
{
    bool more = r->at < r->end && *r->at == ',';
    if (r->at < r->end) {
        r->line += !more;
        r->at++;
    }
    return more;
}

/* Skips lines without any character; false at the end of the input. */
static bool next_record(Reader *r)
{
    for (;;) {
        const char *at = r->at;
        at += at < r->end && *at == '\r' && at + 1 < r->end && at[1] == '\n';
        if (at == r->end) {
            return false;
        }
        if (*at != '\n') {
            return true;
        }
        r->line++;
        r->at = at + 1;
    }
}

/* A field that is a decimal number as a whole becomes one; other fields are strings. */
static RfValue field_value(RfVm *vm, Field field)
{
    const char *text = field.text;
    bool number = field.len > 0;
    bool digits_only = true;
    for (size_t i = 0; number && i < field.len; i++) {
        char c = text[i];
        bool sign = c == '+' || c == '-';
        bool mark = c == '.' || c == 'e' || c == 'E';
        number = (c >= '0' && c <= '9') || sign || mark;
        digits_only = digits_only && !mark && (!sign || i == 0);
    }
    int64_t i;
    double f;
    if (number && digits_only && rf_text_to_int(text, field.len, 10, &i)) {
        return rf_int(i);
    }
    if (number && rf_text_to_float(text, field.len, &f)) {
        return rf_float(f);
    }
    return rf_args_piece(vm, text, field.len);
}

/* Reads the first record as keys, as many as there are fields. */
static RfArray *read_headers(RfVm *vm, Reader *r)
{
    RfArray *keys = rf_array_new_kind(RF_ELEM_ANY, 0);
    do {
        Field field = read_field(r);
        RfValue text = rf_args_piece(vm, field.text, field.len);
        RfValue key;
        rf_dict_make_key(text, &key); /* succeeds for strings */
        rf_release(text);
        rf_array_push(keys, key);
    } while (next_field(r));
    return keys;
}

static RfStatus raise_ragged(RfVm *vm, size_t record, size_t line, size_t fields, size_t expected)
{
    return rf_raise(rf_rt(vm),
                    "CSV parse error: record %zu (line %zu): found record with %zu fields, but the previous record has "
                    "%zu fields",
                    record, line, fields, expected);
}

/* Reads the records after the first into rows. */
static RfStatus read_rows(RfVm *vm, Reader *r, const RfArray *keys, RfArray *rows)
{
    while (next_record(r)) {
        size_t line = r->line;
        size_t fields = 0;
        RfDict *row = rf_dict_new(keys->len);
        rf_array_push(rows, rf_obj(row));
        do {
            Field field = read_field(r);
            if (fields < keys->len) {
                rf_dict_set(row, rf_array_get(keys, fields), field_value(vm, field));
            }
            fields++;
        } while (next_field(r));
        if (fields != keys->len) {
            return raise_ragged(vm, rows->len, line, fields, keys->len);
        }
    }
    return RF_OK;
}

RfStatus rf_lib_parse_csv(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfString *text = argv[0].as.str;
    Reader r = {.at = text->data, .end = text->data + text->len, .line = 1, .unquoted = RF_BUF_INIT};
    RfArray *rows = rf_array_new(0);
    RfStatus status = RF_OK;
    if (next_record(&r)) {
        RfArray *keys = read_headers(vm, &r);
        status = read_rows(vm, &r, keys, rows);
        rf_object_release(keys);
    }
    rf_buf_free(&r.unquoted);
    if (status == RF_OK) {
        *out = rf_obj(rows);
    } else {
        rf_object_release(rows);
    }
    return status;
}

/* ---- writing ---- */
static void put_text(RfBuf *out, const char *text, size_t len)
{
    bool plain = true;
    for (size_t i = 0; i < len && plain; i++) {
        plain = text[i] != ',' && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    }
    if (plain) {
        rf_buf_put(out, text, len);
        return;
    }
    rf_buf_putc(out, '"');
    for (const char *end = text + len; text < end;) {
        const char *quote = memchr(text, '"', (size_t)(end - text));
        const char *stop = quote != NULL ? quote + 1 : end;
        rf_buf_put(out, text, (size_t)(stop - text));
        if (quote != NULL) {
            rf_buf_putc(out, '"');
        }
        text = stop;
    }
    rf_buf_putc(out, '"');
}

/* Strings, numbers and bools; other kinds are empty. */
static void put_field(RfBuf *out, RfValue v)
{
    if (rf_is_string(v)) {
        put_text(out, v.as.str->data, v.as.str->len);
    } else if (rf_is_num(v) || rf_is_bool(v)) {
        rf_text_put(out, v);
    }
}

/* Ends a record that began at `start`. One empty field would be a blank line, which readers skip. */
static void end_record(RfBuf *out, size_t start)
{
    if (out->len == start) {
        rf_buf_puts(out, "\"\"");
    }
    rf_buf_putc(out, '\n');
}

static void put_header(RfBuf *out, const RfDict *first)
{
    size_t pos = 0;
    RfDictItem item;
    size_t start = out->len;
    for (bool comma = false; rf_dict_next(first, &pos, &item); comma = true) {
        if (comma) {
            rf_buf_putc(out, ',');
        }
        put_field(out, item.key);
    }
    end_record(out, start);
}

static void put_row(RfBuf *out, const RfDict *first, const RfDict *row)
{
    size_t pos = 0;
    RfDictItem item;
    size_t start = out->len;
    for (bool comma = false; rf_dict_next(first, &pos, &item); comma = true) {
        if (comma) {
            rf_buf_putc(out, ',');
        }
        const RfValue *v = rf_dict_find(row, item.key);
        if (v != NULL) {
            put_field(out, *v);
        }
    }
    end_record(out, start);
}

RfStatus rf_lib_to_csv(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    static const char no_rows[] = "CSV requires array of dictionaries";
    (void)argc;
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), no_rows);
    }
    const RfArray *rows = argv[0].as.arr;
    if (rows->len == 0) {
        return rf_raise(rf_rt(vm), "CSV requires non-empty array");
    }
    RfBuf text = RF_BUF_INIT;
    for (size_t i = 0; i < rows->len && text.len <= RF_STRING_MAX; i++) {
        RfValue row = rf_array_peek(rows, i);
        if (!rf_is_dict(row)) {
            rf_buf_free(&text);
            return rf_raise(rf_rt(vm), no_rows);
        }
        const RfDict *first = rf_array_peek(rows, 0).as.dict;
        if (i == 0) {
            put_header(&text, first);
        }
        put_row(&text, first, row.as.dict);
    }
    return rf_args_return_buf(vm, self, &text, out);
}
