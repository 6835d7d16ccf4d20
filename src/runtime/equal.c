/* Deep equality (rf_value_equal): what ==, sets, contains, assert_equal and the like mean by "equal".
 *
 * Two containers of one kind and size are compared child by child; where the children are containers themselves, the
 * pair is put on a stack of our own, so nesting may be of any depth. A difference found anywhere answers the question,
 * unless a set is on the stack: then it only rules out one candidate for the member looked for, and the search goes on
 * there. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/foreign.h"
#include "runtime/kinds.h"
#include "runtime/object.h"
#include "runtime/spill.h"
#include "runtime/struct.h"

/* The distance below which two numbers are equal when one is a float. */
#define TOLERANCE 2.220446049250313e-16

typedef enum Outcome { DIFFERENT, EQUAL, DEEPER } Outcome;

typedef struct Pair {
    RfValue a, b;
} Pair;

/* A pair of containers being compared. */
typedef struct Frame {
    RfObject *a, *b;
    uint32_t pos;   /* children of a seen so far; for dicts and sets the position of their iteration */
    uint32_t probe; /* sets: state of the search for the current member of a in b; 0 = take the next member */
} Frame;

#define FIRST_FRAMES 16u

typedef struct Stack {
    Frame *items;
    size_t len;
    size_t cap;
    Frame first[FIRST_FRAMES];
} Stack;

static Outcome outcome(bool equal)
{
    return equal ? EQUAL : DIFFERENT;
}

static bool numbers_equal(RfValue a, RfValue b)
{
    if (rf_is_int(a) && rf_is_int(b)) {
        return a.as.i == b.as.i;
    }
    double x = rf_num(a);
    double y = rf_num(b);
    return x == y || fabs(x - y) < TOLERANCE; /* inf - inf and everything with NaN give NaN, which is not less */
}

static bool functions_equal(const RfFunction *a, const RfFunction *b)
{
    return a->proto == b->proto && a->ncells == b->ncells &&
           (a->ncells == 0 || memcmp(a->cells, b->cells, a->ncells * sizeof a->cells[0]) == 0);
}

/* Arrays without ANY elements are compared on the spot. */
static Outcome compare_arrays(const RfArray *a, const RfArray *b)
{
    if (a->len != b->len) {
        return DIFFERENT;
    }
    RfElemKind ka = rf_array_kind(a);
    RfElemKind kb = rf_array_kind(b);
    if (a->len == 0) {
        return EQUAL;
    }
    if (ka == RF_ELEM_ANY || kb == RF_ELEM_ANY) {
        return DEEPER;
    }
    if (ka == kb && ka != RF_ELEM_FLOAT) {
        return outcome(memcmp(a->as.data, b->as.data, a->len * rf_elem_size(ka)) == 0);
    }
    if (ka == RF_ELEM_BOOL || kb == RF_ELEM_BOOL) {
        return DIFFERENT;
    }
    for (size_t i = 0; i < a->len; i++) {
        if (!numbers_equal(rf_array_peek(a, i), rf_array_peek(b, i))) {
            return DIFFERENT;
        }
    }
    return EQUAL;
}

/* DEEPER when both have this many children and the children decide. */
static Outcome compare_counts(size_t a, size_t b)
{
    return a != b ? DIFFERENT : a == 0 ? EQUAL : DEEPER;
}

static Outcome compare_structs(const RfStruct *a, const RfStruct *b)
{
    const RfShape *sa = a->shape;
    const RfShape *sb = b->shape;
    if (sa != sb && sa->type != sb->type && !rf_string_equal(sa->type->name, sb->type->name)) {
        return DIFFERENT;
    }
    return compare_counts(sa->nfields, sb->nfields);
}

static Outcome compare_tagged(const RfTagged *a, const RfTagged *b)
{
    if (!rf_string_equal(a->variant_name, b->variant_name) || !rf_string_equal(a->enum_name, b->enum_name)) {
        return DIFFERENT;
    }
    return compare_counts(a->count, b->count);
}

