/* Walking nested values to write them as text. The values being written wait on a stack of our own, so nesting may be
 * of any depth. */
#include "runtime/text_walk.h"

#include "base/mem.h"
#include "runtime/object.h"
#include "runtime/spill.h"
#include "runtime/struct.h"
#include "runtime/text.h"

/* A value whose opening text has been written. */
typedef struct Frame {
    RfValue value;      /* the container, or the only child */
    RfDictItem *sorted; /* dicts: the items in order; owned by the frame */
    const char *close;
    uint32_t pos; /* children written; for sets the position of their iteration */
    bool single;  /* `value` is itself the child */
} Frame;

#define FIRST_FRAMES 8u

typedef struct Stack {
    Frame *items;
    size_t len;
    size_t cap;
    Frame first[FIRST_FRAMES];
} Stack;

void rf_text_put_string(RfBuf *out, const RfString *s)
{
    rf_buf_put(out, s->data, s->len);
}

void rf_text_put_int(RfBuf *out, int64_t i)
{
    char text[24];
    rf_buf_put(out, text, rf_int_to_text(i, text));
}

void rf_text_put_float(RfBuf *out, double f)
{
    char text[RF_FLOAT_TEXT_MAX];
    rf_buf_put(out, text, rf_float_to_text(f, text));
}

void rf_text_put_key(RfBuf *out, RfValue key)
{
    if (rf_is_int(key)) {
        rf_text_put_int(out, key.as.i);
    } else {
        rf_text_put_string(out, key.as.str);
    }
}

void rf_text_put_tag(RfBuf *out, const RfTagged *t)
{
    rf_text_put_string(out, t->enum_name);
    rf_buf_puts(out, "::");
    rf_text_put_string(out, t->variant_name);
}

void rf_text_open_variant(RfBuf *out, const RfVariant *v)
{
    static const char *const names[] = {
        [RF_VARIANT_OK] = "Ok(", [RF_VARIANT_ERR] = "Err(", [RF_VARIANT_SOME] = "Some("};
    rf_buf_puts(out, names[rf_variant_kind(v)]);
}

static void push(Stack *s, RfValue value, const char *close, bool single)
{
    if (s->len == s->cap) {
        s->items = rf_spill_grow(s->items, s->first, &s->cap, sizeof *s->items);
    }
    Frame *f = &s->items[s->len++];
    *f = (Frame){.value = value, .close = close, .single = single};
    if (!single && rf_is_dict(value) && value.as.dict->len > 0) {
        f->sorted = rf_dict_sorted(value.as.dict);
    }
}

static void pop(Stack *s)
{
    Frame *f = &s->items[--s->len];
    if (f->sorted) {
        rf_mem_free(f->sorted, f->value.as.dict->len * sizeof *f->sorted);
    }
}

static void separate(RfBuf *out, const Frame *f)
{
    if (f->pos > 0) {
        rf_buf_put(out, ", ", 2);
    }
}

/* Fetches the next child and writes what comes before it; false at the end. */
static bool next_child(RfBuf *out, Frame *f, const RfTextForm *form, RfValue *child)
{
    RfValue v = f->value;
    size_t i = f->pos;
    if (f->single) {
        *child = v;
        return f->pos++ == 0;
    }
    switch ((RfTag)v.tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_STACK:
        if (i == v.as.arr->len) {
            return false;
        }
        separate(out, f);
        *child = rf_array_peek(v.as.arr, i);
        break;
    case RF_TAG_QUEUE:
        if (i == v.as.queue->len) {
            return false;
        }
        separate(out, f);
        *child = rf_queue_peek(v.as.queue, i);
        break;
    case RF_TAG_SET: {
        const RfValue *item = rf_set_next(v.as.set, &i);
        if (!item) {
            return false;
        }
        separate(out, f);
        *child = *item;
        f->pos = (uint32_t)i;
        return true;
    }
    case RF_TAG_DICT:
        if (i == v.as.dict->len) {
            return false;
        }
        separate(out, f);
        form->dict_key(out, f->sorted[i].key);
        *child = *f->sorted[i].value;
        break;
    case RF_TAG_STRUCT: {
        const RfShape *shape = v.as.strct->shape;
        if (i == shape->nfields) {
            return false;
        }
        separate(out, f);
        form->field_name(out, shape->names[shape->sorted[i]]);
        *child = v.as.strct->fields[shape->sorted[i]];
        break;
    }
    case RF_TAG_TAGGED:
        if (i == v.as.tagged->count) {
            return false;
        }
        separate(out, f);
        *child = v.as.tagged->payload[i];
        break;
    default: return false;
    }
    f->pos++;
    return true;
}

void rf_text_walk(RfBuf *out, RfValue v, const RfTextForm *form)
{
    Stack s;
    s.items = s.first;
    s.len = 0;
    s.cap = FIRST_FRAMES;
    for (;;) {
        RfValue child = rf_undef();
        const char *close = form->open(out, v, &child);
        if (close) {
            push(&s, rf_is_undef(child) ? v : child, close, !rf_is_undef(child));
        }
        while (s.len > 0 && !next_child(out, &s.items[s.len - 1], form, &v)) {
            rf_buf_puts(out, s.items[s.len - 1].close);
            pop(&s);
        }
        if (s.len == 0) {
            break;
        }
    }
    rf_spill_free(s.items, s.first, s.cap, sizeof *s.items);
}
