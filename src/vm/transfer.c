/* Writing messages (transfer.h).
 *
 * A message is code for a little stack machine (transfer_read.c runs it): parts come before the whole, so neither side needs
 * recursion. An object met before is written as a reference, so that shared parts stay shared and the length is linear in
 * what the sender holds. Cells, the only way back into an object under construction, are created empty and filled after the
 * value that mentions them. */
#include <string.h>

#include "base/mem.h"
#include "vm/async.h"
#include "vm/message.h"

RfStatus rf_transfer_raise(RfVm *vm, RfValue v)
{
    return rf_raise(rf_rt(vm), "Cannot send %s to another thread", rf_value_type_name(v));
}

/* ---- cores ---- */

RfCore *rf_core_retain(RfCore *core)
{
    atomic_fetch_add_explicit(&core->rc, 1, memory_order_relaxed);
    return core;
}

void rf_core_release(RfCore *core)
{
    const RfCoreType *type = core->type;
    bool last = type->drop ? type->drop(core) : atomic_fetch_sub_explicit(&core->rc, 1, memory_order_acq_rel) == 1;
    if (last) {
        type->free(core);
    }
}

/* ---- the writer ---- */

typedef struct Known { /* an object, cell, shape or module that has a number */
    const void *ptr;
    uint32_t number;
    uint8_t class;
} Known;
enum { KNOWN_VALUE, KNOWN_CELL, KNOWN_SHAPE, KNOWN_MODULE, KNOWN_CLASSES };

typedef struct Level { /* a container being written */
    RfValue v;
    size_t pos;
} Level;

struct RfWriter {
    RfVm *vm;
    RfBuf out;
    RfSharedRef *shared;
    uint32_t nshared, shared_cap;
    Known *known; /* dense, in order of discovery; `index` finds by address */
    uint32_t nknown, known_cap;
    uint32_t *index; /* number in known + 1; 2 * known_cap slots */
    uint32_t count[KNOWN_CLASSES];
    Level *levels;
    size_t nlevels, levels_cap;
    RfCell **cells; /* mentioned, contents not yet written */
    size_t ncells, cells_cap;
};

static void *grow(void *items, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 16;
    items = rf_mem_resize(items, *cap * size, more * size);
    *cap = more;
    return items;
}

RfWriter *rf_writer_new(RfVm *vm)
{
    RfWriter *w = rf_mem_zalloc(sizeof *w);
    w->vm = vm;
    return w;
}

static void put_op(RfWriter *w, RfMessageOp op)
{
    rf_buf_putc(&w->out, (char)op);
}

/* Seven bits a byte, low ones first. */
static void put_uint(RfWriter *w, uint64_t i)
{
    while (i >= 0x80) {
        rf_buf_putc(&w->out, (char)(i | 0x80));
        i >>= 7;
    }
    rf_buf_putc(&w->out, (char)i);
}

static void put_bytes(RfWriter *w, const void *bytes, size_t len)
{
    put_uint(w, len);
    rf_buf_put(&w->out, bytes, len);
}

static void put_string(RfWriter *w, const RfString *s)
{
    put_bytes(w, s->data, s->len);
}

void rf_writer_put_int(RfWriter *w, uint64_t i)
{
    put_uint(w, i);
}
void rf_writer_put_text(RfWriter *w, const char *bytes, size_t len)
{
    put_bytes(w, bytes, len);
}

