/* Struct types (fields, defaults, methods as declared) and struct values. Types live as long as the runtime. */
#include "runtime/struct.h"

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"
#include "runtime/runtime.h"

/* Indexed by RfOpMethod. */
static const char *const op_method_names[RF_OPM_COUNT] = {
    [RF_OPM_ADD] = "op_add", [RF_OPM_SUB] = "op_sub", [RF_OPM_MUL] = "op_mul", [RF_OPM_DIV] = "op_div",
    [RF_OPM_MOD] = "op_mod", [RF_OPM_EQ] = "op_eq",   [RF_OPM_NE] = "op_ne",   [RF_OPM_LT] = "op_lt",
    [RF_OPM_GT] = "op_gt",   [RF_OPM_LE] = "op_le",   [RF_OPM_GE] = "op_ge",   [RF_OPM_NEG] = "op_neg",
    [RF_OPM_NOT] = "op_not",
};

/* ---- types ---- */
typedef struct TypeKey {
    RfString *name;
    uint64_t module_id; /* 64 bits leave no padding: keys are compared as bytes */
} TypeKey;

typedef struct RfTypeEntry {
    TypeKey key;
    RfStructType *type;
    UT_hash_handle hh;
} RfTypeEntry;

RfStructType *rf_struct_type(RfRuntime *rt, uint32_t module_id, RfString *name)
{
    TypeKey key = {name, module_id};
    RfTypeEntry *entry = NULL;
    HASH_FIND(hh, rt->type_index, &key, sizeof key, entry);
    if (entry) {
        return entry->type;
    }
    RfStructType *type = rf_mem_zalloc(sizeof *type);
    type->name = name;
    type->module_id = module_id;
    type->root = rf_shape_new_root(type);
    type->next = rt->types;
    rt->types = type;
    entry = rf_mem_alloc(sizeof *entry);
    entry->key = key;
    entry->type = type;
    HASH_ADD(hh, rt->type_index, key, sizeof key, entry);
    return type;
}

/* What a declaration puts into a type. */
typedef struct Declaration {
    uint32_t nfields;
    RfString **field_names;
    RfValue *defaults;
    RfMethod *methods;
} Declaration;

/* Takes the declaration out of the type, which is left without fields and methods. */
static Declaration detach(RfStructType *type)
{
    Declaration d = {type->nfields, type->field_names, type->defaults, type->methods};
    type->nfields = 0;
    type->field_names = NULL;
    type->defaults = NULL;
    type->methods = NULL;
    memset(type->ops, 0, sizeof type->ops);
    return d;
}

static void declaration_free(Declaration *d)
{
    for (uint32_t i = 0; i < d->nfields; i++) {
        rf_release(d->defaults[i]);
    }
    rf_mem_free(d->field_names, d->nfields * sizeof *d->field_names);
    rf_mem_free(d->defaults, d->nfields * sizeof *d->defaults);
    RfMethod *method;
    RfMethod *next;
    HASH_ITER(hh, d->methods, method, next)
    {
        HASH_DEL(d->methods, method);
        rf_release(method->function);
        rf_mem_free(method, sizeof *method);
    }
}

/* Of methods with one name the last counts. */
static void add_method(RfStructType *type, const RfMethod *given)
{
    RfMethod *method = rf_struct_method(type, given->name);
    if (method) {
        rf_assign(&method->function, given->function);
        method->has_self = given->has_self;
        return;
    }
    method = rf_mem_zalloc(sizeof *method);
    method->name = given->name;
    method->function = given->function;
    method->has_self = given->has_self;
    HASH_ADD_PTR(type->methods, name, method);
}

void rf_struct_declare(RfRuntime *rt, RfStructType *type, size_t nfields, RfString **field_names, RfValue *defaults,
                       size_t nmethods, const RfMethod *methods)
{
    Declaration old = detach(type);
    type->declared = true;
    type->version++;
    type->nfields = (uint32_t)nfields;
    if (nfields > 0) {
        type->field_names = rf_mem_alloc(nfields * sizeof *field_names);
        type->defaults = rf_mem_alloc(nfields * sizeof *defaults);
        memcpy(type->field_names, field_names, nfields * sizeof *field_names);
        memcpy(type->defaults, defaults, nfields * sizeof *defaults);
    }
    for (size_t i = 0; i < nmethods; i++) {
        add_method(type, &methods[i]);
    }
    for (int op = 0; op < RF_OPM_COUNT; op++) {
        type->ops[op] = rf_struct_method(type, rf_intern_cstr(rt, op_method_names[op]));
    }
    declaration_free(&old);
}

