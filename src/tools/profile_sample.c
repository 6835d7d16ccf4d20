/* Taking samples. A timer of the thread's CPU time raises SIGPROF in that very thread; the handler looks at the frames.
 *
 * Interpreted frames are always readable: vm->frame follows every call, and the instruction that the interpreter is at lies in
 * a register that points into the function's code. Under a builtin they are complete as well. Native code says where it is
 * only at safepoints: there the handler just counts (`deferred`) and asks for one. In each case vm->interrupt is set, and the
 * next safepoint moves what was seen into the profile; the handler itself allocates nothing and takes no lock.
 *
 * Builtins are seen because every one that a program can find is wrapped (rf_builtin_wrap): the wrapper keeps the list of
 * running ones. Native code that replaces a builtin inline is native code. */
#include "tools/profile_sampler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define HALF_STACK 512u    /* of a deeper stack, so many levels at each end are kept */
#define BUILTINS_MOST 512u /* running at the same time that are looked at, the innermost */
#define STACK_MOST (4 * HALF_STACK + 8)
#define SNAPSHOT_BYTES ((size_t)1 << 20)
#define REGISTERS 32

/* One level of a stack as it is found: a function, a builtin, or (what NULL) levels left out. */
typedef struct Level {
    const void *what;
    const RfInstr *pc; /* of a function: see RfFrame */
    uint8_t builtin, native;
} Level;

typedef struct Snapshot {
    uint32_t weight, depth;
    bool builtin; /* innermost */
    uintptr_t registers[REGISTERS];
    Level levels[];
} Snapshot;

static _Thread_local RfSampler *current;
static RfSampler *samplers;      /* all, under `profiled->lock` */
static RfProf *_Atomic profiled; /* the profile being made */
static bool watching_memory;

/* ---- stacks ---- */

/* Running builtins, outermost first: list[*next .. count). Those called from the frame `below` are next. */
static void put_builtins(const RfActiveBuiltin *const *list, size_t count, size_t *next, const RfFrame *below,
                         Level *out, size_t *n, size_t most)
{
    for (; *next < count && list[*next]->frame <= below; ++*next) {
        if (*n < most && list[*next]->frame == below) {
            out[(*n)++] = (Level){list[*next]->builtin, NULL, 1, 0};
        }
    }
}

/* The whole stack, outermost first; async-signal-safe. */
static size_t walk(const RfSampler *s, Level *out)
{
    const RfVm *vm = s->vm;
    const RfFrame *top = vm->frame;
    size_t count = (size_t)(top - vm->frames), n = 0;
    const RfActiveBuiltin *list[BUILTINS_MOST];
    size_t next = BUILTINS_MOST;
    for (const RfActiveBuiltin *b = s->builtin; b && next > 0; b = b->outer) {
        list[--next] = b;
    }
    put_builtins(list, BUILTINS_MOST, &next, vm->frames, out, &n, HALF_STACK);
    for (size_t i = 1; i <= count; i++) {
        const RfFrame *f = vm->frames + i;
        size_t left = count - i;
        if (n + 1 >= 2 * HALF_STACK && left >= HALF_STACK) { /* in the middle of a very deep one */
            out[n++] = (Level){NULL, NULL, 0, 0};
            i = count - HALF_STACK;
            continue;
        }
        if (f->proto) {
            out[n++] = (Level){f->proto, f->pc, 0, f->native != 0};
        }
        put_builtins(list, BUILTINS_MOST, &next, f, out, &n,
                     left >= HALF_STACK ? 2 * HALF_STACK : STACK_MOST - HALF_STACK);
    }
    return n;
}

/* ---- the handler ---- */

static void copy_registers(Snapshot *snap, const ucontext_t *context)
{
#if defined(__x86_64__)
    static const int order[] = {REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RCX,
                                REG_RDX, REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        snap->registers[i] = (uintptr_t)context->uc_mcontext.gregs[order[i]];
    }
#elif defined(__aarch64__)
    for (size_t i = 0; i < 31; i++) { /* those that survive calls first */
        snap->registers[i] = (uintptr_t)context->uc_mcontext.regs[i < 10 ? i + 19 : i < 29 ? i - 10 : i];
    }
#else
    (void)snap;
    (void)context;
#endif
}

