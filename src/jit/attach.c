/* The JIT of a VM: how it comes and goes, and what it does when modules do. */
#include "base/mem.h"
#include "jit/jit.h"
#include "jit/trace.h"

/* ---- modules ---- */

static void set_triggers(const RfJit *jit, RfProto *p)
{
    uint32_t half = jit->threshold / 2, eighth = jit->loop_threshold / 8;
    p->call_trigger = !rf_unit_function_allowed(jit, p) ? RF_TRIGGER_NEVER : half ? half : 1;
    p->loop_trigger = !rf_unit_loops_allowed(jit, p) ? RF_TRIGGER_NEVER : eighth ? eighth : 1;
    for (uint32_t i = 0; i < p->nprotos; i++) {
        set_triggers(jit, p->protos[i]);
    }
}

static void prepare(RfVm *vm, RfModule *module)
{
    set_triggers(rf_jit_of(vm), module->main);
}

static void free_unit(RfJit *jit, RfUnit *unit)
{
    RfUnit **at = &jit->units;
    while (*at != unit) {
        at = &(*at)->next;
    }
    *at = unit->next;
    if (jit->pending) {
        rf_queue_forget(jit, unit);
    }
    jit->counts.entered += unit->entries + unit->resume.entered;
    unit->proto->resume = NULL;
    rf_mem_free(unit->loops, unit->loops_cap * sizeof(RfTarget));
    rf_mem_free(unit, sizeof *unit);
}

static void forget_proto(RfJit *jit, RfProto *p)
{
    p->call_trigger = p->loop_trigger = RF_TRIGGER_NEVER;
    if (p->jit) {
        free_unit(jit, p->jit);
        p->jit = NULL;
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        forget_proto(jit, p->protos[i]);
    }
}

static bool concerns(const RfImage *image, const RfModule *module)
{
    for (uint32_t i = 0; i < image->nunits; i++) {
        if (image->protos[i]->module == module) {
            return true;
        }
    }
    return false;
}

static bool is_running(const RfVm *vm, const RfImage *image)
{
    for (const RfFrame *f = vm->frame; f > vm->frames; f--) {
        if (f->native && f->owner == image) {
            return true;
        }
    }
    return false;
}

/* Code that knows functions of the module goes with it, also where it serves functions of others. */
static void forget(RfVm *vm, RfModule *module)
{
    RfJit *jit = rf_jit_of(vm);
    for (RfImage **at = &jit->images; *at;) {
        RfImage *image = *at;
        if (concerns(image, module)) {
            rf_unit_withdraw(vm, image, NULL, NULL);
            if (!is_running(vm, image)) {
                *at = image->next;
                rf_image_free(image);
                continue;
            }
        }
        at = &image->next;
    }
    forget_proto(jit, module->main);
}

/* ---- coming and going ---- */

/* What there is to do once before the VM, or with `closing` the process, ends. */
static void finish(RfVm *vm, bool closing)
{
    RfJit *jit = rf_jit_of(vm);
    if (jit->left) {
        return;
    }
    jit->left = true;
    if (jit->pending) {
        rf_install_rest(jit);
    }
    if (closing) {
        rf_queue_close();
    }
    RfJitCounts counts = rf_status_counts(jit);
    rf_queue_add_counts(&counts);
    if (closing || !jit->task) {
        rf_trace_stats(&counts);
    }
}

static void leave(RfVm *vm)
{
    finish(vm, true);
}

static const RfTier tier = {.call = rf_policy_call,
                            .loop = rf_policy_loop,
                            .prepare = prepare,
                            .forget = forget,
                            .status = rf_status_function,
                            .stats = rf_status_vm,
                            .sync = rf_native_sync,
                            .leave = leave};

/* Without a back end DEBUG_JIT still has its first and last line. */
static const RfTier silent = {.leave = leave};

void rf_jit_attach(RfVm *vm, const RfJitConfig *config)
{
    const RfJitSettings *s = rf_jit_settings();
    uint32_t threshold = config->threshold ? config->threshold : s->threshold ? s->threshold : RF_JIT_THRESHOLD;
    uint64_t loops = s->loop_threshold ? s->loop_threshold : (uint64_t)threshold * RF_JIT_LOOP_FACTOR;
    RfJit start = {.settings = s,
                   .threshold = threshold,
                   .loop_threshold = loops < RF_TRIGGER_NEVER ? (uint32_t)loops : RF_TRIGGER_NEVER - 1,
                   .sync = s->sync || threshold == 1,
                   .cached = !config->no_cache,
                   .task = config->task};
#ifdef RUFF_WITH_JIT
    bool built = true;
#else
    bool built = false;
#endif
    RfReason off = config->disabled || s->disabled ? RF_REASON_DISABLED
                   : !built || !config->worker     ? RF_REASON_BACKEND_MISSING
                                                   : RF_REASON_NONE;
    start.off = off != RF_REASON_NONE;
    if (!start.off) {
        rf_queue_attach(config->task, config->worker);
    }
    if (!start.off || (s->debug && !config->task)) {
        RfJit *jit = rf_mem_alloc(sizeof *jit);
        *jit = start;
        vm->jit = jit;
        vm->tier = start.off ? &silent : &tier;
    }
    if (!config->task) {
        rf_trace_config(&start, off);
    }
}

void rf_jit_detach(RfVm *vm)
{
    RfJit *jit = rf_jit_of(vm);
    if (!jit) {
        return;
    }
    finish(vm, false);
    while (jit->images) {
        RfImage *image = jit->images;
        jit->images = image->next;
        rf_image_free(image);
    }
    while (jit->units) { /* of modules that nobody forgot */
        RfUnit *unit = jit->units;
        unit->proto->jit = NULL;
        unit->proto->call_trigger = unit->proto->loop_trigger = RF_TRIGGER_NEVER;
        free_unit(jit, unit);
    }
    if (!jit->off) {
        rf_queue_detach(jit);
    }
    rf_mem_free(jit, sizeof *jit);
    vm->jit = NULL;
    vm->tier = NULL;
}
