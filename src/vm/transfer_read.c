/* Reading messages: runs the code that transfer.c wrote (message.h). The reader trusts it, for it never leaves the process;
 * what can be missing is a module or a function that only the sender has. */
#include <string.h>

#include "base/mem.h"
#include "vm/async.h"
#include "vm/message.h"

typedef struct List {
    RfValue *items;
    size_t len, cap;
} List;

struct RfReader {
    RfVm *vm;
    RfMessage *message;
    const char *at;
    List stack;      /* values under construction, owned */
    List remembered; /* by value number, owned */
    List cells;      /* by cell number, owned */
    RfShape **shapes;
    size_t nshapes, shapes_cap;
    RfModule **modules; /* NULL: not known here */
    size_t nmodules, modules_cap;
    bool failed; /* the value under construction names a function that is not here */
};

static void append(List *list, RfValue v)
{
    if (list->len == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 16;
        list->items = rf_mem_resize(list->items, list->cap * sizeof(RfValue), cap * sizeof(RfValue));
        list->cap = cap;
    }
    list->items[list->len++] = v;
}

static void list_free(List *list)
{
    while (list->len > 0) {
        rf_release(list->items[--list->len]);
    }
    rf_mem_free(list->items, list->cap * sizeof(RfValue));
}

RfReader *rf_reader_new(RfVm *vm, RfMessage *message)
{
    RfReader *r = rf_mem_zalloc(sizeof *r);
    r->vm = vm;
    r->message = message;
    r->at = message->code;
    return r;
}

void rf_reader_free(RfReader *r)
{
    list_free(&r->stack);
    list_free(&r->remembered);
    list_free(&r->cells);
    rf_mem_free(r->shapes, r->shapes_cap * sizeof(RfShape *));
    rf_mem_free(r->modules, r->modules_cap * sizeof(RfModule *));
    rf_mem_free(r, sizeof *r);
}

uint64_t rf_reader_int(RfReader *r)
{
    uint64_t i = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = (uint8_t)*r->at++;
        i |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return i;
        }
    }
}

const char *rf_reader_text(RfReader *r, size_t *len)
{
    *len = rf_reader_int(r);
    const char *text = r->at;
    r->at += *len;
    return text;
}

static RfString *read_name(RfReader *r)
{
    size_t len;
    const char *text = rf_reader_text(r, &len);
    return rf_intern(rf_rt(r->vm), text, len);
}

static void read_module_name(RfReader *r)
{
    size_t len;
    const char *file = rf_reader_text(r, &len);
    RfModule *found = NULL;
    for (uint32_t i = 0; i < r->vm->nmodules && !found; i++) {
        RfModule *m = r->vm->modules[i];
        if (strlen(m->file) == len && memcmp(m->file, file, len) == 0) {
            found = m;
        }
    }
    if (r->nmodules == r->modules_cap) {
        size_t cap = r->modules_cap ? r->modules_cap * 2 : 4;
        r->modules = rf_mem_resize(r->modules, r->modules_cap * sizeof(RfModule *), cap * sizeof(RfModule *));
        r->modules_cap = cap;
    }
    r->modules[r->nmodules++] = found;
}

static void read_shape(RfReader *r)
{
    RfRuntime *rt = rf_rt(r->vm);
    uint64_t module = rf_reader_int(r);
    RfModule *m = module ? r->modules[module - 1] : NULL;
    RfShape *shape = rf_struct_type(rt, m ? m->id : 0, read_name(r))->root;
    for (uint64_t n = rf_reader_int(r); n > 0; n--) {
        shape = rf_shape_add(rt, shape, read_name(r));
    }
    if (r->nshapes == r->shapes_cap) {
        size_t cap = r->shapes_cap ? r->shapes_cap * 2 : 4;
        r->shapes = rf_mem_resize(r->shapes, r->shapes_cap * sizeof(RfShape *), cap * sizeof(RfShape *));
        r->shapes_cap = cap;
    }
    r->shapes[r->nshapes++] = shape;
}

/* Takes n values off the stack: the first of them. */
static RfValue *pop_many(RfReader *r, size_t n)
{
    r->stack.len -= n;
    return r->stack.items + r->stack.len;
}

static RfValue read_raw_array(RfReader *r)
{
    bool is_stack = rf_reader_int(r) != 0;
    RfElemKind kind = (RfElemKind)rf_reader_int(r);
    size_t len;
    const char *data = rf_reader_text(r, &len);
    RfArray *a = rf_array_new_kind(kind, len / rf_elem_size(kind));
    if (len > 0) {
        memcpy(a->as.data, data, len);
    }
    a->obj.tag = is_stack ? RF_TAG_STACK : RF_TAG_ARRAY;
    return rf_obj(a);
}

