/* The smaller heap objects, and the operations every kind of object must supply. */
#ifndef RF_RUNTIME_OBJECT_H
#define RF_RUNTIME_OBJECT_H

#include "base/buf.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "runtime/string.h"
#include "runtime/value.h"

/* ---- builtins ----
 * What the runtime reads of one: struct RfBuiltin (vm/builtin.h) begins with the same two members. */
typedef struct RfBuiltinNames {
    const char *name;      /* as the program writes it: text and debug form */
    const char *canonical; /* equality and hash */
} RfBuiltinNames;
static inline const RfBuiltinNames *rf_builtin_names(const RfBuiltin *b)
{
    return (const RfBuiltinNames *)(const void *)b;
}

/* ---- Ok / Err / Some ---- */
typedef enum RfVariantKind { RF_VARIANT_OK, RF_VARIANT_ERR, RF_VARIANT_SOME } RfVariantKind;
struct RfVariant {
    RfObject obj; /* obj.aux is the RfVariantKind */
    RfValue payload;
};
/* Takes payload; returns a new reference. */
RfValue rf_variant_new(RfVariantKind kind, RfValue payload);
static inline RfVariantKind rf_variant_kind(const RfVariant *v)
{
    return (RfVariantKind)v->obj.aux;
}

/* ---- enum values ---- */
struct RfTagged {
    RfObject obj;
    uint32_t count;      /* payload values */
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

#define RF_FN_LAMBDA 1u /* obj.flags */
#define RF_FN_GENERATOR 2u
#define RF_FN_ASYNC 4u
struct RfFunction {
    RfObject obj;
    RfProto *proto;                 /* owned by its module */
    RfString *name;                 /* borrowed from the proto: "f", "S.m" or "<lambda>" */
    RfRuntime *rt;                  /* whose list it is in; NULL when ncells == 0 */
    struct RfFunction *prev, *next; /* list of all functions with cells, for the cycle collector */
    uint32_t ncells;
    RfCell *cells[];
};
/* Cells are filled in by the caller (each entry an owned reference); they start as NULL. New reference. */
RfFunction *rf_function_new(RfRuntime *rt, RfProto *proto, RfString *name, unsigned flags, size_t ncells);

/* Frees closures that only keep each other alive through their cells (the one kind of cycle there can be):
 * counts references found by walking from all functions with cells; what is held only from inside is garbage.
 * rf_function_new calls it when the number of such functions has doubled since the last run. */
void rf_cycles_collect(RfRuntime *rt);
/* Empties the cells of every function that is left: for the end of the runtime, when nothing can hold one from outside. */
void rf_cycles_break_all(RfRuntime *rt);

/* ---- sets, queues, bytes ---- */
struct RfSet {       /* insertion-ordered */
    RfObject obj;    /* obj.aux: form of the index (index.h); 0 = no index (small sets are searched) */
    uint32_t len;    /* live items */
    uint32_t used;   /* items in use, holes included */
    uint32_t cap;    /* room in items and hashes */
    uint32_t first;  /* no live item before this one */
    uint32_t *index; /* see index.h */
    RfValue *items;  /* UNDEF for removed ones */
    uint32_t *hashes;
};
RfSet *rf_set_new(size_t cap);
RfSet *rf_set_unique(RfSet *s); /* takes */
bool rf_set_has(const RfSet *s, RfValue v);
/* Number of the item equal to v (an index into items, stable until something is removed), or -1. Borrows v. */
int64_t rf_set_find(const RfSet *s, RfValue v);
bool rf_set_add(RfSet *s, RfValue v);    /* in place; takes v; false when it was there */
bool rf_set_remove(RfSet *s, RfValue v); /* in place; borrows v */
/* Items in insertion order; start with *pos = 0; NULL at the end. The set must not change on the way. */
static inline const RfValue *rf_set_next(const RfSet *s, size_t *pos)
{
    for (size_t i = *pos < s->first ? s->first : *pos; i < s->used; i++) {
        if (s->items[i].tag != RF_TAG_UNDEF) {
            *pos = i + 1;
            return &s->items[i];
        }
    }
    *pos = s->used;
    return NULL;
}

struct RfQueue { /* ring buffer */
    RfObject obj;
    uint32_t len;
    uint32_t cap;  /* 0 or a power of two */
    uint32_t head; /* place of the front item */
    RfValue *items;
};
RfQueue *rf_queue_new(size_t cap);
RfQueue *rf_queue_unique(RfQueue *q);      /* takes */
void rf_queue_push(RfQueue *q, RfValue v); /* in place, takes v */
RfValue rf_queue_pop(RfQueue *q);          /* in place; new reference; null when empty */
/* Item i < len counted from the front, borrowed. */
static inline RfValue rf_queue_peek(const RfQueue *q, size_t i)
{
    return q->items[(q->head + i) & (q->cap - 1)];
}

struct RfBytes {
    RfObject obj;
    uint32_t len;
    uint8_t data[];
};
RfBytes *rf_bytes_new(const void *data, size_t len); /* data may be NULL: uninitialised */

/* Called with every value an object holds. */
typedef void RfVisit(void *context, RfValue child);

/* ---- handles: library objects with identity ---- */
typedef struct RfHandleType {
    const char *type_name;           /* type() word; the text form is "<type_name>" */
    const char *debug_name;          /* debug form */
    void (*close)(RfHandle *handle); /* frees what the handle owns; may be NULL */
    /* member read and method call, used by the VM; return RF_ERROR with a raised error, or set *found = false */
    RfStatus (*get)(RfVm *vm, RfHandle *handle, RfString *name, RfValue *out, bool *found);
    RfStatus (*call)(RfVm *vm, RfHandle *handle, RfString *name, int argc, RfValue *argv, RfValue *out, bool *found);
    void (*trace)(RfHandle *handle, RfVisit *visit, void *context); /* as RfKindOps.trace; NULL: holds no values */
    void (*verbose)(RfHandle *handle, RfBuf *out); /* form of debug(), "Image(format: png)"; NULL: debug_name */
    /* The handle may cross threads: one more RfHandle, maybe of another thread, is going to own `data` and will close it.
     * `data` then carries an atomic count and a lock. NULL: "Cannot send KIND to another thread". */
    void (*retain)(void *data);
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
    RfString *name;  /* owned reference */
    RfDict *members; /* owned: exports as copied at the import */
};
RfValue rf_module_value_new(RfString *name, RfDict *members); /* takes both */

/* ---- what every kind of heap object supplies ----
 * The kinds of the runtime layer are built in; the VM registers its own (generators, promises, tasks, channels) at start. */
typedef struct RfWorklist RfWorklist;
/* Called by free functions for each value they held: releases it without recursion. */
void rf_worklist_release(RfWorklist *work, RfValue v);
/* The same for a counted object that is not wrapped in a value (a cell, a dict, a shared list). NULL is allowed. */
void rf_worklist_release_object(RfWorklist *work, void *obj);

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
    /* The form of the builtin debug(): appends the text up to a value shown inside ("Promise(Resolved: "), stores that
     * value (borrowed) in *child and returns the closing text (")"); or appends all of it and returns NULL. NULL: the
     * debug form serves. */
    const char *(*verbose)(RfObject *obj, RfBuf *out, RfValue *child);
} RfKindOps;
void rf_object_register(RfTag tag, const RfKindOps *ops);
const RfKindOps *rf_object_ops(RfTag tag); /* NULL when not registered */

#endif
