/* From a hot target to its native code: the job, the cache, the workers' answer, the image, the entries. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/cpu.h"
#include "jit/trace.h"
#include "vm/observe.h"

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t count_of(const RfUnit *unit, const RfTarget *t)
{
    return t->pc < 0 ? unit->proto->call_count : t->count;
}

/* ---- no code ---- */

/* Rejected for it, a function is never tried again. */
static bool is_final(RfReason reason)
{
    return reason == RF_REASON_UNSUPPORTED_OP || reason == RF_REASON_GENERATOR || reason == RF_REASON_ASYNC ||
           reason == RF_REASON_TOO_LARGE;
}

static void reject(RfVm *vm, RfUnit *unit, int32_t pc, RfReason reason, int64_t at)
{
    RfJit *jit = rf_jit_of(vm);
    RfTarget *t = rf_unit_target(unit, pc);
    jit->counts.rejected++;
    unit->reason = reason;
    rf_trace_reject(unit, pc, reason, at);
    t->state = t->entry ? RF_TARGET_NATIVE : RF_TARGET_REJECTED;
    if (is_final(reason)) {
        t->next = RF_COUNT_NEVER;
    } else {
        unit->patience = unit->patience < 1000000000u ? unit->patience * 10 : unit->patience;
        t->next = count_of(unit, t) + unit->patience * (pc < 0 ? jit->threshold : jit->loop_threshold);
    }
    rf_unit_arm(vm, unit);
}

/* ---- code ---- */

static void set_entry(RfTarget *t, RfImage *image, RfNativeEntry *entry)
{
    t->entry = entry;
    t->image = image;
    t->state = RF_TARGET_NATIVE;
    t->rest = t->entered_at = t->returns = 0;
}

/* Publishes the entries of the image, which are those of its first unit; pc: the one that was asked for. */
static void publish(RfVm *vm, RfImage *image, int32_t pc, bool cached)
{
    RfJit *jit = rf_jit_of(vm);
    RfProto *proto = image->protos[0];
    RfUnit *unit = rf_unit_of(vm, proto);
    bool function = false;
    uint32_t loops = 0;
    for (uint32_t i = 0; i < image->head.nentries; i++) {
        int32_t at = image->head.entries[i].pc;
        RfNativeEntry *entry = rf_image_entry(image, 0, at);
        RfTarget *t = at < 0 ? &unit->fn : rf_unit_loop(unit, at, true);
        if (!entry || !t || (at < 0 && !rf_unit_function_allowed(jit, proto))) {
            continue;
        }
        set_entry(t, image, entry);
        function = function || at < 0;
        loops += at >= 0;
    }
    if (function || loops) {
        unit->compiles++;
        jit->counts.installed++;
        jit->counts.recompiled += unit->invalidations > 0;
        rf_trace_install(unit, pc, function, loops, cached);
        rf_unit_arm(vm, unit);
    }
}

/* False when the object cannot be loaded, or lacks what was asked for. */
static bool install(RfVm *vm, RfUnit *unit, int32_t pc, int fd, const RfJobLinks *links, bool cached)
{
    RfJit *jit = rf_jit_of(vm);
    const char *why;
    RfImage *image = rf_image_open(vm, fd, links->protos, links->nunits, links->shapes, links->nshapes, &why);
    if (!image) {
        return false;
    }
    if (!rf_image_entry(image, 0, pc)) {
        rf_image_free(image);
        return false;
    }
    image->on_exit = rf_deopt_exit;
    image->next = jit->images;
    jit->images = image;
    publish(vm, image, pc, cached);
    RfTarget *t = rf_unit_target(unit, pc);
    return t && t->entry;
}

/* ---- answers ---- */

static void note_compiled(RfJit *jit, const RfPending *p)
{
    jit->counts.compiled++;
    jit->counts.compile_ms += p->answer.ms;
    if (p->unit) {
        rf_trace_compile(p->unit, p->pc, &p->answer);
    }
    if (jit->task && !p->sought) {
        rf_recent_put(p->key, p->answer.fd, p->answer.size);
    }
    if (rf_queue_store(p)) {
        jit->counts.cache_stores++;
        if (p->unit) {
            rf_trace_cache_store(p->unit, p->pc, p->key, p->answer.size);
        }
    }
}

static void handle(RfVm *vm, RfPending *p)
{
    RfJit *jit = rf_jit_of(vm);
    jit->pending--;
    RfTarget *t = p->unit ? rf_unit_target(p->unit, p->pc) : NULL;
    if (t && !p->cancelled) { /* else there may be another job for it by now */
        t->state = t->entry ? RF_TARGET_NATIVE : RF_TARGET_COLD;
    }
    if (p->answer.reason == RF_REASON_NONE) {
        note_compiled(jit, p); /* stored before it is loaded: loading writes into it */
        bool ok = !t || (p->cancelled && t->entry) || install(vm, p->unit, p->pc, p->answer.fd, &p->links, false);
        if (!ok && !p->cancelled) {
            reject(vm, p->unit, p->pc, RF_REASON_BACKEND_ERROR, -1);
        }
    } else if (t && !p->cancelled) {
        bool own = p->answer.reject_unit == 0 && p->answer.reject_pc != RF_JOB_NONE;
        reject(vm, p->unit, p->pc, p->answer.reason, own ? (int64_t)p->answer.reject_pc : -1);
    }
    rf_pending_free(p);
}

