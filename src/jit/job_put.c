/* Writes jobs: header fields apart, every table of a unit in the order in which job_code.c reads them, little endian. Nothing that
 * differs between two runs of the same program may get into the bytes (addresses, hash orders, counts that do not change a
 * decision): their hash is the key of the code cache. */
#include <string.h>

#include "base/mem.h"
#include "jit/job_core.h"
#include "runtime/array.h"
#include "runtime/string.h"

#define FIELD_MISSES 16u /* more: several shapes; field sites count misses only */

/* ---- writer: little endian ---- */

static void put(RfJobMaker *m, uint64_t x, size_t bytes)
{
    uint8_t b[8];
    for (size_t i = 0; i < bytes; i++) {
        b[i] = (uint8_t)(x >> 8 * i);
    }
    rf_buf_put(m->out, b, bytes);
}

static void put8(RfJobMaker *m, uint32_t x)
{
    put(m, x, 1);
}

static void put16(RfJobMaker *m, uint32_t x)
{
    put(m, x, 2);
}

void rf_job_put32(RfJobMaker *m, uint32_t x)
{
    put(m, x, 4);
}

static void put_text(RfJobMaker *m, const char *text, size_t len)
{
    rf_job_put32(m, (uint32_t)len);
    rf_buf_put(m->out, text, len);
}

static void put_name(RfJobMaker *m, const RfString *name)
{
    put_text(m, name->data, name->len);
}

/* 0, or 1 and the name: its own, which its error messages show, not the one it is an alias of. */
static void put_builtin(RfJobMaker *m, const RfBuiltin *b)
{
    put8(m, b != NULL);
    if (b) {
        put_text(m, b->name, strlen(b->name));
    }
}

/* ---- shapes ---- */

static uint32_t shape_number(RfJobMaker *m, RfShape *shape)
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

static uint32_t value_shape(RfJobMaker *m, RfValue v)
{
    return v.tag == RF_TAG_STRUCT ? shape_number(m, v.as.strct->shape) : RF_JOB_NONE;
}

static const RfStruct *seen_instance(const RfJobMaker *m, const RfShape *shape)
{
    for (uint32_t i = 0; i < m->nseen; i++) {
        if (m->seen[i]->shape == shape) {
            return m->seen[i];
        }
    }
    return NULL;
}

/* Keeps the first instance of each shape in v: itself, first elements and fields, `levels` deep. */
void rf_job_see(RfJobMaker *m, RfValue v, unsigned levels)
{
    if (v.tag == RF_TAG_ARRAY && v.as.arr->len > 0 && levels > 0) {
        rf_job_see(m, rf_array_peek(v.as.arr, 0), levels - 1);
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
        rf_job_see(m, v.as.strct->fields[i], levels - 1);
    }
}

void rf_job_put_shapes(RfJobMaker *m)
{
    rf_job_put32(m, m->nshapes);
    for (uint32_t i = 0; i < m->nshapes; i++) {
        const RfShape *shape = m->shapes[i];
        const RfStruct *s = seen_instance(m, shape);
        rf_job_put32(m, shape->nfields);
        rf_job_put32(m, shape->type->version);
        for (uint32_t j = 0; j < shape->nfields; j++) {
            put16(m, s ? rf_value_class(s->fields[j]) : 0);
        }
    }
}

/* ---- tables of a unit ---- */

static void put_code(RfJobMaker *m, const RfProto *p)
{
    rf_job_put32(m, p->code_len);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = p->code[pc];
        RfOp op = rf_op_base(in.op);
        put16(m, op);
        put16(m, in.a);
        rf_job_put32(m, rf_op_info[op].flags & RF_OPF_J ? rf_jump_target(p, pc) : in.b);
        rf_job_put32(m, p->positions[pc].line);
    }
}

static void put_consts(RfJobMaker *m, const RfProto *p)
{
    rf_job_put32(m, p->nconsts);
    for (uint32_t i = 0; i < p->nconsts; i++) {
        RfValue v = p->consts[i];
        put8(m, (uint32_t)v.tag);
        if (v.tag == RF_TAG_STRING) {
            put_name(m, v.as.str);
        } else if (v.tag == RF_TAG_BUILTIN) {
            put_text(m, v.as.builtin->name, strlen(v.as.builtin->name));
        } else {
            put(m, rf_is_heap(v) ? 0 : (uint64_t)v.as.i, 8);
        }
    }
}

