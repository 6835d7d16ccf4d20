/* parse_json: strict JSON to values.
 *
 * A state machine with a stack of the open containers, so that depth costs no C stack. Every state either moves on or
 * fails with a reason and `at` behind the last byte that was read; line and column are counted only then.
 * Keys of records tend to repeat: a small cache hands out one string for all of them, with its hash. */
#include <math.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/json.h"
#include "runtime/array.h"
#include "runtime/dict.h"

#define KEY_CACHE 64u  /* a power of two */
#define KEY_CACHED 40u /* longest key kept, in bytes */

typedef struct Frame {
    RfValue container; /* array or dict, owned */
    RfValue key;       /* of the member under way, owned; UNDEF when there is none */
} Frame;

typedef struct Parser {
    const char *start, *at, *end;
    const char *reason; /* why it failed */
    RfRuntime *rt;
    RfValue value;             /* the one just completed, owned */
    RfBuf text;                /* of a string with escapes */
    RfString *keys[KEY_CACHE]; /* owned, or NULL */
    size_t depth;
    bool too_deep;
    Frame frames[RF_JSON_DEPTH];
} Parser;

typedef enum State { FAILED, VALUE, KEY, AFTER } State;

/* Notes a failure after everything before `at` was read. Returns false. */
static bool reject(Parser *p, const char *at, const char *reason)
{
    p->at = at;
    p->reason = reason;
    return false;
}

/* Likewise at the byte under way, which counts as read, or at the end of the text for the reason `at_end`. */
static bool reject_here(Parser *p, const char *reason, const char *at_end)
{
    return p->at == p->end ? reject(p, p->at, at_end) : reject(p, p->at + 1, reason);
}

static State fail(Parser *p, const char *at, const char *reason)
{
    reject(p, at, reason);
    return FAILED;
}

static State fail_here(Parser *p, const char *reason, const char *at_end)
{
    reject_here(p, reason, at_end);
    return FAILED;
}

static void skip_space(Parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) {
        p->at++;
    }
}

/* True when the next byte is `c`. */
static bool next_is(const Parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static State complete(Parser *p, RfValue v)
{
    p->value = v;
    return AFTER;
}

/* ---- scalars ---- */
static State read_word(Parser *p, const char *word, RfValue v)
{
    while (*++word != '\0') {
        p->at++;
        if (p->at == p->end || *p->at != *word) {
            return fail_here(p, "expected ident", "EOF while parsing a value");
        }
    }
    p->at++;
    return complete(p, v);
}

static State read_number(Parser *p)
{
    static const char cut[] = "EOF while parsing a value";
    static const char invalid[] = "invalid number";
    const char *start = p->at;
    const char *end = p->end;
    bool negative = *p->at == '-';
    p->at += negative;
    if (!is_digit(p->at, end)) {
        return fail_here(p, invalid, cut);
    }
    uint64_t magnitude = 0;
    bool is_int = true; /* and fits */
    if (*p->at == '0') {
        p->at++;
        if (is_digit(p->at, end)) {
            return fail(p, p->at + 1, invalid);
        }
    }
    for (; is_digit(p->at, end); p->at++) {
        is_int = is_int && !__builtin_mul_overflow(magnitude, (uint64_t)10, &magnitude) &&
                 !__builtin_add_overflow(magnitude, (uint64_t)(*p->at - '0'), &magnitude);
    }
    is_int = is_int && magnitude <= (uint64_t)INT64_MAX + negative;
    if (next_is(p, '.')) {
        is_int = false;
        p->at++;
        if (!is_digit(p->at, end)) {
            return fail_here(p, invalid, cut);
        }
        while (is_digit(p->at, end)) {
            p->at++;
        }
    }
    if (next_is(p, 'e') || next_is(p, 'E')) {
        is_int = false;
        p->at++;
        p->at += next_is(p, '+') || next_is(p, '-');
        if (!is_digit(p->at, end)) {
            return fail_here(p, invalid, cut);
        }
        while (is_digit(p->at, end)) {
            p->at++;
        }
    }
    if (is_int) {
        return complete(p, rf_int((int64_t)(negative ? 0 - magnitude : magnitude)));
    }
    double f;
    if (!rf_text_to_float(start, (size_t)(p->at - start), &f) || isinf(f)) {
        return fail(p, p->at, "number out of range");
    }
    return complete(p, rf_float(f));
}

/* ---- strings ---- */
static const char string_cut[] = "EOF while parsing a string";

/* The four hex digits of an escape, or -1 after failing. */
static int32_t read_hex(Parser *p)
{
    if (p->end - p->at < 4) {
        reject(p, p->end, string_cut);
        return -1;
    }
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = p->at[i];
        char lower = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
        if (digit < 0) {
            reject(p, p->at + 4, "invalid escape");
            return -1;
        }
        unit = unit << 4 | digit;
    }
    p->at += 4;
    return unit;
}