RfMethod *rf_struct_method(const RfStructType *type, const RfString *name)
{
    RfMethod *method = NULL;
    HASH_FIND_PTR(type->methods, &name, method);
    return method;
}

void rf_struct_release_values(RfRuntime *rt)
{
    for (RfStructType *type = rt->types; type; type = type->next) {
        Declaration d = detach(type);
        declaration_free(&d);
    }
}

void rf_struct_free_types(RfRuntime *rt)
{
    RfTypeEntry *entry;
    RfTypeEntry *next;
    HASH_ITER(hh, rt->type_index, entry, next)
    {
        HASH_DEL(rt->type_index, entry);
        rf_shape_free_tree(entry->type->root);
        rf_mem_free(entry->type, sizeof *entry->type);
        rf_mem_free(entry, sizeof *entry);
    }
    rt->types = NULL;
}

/* ---- values ---- */
static size_t struct_size(const RfShape *shape)
{
    return sizeof(RfStruct) + shape->nfields * sizeof(RfValue);
}

RfStruct *rf_struct_new(RfShape *shape)
{
    RfStruct *s = rf_mem_alloc(struct_size(shape));
    s->obj = (RfObject){.rc = 1, .tag = RF_TAG_STRUCT};
    s->shape = shape;
    for (uint32_t i = 0; i < shape->nfields; i++) {
        s->fields[i] = rf_undef();
    }
    return s;
}

void rf_struct_free(RfObject *obj, RfWorklist *work)
{
    RfStruct *s = (RfStruct *)obj;
    for (uint32_t i = s->shape->nfields; i-- > 0;) {
        rf_worklist_release(work, s->fields[i]);
    }
    rf_mem_free(s, struct_size(s->shape));
}

void rf_struct_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfStruct *s = (RfStruct *)obj;
    for (uint32_t i = 0; i < s->shape->nfields; i++) {
        visit(context, s->fields[i]);
    }
}

RfStruct *rf_struct_unique(RfStruct *s)
{
    if (rf_is_unique(s)) {
        return s;
    }
    RfStruct *copy = rf_mem_alloc(struct_size(s->shape));
    copy->obj = (RfObject){.rc = 1, .tag = RF_TAG_STRUCT};
    copy->shape = s->shape;
    for (uint32_t i = 0; i < s->shape->nfields; i++) {
        copy->fields[i] = rf_retain(s->fields[i]);
    }
    s->obj.rc--; /* others hold it */
    return copy;
}

RfStruct *rf_struct_set(RfRuntime *rt, RfStruct *s, RfString *name, RfValue v)
{
    int at = rf_shape_find(s->shape, name);
    if (at >= 0) {
        rf_assign(&s->fields[at], v);
        return s;
    }
    RfShape *grown = rf_shape_add(rt, s->shape, name);
    s = rf_mem_resize(s, struct_size(s->shape), struct_size(grown));
    s->fields[s->shape->nfields] = v;
    s->shape = grown;
    return s;
}

RfValue *rf_struct_find(RfStruct *s, const RfString *name)
{
    int at = rf_shape_find(s->shape, name);
    return at >= 0 ? &s->fields[at] : NULL;
}

RfValue rf_struct_make(RfRuntime *rt, const char *type_name, size_t n, const char *const *names, RfValue *values)
{
    RfShape *shape = rf_struct_type(rt, 0, rf_intern_cstr(rt, type_name))->root;
    for (size_t i = 0; i < n; i++) {
        shape = rf_shape_add(rt, shape, rf_intern_cstr(rt, names[i]));
    }
    RfStruct *s = rf_struct_new(shape);
    if (n > 0) {
        memcpy(s->fields, values, n * sizeof *values);
    }
    return rf_obj(s);
}