static void put_sites(RfJobMaker *m, const RfJobSource *u)
{
    const RfProto *p = u->proto;
    rf_job_put32(m, p->ncalls);
    for (uint32_t i = 0; i < p->ncalls; i++) {
        rf_job_put32(m, p->calls[i].place);
        put8(m, u->calls[i].kind);
        rf_job_put32(m, u->calls[i].proto ? rf_job_unit_number(m, u->calls[i].proto) : RF_JOB_NONE);
        put_builtin(m, u->calls[i].builtin);
        for (uint32_t k = 0; u->calls[i].kind == RF_CALLEE_UNITS && k < RF_SITE_KINDS; k++) {
            const RfProto *met = u->calls[i].met[k];
            rf_job_put32(m, met ? rf_job_unit_number(m, met) : RF_JOB_NONE);
        }
        put(m, u->calls[i].foreign, 8);
    }
    rf_job_put32(m, p->nfields);
    for (uint32_t i = 0; i < p->nfields; i++) {
        const RfFieldSite *site = &p->fields[i];
        bool cached = site->shape && site->misses <= FIELD_MISSES && site->offset < site->shape->nfields;
        put_name(m, site->name);
        rf_job_put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        rf_job_put32(m, cached ? site->offset : 0);
    }
    rf_job_put32(m, p->nmethods);
    for (uint32_t i = 0; i < p->nmethods; i++) {
        const RfMethodSite *site = &p->methods[i];
        bool cached = rf_job_method_cached(site);
        /* a uniform call: nothing else can be meant when only the global has the name, and keeps its value */
        bool only = site->ncandidates == 0 && rf_job_scan_stable(&m->modules[u->module], site->global);
        RfValue v = only ? p->module->globals[site->global] : rf_undef();
        RfProto *function = only ? rf_job_global_function(p->module, site->global) : NULL;
        put_name(m, site->name);
        rf_job_put32(m, site->place);
        rf_job_put32(m, site->global);
        rf_job_put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        rf_job_put32(m, cached ? site->version : 0);
        rf_job_put32(m, cached ? rf_job_unit_number(m, site->method->proto) : RF_JOB_NONE);
        rf_job_put32(m, function ? rf_job_unit_number(m, function) : RF_JOB_NONE);
        put_builtin(m, v.tag == RF_TAG_BUILTIN ? v.as.builtin : NULL);
        bool several = site->met[1] && !site->met[RF_SITE_KINDS];
        put8(m, several);
        for (uint32_t k = 0; several && k < RF_SITE_KINDS; k++) {
            const RfProto *met = rf_job_method_met(site, k);
            rf_job_put32(m, met ? shape_number(m, site->met[k]) : RF_JOB_NONE);
            rf_job_put32(m, met ? site->met[k]->type->version : 0);
            rf_job_put32(m, met ? rf_job_unit_number(m, met) : RF_JOB_NONE);
        }
    }
    rf_job_put32(m, p->nstructs);
    for (uint32_t i = 0; i < p->nstructs; i++) {
        const RfStructSite *site = &p->structs[i];
        bool cached = site->type && site->shape && site->order && site->version == site->type->version &&
                      site->alias_version == p->module->alias_version;
        rf_job_put32(m, site->count);
        put8(m, cached && site->plain);
        rf_job_put32(m, cached ? shape_number(m, site->shape) : RF_JOB_NONE);
        for (uint32_t j = 0; cached && j < site->count; j++) {
            rf_job_put32(m, site->order[j]);
        }
    }
}

static void put_globals(RfJobMaker *m, const RfJobSource *u)
{
    const RfModule *module = u->proto->module;
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < module->nglobals; slot++) {
        count += u->named[slot];
    }
    rf_job_put32(m, count);
    for (uint32_t slot = 0; slot < module->nglobals; slot++) {
        if (u->named[slot]) {
            RfValue v = module->globals[slot];
            const RfProto *function = rf_job_global_function(module, slot);
            bool builtin = v.tag == RF_TAG_BUILTIN && module->info[slot]->kind == RF_GLOBAL_ABSENT;
            rf_job_put32(m, slot);
            put8(m, module->info[slot]->kind);
            put8(m, rf_job_scan_stable(&m->modules[u->module], slot));
            put16(m, rf_value_class(v));
            rf_job_put32(m, value_shape(m, v));
            rf_job_put32(m, function ? rf_job_unit_number(m, function) : RF_JOB_NONE);
            put_builtin(m, builtin ? v.as.builtin : NULL);
        }
    }
}

