/* Makes jobs: collects the functions that belong together, numbers them and their shapes, and writes what is known of them.
 * Nothing that differs between two runs of the same program may get into the bytes (addresses, hash orders, counts that
 * do not change a decision): their hash is the key of the code cache. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jit/job_core.h"
#include "jit/native.h"
#include "runtime/array.h"
#include "runtime/object.h"
#include "runtime/string.h"

#define POLYMORPHIC(hits, misses) ((misses) > (hits) / 8 + 4)
#define SEE_LEVELS 2u
#define FIELD_MISSES 16u /* field sites count misses only */

typedef struct Unit {
    RfProto *proto;
    uint32_t module;
    struct Callee {
        uint8_t kind;
        RfProto *proto;
        const RfBuiltin *builtin;
    } * calls;      /* proto->ncalls */
    uint8_t *named; /* module->nglobals */
} Unit;

typedef struct Maker {
    RfVm *vm;
    RfBuf *out;
    Unit units[RF_JOB_MAX_UNITS];
    uint32_t nunits, total;
    RfJobScan modules[RF_JOB_MAX_UNITS];
    uint32_t nmodules;
    RfJobLive live;
    const RfBuiltin *builtins;
    size_t nbuiltins;
    RfShape **shapes;
    uint32_t nshapes, shapes_cap;
    const RfStruct **seen; /* instances in reach, one per shape */
    uint32_t nseen, seen_cap;
} Maker;

/* ---- writer: little endian ---- */

static void put(Maker *m, uint64_t x, size_t bytes)
{
    uint8_t b[8];
    for (size_t i = 0; i < bytes; i++) {
        b[i] = (uint8_t)(x >> 8 * i);
    }
    rf_buf_put(m->out, b, bytes);
}

static void put8(Maker *m, uint32_t x)
{
    put(m, x, 1);
}

static void put16(Maker *m, uint32_t x)
{
    put(m, x, 2);
}

static void put32(Maker *m, uint32_t x)
{
    put(m, x, 4);
}

static void put_text(Maker *m, const char *text, size_t len)
{
    put32(m, (uint32_t)len);
    rf_buf_put(m->out, text, len);
}

static void put_name(Maker *m, const RfString *name)
{
    put_text(m, name->data, name->len);
}

/* 0, or 1 and the canonical name. */
static void put_builtin(Maker *m, const RfBuiltin *b)
{
    put8(m, b != NULL);
    if (b) {
        put_text(m, b->canonical, strlen(b->canonical));
    }
}

/* ---- shapes ---- */

static uint32_t shape_number(Maker *m, RfShape *shape)
{
    if (!shape) {
        return RF_JOB_NONE;
    }
    for (uint32_t i = 0; i < m->nshapes; i++) {
        if (m->shapes[i] == shape) {
            return i;
        }
    }
    if (m->nshapes == m->shapes_cap) {
        uint32_t cap = m->shapes_cap ? m->shapes_cap * 2 : 8;
        m->shapes = rf_mem_resize(m->shapes, sizeof *m->shapes * m->shapes_cap, sizeof *m->shapes * cap);
        m->shapes_cap = cap;
    }
    m->shapes[m->nshapes] = shape;
    return m->nshapes++;
}

static uint32_t value_shape(Maker *m, RfValue v)
{
    return v.tag == RF_TAG_STRUCT ? shape_number(m, v.as.strct->shape) : RF_JOB_NONE;
}

static const RfStruct *seen_instance(const Maker *m, const RfShape *shape)
{
    for (uint32_t i = 0; i < m->nseen; i++) {
        if (m->seen[i]->shape == shape) {
            return m->seen[i];
        }
    }
    return NULL;
}

/* Keeps the first instance of each shape in v: itself, first elements and fields, `levels` deep. */
static void see(Maker *m, RfValue v, unsigned levels)
{
    if (v.tag == RF_TAG_ARRAY && v.as.arr->len > 0 && levels > 0) {
        see(m, rf_array_peek(v.as.arr, 0), levels - 1);
    }
    if (v.tag != RF_TAG_STRUCT || seen_instance(m, v.as.strct->shape)) {
        return;
    }
    if (m->nseen == m->seen_cap) {
        uint32_t cap = m->seen_cap ? m->seen_cap * 2 : 8;
        m->seen = rf_mem_resize(m->seen, sizeof *m->seen * m->seen_cap, sizeof *m->seen * cap);
        m->seen_cap = cap;
    }
    m->seen[m->nseen++] = v.as.strct;
    for (uint32_t i = 0; levels > 0 && i < v.as.strct->shape->nfields; i++) {
        see(m, v.as.strct->fields[i], levels - 1);
    }
}