static RfValue make_dict(RfReader *r)
{
    size_t n = rf_reader_int(r);
    RfValue *pairs = pop_many(r, 2 * n);
    RfDict *d = rf_dict_new(n);
    for (size_t i = 0; i < n; i++) {
        rf_dict_set(d, pairs[2 * i], pairs[2 * i + 1]);
    }
    return rf_obj(d);
}

static RfValue make_struct(RfReader *r)
{
    RfShape *shape = r->shapes[rf_reader_int(r)];
    RfStruct *s = rf_struct_new(shape);
    const RfValue *fields = pop_many(r, shape->nfields);
    for (uint32_t i = 0; i < shape->nfields; i++) {
        s->fields[i] = fields[i];
    }
    return rf_obj(s);
}

static RfValue make_tagged(RfReader *r)
{
    RfString *enum_name = read_name(r);
    RfString *variant = read_name(r);
    size_t n = rf_reader_int(r);
    return rf_tagged_new(enum_name, variant, pop_many(r, n), n);
}

static RfValue make_set(RfReader *r)
{
    size_t n = rf_reader_int(r);
    RfValue *items = pop_many(r, n);
    RfSet *s = rf_set_new(n);
    for (size_t i = 0; i < n; i++) {
        rf_set_add(s, items[i]);
    }
    return rf_obj(s);
}

static RfValue make_queue(RfReader *r)
{
    size_t n = rf_reader_int(r);
    RfValue *items = pop_many(r, n);
    RfQueue *q = rf_queue_new(n);
    for (size_t i = 0; i < n; i++) {
        rf_queue_push(q, items[i]);
    }
    return rf_obj(q);
}

static RfValue make_array(RfReader *r, bool is_stack)
{
    size_t n = rf_reader_int(r);
    RfArray *a = rf_array_from_values(pop_many(r, n), n);
    a->obj.tag = is_stack ? RF_TAG_STACK : RF_TAG_ARRAY;
    return rf_obj(a);
}

static RfValue make_namespace(RfReader *r)
{
    size_t len;
    const char *name = rf_reader_text(r, &len);
    RfDict *members = pop_many(r, 1)->as.dict;
    return rf_module_value_new(rf_string_new(name, len), members);
}

static RfValue make_function(RfReader *r)
{
    RfModule *module = r->modules[rf_reader_int(r)];
    int64_t index = (int64_t)rf_reader_int(r);
    unsigned flags = (unsigned)rf_reader_int(r);
    RfString *name = read_name(r);
    RfProto *proto = module ? rf_image_proto_at(r->vm, module, index) : NULL;
    size_t n = rf_reader_int(r);
    RfFunction *fn = proto ? rf_function_new(rf_rt(r->vm), proto, name, flags, n) : NULL;
    for (size_t i = 0; i < n; i++) {
        size_t number = rf_reader_int(r);
        if (number == r->cells.len) {
            append(&r->cells, rf_obj(rf_cell_new(rf_undef())));
        }
        if (fn) {
            fn->cells[i] = r->cells.items[number].as.cell;
            rf_object_retain(fn->cells[i]);
        }
    }
    r->failed = r->failed || !fn;
    return fn ? rf_obj(fn) : rf_null();
}

static RfValue read_shared(RfReader *r)
{
    RfSharedRef ref = r->message->shared[rf_reader_int(r)];
    if (ref.core) {
        return rf_core_proxy(r->vm, ref.core);
    }
    ref.handle_type->retain(ref.data);
    return rf_handle_new(ref.handle_type, ref.data);
}

static RfValue read_string(RfReader *r)
{
    size_t len;
    const char *text = rf_reader_text(r, &len);
    if (len == 1 && (uint8_t)*text < 0x80) {
        return rf_obj(rf_string_char(rf_rt(r->vm), (uint8_t)*text));
    }
    return rf_obj(rf_string_new(text, len));
}

static RfValue read_int(RfReader *r)
{
    uint64_t i = rf_reader_int(r);
    return rf_int((int64_t)((i >> 1) ^ (0 - (i & 1))));
}

static RfStatus finish_value(RfReader *r, RfValue *out)
{
    *out = *pop_many(r, 1);
    if (!r->failed) {
        return RF_OK;
    }
    r->failed = false;
    rf_release(*out);
    return rf_raise(rf_rt(r->vm), "Cannot send function to another thread");
}