static void put_paths(RfJobMaker *m, const RfProto *p)
{
    rf_job_put32(m, p->npaths);
    for (uint32_t i = 0; i < p->npaths; i++) {
        const RfPath *path = &p->paths[i];
        put8(m, path->root);
        put8(m, path->pair);
        rf_job_put32(m, path->slot);
        rf_job_put32(m, path->varref);
        rf_job_put32(m, path->index_count);
        rf_job_put32(m, path->count);
        for (uint32_t j = 0; j < path->count; j++) {
            const RfStep *step = &path->steps[j];
            put8(m, step->kind);
            rf_job_put32(m, step->slot);
            rf_job_put32(m, step->nops);
            for (uint32_t k = 0; k < step->nops; k++) {
                put16(m, rf_op_base(step->ops[k].op));
                put16(m, step->ops[k].a);
                rf_job_put32(m, step->ops[k].b);
            }
        }
    }
}

/* What the stack effects of instructions without native form depend on. */
static void put_counts(RfJobMaker *m, const RfProto *p)
{
    rf_job_put32(m, p->ndecls);
    for (uint32_t i = 0; i < p->ndecls; i++) {
        uint32_t taken = p->decls[i].nmethods;
        for (uint32_t j = 0; j < p->decls[i].nfields; j++) {
            taken += p->decls[i].has_default[j];
        }
        rf_job_put32(m, taken);
    }
    rf_job_put32(m, p->ndictpats);
    for (uint32_t i = 0; i < p->ndictpats; i++) {
        rf_job_put32(m, p->dictpats[i].count + p->dictpats[i].has_rest);
    }
    rf_job_put32(m, p->nenums);
    rf_job_put32(m, p->nimports);
}

static void put_classes(RfJobMaker *m, const uint16_t *classes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put16(m, classes ? classes[i] : 0);
    }
}

static void put_loop(RfJobMaker *m, const RfProto *p, const RfFrame *frame)
{
    size_t n = (size_t)(m->vm->sp - frame->fp);
    rf_job_put32(m, (uint32_t)(frame->pc - p->code));
    rf_job_put32(m, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        put16(m, rf_value_class(frame->fp[i]));
        rf_job_put32(m, value_shape(m, frame->fp[i]));
    }
}

void rf_job_put_unit(RfJobMaker *m, const RfJobSource *u, const RfFrame *frame, bool entry, bool loop)
{
    const RfProto *p = u->proto;
    const RfProfile *profile = p->profile;
    put_name(m, p->name);
    rf_job_put32(m, p->flags);
    put16(m, p->nparams);
    put16(m, p->nrequired);
    put16(m, p->nlocals);
    put16(m, p->max_stack);
    rf_job_put32(m, u->module);
    put8(m, entry);
    put_code(m, p);
    rf_job_put32(m, p->ncaptures);
    for (uint32_t i = 0; i < p->ncaptures; i++) {
        put8(m, p->captures[i].kind);
        rf_job_put32(m, p->captures[i].slot);
    }
    rf_job_put32(m, p->nprotos);
    for (uint32_t i = 0; i < p->nprotos; i++) {
        rf_job_put32(m, rf_job_unit_number(m, p->protos[i]));
    }
    rf_job_put32(m, p->nhandlers);
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *h = &p->handlers[i];
        rf_job_put32(m, h->start);
        rf_job_put32(m, h->end);
        rf_job_put32(m, h->target);
        rf_job_put32(m, h->depth);
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
    rf_job_put32(m, loop);
    if (loop) {
        put_loop(m, p, frame);
    }
    put8(m, u->nslots > 0);
    for (uint32_t i = 0; i < u->nslots; i++) {
        const RfGenerator *g = u->slots[i].tag == RF_TAG_GENERATOR ? u->slots[i].as.ptr : NULL;
        put16(m, rf_value_class(u->slots[i]));
        rf_job_put32(m, g ? rf_job_unit_number(m, g->fn->proto) : RF_JOB_NONE);
    }
}