/* All that can be said without looking at children. */
static Outcome compare(RfValue a, RfValue b)
{
    if (a.tag != b.tag) {
        return outcome(rf_is_num(a) && rf_is_num(b) && numbers_equal(a, b));
    }
    switch ((RfTag)a.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL:
    case RF_TAG_NONE: return EQUAL;
    case RF_TAG_FLOAT: return outcome(numbers_equal(a, b));
    case RF_TAG_STRING: return outcome(rf_string_equal(a.as.str, b.as.str));
    case RF_TAG_BUILTIN: {
        const char *x = rf_builtin_names(a.as.builtin)->canonical;
        const char *y = rf_builtin_names(b.as.builtin)->canonical;
        return outcome(x == y || strcmp(x, y) == 0);
    }
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: return compare_arrays(a.as.arr, b.as.arr);
    case RF_TAG_DICT: return compare_counts(a.as.dict->len, b.as.dict->len);
    case RF_TAG_SET: return compare_counts(a.as.set->len, b.as.set->len);
    case RF_TAG_QUEUE: return compare_counts(a.as.queue->len, b.as.queue->len);
    case RF_TAG_STRUCT: return compare_structs(a.as.strct, b.as.strct);
    case RF_TAG_VARIANT: return a.as.variant->obj.aux == b.as.variant->obj.aux ? DEEPER : DIFFERENT;
    case RF_TAG_TAGGED: return compare_tagged(a.as.tagged, b.as.tagged);
    case RF_TAG_BYTES:
        return outcome(a.as.bytes->len == b.as.bytes->len &&
                       memcmp(a.as.bytes->data, b.as.bytes->data, a.as.bytes->len) == 0);
    case RF_TAG_FUNCTION: return outcome(functions_equal(a.as.fn, b.as.fn));
    case RF_TAG_POINTER: return outcome(rf_as_pointer(a)->address == rf_as_pointer(b)->address);
    default: return outcome(a.as.i == b.as.i); /* bools and ints; the rest is equal to itself only */
    }
}

/* The loops below compare children until a pair needs a frame of its own (DEEPER, stored in *next) or the answer is
 * known. */

static Outcome walk_arrays(Frame *f, Pair *next)
{
    const RfArray *a = (const RfArray *)f->a;
    const RfArray *b = (const RfArray *)f->b;
    Outcome o = EQUAL;
    while (o == EQUAL && f->pos < a->len) {
        size_t i = f->pos++;
        *next = (Pair){rf_array_peek(a, i), rf_array_peek(b, i)};
        o = compare(next->a, next->b);
    }
    return o;
}

static Outcome walk_queues(Frame *f, Pair *next)
{
    const RfQueue *a = (const RfQueue *)f->a;
    const RfQueue *b = (const RfQueue *)f->b;
    Outcome o = EQUAL;
    while (o == EQUAL && f->pos < a->len) {
        size_t i = f->pos++;
        *next = (Pair){rf_queue_peek(a, i), rf_queue_peek(b, i)};
        o = compare(next->a, next->b);
    }
    return o;
}

static Outcome walk_tagged(Frame *f, Pair *next)
{
    const RfTagged *a = (const RfTagged *)f->a;
    const RfTagged *b = (const RfTagged *)f->b;
    Outcome o = EQUAL;
    while (o == EQUAL && f->pos < a->count) {
        size_t i = f->pos++;
        *next = (Pair){a->payload[i], b->payload[i]};
        o = compare(next->a, next->b);
    }
    return o;
}

static Outcome walk_variants(Frame *f, Pair *next)
{
    if (f->pos++ > 0) {
        return EQUAL;
    }
    *next = (Pair){((const RfVariant *)f->a)->payload, ((const RfVariant *)f->b)->payload};
    return compare(next->a, next->b);
}

