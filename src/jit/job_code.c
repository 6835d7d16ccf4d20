/* Bytes of a job -> job. The bytes may come from a broken cache or pipe: lengths are checked against what is left before
 * anything is allocated for them, then job_check.c checks what they mean. */
#include <string.h>

#include "jit/job_core.h"
#include "jit/native.h"

typedef struct Reader {
    const uint8_t *at, *end;
    bool failed;
    RfArena arena;
} Reader;

static uint64_t get(Reader *r, size_t bytes)
{
    uint64_t x = 0;
    if ((size_t)(r->end - r->at) < bytes) {
        r->failed = true;
        r->at = r->end;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        x |= (uint64_t)r->at[i] << 8 * i;
    }
    r->at += bytes;
    return x;
}

static uint8_t get8(Reader *r)
{
    return (uint8_t)get(r, 1);
}

static uint16_t get16(Reader *r)
{
    return (uint16_t)get(r, 2);
}

static uint32_t get32(Reader *r)
{
    return (uint32_t)get(r, 4);
}

static bool get_bool(Reader *r)
{
    uint8_t x = get8(r);
    r->failed = r->failed || x > 1;
    return x == 1;
}

/* A number of entries that take at least `least` bytes each. */
static uint32_t get_count(Reader *r, size_t least)
{
    uint32_t n = get32(r);
    if (n > (size_t)(r->end - r->at) / least) {
        r->failed = true;
        return 0;
    }
    return n;
}

#define NEW(r, type, n) RF_ARENA_ARRAY(&(r)->arena, type, (n))

/* Terminated. Names contain no NUL, constants may. */
static const char *get_text(Reader *r, uint32_t *len)
{
    uint32_t n = get_count(r, 1);
    const char *text = rf_arena_strdup(&r->arena, (const char *)r->at, n);
    r->at += n;
    if (len) {
        *len = n;
    } else if (strlen(text) != n) {
        r->failed = true;
    }
    return text;
}

static const char *get_builtin(Reader *r)
{
    return get_bool(r) ? get_text(r, NULL) : NULL;
}

static uint16_t *get_classes(Reader *r, uint32_t n)
{
    if (r->failed || n > (size_t)(r->end - r->at) / 2) {
        r->failed = true;
        n = 0;
    }
    uint16_t *classes = NEW(r, uint16_t, n);
    for (uint32_t i = 0; i < n; i++) {
        classes[i] = get16(r);
    }
    return classes;
}

static uint32_t *get_numbers(Reader *r, uint32_t *count)
{
    *count = get_count(r, 4);
    uint32_t *numbers = NEW(r, uint32_t, *count);
    for (uint32_t i = 0; i < *count; i++) {
        numbers[i] = get32(r);
    }
    return numbers;
}

/* ---- tables of a unit ---- */

static RfInstr get_instr(Reader *r)
{
    RfInstr in;
    in.op = get16(r);
    in.a = get16(r);
    in.b = get32(r);
    return in;
}

static void get_code(Reader *r, RfJobUnit *u)
{
    u->code_len = get_count(r, 12);
    u->code = NEW(r, RfInstr, u->code_len);
    u->lines = NEW(r, uint32_t, u->code_len);
    for (uint32_t i = 0; i < u->code_len; i++) {
        u->code[i] = get_instr(r);
        u->lines[i] = get32(r);
    }
    u->ncaptures = get_count(r, 5);
    u->captures = NEW(r, RfJobCapture, u->ncaptures);
    for (uint32_t i = 0; i < u->ncaptures; i++) {
        u->captures[i].kind = get8(r);
        u->captures[i].slot = get32(r);
    }
    u->protos = get_numbers(r, &u->nprotos);
    u->nhandlers = get_count(r, 17);
    u->handlers = NEW(r, RfHandler, u->nhandlers);
    for (uint32_t i = 0; i < u->nhandlers; i++) {
        RfHandler *h = &u->handlers[i];
        h->start = get32(r);
        h->end = get32(r);
        h->target = get32(r);
        h->depth = get32(r);
        h->raw = get_bool(r);
    }
}

static void get_consts(Reader *r, RfJobUnit *u)
{
    u->nconsts = get_count(r, 5);
    u->consts = NEW(r, RfJobConst, u->nconsts);
    for (uint32_t i = 0; i < u->nconsts; i++) {
        RfJobConst *c = &u->consts[i];
        c->tag = get8(r);
        if (c->tag == RF_TAG_STRING) {
            c->text = get_text(r, &c->len);
        } else if (c->tag == RF_TAG_BUILTIN) {
            c->text = get_text(r, NULL);
            c->len = (uint32_t)strlen(c->text);
        } else {
            c->payload = (int64_t)get(r, 8);
        }
        r->failed = r->failed || c->tag >= RF_TAG_COUNT || (c->tag == RF_TAG_BOOL && (uint64_t)c->payload > 1);
    }
}

