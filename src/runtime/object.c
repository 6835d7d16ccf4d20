/* Freeing objects, and the table of what every kind of object can do.
 *
 * An object whose count reaches 0 is freed by its kind's free function, which hands the values it held to the worklist:
 * leaves (strings) are freed there and then, everything else waits on the list. So the C stack stays flat however deep
 * values nest, and the list holds at most the dead siblings along one path. Called through rf_release everywhere. */
#include "runtime/object.h"

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/spill.h"

#define FIRST_PENDING 32u

struct RfWorklist {
    RfObject **items; /* `first` until it overflows */
    size_t len;
    size_t cap;
    RfObject *first[FIRST_PENDING];
};

/* Rows are tags. The VM adds its own kinds at start; the entries never change afterwards. */
static const RfKindOps *kinds[RF_TAG_COUNT] = {
    [RF_TAG_STRING] = &(const RfKindOps){.type_name = "string", .free = rf_string_free},
    [RF_TAG_ARRAY] = &(const RfKindOps){.type_name = "array", .free = rf_array_free, .trace = rf_array_trace},
    [RF_TAG_STACK] = &(const RfKindOps){.type_name = "stack", .free = rf_array_free, .trace = rf_array_trace},
    [RF_TAG_DICT] = &(const RfKindOps){.type_name = "dict", .free = rf_dict_free, .trace = rf_dict_trace},
    [RF_TAG_STRUCT] = &(const RfKindOps){.type_name = "struct", .free = rf_struct_free, .trace = rf_struct_trace},
    [RF_TAG_VARIANT] = &(const RfKindOps){.type_name = "result", .free = rf_variant_free, .trace = rf_variant_trace},
    [RF_TAG_TAGGED] = &(const RfKindOps){.type_name = "tagged", .free = rf_tagged_free, .trace = rf_tagged_trace},
    [RF_TAG_FUNCTION] =
        &(const RfKindOps){.type_name = "function", .free = rf_function_free, .trace = rf_function_trace},
    [RF_TAG_SET] = &(const RfKindOps){.type_name = "set", .free = rf_set_free, .trace = rf_set_trace},
    [RF_TAG_QUEUE] = &(const RfKindOps){.type_name = "queue", .free = rf_queue_free, .trace = rf_queue_trace},
    [RF_TAG_BYTES] = &(const RfKindOps){.type_name = "bytes", .free = rf_bytes_free},
    [RF_TAG_MODULE] =
        &(const RfKindOps){.type_name = "module", .free = rf_module_value_free, .trace = rf_module_value_trace},
    [RF_TAG_HANDLE] = &(const RfKindOps){.type_name = "handle", .free = rf_handle_free, .trace = rf_handle_trace},
    [RF_TAG_POINTER] = &(const RfKindOps){.type_name = "pointer",
                                          .free = rf_pointer_free,
                                          .trace = rf_pointer_trace,
                                          .debug = rf_pointer_debug},
    [RF_TAG_FOREIGN] = &(const RfKindOps){.type_name = "function",
                                          .free = rf_foreign_free,
                                          .text = rf_foreign_text,
                                          .debug = rf_foreign_debug},
    [RF_TAG_CELL] = &(const RfKindOps){.type_name = "cell", .free = rf_cell_free, .trace = rf_cell_trace},
};

/* Set while a handle's close function runs: what that releases joins the list under way instead of starting a nested
 * one. */
static _Thread_local RfWorklist *list_of_close;

void rf_object_register(RfTag tag, const RfKindOps *ops)
{
    kinds[tag] = ops;
}

const RfKindOps *rf_object_ops(RfTag tag)
{
    return kinds[tag];
}

static void add_dead(RfWorklist *work, RfObject *obj)
{
    if (obj->tag == RF_TAG_STRING) {
        rf_string_free(obj, work);
        return;
    }
    if (work->len == work->cap) {
        work->items = rf_spill_grow(work->items, work->first, &work->cap, sizeof *work->items);
    }
    work->items[work->len++] = obj;
}

void rf_worklist_release(RfWorklist *work, RfValue v)
{
    if (rf_is_heap(v) && --v.as.obj->rc == 0) {
        add_dead(work, v.as.obj);
    }
}

void rf_worklist_release_object(RfWorklist *work, void *obj)
{
    if (obj && --((RfObject *)obj)->rc == 0) {
        add_dead(work, obj);
    }
}

void rf_object_free(RfObject *obj)
{
    if (obj->tag == RF_TAG_STRING) {
        rf_string_free(obj, NULL);
        return;
    }
    if (list_of_close) {
        add_dead(list_of_close, obj);
        return;
    }
    RfWorklist work;
    work.items = work.first;
    work.len = 0;
    work.cap = FIRST_PENDING;
    for (;;) {
        kinds[obj->tag]->free(obj, &work);
        if (work.len == 0) {
            break;
        }
        obj = work.items[--work.len];
    }
    rf_spill_free(work.items, work.first, work.cap, sizeof *work.items);
}

/* ---- handles: the one built-in kind whose free function runs code from elsewhere ---- */
RfValue rf_handle_new(const RfHandleType *type, void *data)
{
    RfHandle *h = rf_mem_alloc(sizeof *h);
    h->obj = (RfObject){.rc = 1, .tag = RF_TAG_HANDLE};
    h->type = type;
    h->data = data;
    return rf_obj(h);
}

void rf_handle_free(RfObject *obj, RfWorklist *work)
{
    RfHandle *h = (RfHandle *)obj;
    if (h->type->close) {
        list_of_close = work;
        h->type->close(h);
        list_of_close = NULL;
    }
    rf_mem_free(h, sizeof *h);
}

void rf_handle_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfHandle *h = (RfHandle *)obj;
    if (h->type->trace) {
        h->type->trace(h, visit, context);
    }
}

/* ---- module namespaces ---- */
RfValue rf_module_value_new(RfString *name, RfDict *members)
{
    RfModuleValue *m = rf_mem_alloc(sizeof *m);
    m->obj = (RfObject){.rc = 1, .tag = RF_TAG_MODULE};
    m->name = name;
    m->members = members;
    return rf_obj(m);
}

void rf_module_value_free(RfObject *obj, RfWorklist *work)
{
    RfModuleValue *m = (RfModuleValue *)obj;
    rf_worklist_release_object(work, m->name);
    rf_worklist_release_object(work, m->members);
    rf_mem_free(m, sizeof *m);
}

void rf_module_value_trace(RfObject *obj, RfVisit *visit, void *context)
{
    visit(context, rf_obj(((RfModuleValue *)obj)->members));
}