static Outcome walk_structs(Frame *f, Pair *next)
{
    RfStruct *a = (RfStruct *)f->a;
    RfStruct *b = (RfStruct *)f->b;
    Outcome o = EQUAL;
    while (o == EQUAL && f->pos < a->shape->nfields) {
        size_t i = f->pos++;
        const RfValue *other = a->shape == b->shape ? &b->fields[i] : rf_struct_find(b, a->shape->names[i]);
        if (!other) {
            return DIFFERENT;
        }
        *next = (Pair){a->fields[i], *other};
        o = compare(next->a, next->b);
    }
    return o;
}

static Outcome walk_dicts(Frame *f, Pair *next)
{
    const RfDict *a = (const RfDict *)f->a;
    const RfDict *b = (const RfDict *)f->b;
    size_t pos = f->pos;
    Outcome o = EQUAL;
    while (o == EQUAL) {
        RfDictItem item;
        if (!rf_dict_next(a, &pos, &item)) {
            break;
        }
        const RfValue *other = rf_dict_find(b, item.key);
        if (!other) {
            o = DIFFERENT;
            break;
        }
        *next = (Pair){*item.value, *other};
        o = compare(next->a, next->b);
    }
    f->pos = (uint32_t)pos;
    return o;
}

/* Sets of one size are equal when every member of a has an equal one in b. */
static Outcome walk_sets(Frame *f, Pair *next)
{
    const RfSet *a = (const RfSet *)f->a;
    const RfSet *b = (const RfSet *)f->b;
    for (;;) {
        if (f->probe == 0) {
            size_t pos = f->pos;
            if (!rf_set_next(a, &pos)) {
                return EQUAL;
            }
            f->pos = (uint32_t)pos;
        }
        uint32_t at = f->pos - 1; /* rf_set_next leaves the position behind the member it gave */
        Outcome o = DIFFERENT;
        for (const RfValue *candidate; o == DIFFERENT && (candidate = rf_set_candidate(b, a->hashes[at], &f->probe));) {
            *next = (Pair){a->items[at], *candidate};
            o = compare(next->a, next->b);
        }
        if (o != EQUAL) {
            return o;
        }
        f->probe = 0;
    }
}

static Outcome walk(Frame *f, Pair *next)
{
    switch ((RfTag)f->a->tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: return walk_arrays(f, next);
    case RF_TAG_DICT: return walk_dicts(f, next);
    case RF_TAG_SET: return walk_sets(f, next);
    case RF_TAG_QUEUE: return walk_queues(f, next);
    case RF_TAG_STRUCT: return walk_structs(f, next);
    case RF_TAG_VARIANT: return walk_variants(f, next);
    default: return walk_tagged(f, next);
    }
}

static void push(Stack *s, const Pair *p)
{
    if (s->len == s->cap) {
        s->items = rf_spill_grow(s->items, s->first, &s->cap, sizeof *s->items);
    }
    s->items[s->len++] = (Frame){.a = p->a.as.obj, .b = p->b.as.obj};
}

/* Drops the pair on top, which is equal, and tells the pair it belongs to. */
static void pop_equal(Stack *s)
{
    s->len--;
    if (s->len > 0) {
        s->items[s->len - 1].probe = 0;
    }
}

/* Drops the pair on top, which differs, and all pairs that differ because of it: down to a set, which goes on
 * searching. */
static void pop_different(Stack *s)
{
    do {
        s->len--;
    } while (s->len > 0 && s->items[s->len - 1].a->tag != RF_TAG_SET);
}

static bool equal_deep(const Pair *start)
{
    Stack s;
    s.items = s.first;
    s.len = 0;
    s.cap = FIRST_FRAMES;
    push(&s, start);
    Outcome o = EQUAL;
    while (s.len > 0) {
        Pair next;
        o = walk(&s.items[s.len - 1], &next);
        if (o == DEEPER) {
            push(&s, &next);
        } else if (o == EQUAL) {
            pop_equal(&s);
        } else {
            pop_different(&s);
        }
    }
    rf_spill_free(s.items, s.first, s.cap, sizeof *s.items);
    return o == EQUAL;
}

bool rf_value_equal(RfValue a, RfValue b)
{
    Outcome o = compare(a, b);
    return o == DEEPER ? equal_deep(&(Pair){a, b}) : o == EQUAL;
}
