/* A program as another thread needs it. A VM's code carries inline caches and constants that only its own thread may touch,
 * so the twin compiles the same sources again (without running them) and gets copies of the globals, struct declarations and
 * imported struct names. Functions cross as (module, position in the module's tree of functions).
 *
 * A global that cannot cross is simply not set in the twin; one that the code to be run names itself is refused. */
#include <string.h>

#include "base/mem.h"
#include "vm/message.h"
#include "vm/scheduler.h"

/* ---- functions by position ---- */

typedef struct ProtoEntry {
    const RfProto *proto; /* key */
    int64_t index;
    UT_hash_handle hh;
} ProtoEntry;

typedef struct RfProtoMap RfProtoMap;
struct RfProtoMap { /* of one module */
    RfProtoMap *next;
    const RfModule *module;
    const RfProto *main; /* whose tree was listed */
    RfProto **list;      /* preorder */
    size_t n, cap;
    ProtoEntry *by_proto;
};

static void list_protos(RfProtoMap *map, RfProto *p)
{
    if (map->n == map->cap) {
        size_t cap = map->cap ? map->cap * 2 : 16;
        map->list = rf_mem_resize(map->list, map->cap * sizeof(RfProto *), cap * sizeof(RfProto *));
        map->cap = cap;
    }
    ProtoEntry *e = rf_mem_zalloc(sizeof *e);
    e->proto = p;
    e->index = (int64_t)map->n;
    HASH_ADD_PTR(map->by_proto, proto, e);
    map->list[map->n++] = p;
    for (uint32_t i = 0; i < p->nprotos; i++) { /* the parser bounds the depth */
        list_protos(map, p->protos[i]);
    }
}

static void clear_map(RfProtoMap *map)
{
    ProtoEntry *e, *next;
    HASH_ITER(hh, map->by_proto, e, next)
    {
        HASH_DEL(map->by_proto, e);
        rf_mem_free(e, sizeof *e);
    }
    rf_mem_free(map->list, map->cap * sizeof(RfProto *));
    map->list = NULL;
    map->n = map->cap = 0;
}

static RfProtoMap *map_of(RfVm *vm, const RfModule *m)
{
    RfProtoMap *map = vm->scheduler->protos;
    while (map && map->module != m) {
        map = map->next;
    }
    if (!map) {
        map = rf_mem_zalloc(sizeof *map);
        map->module = m;
        map->next = vm->scheduler->protos;
        vm->scheduler->protos = map;
    }
    if (map->main != m->main) {
        clear_map(map);
        map->main = m->main;
        list_protos(map, m->main);
    }
    return map;
}

int64_t rf_image_proto_index(RfVm *vm, RfProto *proto)
{
    ProtoEntry *e = NULL;
    HASH_FIND_PTR(map_of(vm, proto->module)->by_proto, &proto, e);
    return e ? e->index : -1;
}

RfProto *rf_image_proto_at(RfVm *vm, RfModule *module, int64_t index)
{
    RfProtoMap *map = module->main ? map_of(vm, module) : NULL;
    return map && index < (int64_t)map->n ? map->list[index] : NULL;
}

/* ---- modules ---- */

typedef struct ModuleCode {
    uint32_t id;
    bool open;
    char *name, *file, *source;
    size_t source_len;
    char *real_path, *root; /* NULL: the main script, or a module whose import failed */
} ModuleCode;

typedef struct RfCode { /* immutable, shared by images */
    atomic_uint rc;
    uint32_t n;
    ModuleCode modules[];
} RfCode;

static char *copy(const char *bytes, size_t len)
{
    char *s = rf_mem_alloc(len + 1);
    memcpy(s, bytes, len);
    s[len] = '\0';
    return s;
}

static void free_text(char *s)
{
    if (s) {
        rf_mem_free(s, strlen(s) + 1);
    }
}

static void release_code(RfCode *code)
{
    if (!code || atomic_fetch_sub_explicit(&code->rc, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < code->n; i++) {
        ModuleCode *m = &code->modules[i];
        free_text(m->name);
        free_text(m->file);
        rf_mem_free(m->source, m->source ? m->source_len + 1 : 0);
        free_text(m->real_path);
        free_text(m->root);
    }
    rf_mem_free(code, sizeof *code + code->n * sizeof(ModuleCode));
}

static RfCode *make_code(RfVm *vm)
{
    RfCode *code = rf_mem_zalloc(sizeof *code + vm->nmodules * sizeof(ModuleCode));
    atomic_init(&code->rc, 1);
    code->n = vm->nmodules;
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        const RfModule *m = vm->modules[i];
        ModuleCode *c = &code->modules[i];
        c->id = m->id;
        c->open = m->open;
        c->name = copy(m->name->data, m->name->len);
        c->file = copy(m->file, strlen(m->file));
        c->source = m->source ? copy(m->source, m->source_len) : NULL;
        c->source_len = m->source_len;
        const char *real_path, *root;
        if (rf_import_origin(vm, m, &real_path, &root)) {
            c->real_path = copy(real_path, strlen(real_path));
            c->root = copy(root, strlen(root));
        }
    }
    return code;
}