static void take(RfSampler *s, uint32_t weight, bool builtin, const ucontext_t *context)
{
    size_t most = sizeof(Snapshot) + STACK_MOST * sizeof(Level);
    if (s->used + most > SNAPSHOT_BYTES) { /* no safepoint for so long */
        ((Snapshot *)(void *)(s->snapshots + s->last))->weight += weight;
        return;
    }
    Snapshot *snap = (Snapshot *)(void *)(s->snapshots + s->used);
    memset(snap, 0, sizeof *snap);
    snap->weight = weight;
    snap->builtin = builtin;
    copy_registers(snap, context);
    snap->depth = (uint32_t)walk(s, snap->levels);
    s->last = s->used;
    s->used = s->used + sizeof *snap + snap->depth * sizeof(Level);
}

static void on_tick(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    RfSampler *s = current;
    if (!s || s->off) {
        return;
    }
    uint32_t weight = 1u + (info->si_code == SI_TIMER && info->si_overrun > 0 ? (uint32_t)info->si_overrun : 0u);
    RfVm *vm = s->vm;
    bool builtin = rf_sampler_in_builtin(s);
    if (vm->frame == vm->frames && !builtin) {
        return; /* no script code is active */
    }
    if (s->busy || (!builtin && vm->frame->native)) {
        s->deferred += weight;
    } else {
        take(s, weight, builtin, context);
    }
    rf_vm_request(vm);
}

/* ---- into the profile ---- */

static uint32_t file_of(RfSampler *s, const RfModule *m)
{
    if (!m->file) {
        return RF_PROF_NONE;
    }
    uint32_t file = rf_prof_map_get(&s->files, (uintptr_t)m);
    if (file == RF_PROF_NONE) {
        file = rf_prof_file(s->profile, m->file, m->source, m->source_len);
        rf_prof_map_put(&s->files, (uintptr_t)m, file);
    }
    return file;
}

static uint32_t function_of(RfSampler *s, const Level *level)
{
    uint32_t f = level->what ? rf_prof_map_get(&s->functions, (uintptr_t)level->what) : RF_PROF_NONE;
    if (f != RF_PROF_NONE) {
        return f;
    }
    if (!level->what) {
        return rf_prof_function(s->profile, "[more calls]", RF_PROF_NONE, 0);
    }
    char name[300];
    if (level->builtin) {
        snprintf(name, sizeof name, "[builtin %s]", ((const RfBuiltin *)level->what)->name);
        f = rf_prof_function(s->profile, name, RF_PROF_NONE, 0);
    } else {
        const RfProto *proto = level->what;
        const RfModule *m = proto->module;
        bool imported = proto->flags & RF_PROTO_MAIN && m != s->vm->modules[0];
        snprintf(name, sizeof name, "%s%s", imported ? "module " : "", imported ? m->name->data : proto->name->data);
        f = rf_prof_function(s->profile, name, file_of(s, m), proto->def_pos.line ? proto->def_pos.line : 1);
    }
    rf_prof_map_put(&s->functions, (uintptr_t)level->what, f);
    return f;
}

RfPlace rf_sampler_place(RfSampler *s, const RfProto *proto, int64_t pc)
{
    uint32_t line = pc >= 0 && pc < proto->code_len ? proto->positions[pc].line : proto->def_pos.line;
    return (RfPlace){file_of(s, proto->module), line ? line : 1};
}

/* Where the interpreter was in the innermost function: in a register that points into its code, else what was saved last. */
static int64_t find_pc(const Level *level, const uintptr_t *registers)
{
    const RfProto *proto = level->what;
    uintptr_t code = (uintptr_t)proto->code, size = proto->code_len * sizeof(RfInstr);
    for (int i = 0; registers && i < REGISTERS; i++) {
        uintptr_t at = registers[i] - code;
        if (at < size && at % sizeof(RfInstr) == 0) {
            return (int64_t)(at / sizeof(RfInstr));
        }
    }
    return level->pc > proto->code && level->pc <= proto->code + proto->code_len ? level->pc - proto->code - 1 : 0;
}

