#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NUL, BOOL, INT, FLOAT, STRING, LIST, OBJECT } Kind;
typedef struct Value Value;
struct Value {
    Kind kind;
    union {
        bool b;
        long i;
        double f;
        char *s;
        struct {
            Value *items;
            char **keys;
            int n;
        } list;
    };
};
typedef struct {
    char *at;
    size_t n, space;
} Text;

static const char *p;

static void skip_space(void)
{
    while (*p == ' ' || *p == '\n' || *p == '\t')
        p++;
}

static void expect_char(char c)
{
    if (*p++ != c) {
        fprintf(stderr, "expected %c\n", c);
        exit(1);
    }
}

static char *parse_text(void)
{
    expect_char('"');
    const char *end = p;
    while (*end != '"')
        end += *end == '\\' ? 2 : 1;
    char *s = malloc((size_t)(end - p) + 1), *out = s;
    while (p < end) {
        if (*p == '\\') {
            p++;
            *out++ = *p == 'n' ? '\n' : *p;
            p++;
        } else
            *out++ = *p++;
    }
    *out = 0;
    p++;
    return s;
}

static Value parse_value(void)
{
    Value v = {.kind = NUL};
    skip_space();
    if (*p == '{' || *p == '[') {
        bool object = *p == '{';
        int space = 0;
        v.kind = object ? OBJECT : LIST;
        v.list.items = NULL;
        v.list.keys = NULL;
        v.list.n = 0;
        p++;
        skip_space();
        if (*p == (object ? '}' : ']')) {
            p++;
            return v;
        }
        for (;;) {
            if (v.list.n == space) {
                space = space ? space * 2 : 4;
                v.list.items = realloc(v.list.items, sizeof(Value) * (size_t)space);
                if (object)
                    v.list.keys = realloc(v.list.keys, sizeof(char *) * (size_t)space);
            }
            if (object) {
                skip_space();
                v.list.keys[v.list.n] = parse_text();
                skip_space();
                expect_char(':');
            }
            v.list.items[v.list.n++] = parse_value();
            skip_space();
            if (*p != ',')
                break;
            p++;
        }
        expect_char(object ? '}' : ']');
        return v;
    }
    switch (*p) {
    case '"':
        v.kind = STRING;
        v.s = parse_text();
        return v;
    case 't':
        v.kind = BOOL;
        v.b = true;
        p += 4;
        return v;
    case 'f':
        v.kind = BOOL;
        v.b = false;
        p += 5;
        return v;
    case 'n': p += 4; return v;
    }
    const char *start = p;
    v.kind = INT;
    for (; isdigit((unsigned char)*p) || *p == '-' || *p == '.' || *p == 'e'; p++)
        if (*p == '.' || *p == 'e')
            v.kind = FLOAT;
    if (v.kind == FLOAT)
        v.f = strtod(start, NULL);
    else
        v.i = strtol(start, NULL, 10);
    return v;
}

static void add(Text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->space)
        t->at = realloc(t->at, t->space = (t->n + n + 1) * 2);
    memcpy(t->at + t->n, s, n);
    t->at[t->n += n] = 0;
}

static void quote(Text *t, const char *s)
{
    add(t, "\"", 1);
    for (; *s; s++) {
        if (*s == '\n')
            add(t, "\\n", 2);
        else {
            if (*s == '"' || *s == '\\')
                add(t, "\\", 1);
            add(t, s, 1);
        }
    }
    add(t, "\"", 1);
}

static void show(Text *t, const Value *v)
{
    char number[32];
    switch (v->kind) {
    case NUL: add(t, "null", 4); break;
    case BOOL: add(t, v->b ? "true" : "false", v->b ? 4 : 5); break;
    case INT: add(t, number, (size_t)sprintf(number, "%ld", v->i)); break;
    case FLOAT: add(t, number, (size_t)sprintf(number, "%.15g", v->f)); break;
    case STRING: quote(t, v->s); break;
    default:
        add(t, v->kind == LIST ? "[" : "{", 1);
        for (int i = 0; i < v->list.n; i++) {
            if (i)
                add(t, ",", 1);
            if (v->kind == OBJECT) {
                quote(t, v->list.keys[i]);
                add(t, ":", 1);
            }
            show(t, &v->list.items[i]);
        }
        add(t, v->kind == LIST ? "]" : "}", 1);
    }
}

static const Value *field(const Value *v, const char *key)
{
    for (int i = 0; i < v->list.n; i++)
        if (strcmp(v->list.keys[i], key) == 0)
            return &v->list.items[i];
    return NULL;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 60000;
    Text text = {0}, again = {0};
    long seed = 99, active = 0, y = 0;
    double score = 0;
    add(&text, "[", 1);
    for (int i = 0; i < n; i++) {
        char record[300];
        seed = seed * 16807 % 2147483647;
        if (i)
            add(&text, ",\n ", 3);
        add(&text, record,
            (size_t)sprintf(
                record,
                "{\"id\": %d, \"name\": \"user \\\"%ld\\\"\", \"tags\": [\"a%ld\", \"b\", \"line\\nbreak\"], "
                "\"score\": %ld.5, \"active\": %s, \"next\": null, \"place\": {\"x\": %ld, \"y\": -%ld}}",
                i, seed % 1000, seed % 7, seed % 100, seed % 2 == 0 ? "true" : "false", seed % 360, seed % 90 + 1));
    }
    add(&text, "]", 1);
    p = text.at;
    Value data = parse_value();
    for (int i = 0; i < data.list.n; i++) {
        const Value *record = &data.list.items[i];
        active += field(record, "active")->b;
        score += field(record, "score")->f;
        y += field(field(record, "place"), "y")->i;
    }
    show(&again, &data);
    printf("%zu %zu %ld %.15g %ld\n%ld\n", text.n, again.n, active, score, y,
           (long)(strstr(again.at, "true") - again.at));
}