RfStatus rf_reader_value(RfReader *r, RfValue *out)
{
    for (;;) {
        RfValue v = rf_null();
        switch ((RfMessageOp)(uint8_t)*r->at++) {
        case RF_MESSAGE_END: return finish_value(r, out);
        case RF_MESSAGE_UNDEF: v = rf_undef(); break;
        case RF_MESSAGE_NULL: break;
        case RF_MESSAGE_NONE: v = rf_none(); break;
        case RF_MESSAGE_TRUE: v = rf_bool(true); break;
        case RF_MESSAGE_FALSE: v = rf_bool(false); break;
        case RF_MESSAGE_INT: v = read_int(r); break;
        case RF_MESSAGE_FLOAT:
            v = rf_float(0);
            memcpy(&v.as.f, r->at, sizeof v.as.f);
            r->at += sizeof v.as.f;
            break;
        case RF_MESSAGE_BUILTIN:
            v.tag = RF_TAG_BUILTIN;
            memcpy(&v.as.builtin, r->at, sizeof v.as.builtin);
            r->at += sizeof v.as.builtin;
            break;
        case RF_MESSAGE_STRING: v = read_string(r); break;
        case RF_MESSAGE_BYTES: {
            size_t len;
            const char *data = rf_reader_text(r, &len);
            v = rf_obj(rf_bytes_new(data, len));
            break;
        }
        case RF_MESSAGE_RAW_ARRAY: v = read_raw_array(r); break;
        case RF_MESSAGE_ARRAY: v = make_array(r, false); break;
        case RF_MESSAGE_STACK: v = make_array(r, true); break;
        case RF_MESSAGE_DICT: v = make_dict(r); break;
        case RF_MESSAGE_STRUCT: v = make_struct(r); break;
        case RF_MESSAGE_VARIANT: {
            RfVariantKind kind = (RfVariantKind)rf_reader_int(r);
            v = rf_variant_new(kind, *pop_many(r, 1));
            break;
        }
        case RF_MESSAGE_TAGGED: v = make_tagged(r); break;
        case RF_MESSAGE_SET: v = make_set(r); break;
        case RF_MESSAGE_QUEUE: v = make_queue(r); break;
        case RF_MESSAGE_NAMESPACE: v = make_namespace(r); break;
        case RF_MESSAGE_FUNCTION: v = make_function(r); break;
        case RF_MESSAGE_FILL_CELL: {
            RfCell *cell = r->cells.items[rf_reader_int(r)].as.cell;
            rf_assign(&cell->value, *pop_many(r, 1));
            continue;
        }
        case RF_MESSAGE_SHARED: v = read_shared(r); break;
        case RF_MESSAGE_REMEMBER: append(&r->remembered, rf_retain(r->stack.items[r->stack.len - 1])); continue;
        case RF_MESSAGE_AGAIN: v = rf_retain(r->remembered.items[rf_reader_int(r)]); break;
        case RF_MESSAGE_MODULE_NAME: read_module_name(r); continue;
        case RF_MESSAGE_SHAPE: read_shape(r); continue;
        }
        append(&r->stack, v);
    }
}

RfStatus rf_message_open(RfVm *vm, RfMessage *m, RfValue *out)
{
    if (!m->parts) {
        RfReader *r = rf_reader_new(vm, m);
        RfStatus status = rf_reader_value(r, out);
        rf_reader_free(r);
        return status;
    }
    RfArray *a = rf_array_new(m->nparts);
    for (size_t i = 0; i < m->nparts; i++) {
        RfValue v;
        if (rf_message_open(vm, m->parts[i], &v) != RF_OK) {
            rf_object_release(a);
            return RF_ERROR;
        }
        rf_array_push(a, v);
    }
    *out = rf_obj(a);
    return RF_OK;
}

/* ---- errors ---- */

static RfString *new_string(RfReader *r)
{
    size_t len;
    const char *text = rf_reader_text(r, &len);
    return rf_string_new(text, len);
}

static RfString *new_optional(RfReader *r)
{
    return rf_reader_int(r) ? new_string(r) : NULL;
}

static RfValue value_or_undef(RfReader *r)
{
    RfValue v;
    if (rf_reader_value(r, &v) != RF_OK) {
        rf_error_clear(&rf_rt(r->vm)->error);
        return rf_undef();
    }
    return v;
}

void rf_message_to_error(RfVm *vm, RfMessage *m, RfError *e)
{
    RfReader *r = rf_reader_new(vm, m);
    rf_error_init(e);
    e->message = new_string(r);
    e->help = (const char *)(uintptr_t)rf_reader_int(r);
    e->hint = new_optional(r);
    e->rejected_at = new_optional(r);
    e->has_origin = rf_reader_int(r) != 0;
    e->origin_line = (int64_t)rf_reader_int(r);
    for (uint64_t n = rf_reader_int(r); n > 0; n--) {
        RfTraceEntry t = {.function = new_string(r)};
        t.file = new_optional(r);
        t.line = (uint32_t)rf_reader_int(r);
        t.column = (uint32_t)rf_reader_int(r);
        t.is_function = rf_reader_int(r) != 0;
        rf_error_push_trace(e, t);
    }
    e->cause = value_or_undef(r);
    e->origin_stack = value_or_undef(r);
    rf_reader_free(r);
}