static void put_shapes(Maker *m)
{
    put32(m, m->nshapes);
    for (uint32_t i = 0; i < m->nshapes; i++) {
        const RfShape *shape = m->shapes[i];
        const RfStruct *s = seen_instance(m, shape);
        put32(m, shape->nfields);
        put32(m, shape->type->version);
        for (uint32_t j = 0; j < shape->nfields; j++) {
            put16(m, s ? rf_value_class(s->fields[j]) : 0);
        }
    }
}

/* ---- units ---- */

static uint32_t unit_number(const Maker *m, const RfProto *proto)
{
    for (uint32_t i = 0; i < m->nunits; i++) {
        if (m->units[i].proto == proto) {
            return i;
        }
    }
    return RF_JOB_NONE;
}

static uint32_t module_number(Maker *m, const RfModule *module)
{
    for (uint32_t i = 0; i < m->nmodules; i++) {
        if (m->modules[i].module == module) {
            return i;
        }
    }
    rf_job_scan_module(m->vm, module, &m->modules[m->nmodules]);
    return m->nmodules++;
}

static void add_unit(Maker *m, RfProto *proto)
{
    m->units[m->nunits++] = (Unit){.proto = proto, .module = module_number(m, proto->module)};
    m->total += proto->code_len;
}

static void take_along(Maker *m, RfProto *proto)
{
    const uint32_t never = RF_PROTO_ASYNC | RF_PROTO_GENERATOR | RF_PROTO_SPAWN | RF_PROTO_TEST | RF_PROTO_MAIN;
    if (proto && m->nunits < RF_JOB_MAX_UNITS && !(proto->flags & never) && proto->code_len <= RF_JOB_MAX_CODE &&
        m->total + proto->code_len <= RF_JOB_MAX_TOTAL && unit_number(m, proto) == RF_JOB_NONE) {
        add_unit(m, proto);
    }
}

/* The function of a global that needs no captures; NULL when it holds none. */
static RfProto *global_function(const RfModule *module, uint32_t slot)
{
    RfValue v = module->globals[slot];
    return v.tag == RF_TAG_FUNCTION && v.as.fn->ncells == 0 && v.as.fn->proto->ncaptures == 0 ? v.as.fn->proto : NULL;
}

static struct Callee resolve_call(const Maker *m, const RfProto *p, const RfCallSite *site, uint32_t global)
{
    const void *callee = site->callee;
    RfValue v = global == RF_JOB_NONE ? rf_undef() : p->module->globals[global];
    if (callee && POLYMORPHIC(site->hits, site->misses)) {
        return (struct Callee){.kind = RF_CALLEE_UNKNOWN};
    }
    if (callee && (uintptr_t)callee - (uintptr_t)m->builtins < m->nbuiltins * sizeof *m->builtins) {
        return (struct Callee){.kind = RF_CALLEE_BUILTIN, .builtin = callee};
    }
    if (callee && rf_job_live_has(&m->live, callee)) {
        return (struct Callee){.kind = RF_CALLEE_UNIT, .proto = (RfProto *)(uintptr_t)callee};
    }
    /* it has not run, or calls that no cache remembers (default parameters): what its global holds now */
    if (v.tag == RF_TAG_FUNCTION) {
        return (struct Callee){.kind = RF_CALLEE_UNIT, .proto = v.as.fn->proto};
    }
    if (v.tag == RF_TAG_BUILTIN) {
        return (struct Callee){.kind = RF_CALLEE_BUILTIN, .builtin = v.as.builtin};
    }
    return (struct Callee){.kind = RF_CALLEE_UNKNOWN};
}

static bool method_cached(const RfMethodSite *site)
{
    return site->shape && site->method && site->version == site->shape->type->version &&
           !POLYMORPHIC(site->hits, site->misses);
}