/* Source texts do not change, so one copy serves until a module is added (or, in a shell, new code). */
static bool is_current(const RfVm *vm, const RfCode *code)
{
    const RfModule *last = vm->modules[vm->nmodules - 1];
    const ModuleCode *c = code && code->n == vm->nmodules ? &code->modules[code->n - 1] : NULL;
    return c && !vm->modules[0]->open && c->source_len == last->source_len && strcmp(c->file, last->file) == 0;
}

static RfCode *code_of(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    if (!is_current(vm, s->code)) {
        release_code(s->code);
        s->code = make_code(vm);
    }
    atomic_fetch_add_explicit(&s->code->rc, 1, memory_order_relaxed);
    return s->code;
}

void rf_image_forget(RfVm *vm)
{
    RfScheduler *s = vm->scheduler;
    release_code(s->code);
    s->code = NULL;
    while (s->protos) {
        RfProtoMap *map = s->protos;
        s->protos = map->next;
        clear_map(map);
        rf_mem_free(map, sizeof *map);
    }
}

/* ---- writing ---- */

struct RfImage {
    atomic_uint rc;
    RfCode *code;
    RfMessage *state;
};

static bool instruction_names(RfInstr in, uint32_t slot)
{
    const RfOpInfo *info = &rf_op_info[rf_op_base(in.op)];
    return (info->b == RF_OPERAND_GLOBAL && in.b == slot) ||
           (info->b == RF_OPERAND_VARREF && (in.b & RF_VARREF_MAYBE) && RF_VARREF_GLOBAL(in.b) == slot);
}