static uint32_t *slot_of(const RfWriter *w, const void *ptr)
{
    size_t mask = 2 * (size_t)w->known_cap - 1;
    size_t i = (((uintptr_t)ptr >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
    while (w->index[i] && w->known[w->index[i] - 1].ptr != ptr) {
        i = (i + 1) & mask;
    }
    return &w->index[i];
}

static const Known *find_known(const RfWriter *w, const void *ptr)
{
    uint32_t at = w->known_cap ? *slot_of(w, ptr) : 0;
    return at ? &w->known[at - 1] : NULL;
}

static uint32_t add_known(RfWriter *w, const void *ptr, int class)
{
    if (w->nknown == w->known_cap) {
        size_t old = w->known_cap, cap = old;
        w->known = grow(w->known, &cap, sizeof *w->known);
        rf_mem_free(w->index, 2 * old * sizeof *w->index);
        w->index = rf_mem_zalloc(2 * cap * sizeof *w->index);
        w->known_cap = (uint32_t)cap;
        for (uint32_t i = 0; i < w->nknown; i++) {
            *slot_of(w, w->known[i].ptr) = i + 1;
        }
    }
    w->known[w->nknown] = (Known){ptr, w->count[class], (uint8_t) class};
    *slot_of(w, ptr) = ++w->nknown;
    return w->count[class]++;
}

static uint32_t module_number(RfWriter *w, const RfModule *m)
{
    const Known *known = find_known(w, m);
    if (known) {
        return known->number;
    }
    put_op(w, RF_MESSAGE_MODULE_NAME);
    put_bytes(w, m->file, strlen(m->file));
    return add_known(w, m, KNOWN_MODULE);
}

static const RfModule *module_by_id(const RfVm *vm, uint32_t id)
{
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        if (vm->modules[i]->id == id) {
            return vm->modules[i];
        }
    }
    return NULL;
}

static uint32_t shape_number(RfWriter *w, const RfShape *shape)
{
    const Known *known = find_known(w, shape);
    if (known) {
        return known->number;
    }
    const RfModule *m = module_by_id(w->vm, shape->type->module_id);
    uint32_t module = m ? module_number(w, m) + 1 : 0;
    put_op(w, RF_MESSAGE_SHAPE);
    put_uint(w, module);
    put_string(w, shape->type->name);
    put_uint(w, shape->nfields);
    for (uint32_t i = 0; i < shape->nfields; i++) {
        put_string(w, shape->names[i]);
    }
    return add_known(w, shape, KNOWN_SHAPE);
}

static void put_shared(RfWriter *w, RfSharedRef ref)
{
    if (w->nshared == w->shared_cap) {
        size_t cap = w->shared_cap;
        w->shared = grow(w->shared, &cap, sizeof *w->shared);
        w->shared_cap = (uint32_t)cap;
    }
    put_op(w, RF_MESSAGE_SHARED);
    put_uint(w, w->nshared);
    w->shared[w->nshared++] = ref;
}

static void put_core(RfWriter *w, RfCore *core)
{
    put_shared(w, (RfSharedRef){.core = rf_core_retain(core)});
}

static bool put_function(RfWriter *w, RfFunction *fn)
{
    int64_t index = rf_image_proto_index(w->vm, fn->proto);
    if (index < 0) {
        return false;
    }
    uint32_t module = module_number(w, fn->proto->module);
    put_op(w, RF_MESSAGE_FUNCTION);
    put_uint(w, module);
    put_uint(w, (uint64_t)index);
    put_uint(w, fn->obj.flags);
    put_string(w, fn->name);
    put_uint(w, fn->ncells);
    for (uint32_t i = 0; i < fn->ncells; i++) {
        RfCell *cell = fn->cells[i];
        const Known *known = find_known(w, cell);
        uint32_t number = known ? known->number : add_known(w, cell, KNOWN_CELL);
        put_uint(w, number);
        if (!known) {
            if (w->ncells == w->cells_cap) {
                w->cells = grow(w->cells, &w->cells_cap, sizeof(RfCell *));
            }
            w->cells[w->ncells++] = cell;
        }
    }
    return true;
}

static void put_raw_array(RfWriter *w, const RfArray *a)
{
    put_op(w, RF_MESSAGE_RAW_ARRAY);
    put_uint(w, a->obj.tag == RF_TAG_STACK);
    put_uint(w, rf_array_kind(a));
    put_bytes(w, a->as.data, a->len * rf_elem_size(rf_array_kind(a)));
}

/* An object that may be met again gets a number once it is complete. */
static void remember(RfWriter *w, RfValue v)
{
    if (v.as.obj->rc > 1) {
        put_op(w, RF_MESSAGE_REMEMBER);
        add_known(w, v.as.obj, KNOWN_VALUE);
    }
}

#define SHORT_STRING 64u /* copying one of these is cheaper than remembering it */

/* Writes v, or opens a level for it. False: it cannot cross. */
static bool begin(RfWriter *w, RfValue v)
{
    if (rf_is_heap(v) && v.as.obj->rc > 1) {
        const Known *known = find_known(w, v.as.obj);
        if (known) {
            put_op(w, RF_MESSAGE_AGAIN);
            put_uint(w, known->number);
            return true;
        }
    }
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF: put_op(w, RF_MESSAGE_UNDEF); return true;
    case RF_TAG_NULL: put_op(w, RF_MESSAGE_NULL); return true;
    case RF_TAG_NONE: put_op(w, RF_MESSAGE_NONE); return true;
    case RF_TAG_BOOL: put_op(w, v.as.i ? RF_MESSAGE_TRUE : RF_MESSAGE_FALSE); return true;
    case RF_TAG_INT:
        put_op(w, RF_MESSAGE_INT);
        put_uint(w, ((uint64_t)v.as.i << 1) ^ (uint64_t)(v.as.i >> 63));
        return true;
    case RF_TAG_FLOAT:
        put_op(w, RF_MESSAGE_FLOAT);
        rf_buf_put(&w->out, &v.as.f, sizeof v.as.f);
        return true;
    case RF_TAG_BUILTIN:
        put_op(w, RF_MESSAGE_BUILTIN);
        rf_buf_put(&w->out, &v.as.builtin, sizeof v.as.builtin);
        return true;
    case RF_TAG_STRING:
        put_op(w, RF_MESSAGE_STRING);
        put_string(w, v.as.str);
        if (v.as.str->len > SHORT_STRING) {
            remember(w, v);
        }
        return true;
    case RF_TAG_BYTES:
        put_op(w, RF_MESSAGE_BYTES);
        put_bytes(w, v.as.bytes->data, v.as.bytes->len);
        remember(w, v);
        return true;
    case RF_TAG_FUNCTION:
        if (!put_function(w, v.as.fn)) {
            return false;
        }
        remember(w, v);
        return true;
    case RF_TAG_CHANNEL: put_core(w, rf_channel_core(v)); return true;
    case RF_TAG_TASK: put_core(w, &((RfTaskHandle *)v.as.ptr)->future->core); return true;
    case RF_TAG_PROMISE: {
        RfFuture *f = rf_future_of(w->vm, v.as.ptr);
        put_shared(w, (RfSharedRef){.core = &f->core});
        return true;
    }
    case RF_TAG_HANDLE:
        if (!v.as.handle->type->retain) {
            return false;
        }
        v.as.handle->type->retain(v.as.handle->data);
        put_shared(w, (RfSharedRef){.handle_type = v.as.handle->type, .data = v.as.handle->data});
        remember(w, v);
        return true;
    case RF_TAG_GENERATOR:
    case RF_TAG_POINTER: /* C memory and libraries stay with the thread that opened them */
    case RF_TAG_FOREIGN:
    case RF_TAG_CELL: return false;
    case RF_TAG_ARRAY:
    case RF_TAG_STACK:
        if (rf_array_kind(v.as.arr) != RF_ELEM_ANY) {
            put_raw_array(w, v.as.arr);
            remember(w, v);
            return true;
        }
        break;
    default: break;
    }
    if (w->nlevels == w->levels_cap) {
        w->levels = grow(w->levels, &w->levels_cap, sizeof *w->levels);
    }
    w->levels[w->nlevels++] = (Level){v, 0};
    return true;
}