/* registers: of the interpreter when it was interrupted in the innermost function, else NULL. waiting: for the compiler. */
static void record(RfSampler *s, const Level *levels, size_t depth, const uintptr_t *registers, bool waiting,
                   uint32_t weight)
{
    RfProfEntry *stack = s->stack;
    RfPlace place = {RF_PROF_NONE, 0};
    RfProfTier tier = RF_TIER_VM;
    for (size_t i = 0; i < depth; i++) {
        const Level *l = &levels[i];
        stack[i] = (RfProfEntry){function_of(s, l), l->builtin  ? RF_TIER_BUILTIN
                                                    : l->native ? RF_TIER_JIT
                                                                : RF_TIER_VM};
        if (l->what && !l->builtin) {
            bool innermost = i + 1 == depth;
            place = rf_sampler_place(s, l->what, find_pc(l, innermost ? registers : NULL));
        }
    }
    if (waiting) {
        uint32_t f = rf_prof_function(s->profile, "[jit compile]", RF_PROF_NONE, 0);
        stack[depth++] = (RfProfEntry){f, RF_TIER_COMPILE};
    }
    tier = depth ? stack[depth - 1].tier : tier;
    rf_prof_add(s->profile, s->thread, stack, depth, place.file, place.line, tier, weight);
}

static void record_here(RfSampler *s, bool waiting, uint32_t weight)
{
    Level *levels = s->levels;
    if (weight > 0) {
        record(s, levels, walk(s, levels), NULL, waiting, weight);
    }
}

static void measure_memory(RfSampler *s)
{
    uint64_t allocations = rf_mem_alloc_count(), deallocations = rf_mem_free_count();
    int64_t live = rf_mem_live_bytes();
    rf_prof_add_memory(s->profile, allocations - s->allocations, deallocations - s->deallocations, live - s->live);
    s->allocations = allocations;
    s->deallocations = deallocations;
    s->live = live;
}

/* Everything seen since the last time. True when there was something. */
static bool consume(RfSampler *s)
{
    s->busy = true;
    bool any = s->used > 0;
    for (size_t at = 0; at < s->used;) {
        const Snapshot *snap = (const Snapshot *)(const void *)(s->snapshots + at);
        record(s, snap->levels, snap->depth, snap->builtin ? NULL : snap->registers, false, snap->weight);
        at += sizeof *snap + snap->depth * sizeof(Level);
    }
    s->used = s->last = 0;
    s->busy = false;
    uint32_t deferred = atomic_exchange(&s->deferred, 0);
    record_here(s, false, deferred);
    if (any || deferred) {
        measure_memory(s);
    }
    return any || deferred;
}

/* ---- what the VM tells ---- */

static void at_safepoint(RfVm *vm)
{
    RfSampler *s = vm->observed;
    if (s && !s->off) {
        rf_sites_safepoint(s, consume(s));
    }
}

static void at_instruction(RfVm *vm)
{
    RfSampler *s = vm->observed;
    if (s && !s->off) {
        rf_sites_instruction(s);
    } else {
        vm->trace &= ~RF_TRACE_OBSERVER;
    }
}

static void on_event(RfVm *vm, const RfObserveEvent *event)
{
    RfSampler *s = vm->observed;
    if (s && !s->off) {
        RfPlace at = rf_sampler_place(s, event->proto, event->pc);
        if (at.file != RF_PROF_NONE) {
            rf_prof_add_event(s->profile, at.file, at.line, event);
        }
    }
}

static void on_wait(RfVm *vm, double ms)
{
    RfSampler *s = vm->observed;
    if (s && !s->off) {
        double owed = s->wait_rest + ms * s->profile->hz / 1000.0;
        uint32_t weight = owed < UINT32_MAX ? (uint32_t)owed : UINT32_MAX;
        s->wait_rest = owed - weight;
        record_here(s, true, weight);
    }
}

static RfStatus run_builtin(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    const RfBuiltin *b = rf_builtin_wrapped(self);
    RfSampler *s = vm ? vm->observed : NULL;
    if (!s) {
        return b->fn(vm, b, argc, argv, out);
    }
    const RfActiveBuiltin *outer = atomic_load_explicit(&s->builtin, memory_order_relaxed);
    RfActiveBuiltin here = {b, vm->frame, outer};
    atomic_store_explicit(&s->builtin, &here, memory_order_release); /* the handler may come at any time */
    RfStatus status = b->fn(vm, b, argc, argv, out);
    atomic_store_explicit(&s->builtin, outer, memory_order_release);
    return status;
}