static void get_sites(Reader *r, RfJobUnit *u)
{
    u->ncalls = get_count(r, 18);
    u->calls = NEW(r, RfJobCall, u->ncalls);
    for (uint32_t i = 0; i < u->ncalls; i++) {
        u->calls[i].place = get32(r);
        u->calls[i].kind = get8(r);
        u->calls[i].unit = get32(r);
        u->calls[i].builtin = get_builtin(r);
        for (uint32_t k = 0; u->calls[i].kind == RF_CALLEE_UNITS && k < RF_SITE_KINDS; k++) {
            u->calls[i].met[k] = get32(r);
        }
        u->calls[i].foreign = get(r, 8);
    }
    u->nfields = get_count(r, 12);
    u->fields = NEW(r, RfJobField, u->nfields);
    for (uint32_t i = 0; i < u->nfields; i++) {
        u->fields[i].name = get_text(r, NULL);
        u->fields[i].shape = get32(r);
        u->fields[i].offset = get32(r);
    }
    u->nmethods = get_count(r, 30);
    u->methods = NEW(r, RfJobMethod, u->nmethods);
    for (uint32_t i = 0; i < u->nmethods; i++) {
        RfJobMethod *site = &u->methods[i];
        site->name = get_text(r, NULL);
        site->place = get32(r);
        site->global = get32(r);
        site->shape = get32(r);
        site->version = get32(r);
        site->unit = get32(r);
        site->uniform = get32(r);
        site->builtin = get_builtin(r);
        bool several = get_bool(r);
        for (uint32_t k = 0; k < RF_SITE_KINDS; k++) {
            RfJobReceiver none = {.shape = RF_JOB_NONE, .unit = RF_JOB_NONE};
            site->met[k] = none;
            if (several) {
                site->met[k].shape = get32(r);
                site->met[k].version = get32(r);
                site->met[k].unit = get32(r);
            }
        }
    }
    u->nstructs = get_count(r, 9);
    u->structs = NEW(r, RfJobStruct, u->nstructs);
    for (uint32_t i = 0; i < u->nstructs; i++) {
        RfJobStruct *site = &u->structs[i];
        site->count = get32(r);
        site->plain = get_bool(r);
        site->shape = get32(r);
        if (site->shape == RF_JOB_NONE) {
            continue; /* no order is known; the count alone is bounded by the check of the stack */
        }
        if (site->count > (size_t)(r->end - r->at) / 4) {
            r->failed = true;
            return;
        }
        site->order = NEW(r, uint32_t, site->count);
        for (uint32_t j = 0; j < site->count; j++) {
            site->order[j] = get32(r);
        }
    }
}

static void get_globals(Reader *r, RfJobUnit *u)
{
    u->nglobals = get_count(r, 17);
    u->globals = NEW(r, RfJobGlobal, u->nglobals);
    for (uint32_t i = 0; i < u->nglobals; i++) {
        RfJobGlobal *g = &u->globals[i];
        g->slot = get32(r);
        g->kind = get8(r);
        g->stable = get_bool(r);
        g->class = get16(r);
        g->shape = get32(r);
        g->unit = get32(r);
        g->builtin = get_builtin(r);
    }
}

static void get_paths(Reader *r, RfJobUnit *u)
{
    u->npaths = get_count(r, 18);
    u->paths = NEW(r, RfJobPath, u->npaths);
    for (uint32_t i = 0; i < u->npaths; i++) {
        RfJobPath *path = &u->paths[i];
        path->root = get8(r);
        path->pair = get_bool(r);
        path->slot = get32(r);
        path->varref = get32(r);
        path->index_count = get32(r);
        path->count = get_count(r, 9);
        path->steps = NEW(r, RfJobStep, path->count);
        for (uint32_t j = 0; j < path->count; j++) {
            RfJobStep *step = &path->steps[j];
            step->kind = get8(r);
            step->slot = get32(r);
            step->nops = get_count(r, 8);
            step->ops = NEW(r, RfInstr, step->nops);
            for (uint32_t k = 0; k < step->nops; k++) {
                step->ops[k] = get_instr(r);
            }
        }
    }
}

/* Makes the stand-in for rf_op_effect: tables with nothing but the counts in them. */
static void get_counts(Reader *r, RfJobUnit *u)
{
    uint32_t ndecls, ndictpats;
    RfProto *sites = RF_ARENA_NEW(&r->arena, RfProto);
    const uint32_t *taken = get_numbers(r, &ndecls);
    const uint32_t *left = get_numbers(r, &ndictpats);
    u->nenums = get32(r);
    u->nimports = get32(r);
    sites->decls = NEW(r, RfDeclSite, ndecls);
    sites->dictpats = NEW(r, RfDictPattern, ndictpats);
    sites->structs = NEW(r, RfStructSite, u->nstructs);
    sites->paths = NEW(r, RfPath, u->npaths);
    sites->ndecls = ndecls;
    sites->ndictpats = ndictpats;
    sites->nstructs = u->nstructs;
    sites->npaths = u->npaths;
    for (uint32_t i = 0; i < ndecls; i++) {
        sites->decls[i].nmethods = taken[i];
    }
    for (uint32_t i = 0; i < ndictpats; i++) {
        sites->dictpats[i].count = left[i];
    }
    for (uint32_t i = 0; i < u->nstructs; i++) {
        sites->structs[i].count = u->structs[i].count;
    }
    for (uint32_t i = 0; i < u->npaths; i++) {
        sites->paths[i].index_count = u->paths[i].index_count;
    }
    u->sites = sites;
}