/* The next value inside a container, borrowed; false when there is none left. */
static bool next_child(RfWriter *w, Level *level, RfValue *child)
{
    RfValue v = level->v;
    const RfValue *found = NULL;
    switch ((RfTag)v.tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: found = level->pos < v.as.arr->len ? &v.as.arr->as.values[level->pos++] : NULL; break;
    case RF_TAG_DICT: {
        RfDictItem item;
        if (!rf_dict_next(v.as.dict, &level->pos, &item)) {
            return false;
        }
        (void)begin(w, item.key); /* an int or a string */
        found = item.value;
        break;
    }
    case RF_TAG_STRUCT:
        found = level->pos < v.as.strct->shape->nfields ? &v.as.strct->fields[level->pos++] : NULL;
        break;
    case RF_TAG_VARIANT: found = level->pos++ == 0 ? &v.as.variant->payload : NULL; break;
    case RF_TAG_TAGGED: found = level->pos < v.as.tagged->count ? &v.as.tagged->payload[level->pos++] : NULL; break;
    case RF_TAG_SET: found = rf_set_next(v.as.set, &level->pos); break;
    case RF_TAG_QUEUE:
        if (level->pos >= v.as.queue->len) {
            return false;
        }
        *child = rf_queue_peek(v.as.queue, level->pos++);
        return true;
    case RF_TAG_MODULE:
        if (level->pos++ > 0) {
            return false;
        }
        *child = rf_obj(v.as.module->members);
        return true;
    default: break;
    }
    if (found) {
        *child = *found;
    }
    return found != NULL;
}