/* ---- coming and going ---- */

static bool start_timer(RfSampler *s)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    if (sigaction(SIGPROF, &action, NULL) != 0 || timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &s->timer) != 0) {
        return false;
    }
    long period = 1000000000L / (long)s->profile->hz;
    struct timespec each = {period / 1000000000L, period % 1000000000L};
    struct itimerspec times = {each, each};
    if (timer_settime(s->timer, 0, &times, NULL) != 0) {
        timer_delete(s->timer);
        return false;
    }
    return true;
}

/* The VM of this thread. */
static void begin(RfVm *vm)
{
    RfProf *p = profiled;
    if (!p) {
        return;
    }
    RfSampler *s = calloc(1, sizeof *s);
    if (!s || !(s->snapshots = malloc(SNAPSHOT_BYTES)) || !(s->levels = malloc(STACK_MOST * sizeof(Level))) ||
        !(s->stack = malloc((STACK_MOST + 1) * sizeof(RfProfEntry)))) {
        rf_mem_exhausted(SNAPSHOT_BYTES);
    }
    s->vm = vm;
    s->profile = p;
    s->allocations = rf_mem_alloc_count();
    s->deallocations = rf_mem_free_count();
    pthread_mutex_lock(&p->lock);
    s->thread = p->nthreads++;
    s->next = samplers;
    samplers = s;
    pthread_mutex_unlock(&p->lock);
    vm->observed = s;
    measure_memory(s);
    current = s;
    s->ticking = start_timer(s);
    if (watching_memory) {
        rf_sites_start(s);
    }
}

static void stop_timer(RfSampler *s)
{
    s->off = true;
    if (s->ticking) {
        timer_delete(s->timer);
        s->ticking = false;
    }
}

/* The sampled thread itself ends it. */
static void finish(RfSampler *s)
{
    if (s->off) {
        return;
    }
    consume(s);
    rf_sites_end(s);
    measure_memory(s);
    stop_timer(s);
}

/* On the sampled thread. */
static void end(RfVm *vm)
{
    RfSampler *s = vm->observed;
    if (!s) {
        return;
    }
    RfProf *p = s->profile;
    finish(s);
    if (vm->tier && vm->tier->stats) { /* not without a back end */
        RfJitCounts counts = rf_status_counts(vm->jit);
        rf_prof_add_jit(p, &counts);
    }
    current = NULL;
    vm->observed = NULL;
    pthread_mutex_lock(&p->lock);
    stop_timer(s);
    RfSampler **at = &samplers;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    p->live -= p->closed ? 0 : s->live; /* what a task still holds goes with its VM */
    pthread_mutex_unlock(&p->lock);
    rf_prof_map_free(&s->functions);
    rf_prof_map_free(&s->files);
    free(s->snapshots);
    free(s->levels);
    free(s->stack);
    free(s);
}

static const RfObserver observer = {.begin = begin,
                                    .end = end,
                                    .safepoint = at_safepoint,
                                    .instruction = at_instruction,
                                    .event = on_event,
                                    .waited = on_wait};

void rf_prof_prepare(void)
{
    rf_builtin_wrap(run_builtin);
}

void rf_prof_start(RfProf *p, RfVm *vm, bool memory)
{
    profiled = p;
    watching_memory = memory;
    vm->config.observer = &observer;
    begin(vm);
}

void rf_prof_stop(RfProf *p)
{
    if (current && current->profile == p) {
        finish(current);
    }
    profiled = NULL;
    pthread_mutex_lock(&p->lock);
    if (!p->closed) {
        p->closed = true;
        for (RfSampler *s = samplers; s; s = s->next) {
            stop_timer(s);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void rf_prof_end(RfProf *p, RfVm *vm)
{
    rf_prof_stop(p);
    if (current && current == vm->observed) {
        rf_vm_leave(vm); /* compiles that are still under way count */
        end(vm);
    } else if (vm->tier && vm->tier->stats) { /* the program ends on another thread, its own is still running */
        rf_prof_add_jit(p, &((const RfJit *)vm->jit)->counts);
    }
}