/* `func` statements make closures too: their functions come along when something calls them. */
static void take_lambdas(Maker *m, const RfProto *p)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        bool declares = pc + 1 < p->code_len && rf_op_base(p->code[pc + 1].op) == RF_OP_DECLARE_GLOBAL;
        if (rf_op_base(in.op) == RF_OP_CLOSURE && !declares && !(p->protos[in.b]->flags & RF_PROTO_METHOD)) {
            take_along(m, p->protos[in.b]);
        }
    }
}

/* Finds what a unit calls; adds it. */
static void explore(Maker *m, uint32_t number)
{
    Unit *u = &m->units[number];
    const RfProto *p = u->proto;
    uint32_t *globals = rf_mem_alloc(sizeof *globals * p->ncalls);
    u->calls = rf_mem_zalloc(sizeof *u->calls * p->ncalls);
    u->named = rf_mem_zalloc(p->module->nglobals);
    rf_job_scan_named(p, u->named);
    rf_job_scan_callees(p, globals);
    for (uint32_t i = 0; i < p->ncalls; i++) {
        u->calls[i] = resolve_call(m, p, &p->calls[i], globals[i]);
        take_along(m, u->calls[i].proto);
    }
    rf_mem_free(globals, sizeof *globals * p->ncalls);
    for (uint32_t i = 0; i < p->nmethods; i++) {
        take_along(m, method_cached(&p->methods[i]) ? p->methods[i].method->proto : NULL);
    }
    for (uint32_t slot = 0; slot < p->module->nglobals; slot++) {
        if (u->named[slot]) {
            take_along(m, global_function(p->module, slot));
            see(m, p->module->globals[slot], SEE_LEVELS);
        }
    }
    take_lambdas(m, p);
}

/* ---- tables of a unit ---- */

static void put_code(Maker *m, const RfProto *p)
{
    put32(m, p->code_len);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        RfOp op = rf_op_base(in.op);
        put16(m, op);
        put16(m, in.a);
        put32(m, rf_op_info[op].flags & RF_OPF_J ? rf_jump_target(p, pc) : in.b);
        put32(m, p->positions[pc].line);
    }
}

static void put_consts(Maker *m, const RfProto *p)
{
    put32(m, p->nconsts);
    for (uint32_t i = 0; i < p->nconsts; i++) {
        RfValue v = p->consts[i];
        put8(m, (uint32_t)v.tag);
        if (v.tag == RF_TAG_STRING) {
            put_name(m, v.as.str);
        } else if (v.tag == RF_TAG_BUILTIN) {
            put_text(m, v.as.builtin->canonical, strlen(v.as.builtin->canonical));
        } else {
            put(m, rf_is_heap(v) ? 0 : (uint64_t)v.as.i, 8);
        }
    }
}

static void put_sites(Maker *m, const Unit *u)
{
    const RfProto *p = u->proto;
    put32(m, p->ncalls);
    for (uint32_t i = 0; i < p->ncalls; i++) {
        put32(m, p->calls[i].place);
        put8(m, u->calls[i].kind);
        put32(m, u->calls[i].proto ? unit_number(m, u->calls[i].proto) : RF_JOB_NONE);
        put_builtin(m, u->calls[i].builtin);
    }
    put32(m, p->nfields);
    for (uint32_t i = 0; i < p->nfields; i++) {
        const RfFieldSite *site = &p->fields[i];
        bool cached = site->shape && site->misses <= FIELD_MISSES && site->offset < site->shape->nfields;
        put_name(m, site->name);
        put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        put32(m, cached ? site->offset : 0);
    }
    put32(m, p->nmethods);
    for (uint32_t i = 0; i < p->nmethods; i++) {
        const RfMethodSite *site = &p->methods[i];
        bool cached = method_cached(site);
        /* a uniform call: nothing else can be meant when only the global has the name, and keeps its value */
        bool only = site->ncandidates == 0 && rf_job_scan_stable(&m->modules[u->module], site->global);
        RfValue v = only ? p->module->globals[site->global] : rf_undef();
        RfProto *function = only ? global_function(p->module, site->global) : NULL;
        put_name(m, site->name);
        put32(m, site->place);
        put32(m, site->global);
        put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        put32(m, cached ? site->version : 0);
        put32(m, cached ? unit_number(m, site->method->proto) : RF_JOB_NONE);
        put32(m, function ? unit_number(m, function) : RF_JOB_NONE);
        put_builtin(m, v.tag == RF_TAG_BUILTIN ? v.as.builtin : NULL);
    }
    put32(m, p->nstructs);
    for (uint32_t i = 0; i < p->nstructs; i++) {
        const RfStructSite *site = &p->structs[i];
        bool cached = site->type && site->shape && site->order && site->version == site->type->version &&
                      site->alias_version == p->module->alias_version;
        put32(m, site->count);
        put8(m, cached && site->plain);
        put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        for (uint32_t j = 0; cached && j < site->count; j++) {
            put32(m, site->order[j]);
        }
    }
}