/* All parts of a container are written: now the whole. */
static void end(RfWriter *w, RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_STACK:
        put_op(w, v.tag == RF_TAG_ARRAY ? RF_MESSAGE_ARRAY : RF_MESSAGE_STACK);
        put_uint(w, v.as.arr->len);
        break;
    case RF_TAG_DICT:
        put_op(w, RF_MESSAGE_DICT);
        put_uint(w, v.as.dict->len);
        break;
    case RF_TAG_STRUCT: {
        uint32_t shape = shape_number(w, v.as.strct->shape);
        put_op(w, RF_MESSAGE_STRUCT);
        put_uint(w, shape);
        break;
    }
    case RF_TAG_VARIANT:
        put_op(w, RF_MESSAGE_VARIANT);
        put_uint(w, rf_variant_kind(v.as.variant));
        break;
    case RF_TAG_TAGGED:
        put_op(w, RF_MESSAGE_TAGGED);
        put_string(w, v.as.tagged->enum_name);
        put_string(w, v.as.tagged->variant_name);
        put_uint(w, v.as.tagged->count);
        break;
    case RF_TAG_SET:
        put_op(w, RF_MESSAGE_SET);
        put_uint(w, v.as.set->len);
        break;
    case RF_TAG_QUEUE:
        put_op(w, RF_MESSAGE_QUEUE);
        put_uint(w, v.as.queue->len);
        break;
    default: /* MODULE */
        put_op(w, RF_MESSAGE_NAMESPACE);
        put_string(w, v.as.module->name);
        break;
    }
    remember(w, v);
}

static bool walk(RfWriter *w, RfValue v, RfValue *culprit)
{
    *culprit = v;
    if (!begin(w, v)) {
        return false;
    }
    while (w->nlevels > 0) {
        Level *level = &w->levels[w->nlevels - 1];
        RfValue child;
        if (!next_child(w, level, &child)) {
            RfValue done = level->v;
            w->nlevels--;
            end(w, done);
        } else if (!begin(w, child)) {
            *culprit = child;
            w->nlevels = 0;
            return false;
        }
    }
    return true;
}

static void drop_shared(RfSharedRef ref)
{
    if (ref.core) {
        rf_core_release(ref.core);
    } else {
        RfHandle temporary = {.obj = {.rc = 1, .tag = RF_TAG_HANDLE}, .type = ref.handle_type, .data = ref.data};
        ref.handle_type->close(&temporary);
    }
}

/* Forgets everything written since the writer had these lengths. The known objects leave the index in the opposite order of
 * their arrival, so that no search is cut short. */
static void roll_back(RfWriter *w, size_t len, uint32_t nknown, uint32_t nshared)
{
    w->out.len = len;
    w->ncells = 0;
    while (w->nknown > nknown) {
        const Known *last = &w->known[w->nknown - 1];
        *slot_of(w, last->ptr) = 0;
        w->count[last->class]--;
        w->nknown--;
    }
    while (w->nshared > nshared) {
        drop_shared(w->shared[--w->nshared]);
    }
}

bool rf_writer_put(RfWriter *w, RfValue v, RfValue *culprit)
{
    size_t len = w->out.len;
    uint32_t nknown = w->nknown, nshared = w->nshared;
    RfValue bad;
    bool ok = walk(w, v, &bad);
    while (ok && w->ncells > 0) {
        const RfCell *cell = w->cells[--w->ncells];
        uint32_t number = find_known(w, cell)->number;
        ok = walk(w, cell->value, &bad);
        put_op(w, RF_MESSAGE_FILL_CELL);
        put_uint(w, number);
    }
    if (!ok) {
        roll_back(w, len, nknown, nshared);
        if (culprit) {
            *culprit = bad;
        }
        return false;
    }
    put_op(w, RF_MESSAGE_END);
    return true;
}

