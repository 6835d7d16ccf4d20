/* Makes jobs: collects the functions that belong together and numbers them. */
#include <string.h>

#include "base/mem.h"
#include "jit/job_core.h"
#include "jit/native.h"
#include "jit/policy.h"
#include "runtime/foreign.h"
#include "runtime/object.h"

#define POLYMORPHIC(hits, misses) ((misses) > (hits) / 8 + 4)
#define SEE_LEVELS 2u
#define ALONE_CODE 150u /* instructions */

/* ---- units ---- */

uint32_t rf_job_unit_number(const RfJobMaker *m, const RfProto *proto)
{
    for (uint32_t i = 0; i < m->nunits; i++) {
        if (m->units[i].proto == proto) {
            return i;
        }
    }
    return RF_JOB_NONE;
}

static uint32_t module_number(RfJobMaker *m, const RfModule *module)
{
    for (uint32_t i = 0; i < m->nmodules; i++) {
        if (m->modules[i].module == module) {
            return i;
        }
    }
    rf_job_scan_module(m->vm, module, &m->modules[m->nmodules]);
    return m->nmodules++;
}

static void add_unit(RfJobMaker *m, RfProto *proto)
{
    m->units[m->nunits++] = (RfJobSource){.proto = proto, .module = module_number(m, proto->module)};
    m->total += proto->code_len;
}

/* Code of its own is there or will be, and a call is a small part of what it does: compiling it once more would only make
 * this job longer. */
static bool stands_alone(const RfProto *proto)
{
    const RfUnit *unit = proto->jit;
    return proto->code_len > ALONE_CODE && unit && (unit->fn.entry || unit->fn.state == RF_TARGET_QUEUED);
}

static void note_alone(RfJobMaker *m, const RfProto *proto)
{
    for (uint32_t i = 0; i < m->nalone; i++) {
        if (m->alone[i] == proto) {
            return;
        }
    }
    if (m->nalone < sizeof m->alone / sizeof *m->alone) {
        m->alone[m->nalone++] = proto;
    }
}

static void take_along(RfJobMaker *m, RfProto *proto)
{
    const uint32_t never = RF_PROTO_ASYNC | RF_PROTO_SPAWN | RF_PROTO_TEST | RF_PROTO_MAIN;
    if (proto && rf_job_unit_number(m, proto) == RF_JOB_NONE && stands_alone(proto)) {
        note_alone(m, proto);
    } else if (proto && m->nunits < RF_JOB_MAX_UNITS && !(proto->flags & never) && proto->code_len <= RF_JOB_MAX_CODE &&
               m->total + proto->code_len <= RF_JOB_MAX_TOTAL && rf_job_unit_number(m, proto) == RF_JOB_NONE) {
        add_unit(m, proto);
    }
}

/* The function of a global that needs no captures; NULL when it holds none. */
RfProto *rf_job_global_function(const RfModule *module, uint32_t slot)
{
    RfValue v = module->globals[slot];
    return v.tag == RF_TAG_FUNCTION && v.as.fn->ncells == 0 && v.as.fn->proto->ncaptures == 0 ? v.as.fn->proto : NULL;
}

/* The functions of a site that has met a few. */
static bool several(const RfJobMaker *m, const RfCallSite *site, struct RfJobTarget *out)
{
    if (!site->met[1] || site->met[RF_SITE_KINDS]) {
        return false;
    }
    *out = (struct RfJobTarget){.kind = RF_CALLEE_UNITS};
    for (uint32_t i = 0; i < RF_SITE_KINDS && site->met[i]; i++) {
        out->met[i] = rf_job_live_has(&m->live, site->met[i]) ? (RfProto *)(uintptr_t)site->met[i] : NULL;
    }
    return true;
}

static struct RfJobTarget resolve_call(const RfJobMaker *m, const RfProto *p, const RfCallSite *site, uint32_t global)
{
    const void *callee = site->callee;
    RfValue v = global == RF_JOB_NONE ? rf_undef() : p->module->globals[global];
    struct RfJobTarget met;
    if (several(m, site, &met)) {
        return met;
    }
    if (callee && POLYMORPHIC(site->hits, site->misses)) {
        return (struct RfJobTarget){.kind = RF_CALLEE_UNKNOWN};
    }
    if (callee && (uintptr_t)callee - (uintptr_t)m->builtins < m->nbuiltins * sizeof *m->builtins) {
        return (struct RfJobTarget){.kind = RF_CALLEE_BUILTIN, .builtin = callee};
    }
    if (callee && rf_job_live_has(&m->live, callee)) {
        return (struct RfJobTarget){.kind = RF_CALLEE_UNIT, .proto = (RfProto *)(uintptr_t)callee};
    }
    if (!callee && site->foreign && !POLYMORPHIC(site->hits, site->misses)) {
        return (struct RfJobTarget){.kind = RF_CALLEE_FOREIGN, .foreign = site->foreign};
    }
    /* it has not run, or calls that no cache remembers (default parameters): what its global holds now */
    if (v.tag == RF_TAG_FUNCTION) {
        return (struct RfJobTarget){.kind = RF_CALLEE_UNIT, .proto = v.as.fn->proto};
    }
    if (v.tag == RF_TAG_BUILTIN) {
        return (struct RfJobTarget){.kind = RF_CALLEE_BUILTIN, .builtin = v.as.builtin};
    }
    if (v.tag == RF_TAG_FOREIGN && rf_as_foreign(v)->key) {
        return (struct RfJobTarget){.kind = RF_CALLEE_FOREIGN, .foreign = rf_as_foreign(v)->key};
    }
    return (struct RfJobTarget){.kind = RF_CALLEE_UNKNOWN};
}