static void put_globals(Maker *m, const Unit *u)
{
    const RfModule *module = u->proto->module;
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < module->nglobals; slot++) {
        count += u->named[slot];
    }
    put32(m, count);
    for (uint32_t slot = 0; slot < module->nglobals; slot++) {
        if (u->named[slot]) {
            RfValue v = module->globals[slot];
            const RfProto *function = global_function(module, slot);
            bool builtin = v.tag == RF_TAG_BUILTIN && module->info[slot]->kind == RF_GLOBAL_ABSENT;
            put32(m, slot);
            put8(m, module->info[slot]->kind);
            put8(m, rf_job_scan_stable(&m->modules[u->module], slot));
            put16(m, rf_value_class(v));
            put32(m, value_shape(m, v));
            put32(m, function ? unit_number(m, function) : RF_JOB_NONE);
            put_builtin(m, builtin ? v.as.builtin : NULL);
        }
    }
}

static void put_paths(Maker *m, const RfProto *p)
{
    put32(m, p->npaths);
    for (uint32_t i = 0; i < p->npaths; i++) {
        const RfPath *path = &p->paths[i];
        put8(m, path->root);
        put8(m, path->pair);
        put32(m, path->slot);
        put32(m, path->varref);
        put32(m, path->index_count);
        put32(m, path->count);
        for (uint32_t j = 0; j < path->count; j++) {
            const RfStep *step = &path->steps[j];
            put8(m, step->kind);
            put32(m, step->slot);
            put32(m, step->nops);
            for (uint32_t k = 0; k < step->nops; k++) {
                put16(m, rf_op_base(step->ops[k].op));
                put16(m, step->ops[k].a);
                put32(m, step->ops[k].b);
            }
        }
    }
}

/* What the stack effects of instructions without native form depend on. */
static void put_counts(Maker *m, const RfProto *p)
{
    put32(m, p->ndecls);
    for (uint32_t i = 0; i < p->ndecls; i++) {
        uint32_t taken = p->decls[i].nmethods;
        for (uint32_t j = 0; j < p->decls[i].nfields; j++) {
            taken += p->decls[i].has_default[j];
        }
        put32(m, taken);
    }
    put32(m, p->ndictpats);
    for (uint32_t i = 0; i < p->ndictpats; i++) {
        put32(m, p->dictpats[i].count + p->dictpats[i].has_rest);
    }
    put32(m, p->nenums);
    put32(m, p->nimports);
}

static void put_classes(Maker *m, const uint16_t *classes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put16(m, classes ? classes[i] : 0);
    }
}

static void put_loop(Maker *m, const RfProto *p, const RfFrame *frame)
{
    size_t n = (size_t)(m->vm->sp - frame->fp);
    put32(m, (uint32_t)(frame->pc - p->code));
    put32(m, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        put16(m, rf_value_class(frame->fp[i]));
        put32(m, value_shape(m, frame->fp[i]));
    }
}

static void put_unit(Maker *m, const Unit *u, const RfFrame *frame, bool entry, bool loop)
{
    const RfProto *p = u->proto;
    const RfProfile *profile = p->profile;
    put_name(m, p->name);
    put32(m, p->flags);
    put16(m, p->nparams);
    put16(m, p->nrequired);
    put16(m, p->nlocals);
    put16(m, p->max_stack);
    put32(m, u->module);
    put8(m, entry);
    put_code(m, p);
    put32(m, p->ncaptures);
    for (uint32_t i = 0; i < p->ncaptures; i++) {
        put8(m, p->captures[i].kind);
        put32(m, p->captures[i].slot);
    }
    put32(m, p->nprotos);
    for (uint32_t i = 0; i < p->nprotos; i++) {
        put32(m, unit_number(m, p->protos[i]));
    }
    put32(m, p->nhandlers);
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *h = &p->handlers[i];
        put32(m, h->start);
        put32(m, h->end);
        put32(m, h->target);
        put32(m, h->depth);
        put8(m, h->raw);
    }
    put_consts(m, p);
    put_sites(m, u);
    put_globals(m, u);
    put_paths(m, p);
    put_counts(m, p);
    put8(m, profile != NULL);
    put_classes(m, profile ? profile->tos : NULL, p->code_len);
    for (uint32_t i = 0; i < p->nparams; i++) {
        put16(m, (profile ? profile->params[i] : 0u) | (frame && !loop ? rf_value_class(frame->fp[i]) : 0u));
    }
    put_classes(m, profile ? profile->cells : NULL, p->ncaptures);
    put32(m, loop);
    if (loop) {
        put_loop(m, p, frame);
    }
}