static void get_profile(Reader *r, RfJobUnit *u)
{
    u->has_profile = get_bool(r);
    u->tos = get_classes(r, u->code_len);
    u->params = get_classes(r, u->nparams);
    u->cells = get_classes(r, u->ncaptures);
    u->nloops = get_count(r, 8);
    u->loops = NEW(r, RfJobLoop, u->nloops);
    for (uint32_t i = 0; i < u->nloops; i++) {
        RfJobLoop *loop = &u->loops[i];
        loop->pc = get32(r);
        loop->nslots = get_count(r, 6);
        loop->locals = NEW(r, uint16_t, loop->nslots);
        loop->shapes = NEW(r, uint32_t, loop->nslots);
        for (uint32_t j = 0; j < loop->nslots; j++) {
            loop->locals[j] = get16(r);
            loop->shapes[j] = get32(r);
        }
    }
    u->seen = get_bool(r) ? NEW(r, RfJobSeen, u->nlocals) : NULL;
    for (uint32_t i = 0; u->seen && i < u->nlocals; i++) {
        u->seen[i].class = get16(r);
        u->seen[i].unit = get32(r);
    }
}

static void get_unit(Reader *r, RfJobUnit *u)
{
    u->name = get_text(r, NULL);
    u->flags = get32(r);
    u->nparams = get16(r);
    u->nrequired = get16(r);
    u->nlocals = get16(r);
    u->max_stack = get16(r);
    u->module = get32(r);
    u->compile_entry = get_bool(r);
    get_code(r, u);
    get_consts(r, u);
    get_sites(r, u);
    get_globals(r, u);
    get_paths(r, u);
    get_counts(r, u);
    get_profile(r, u);
}

/* ---- jobs ---- */

static void get_header(Reader *r, RfJob *job, uint8_t *levels)
{
    r->failed = get32(r) != RF_JOB_MAGIC || get32(r) != RF_JIT_ABI;
    job->opt = get8(r);
    for (size_t i = 0; i < sizeof job->cpu; i++) {
        job->cpu[i] = (char)get8(r);
    }
    r->failed = r->failed || job->cpu[sizeof job->cpu - 1] != '\0';
    job->stress = get32(r);
    job->stress_seed = get32(r);
    for (unsigned i = 0; i < RF_JOB_MAX_UNITS; i++) {
        levels[i] = get8(r);
    }
}

static void get_shapes(Reader *r, RfJob *job)
{
    job->nshapes = get_count(r, 8);
    job->shapes = NEW(r, RfJobShape, job->nshapes);
    for (uint32_t i = 0; i < job->nshapes && !r->failed; i++) {
        job->shapes[i].nfields = get32(r);
        job->shapes[i].version = get32(r);
        job->shapes[i].classes = get_classes(r, job->shapes[i].nfields);
    }
}

/* The arena holds the job, and in the end itself. */
static RfJob *finish(Reader *r, RfJob *job)
{
    bool good = !r->failed && r->at == r->end && rf_job_check(job, &r->arena);
    if (!good) {
        rf_arena_free(&r->arena);
        return NULL;
    }
    RfArena *self = RF_ARENA_NEW(&r->arena, RfArena);
    *self = r->arena;
    job->arena = self;
    return job;
}

RfJob *rf_job_decode(const uint8_t *data, size_t size)
{
    if (size < RF_JOB_HEADER) {
        return NULL;
    }
    Reader r = {.at = data, .end = data + size, .arena = RF_ARENA_INIT};
    RfJob *job = RF_ARENA_NEW(&r.arena, RfJob);
    uint8_t levels[RF_JOB_MAX_UNITS];
    get_header(&r, job, levels);
    uint32_t count = get32(&r);
    if (count == 0 || count > RF_JOB_MAX_UNITS) {
        r.failed = true;
        count = 0;
    }
    job->nunits = count;
    job->units = NEW(&r, RfJobUnit, count);
    for (uint32_t i = 0; i < count && !r.failed; i++) {
        job->units[i].number = i;
        job->units[i].level = levels[i];
        get_unit(&r, &job->units[i]);
    }
    if (!r.failed) {
        get_shapes(&r, job);
    }
    return finish(&r, job);
}

void rf_job_free(RfJob *job)
{
    if (job) {
        RfArena arena = *(RfArena *)job->arena;
        rf_arena_free(&arena);
    }
}

const RfJobGlobal *rf_job_global(const RfJobUnit *u, uint32_t slot)
{
    uint32_t low = 0, high = u->nglobals;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (u->globals[mid].slot < slot) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < u->nglobals && u->globals[low].slot == slot ? &u->globals[low] : NULL;
}