static void writer_free(RfWriter *w)
{
    rf_buf_free(&w->out);
    rf_mem_free(w->shared, w->shared_cap * sizeof *w->shared);
    rf_mem_free(w->known, w->known_cap * sizeof *w->known);
    rf_mem_free(w->index, 2 * (size_t)w->known_cap * sizeof *w->index);
    rf_mem_free(w->levels, w->levels_cap * sizeof *w->levels);
    rf_mem_free(w->cells, w->cells_cap * sizeof(RfCell *));
    rf_mem_free(w, sizeof *w);
}

/* ---- messages ---- */

static RfMessage *message_alloc(size_t len)
{
    RfMessage *m = rf_mem_alloc(sizeof *m + len);
    atomic_init(&m->rc, 1);
    m->len = len;
    m->shared = NULL;
    m->nshared = 0;
    m->parts = NULL;
    m->nparts = 0;
    return m;
}

RfMessage *rf_writer_finish(RfWriter *w)
{
    RfMessage *m = message_alloc(w->out.len);
    if (w->out.len > 0) {
        memcpy(m->code, w->out.data, w->out.len);
    }
    if (w->nshared > 0) {
        m->nshared = w->nshared;
        m->shared = rf_mem_alloc(w->nshared * sizeof *m->shared);
        memcpy(m->shared, w->shared, w->nshared * sizeof *m->shared);
    }
    writer_free(w);
    return m;
}

RfMessage *rf_message_join(RfMessage **parts, size_t n)
{
    RfMessage *m = message_alloc(0);
    m->nparts = n;
    m->parts = rf_mem_alloc((n + 1) * sizeof(RfMessage *));
    if (n > 0) {
        memcpy(m->parts, parts, n * sizeof(RfMessage *));
    }
    return m;
}

RfMessage *rf_message_retain(RfMessage *m)
{
    atomic_fetch_add_explicit(&m->rc, 1, memory_order_relaxed);
    return m;
}

void rf_message_release(RfMessage *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->rc, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < m->nshared; i++) {
        drop_shared(m->shared[i]);
    }
    rf_mem_free(m->shared, m->nshared * sizeof *m->shared);
    if (m->parts) {
        for (size_t i = 0; i < m->nparts; i++) {
            rf_message_release(m->parts[i]);
        }
        rf_mem_free(m->parts, (m->nparts + 1) * sizeof(RfMessage *));
    }
    rf_mem_free(m, sizeof *m + m->len);
}

RfMessage *rf_message_new(RfVm *vm, RfValue v)
{
    RfWriter *w = rf_writer_new(vm);
    RfValue culprit;
    if (!rf_writer_put(w, v, &culprit)) {
        writer_free(w);
        rf_transfer_raise(vm, culprit);
        return NULL;
    }
    return rf_writer_finish(w);
}

/* ---- errors ---- */

static void put_optional(RfWriter *w, const RfString *s)
{
    put_uint(w, s != NULL);
    if (s) {
        put_string(w, s);
    }
}

static void put_or_undef(RfWriter *w, RfValue v)
{
    if (!rf_writer_put(w, v, NULL)) {
        rf_writer_put(w, rf_undef(), NULL);
    }
}

RfMessage *rf_message_from_error(RfVm *vm, const RfError *e)
{
    RfWriter *w = rf_writer_new(vm);
    put_string(w, e->message);
    put_uint(w, (uintptr_t)e->help); /* static text */
    put_optional(w, e->hint);
    put_optional(w, e->rejected_at);
    put_uint(w, e->has_origin);
    put_uint(w, (uint64_t)e->origin_line);
    put_uint(w, e->trace_len);
    for (uint32_t i = 0; i < e->trace_len; i++) {
        const RfTraceEntry *t = &e->trace[i];
        put_string(w, t->function);
        put_optional(w, t->file);
        put_uint(w, t->line);
        put_uint(w, t->column);
        put_uint(w, t->is_function);
    }
    put_or_undef(w, e->cause);
    put_or_undef(w, e->origin_stack);
    return rf_writer_finish(w);
}