bool rf_job_method_cached(const RfMethodSite *site)
{
    return site->shape && site->method && !site->met[1] && site->version == site->shape->type->version &&
           !POLYMORPHIC(site->hits, site->misses);
}

RfProto *rf_job_method_met(const RfMethodSite *site, uint32_t n)
{
    if (!site->met[1] || site->met[RF_SITE_KINDS] || !site->met[n]) {
        return NULL;
    }
    const RfMethod *method = rf_struct_method(site->met[n]->type, site->name);
    bool field = rf_shape_find(site->met[n], site->name) >= 0; /* found first */
    return method && !field ? method->function.as.fn->proto : NULL;
}

/* `func` statements make closures too: their functions come along when something calls them. */
static void take_lambdas(RfJobMaker *m, const RfProto *p)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        bool declares = pc + 1 < p->code_len && rf_op_base(p->code[pc + 1].op) == RF_OP_DECLARE_GLOBAL;
        if (rf_op_base(in.op) == RF_OP_CLOSURE && !declares && !(p->protos[in.b]->flags & RF_PROTO_METHOD)) {
            take_along(m, p->protos[in.b]);
        }
    }
}

/* The functions of generators that the unit's locals hold. */
static void take_generators(RfJobMaker *m, const RfJobSource *u)
{
    for (uint32_t i = 0; i < u->nslots; i++) {
        const RfGenerator *g = u->slots[i].tag == RF_TAG_GENERATOR ? u->slots[i].as.ptr : NULL;
        if (!g) {
            continue;
        }
        take_along(m, g->fn->proto);
        uint32_t number = rf_job_unit_number(m, g->fn->proto);
        if (number != RF_JOB_NONE && !m->units[number].slots && g->nslots >= g->fn->proto->nlocals) {
            m->units[number].slots = g->slots;
            m->units[number].nslots = g->fn->proto->nlocals;
        }
    }
}

/* Finds what a unit calls; adds it. */
static void explore(RfJobMaker *m, uint32_t number)
{
    RfJobSource *u = &m->units[number];
    const RfProto *p = u->proto;
    uint32_t *globals = rf_mem_alloc(sizeof *globals * p->ncalls);
    u->calls = rf_mem_zalloc(sizeof *u->calls * p->ncalls);
    u->named = rf_mem_zalloc(p->module->nglobals);
    rf_job_scan_named(p, u->named);
    rf_job_scan_callees(p, globals);
    for (uint32_t i = 0; i < p->ncalls; i++) {
        u->calls[i] = resolve_call(m, p, &p->calls[i], globals[i]);
        take_along(m, u->calls[i].proto);
        for (uint32_t k = 0; k < RF_SITE_KINDS; k++) {
            take_along(m, u->calls[i].met[k]);
        }
    }
    rf_mem_free(globals, sizeof *globals * p->ncalls);
    for (uint32_t i = 0; i < p->nmethods; i++) {
        take_along(m, rf_job_method_cached(&p->methods[i]) ? p->methods[i].method->proto : NULL);
        for (uint32_t k = 0; k < RF_SITE_KINDS; k++) {
            take_along(m, rf_job_method_met(&p->methods[i], k));
        }
    }
    for (uint32_t slot = 0; slot < p->module->nglobals; slot++) {
        if (u->named[slot]) {
            take_along(m, rf_job_global_function(p->module, slot));
            rf_job_see(m, p->module->globals[slot], SEE_LEVELS);
        }
    }
    take_lambdas(m, p);
    take_generators(m, u);
}

/* ---- jobs ---- */

static void maker_free(RfJobMaker *m)
{
    for (uint32_t i = 0; i < m->nunits; i++) {
        const RfJobSource *u = &m->units[i];
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

static void make_links(const RfJobMaker *m, RfJobLinks *links)
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
    RfWorkerUnits *order = &links->order;
    order->ncompiled = m->nunits;
    order->ncalled = m->nalone;
    for (uint32_t i = 0; i < m->nunits + m->nalone; i++) {
        const RfProto *proto = i < m->nunits ? m->units[i].proto : m->alone[i - m->nunits];
        order->numbers[i] = (uint32_t)((uintptr_t)proto / 16);
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
    RfJobMaker m = {.vm = vm, .out = out, .builtins = rf_builtin_at(0)};
    bool loop = frame && !(with_entry && frame->pc == proto->code);
    while (rf_builtin_at(m.nbuiltins)) {
        m.nbuiltins++;
    }
    rf_job_live_collect(vm, &m.live);
    for (RfValue *v = frame ? frame->fp : vm->sp; v < vm->sp; v++) {
        rf_job_see(&m, *v, SEE_LEVELS);
    }
    add_unit(&m, proto);
    if (frame && vm->sp >= frame->fp + proto->nlocals) {
        m.units[0].slots = frame->fp;
        m.units[0].nslots = proto->nlocals;
    }
    for (uint32_t i = 0; i < m.nunits; i++) {
        explore(&m, i);
    }
    rf_buf_clear(out);
    rf_job_put32(&m, RF_JOB_MAGIC);
    rf_job_put32(&m, RF_JIT_ABI);
    static const uint8_t no_options[RF_JOB_HEADER - RF_JOB_AT_OPTIONS];
    rf_buf_put(out, no_options, sizeof no_options);
    rf_job_put32(&m, m.nunits);
    for (uint32_t i = 0; i < m.nunits; i++) {
        rf_job_put_unit(&m, &m.units[i], i == 0 ? frame : NULL, i > 0 || !loop || with_entry, i == 0 && loop);
    }
    rf_job_put_shapes(&m);
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