/* After `\u`: one code unit or a pair of surrogates, appended to the text. */
static bool read_unicode_escape(Parser *p)
{
    static const char lone[] = "lone leading surrogate in hex escape";
    int32_t unit = read_hex(p);
    if (unit < 0) {
        return false;
    }
    uint32_t code_point = (uint32_t)unit;
    if (unit >= 0xDC00 && unit <= 0xDFFF) {
        return reject(p, p->at, lone);
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        for (const char *wanted = "\\u"; *wanted != '\0'; wanted++) {
            if (!next_is(p, *wanted)) {
                return reject_here(p, lone, string_cut);
            }
            p->at++;
        }
        int32_t low = read_hex(p);
        if (low < 0) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return reject(p, p->at, lone);
        }
        code_point = 0x10000u + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    }
    rf_buf_put_utf8(&p->text, code_point);
    return true;
}

/* After a backslash. */
static bool read_escape(Parser *p)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) {
        return reject(p, p->at, string_cut);
    }
    char c = *p->at++;
    if (c == 'u') {
        return read_unicode_escape(p);
    }
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter == NULL) {
        return reject(p, p->at, "invalid escape");
    }
    rf_buf_putc(&p->text, meanings[letter - letters]);
    return true;
}

/* Reads a string at its opening quote. Its text lies in the input, or in p->text when there were escapes. */
static bool read_text(Parser *p, const char **text, size_t *len)
{
    const char *run = ++p->at;
    bool escapes = false;
    for (;;) {
        p->at = rf_json_skip_plain(p->at, p->end);
        if (p->at == p->end) {
            return reject(p, p->at, string_cut);
        }
        char c = *p->at;
        if (c == '"' && !escapes) {
            *text = run;
            *len = (size_t)(p->at++ - run);
            return true;
        }
        if (c != '"' && c != '\\') {
            return reject(p, p->at + 1, "control character (\\u0000-\\u001F) found while parsing a string");
        }
        if (!escapes) {
            rf_buf_clear(&p->text);
            escapes = true;
        }
        rf_buf_put(&p->text, run, (size_t)(p->at++ - run));
        if (c == '"') {
            *text = p->text.data;
            *len = p->text.len;
            return true;
        }
        if (!read_escape(p)) {
            return false;
        }
        run = p->at;
    }
}

static State read_string(Parser *p)
{
    const char *text;
    size_t len;
    if (!read_text(p, &text, &len)) {
        return FAILED;
    }
    if (len == 1 && (unsigned char)text[0] < 0x80) {
        return complete(p, rf_obj(rf_string_char(p->rt, (unsigned char)text[0])));
    }
    return complete(p, rf_obj(rf_string_new(text, len)));
}

/* The stored key for a member's name. New reference. */
static RfValue make_key(Parser *p, const char *text, size_t len)
{
    int64_t i;
    if (rf_string_text_is_int(text, len, &i)) {
        return rf_int(i);
    }
    if (len > KEY_CACHED) {
        return rf_obj(rf_string_new(text, len));
    }
    RfString **cached = &p->keys[rf_hash_bytes(text, len) % KEY_CACHE];
    if (*cached == NULL || (*cached)->len != len || memcmp((*cached)->data, text, len) != 0) {
        if (*cached != NULL) {
            rf_object_release(*cached);
        }
        *cached = rf_string_new(len == 0 ? "" : text, len);
    }
    return rf_retain(rf_obj(*cached));
}

/* ---- containers ---- */
static State open_container(Parser *p, bool is_dict)
{
    if (p->depth == RF_JSON_DEPTH) {
        p->too_deep = true;
        return FAILED;
    }
    p->at++;
    skip_space(p);
    RfValue container = is_dict ? rf_obj(rf_dict_new(0)) : rf_obj(rf_array_new(0));
    if (next_is(p, is_dict ? '}' : ']')) {
        p->at++;
        return complete(p, container);
    }
    p->frames[p->depth++] = (Frame){container, rf_undef()};
    if (p->at == p->end) {
        return fail(p, p->at, is_dict ? "EOF while parsing an object" : "EOF while parsing a list");
    }
    return is_dict ? KEY : VALUE;
}