void rf_install_answers(RfVm *vm)
{
    RfJit *jit = rf_jit_of(vm);
    RfPending *p;
    while (jit->pending > 0 && (p = rf_queue_take(jit, false)) != NULL) {
        handle(vm, p);
    }
}

void rf_install_rest(RfJit *jit)
{
    RfPending *p;
    while (jit->pending > 0 && (p = rf_queue_take(jit, false)) != NULL) {
        jit->pending--;
        if (p->answer.reason == RF_REASON_NONE) {
            note_compiled(jit, p);
        }
        rf_pending_free(p);
    }
}

/* ---- requests ---- */

static void add_options(const RfJit *jit, const RfJobLinks *links, RfBuf *job)
{
    RfJobOptions options = {
        .opt = (uint8_t)jit->settings->opt, .stress = jit->settings->stress, .stress_seed = jit->settings->stress_seed};
    snprintf(options.cpu, sizeof options.cpu, "%s", rf_cpu_level());
    for (uint32_t i = 0; i < links->nunits && i < RF_JOB_MAX_UNITS; i++) {
        const RfUnit *unit = links->protos[i]->jit;
        options.levels[i] = unit ? unit->level : 0;
    }
    rf_job_set_options(job, &options);
}

/* True when the code was in the cache and is installed. */
static bool from_cache(RfVm *vm, RfUnit *unit, RfPending *p)
{
    RfJit *jit = rf_jit_of(vm);
    double start = now_ms();
    RfReason reason;
    bool enabled;
    int fd = rf_queue_cache_load(p->key, &reason, &enabled);
    p->sought = enabled;
    if (!enabled) {
        return false;
    }
    bool dump = jit->settings->ir || jit->settings->assembly; /* what is to be shown must be compiled */
    if (fd >= 0 && !dump) {
        jit->counts.cache_hits++;
        rf_trace_cache_hit(unit, p->pc, p->key, now_ms() - start);
        if (install(vm, unit, p->pc, fd, &p->links, true)) {
            close(fd);
            return true;
        }
        reason = RF_REASON_VERSION;
    }
    if (fd >= 0) {
        close(fd);
    }
    jit->counts.cache_misses++;
    if (reason != RF_REASON_NONE) {
        rf_trace_cache_bad(unit, p->pc, p->key, reason);
    } else {
        rf_trace_cache_miss(unit, p->pc, p->key);
    }
    return false;
}

/* The same when another task has compiled it and there is no cache. */
static bool from_recent(RfVm *vm, RfUnit *unit, const RfPending *p)
{
    int fd = rf_recent_get(p->key);
    bool ok = fd >= 0 && install(vm, unit, p->pc, fd, &p->links, false);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static void wait_for(RfVm *vm, RfUnit *unit, int32_t pc)
{
    RfJit *jit = rf_jit_of(vm);
    RfPending *p;
    double start = vm->config.observer ? now_ms() : 0;
    while (rf_unit_target(unit, pc)->state == RF_TARGET_QUEUED && (p = rf_queue_take(jit, true)) != NULL) {
        handle(vm, p);
    }
    if (vm->config.observer) {
        vm->config.observer->waited(vm, now_ms() - start);
    }
}

void rf_install_request(RfVm *vm, RfUnit *unit, RfTarget *target, RfFrame *frame)
{
    RfJit *jit = rf_jit_of(vm);
    RfProto *proto = unit->proto;
    int32_t pc = target->pc;
    rf_trace_hot(unit, pc);
    RfPending *p = rf_mem_zalloc(sizeof *p);
    p->owner = jit;
    p->unit = unit;
    p->pc = pc;
    p->name = strdup(proto->name->data);
    RfBuf job = RF_BUF_INIT;
    rf_job_make(vm, proto, frame, pc < 0, &job, &p->links);
    add_options(jit, &p->links, &job);
    rf_cache_key(job.data, job.len, p->key);
    if ((jit->cached && from_cache(vm, unit, p)) || (jit->task && !p->sought && from_recent(vm, unit, p))) {
        rf_pending_free(p);
        rf_buf_free(&job);
        return;
    }
    uint32_t batch = p->links.nunits, pending;
    target = rf_unit_target(unit, pc);
    if (rf_queue_submit(p, &job, &pending)) {
        target->state = RF_TARGET_QUEUED;
        target->step = RF_STEP_FIRST;
        jit->pending++;
        rf_trace_queue(unit, pc, batch, pending);
        if (jit->sync) {
            wait_for(vm, unit, pc);
        }
    } else {
        reject(vm, unit, pc, RF_REASON_BACKEND_MISSING, -1);
    }
    rf_buf_free(&job);
}
