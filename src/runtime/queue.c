/* Queues: a ring buffer whose capacity is a power of two (or 0), so that places wrap around with a mask. */
#include <string.h>

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"

#define FIRST_CAP 4u

RfQueue *rf_queue_new(size_t cap)
{
    size_t places = cap ? FIRST_CAP : 0;
    while (places < cap) {
        places *= 2;
    }
    RfQueue *q = rf_mem_alloc(sizeof *q);
    q->obj = (RfObject){.rc = 1, .tag = RF_TAG_QUEUE};
    q->len = q->head = 0;
    q->cap = (uint32_t)places;
    q->items = places ? rf_mem_alloc(places * sizeof *q->items) : NULL;
    return q;
}

RfQueue *rf_queue_unique(RfQueue *q)
{
    if (rf_is_unique(q)) {
        return q;
    }
    RfQueue *copy = rf_queue_new(q->len);
    for (uint32_t i = 0; i < q->len; i++) {
        copy->items[i] = rf_retain(rf_queue_peek(q, i));
    }
    copy->len = q->len;
    rf_object_release(q);
    return copy;
}

static void grow(RfQueue *q)
{
    size_t cap = q->cap ? (size_t)q->cap * 2 : FIRST_CAP;
    q->items = rf_mem_resize(q->items, q->cap * sizeof *q->items, cap * sizeof *q->items);
    /* The buffer was full: what had wrapped around, [0, head), continues behind the old end. */
    if (q->head) {
        memcpy(q->items + q->cap, q->items, q->head * sizeof *q->items);
    }
    q->cap = (uint32_t)cap;
}

void rf_queue_push(RfQueue *q, RfValue v)
{
    if (q->len == q->cap) {
        grow(q);
    }
    q->items[(q->head + q->len) & (q->cap - 1)] = v;
    q->len++;
}

RfValue rf_queue_pop(RfQueue *q)
{
    if (q->len == 0) {
        return rf_null();
    }
    RfValue front = q->items[q->head];
    q->head = (q->head + 1) & (q->cap - 1);
    q->len--;
    return front;
}

void rf_queue_free(RfObject *obj, RfWorklist *work)
{
    RfQueue *q = (RfQueue *)obj;
    for (uint32_t i = 0; i < q->len; i++) {
        RfValue v = rf_queue_peek(q, i);
        if (rf_is_heap(v)) {
            rf_worklist_release(work, v);
        }
    }
    rf_mem_free(q->items, q->cap * sizeof *q->items);
    rf_mem_free(q, sizeof *q);
}

void rf_queue_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfQueue *q = (RfQueue *)obj;
    for (uint32_t i = 0; i < q->len; i++) {
        visit(context, rf_queue_peek(q, i));
    }
}