static State read_value(Parser *p)
{
    skip_space(p);
    if (p->at == p->end) {
        return fail(p, p->at, "EOF while parsing a value");
    }
    switch (*p->at) {
    case '"': return read_string(p);
    case '[': return open_container(p, false);
    case '{': return open_container(p, true);
    case 'n': return read_word(p, "null", rf_null());
    case 't': return read_word(p, "true", rf_bool(true));
    case 'f': return read_word(p, "false", rf_bool(false));
    case '-':
    case '0' ... '9': return read_number(p);
    default: return fail(p, p->at + 1, "expected value");
    }
}

/* At the start of a member, with the spaces before it skipped; `}` is known not to be right here. */
static State read_key(Parser *p)
{
    if (!next_is(p, '"')) {
        return fail_here(p, next_is(p, '}') ? "trailing comma" : "key must be a string", "EOF while parsing a value");
    }
    const char *text;
    size_t len;
    if (!read_text(p, &text, &len)) {
        return FAILED;
    }
    p->frames[p->depth - 1].key = make_key(p, text, len);
    skip_space(p);
    if (!next_is(p, ':')) {
        return fail_here(p, "expected `:`", "EOF while parsing an object");
    }
    p->at++;
    return VALUE;
}

static State close_container(Parser *p)
{
    p->at++;
    p->depth--;
    return complete(p, p->frames[p->depth].container);
}

/* After a value inside a container: stores it, then looks for a comma or the end. */
static State after_value(Parser *p)
{
    Frame *top = &p->frames[p->depth - 1];
    RfValue v = rf_take(&p->value);
    bool is_dict = rf_is_dict(top->container);
    if (is_dict) {
        rf_dict_set(top->container.as.dict, top->key, v);
        top->key = rf_undef();
    } else {
        rf_array_push(top->container.as.arr, v);
    }
    skip_space(p);
    if (next_is(p, is_dict ? '}' : ']')) {
        return close_container(p);
    }
    if (!next_is(p, ',')) {
        return is_dict ? fail_here(p, "expected `,` or `}`", "EOF while parsing an object")
                       : fail_here(p, "expected `,` or `]`", "EOF while parsing a list");
    }
    p->at++;
    skip_space(p);
    if (is_dict) {
        return KEY;
    }
    return next_is(p, ']') ? fail(p, p->at + 1, "trailing comma") : VALUE;
}

static bool read_document(Parser *p)
{
    State state = VALUE;
    for (;;) {
        switch (state) {
        case FAILED: return false;
        case VALUE: state = read_value(p); break;
        case KEY: state = read_key(p); break;
        case AFTER:
            if (p->depth > 0) {
                state = after_value(p);
                break;
            }
            skip_space(p);
            return p->at == p->end || reject(p, p->at + 1, "trailing characters");
        }
    }
}

/* ---- entry points ---- */
static RfStatus raise_failure(RfVm *vm, const Parser *p)
{
    if (p->too_deep) {
        return rf_raise(rf_rt(vm), "JSON input exceeds maximum nesting depth of %u", RF_JSON_DEPTH);
    }
    size_t line = 1;
    const char *line_start = p->start;
    for (const char *newline; (newline = memchr(line_start, '\n', (size_t)(p->at - line_start))) != NULL;) {
        line++;
        line_start = newline + 1;
    }
    return rf_raise(rf_rt(vm), "JSON parse error: %s at line %zu column %zu", p->reason, line,
                    (size_t)(p->at - line_start));
}

RfStatus rf_json_parse(RfVm *vm, const char *text, size_t len, RfValue *out)
{
    if (len > RF_STRING_MAX) {
        return rf_raise(rf_rt(vm), "JSON input exceeds maximum input size of %u bytes", RF_STRING_MAX);
    }
    Parser p;
    p.start = p.at = text;
    p.end = text + len;
    p.reason = NULL;
    p.rt = rf_rt(vm);
    p.value = rf_null();
    p.text = RF_BUF_INIT;
    memset(p.keys, 0, sizeof p.keys);
    p.depth = 0;
    p.too_deep = false;

    bool ok = read_document(&p);
    for (size_t i = 0; i < KEY_CACHE; i++) {
        if (p.keys[i] != NULL) {
            rf_object_release(p.keys[i]);
        }
    }
    rf_buf_free(&p.text);
    if (ok) {
        *out = p.value;
        return RF_OK;
    }
    rf_release(p.value);
    while (p.depth > 0) {
        p.depth--;
        rf_release(p.frames[p.depth].key);
        rf_release(p.frames[p.depth].container);
    }
    return raise_failure(vm, &p);
}

RfStatus rf_lib_parse_json(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    return rf_json_parse(vm, argv[0].as.str->data, argv[0].as.str->len, out);
}