static bool code_names(const RfProto *p, uint32_t slot)
{
    for (uint32_t i = 0; i < p->code_len; i++) {
        if (instruction_names(p->code[i], slot)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        if (code_names(p->protos[i], slot)) {
            return true;
        }
    }
    return false;
}

static void put_name(RfWriter *w, const RfString *name)
{
    rf_writer_put_text(w, name->data, name->len);
}

/* v, or "unset" when it cannot cross. */
static bool put_or_unset(RfWriter *w, RfValue v, RfValue *culprit)
{
    bool ok = rf_writer_put(w, v, culprit);
    if (!ok) {
        rf_writer_put(w, rf_undef(), NULL);
    }
    return ok;
}

/* Entries "1 name kind value", then 0. False with an error raised when `proto` names a global that cannot cross. */
static bool put_globals(RfVm *vm, RfWriter *w, const RfModule *m, const RfProto *proto)
{
    bool ok = true;
    for (uint32_t i = 0; i < m->nglobals; i++) {
        if (m->info[i]->kind == RF_GLOBAL_ABSENT) {
            continue;
        }
        RfValue culprit;
        rf_writer_put_int(w, 1);
        put_name(w, m->info[i]->name);
        rf_writer_put_int(w, m->info[i]->kind);
        if (!put_or_unset(w, m->globals[i], &culprit) && proto && proto->module == m && code_names(proto, i)) {
            rf_transfer_raise(vm, culprit);
            ok = false;
        }
    }
    rf_writer_put_int(w, 0);
    RfStructAlias *alias, *next;
    HASH_ITER(hh, m->aliases, alias, next)
    {
        rf_writer_put_int(w, 1);
        put_name(w, alias->name);
        rf_writer_put_int(w, alias->type->module_id);
        put_name(w, alias->type->name);
    }
    rf_writer_put_int(w, 0);
    return ok;
}

static void put_struct_type(RfWriter *w, const RfStructType *type)
{
    rf_writer_put_int(w, 1);
    rf_writer_put_int(w, type->module_id);
    put_name(w, type->name);
    rf_writer_put_int(w, type->nfields);
    for (uint32_t i = 0; i < type->nfields; i++) {
        put_name(w, type->field_names[i]);
        put_or_unset(w, type->defaults[i], NULL);
    }
    rf_writer_put_int(w, HASH_COUNT(type->methods));
    RfMethod *method, *next;
    HASH_ITER(hh, type->methods, method, next)
    {
        put_name(w, method->name);
        rf_writer_put_int(w, method->has_self);
        put_or_unset(w, method->function, NULL);
    }
}

RfImage *rf_image_new(RfVm *vm, const RfProto *proto)
{
    RfWriter *w = rf_writer_new(vm);
    bool ok = true;
    for (uint32_t i = 0; i < vm->nmodules && ok; i++) {
        ok = put_globals(vm, w, vm->modules[i], proto);
    }
    for (const RfStructType *t = vm->rt.types; t && ok; t = t->next) {
        if (t->declared) {
            put_struct_type(w, t);
        }
    }
    rf_writer_put_int(w, 0);
    RfMessage *state = rf_writer_finish(w);
    if (!ok) {
        rf_message_release(state);
        return NULL;
    }
    RfImage *image = rf_mem_alloc(sizeof *image);
    atomic_init(&image->rc, 1);
    image->code = code_of(vm);
    image->state = state;
    return image;
}

RfImage *rf_image_retain(RfImage *image)
{
    atomic_fetch_add_explicit(&image->rc, 1, memory_order_relaxed);
    return image;
}

void rf_image_release(RfImage *image)
{
    if (!image || atomic_fetch_sub_explicit(&image->rc, 1, memory_order_acq_rel) != 1) {
        return;
    }
    release_code(image->code);
    rf_message_release(image->state);
    rf_mem_free(image, sizeof *image);
}

/* ---- loading ---- */

static RfString *read_name(RfVm *vm, RfReader *r)
{
    size_t len;
    const char *text = rf_reader_text(r, &len);
    return rf_intern(rf_rt(vm), text, len);
}

static RfValue read_or_unset(RfVm *vm, RfReader *r)
{
    RfValue v;
    if (rf_reader_value(r, &v) != RF_OK) {
        rf_error_clear(&rf_rt(vm)->error);
        return rf_undef();
    }
    return v;
}

static void load_globals(RfVm *vm, RfReader *r, RfModule *m)
{
    while (rf_reader_int(r)) {
        uint32_t slot = rf_module_global(m, read_name(vm, r));
        uint8_t kind = (uint8_t)rf_reader_int(r);
        RfValue v = read_or_unset(vm, r);
        if (v.tag != RF_TAG_UNDEF) {
            rf_assign(&m->globals[slot], v);
            m->info[slot]->kind = kind;
        }
    }
    while (rf_reader_int(r)) {
        RfStructAlias *alias = rf_mem_zalloc(sizeof *alias);
        alias->name = read_name(vm, r);
        uint32_t module_id = (uint32_t)rf_reader_int(r);
        alias->type = rf_struct_type(rf_rt(vm), module_id, read_name(vm, r));
        HASH_ADD_PTR(m->aliases, name, alias);
        m->alias_version++;
    }
}

static void load_struct_type(RfVm *vm, RfReader *r)
{
    uint32_t module_id = (uint32_t)rf_reader_int(r);
    RfStructType *type = rf_struct_type(rf_rt(vm), module_id, read_name(vm, r));
    size_t nfields = rf_reader_int(r);
    RfString **names = rf_mem_alloc((nfields + 1) * sizeof(RfString *));
    RfValue *defaults = rf_mem_alloc((nfields + 1) * sizeof *defaults);
    for (size_t i = 0; i < nfields; i++) {
        names[i] = read_name(vm, r);
        defaults[i] = read_or_unset(vm, r);
    }
    size_t given = rf_reader_int(r), nmethods = 0;
    RfMethod *methods = rf_mem_zalloc((given + 1) * sizeof *methods);
    for (size_t i = 0; i < given; i++) {
        RfMethod *method = &methods[nmethods];
        method->name = read_name(vm, r);
        method->has_self = rf_reader_int(r) != 0;
        method->function = read_or_unset(vm, r);
        nmethods += method->function.tag != RF_TAG_UNDEF;
    }
    rf_struct_declare(rf_rt(vm), type, nfields, names, defaults, nmethods, methods);
    rf_mem_free(names, (nfields + 1) * sizeof(RfString *));
    rf_mem_free(defaults, (nfields + 1) * sizeof *defaults);
    rf_mem_free(methods, (given + 1) * sizeof *methods);
}

static RfStatus load_module(RfVm *vm, const ModuleCode *c)
{
    RfRuntime *rt = rf_rt(vm);
    RfModule *m = rf_module_new(rt, c->id, rf_intern_cstr(rt, c->name), c->file, c->source, c->source_len);
    m->open = c->open;
    rf_program_add_module(vm, m);
    if (c->id >= vm->next_module_id) {
        vm->next_module_id = c->id + 1;
    }
    if (c->source) {
        RfDiagList diags;
        rf_diag_init(&diags);
        RfLoadResult result = rf_program_compile(vm, m, &diags, NULL, NULL);
        if (result != RF_LOAD_OK && !c->real_path) { /* a failed import is allowed to fail again */
            rf_raise(rt, "%s", diags.items[0].message);
        } else {
            result = RF_LOAD_OK;
        }
        rf_diag_free(&diags);
        if (result != RF_LOAD_OK) {
            return RF_ERROR;
        }
    }
    if (c->real_path) {
        rf_import_adopt(vm, m, c->real_path, c->root);
    }
    return RF_OK;
}

RfStatus rf_image_load(RfVm *vm, RfImage *image)
{
    for (uint32_t i = 0; i < image->code->n; i++) {
        if (load_module(vm, &image->code->modules[i]) != RF_OK && i == 0) {
            return RF_ERROR;
        }
    }
    rf_error_clear(&rf_rt(vm)->error);
    RfReader *r = rf_reader_new(vm, image->state);
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        load_globals(vm, r, vm->modules[i]);
    }
    while (rf_reader_int(r)) {
        load_struct_type(vm, r);
    }
    rf_reader_free(r);
    return RF_OK;
}