/* ---- jobs ---- */

static void maker_free(Maker *m)
{
    for (uint32_t i = 0; i < m->nunits; i++) {
        const Unit *u = &m->units[i];
        rf_mem_free(u->calls, sizeof *u->calls * u->proto->ncalls);
        rf_mem_free(u->named, u->proto->module->nglobals);
    }
    for (uint32_t i = 0; i < m->nmodules; i++) {
        rf_job_scan_free(&m->modules[i]);
    }
    rf_job_live_free(&m->live);
    rf_mem_free(m->shapes, sizeof *m->shapes * m->shapes_cap);
    rf_mem_free(m->seen, sizeof *m->seen * m->seen_cap);
}

static void make_links(const Maker *m, RfJobLinks *links)
{
    *links = (RfJobLinks){.nunits = m->nunits, .nshapes = m->nshapes};
    links->protos = rf_mem_alloc(sizeof *links->protos * m->nunits);
    links->shapes = rf_mem_alloc(sizeof *links->shapes * m->nshapes);
    for (uint32_t i = 0; i < m->nunits; i++) {
        links->protos[i] = m->units[i].proto;
    }
    for (uint32_t i = 0; i < m->nshapes; i++) {
        links->shapes[i] = m->shapes[i];
    }
}

void rf_job_links_free(RfJobLinks *links)
{
    rf_mem_free(links->protos, sizeof *links->protos * links->nunits);
    rf_mem_free(links->shapes, sizeof *links->shapes * links->nshapes);
    *links = (RfJobLinks){0};
}

void rf_job_make(RfVm *vm, RfProto *proto, RfFrame *frame, bool with_entry, RfBuf *out, RfJobLinks *links)
{
    Maker m = {.vm = vm, .out = out, .builtins = rf_builtin_at(0)};
    bool loop = frame && !(with_entry && frame->pc == proto->code);
    while (rf_builtin_at(m.nbuiltins)) {
        m.nbuiltins++;
    }
    rf_job_live_collect(vm, &m.live);
    for (RfValue *v = frame ? frame->fp : vm->sp; v < vm->sp; v++) {
        see(&m, *v, SEE_LEVELS);
    }
    add_unit(&m, proto);
    for (uint32_t i = 0; i < m.nunits; i++) {
        explore(&m, i);
    }
    rf_buf_clear(out);
    put32(&m, RF_JOB_MAGIC);
    put32(&m, RF_JIT_ABI);
    static const uint8_t no_options[RF_JOB_HEADER - RF_JOB_AT_OPTIONS];
    rf_buf_put(out, no_options, sizeof no_options);
    put32(&m, m.nunits);
    for (uint32_t i = 0; i < m.nunits; i++) {
        put_unit(&m, &m.units[i], i == 0 ? frame : NULL, i > 0 || !loop || with_entry, i == 0 && loop);
    }
    put_shapes(&m);
    make_links(&m, links);
    maker_free(&m);
}

void rf_job_set_options(RfBuf *job, const RfJobOptions *options)
{
    uint8_t *at = (uint8_t *)job->data + RF_JOB_AT_OPTIONS;
    *at++ = options->opt;
    memset(at, 0, sizeof options->cpu); /* nothing behind the NUL gets into the key */
    memcpy(at, options->cpu, strnlen(options->cpu, sizeof options->cpu - 1));
    at += sizeof options->cpu;
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(options->stress >> 8 * i);
        at[4 + i] = (uint8_t)(options->stress_seed >> 8 * i);
    }
    memcpy(at + 8, options->levels, sizeof options->levels);
}
