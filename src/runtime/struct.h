/* Struct values and their shapes. A shape says which field lies at which offset; all values with the same fields
 * added in the same order share one, so that a site that has seen a shape finds the field without a look-up. */
#ifndef RF_RUNTIME_STRUCT_H
#define RF_RUNTIME_STRUCT_H

#include "base/mem.h"

#ifndef uthash_malloc
#define uthash_malloc(size) rf_mem_alloc(size)
#define uthash_free(block, size) rf_mem_free((block), (size))
#endif
#include <uthash.h>

#include "runtime/value.h"

typedef struct RfShape RfShape;
typedef struct RfStructType RfStructType;

typedef struct RfMethod {
    RfString *name;   /* interned; key of the type's table */
    RfValue function; /* owned FUNCTION value */
    bool has_self;
    UT_hash_handle hh;
} RfMethod;

/* One per (module, struct name) that was ever mentioned. `declared` turns true when the declaration runs. */
struct RfStructType {
    RfString *name; /* interned */
    uint32_t module_id;
    bool declared;
    uint32_t version;       /* grows with every declaration; inline caches compare it */
    uint32_t nfields;       /* declared fields, in declaration order */
    RfString **field_names; /* interned, owned array */
    RfValue *defaults;      /* per declared field: a FUNCTION without parameters, or UNDEF for none; owned */
    RfMethod *methods;      /* uthash by name pointer */
    RfShape *root;          /* shape without fields */
    /* Operator methods, resolved when the declaration runs; NULL when absent. Order: enum RfOpMethod. */
    RfMethod *ops[16];
    RfStructType *next; /* all types of the runtime */
};

/* clang-format off */
typedef enum RfOpMethod {
    RF_OPM_ADD, RF_OPM_SUB, RF_OPM_MUL, RF_OPM_DIV, RF_OPM_MOD,
    RF_OPM_EQ, RF_OPM_NE, RF_OPM_LT, RF_OPM_GT, RF_OPM_LE, RF_OPM_GE,
    RF_OPM_NEG, RF_OPM_NOT,
    RF_OPM_COUNT
} RfOpMethod;
/* clang-format on */

struct RfShape {
    RfStructType *type;
    uint32_t nfields;
    RfString **names; /* interned, in storage order */
    uint32_t *sorted; /* field numbers in byte order of their names (printing) */
    uint32_t *index; /* many fields: name pointer -> field number + 1, made by the first look-up (shape.c); else NULL */
    uint32_t index_mask;
    RfShape *transitions; /* child shapes, uthash by the added name's pointer */
    RfString *added;      /* key in the parent's transitions */
    UT_hash_handle hh;
};

struct RfStruct {
    RfObject obj;
    RfShape *shape;
    RfValue fields[]; /* shape->nfields of them */
};

/* The type called `name` in module number `module_id`; made (undeclared) when new. `name` interned. Borrowed result. */
RfStructType *rf_struct_type(RfRuntime *rt, uint32_t module_id, RfString *name);
/* Declares or redeclares: replaces fields, defaults and methods. Takes the values in defaults[] and methods[].function;
 * copies the name arrays. Method names interned. */
void rf_struct_declare(RfRuntime *rt, RfStructType *type, size_t nfields, RfString **field_names, RfValue *defaults,
                       size_t nmethods, const RfMethod *methods);
RfMethod *rf_struct_method(const RfStructType *type, const RfString *name); /* interned name; NULL when absent */
/* Ends all types: rf_struct_release_values lets go of their methods and defaults (which may hold struct values),
 * rf_struct_free_types frees them and their shapes when no struct value is left. For rf_runtime_free. */
void rf_struct_release_values(RfRuntime *rt);
void rf_struct_free_types(RfRuntime *rt);
/* A new shape without fields; and the end of a shape and everything derived from it. For struct.c. */
RfShape *rf_shape_new_root(RfStructType *type);
void rf_shape_free_tree(RfShape *root);
/* Shape with the fields of `shape` and `name` (interned) at the end; the same shape each time. */
RfShape *rf_shape_add(RfRuntime *rt, RfShape *shape, RfString *name);
/* Offset of an interned field name, or -1. */
int rf_shape_find(const RfShape *shape, const RfString *name);

/* A struct value with the fields UNDEF, to be filled by the caller before anything else happens. New reference. */
RfStruct *rf_struct_new(RfShape *shape);
RfStruct *rf_struct_unique(RfStruct *s); /* takes; see rf_array_unique */
/* In place (only reference): sets or adds a field; takes v. Returns the object, which may have moved. */
RfStruct *rf_struct_set(RfRuntime *rt, RfStruct *s, RfString *name, RfValue v);
/* Field by interned name: borrowed pointer, or NULL. */
RfValue *rf_struct_find(RfStruct *s, const RfString *name);
/* Convenience for library structs (type of module 0): builds one from names and values (values taken). */
RfValue rf_struct_make(RfRuntime *rt, const char *type_name, size_t n, const char *const *names, RfValue *values);

#endif
