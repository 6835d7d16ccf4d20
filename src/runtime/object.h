/* The smaller heap objects, and the operations every kind of object must supply. */
#ifndef RF_RUNTIME_OBJECT_H
#define RF_RUNTIME_OBJECT_H

#include "base/buf.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "runtime/string.h"
#include "runtime/value.h"

/* ---- Ok / Err / Some ---- */
typedef enum RfVariantKind { RF_VARIANT_OK, RF_VARIANT_ERR, RF_VARIANT_SOME } RfVariantKind;
struct RfVariant {
    RfObject obj; /* obj.aux is the RfVariantKind */
    RfValue payload;
};
/* Takes payload; returns a new reference. */
RfValue rf_variant_new(RfVariantKind kind, RfValue payload);
static inline RfVariantKind rf_variant_kind(const RfVariant *v) { return (RfVariantKind)v->obj.aux; }

/* ---- enum values ---- */
struct RfTagged {
    RfObject obj;
    uint32_t count; /* payload values */
    RfString *enum_name; /* interned, borrowed from the runtime */
    RfString *variant_name;
    RfValue payload[];
};
/* Takes `count` payload values; names are interned strings. New reference. */
RfValue rf_tagged_new(RfString *enum_name, RfString *variant_name, RfValue *payload, size_t count);

/* ---- cells and functions ---- */
struct RfCell {
    RfObject obj;
    RfValue value; /* UNDEF until the declaration has run */
};
RfCell *rf_cell_new(RfValue value); /* takes value, new reference */

#define RF_FN_LAMBDA 1u    /* obj.flags */
#define RF_FN_GENERATOR 2u
#define RF_FN_ASYNC 4u
struct RfFunction {
    RfObject obj;
    RfProto *proto; /* owned by its module */
    RfString *name; /* borrowed from the proto: "f", "S.m" or "<lambda>" */
    struct RfFunction *prev, *next; /* list of all functions with cells, for the cycle collector; NULL when ncells == 0 */
    uint32_t ncells;
    RfCell *cells[];
};
/* Cells are filled in by the caller (each entry an owned reference); they start as NULL. New reference. */
RfFunction *rf_function_new(RfRuntime *rt, RfProto *proto, RfString *name, unsigned flags, size_t ncells);

/* Frees closures that only keep each other alive through their cells (the one kind of cycle there can be):
 * counts references found by walking from all functions with cells; what is held only from inside is garbage.
 * rf_function_new calls it when the number of such functions has doubled since the last run. */
void rf_cycles_collect(RfRuntime *rt);

/* ---- sets, queues, bytes ---- */
struct RfSet { /* insertion-ordered */
    RfObject obj;
    uint32_t len;
    uint32_t used;
    uint32_t cap;
    uint32_t mask;
    uint32_t *index;   /* entry number + 1, 0 = free */
    RfValue *items;    /* UNDEF for removed ones */
    uint64_t *hashes;
};
RfSet *rf_set_new(size_t cap);
RfSet *rf_set_unique(RfSet *s); /* takes */
bool rf_set_has(const RfSet *s, RfValue v);
bool rf_set_add(RfSet *s, RfValue v);    /* in place; takes v; false when it was there */
bool rf_set_remove(RfSet *s, RfValue v); /* in place; borrows v */
/* Items in insertion order; start with *pos = 0; NULL at the end. */
const RfValue *rf_set_next(const RfSet *s, size_t *pos);

struct RfQueue { /* ring buffer */
    RfObject obj;
    uint32_t len;
    uint32_t cap;
    uint32_t head;
    RfValue *items;
};
RfQueue *rf_queue_new(size_t cap);
RfQueue *rf_queue_unique(RfQueue *q); /* takes */
void rf_queue_push(RfQueue *q, RfValue v); /* in place, takes v */
RfValue rf_queue_pop(RfQueue *q);          /* in place; new reference; null when empty */
static inline RfValue rf_queue_peek(const RfQueue *q, size_t i) { return q->items[(q->head + i) % q->cap]; }

struct RfBytes {
    RfObject obj;
    uint32_t len;
    uint8_t data[];
};
RfBytes *rf_bytes_new(const void *data, size_t len); /* data may be NULL: uninitialised */

/* ---- handles: library objects with identity ---- */
typedef struct RfHandleType {
    const char *type_name;  /* type() word; the text form is "<type_name>" */
    const char *debug_name; /* debug form */
    void (*close)(RfHandle *handle); /* frees what the handle owns; may be NULL */
    /* member read and method call, used by the VM; return RF_ERROR with a raised error, or set *found = false */
    RfStatus (*get)(RfVm *vm, RfHandle *handle, RfString *name, RfValue *out, bool *found);
    RfStatus (*call)(RfVm *vm, RfHandle *handle, RfString *name, int argc, RfValue *argv, RfValue *out, bool *found);
} RfHandleType;
struct RfHandle {
    RfObject obj;
    const RfHandleType *type;
    void *data;
};
RfValue rf_handle_new(const RfHandleType *type, void *data);

/* ---- module namespaces ---- */
struct RfModuleValue {
    RfObject obj;
    RfString *name;   /* owned reference */
    RfDict *members;  /* owned: exports as copied at the import */
};
RfValue rf_module_value_new(RfString *name, RfDict *members); /* takes both */

/* ---- what every kind of heap object supplies ----
 * The kinds of the runtime layer are built in; the VM registers its own (generators, promises, tasks, channels) at start. */
typedef struct RfWorklist RfWorklist;
/* Called by free functions for each value they held: releases it without recursion. */
void rf_worklist_release(RfWorklist *work, RfValue v);

typedef void RfVisit(void *context, RfValue child);
typedef struct RfKindOps {
    const char *type_name; /* type() word */
    /* Hands every owned value to rf_worklist_release and frees the object's memory. */
    void (*free)(RfObject *obj, RfWorklist *work);
    /* Calls visit for every value the object holds (cycle collector). NULL: holds none. */
    void (*trace)(RfObject *obj, RfVisit *visit, void *context);
    /* Appends the text form ("<generator g>"); NULL for kinds text.c knows. */
    void (*text)(RfObject *obj, RfBuf *out);
    /* Appends the debug form ("Generator(g)"); likewise. */
    void (*debug)(RfObject *obj, RfBuf *out);
} RfKindOps;
void rf_object_register(RfTag tag, const RfKindOps *ops);
const RfKindOps *rf_object_ops(RfTag tag); /* NULL when not registered */

#endif
