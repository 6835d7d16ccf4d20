/* Which lines allocate. Counting every allocation would cost more than the program's own work, so it is done in bursts: after
 * a tick, for some safepoints, the free lists are hidden time and again (rf_mem_watch_next). The next allocation of a size
 * class then passes the slow path of the allocator and is seen; those that follow it unseen, because a block of the class was
 * freed in between, are put down to the same line, by the allocator's exact counts.
 *
 * In a burst the interpreter tells every instruction, so its allocations are counted exactly. Native code tells only at the
 * next safepoint where it is; the last instruction before it that may allocate is taken. A builtin's caller is known.
 *
 * Allocations between two bursts are divided among the lines that these have seen, so the sum over the lines is the number of
 * allocations; the shares are estimates. The first burst begins with the program and is long: a short program is counted
 * exactly. */
#include <string.h>

#include "tools/profile_sampler.h"

#define PENDING (RF_SITES_MAX + 1u)
#define BURST 32u     /* safepoints */
#define EACH_TICK 8u  /* so many ticks begin a burst each, */
#define SOME_TICKS 4u /* then one of so many */
#define FIRST_BURST 4096u
#define CALLS 256u /* allocations looked at in a burst; then the counts go on with the last lines */
#define FIRST_CALLS 8192u
#define STEPS 500u /* instructions of the interpreter */
#define FIRST_STEPS 20000u

/* ---- finding the line ---- */

/* A builtin that gives a number, bool or null hardly allocates, and native code does most of these by itself. */
static bool gives_scalar(const RfBuiltin *b)
{
    static const char *const scalars[] = {"-> int", "-> float", "-> bool", "-> null", "-> number"};
    const char *result = strstr(b->signature, "->");
    for (size_t i = 0; result && i < sizeof scalars / sizeof scalars[0]; i++) {
        if (strcmp(result, scalars[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool may_allocate(const RfProto *proto, uint32_t pc)
{
    RfInstr in = proto->code[pc];
    switch (rf_op_base(in.op)) {
    case RF_OP_ADD: return (in.a & (RF_FEEDBACK_STRING | RF_FEEDBACK_OTHER)) != 0;
    case RF_OP_CALL: {
        const void *callee = proto->calls[in.b].callee;
        return !callee || (rf_builtin_is(callee) && !gives_scalar(callee));
    }
    case RF_OP_CALL_METHOD: return proto->methods[in.b].shape == NULL;
    case RF_OP_NEW_CELL:
    case RF_OP_RANGE:
    case RF_OP_INTERP:
    case RF_OP_ARRAY:
    case RF_OP_ARRAY_PUSH:
    case RF_OP_ARRAY_EXTEND:
    case RF_OP_DICT:
    case RF_OP_DICT_PUT:
    case RF_OP_DICT_EXTEND:
    case RF_OP_STRUCT:
    case RF_OP_VARIANT:
    case RF_OP_ENUM:
    case RF_OP_CLOSURE:
    case RF_OP_SPAWN:
    case RF_OP_DESTRUCT_ARRAY:
    case RF_OP_DESTRUCT_DICT: return true;
    default: return false;
    }
}

#define CANDIDATES 8

/* Instructions that may have allocated since the safepoint before `pc`, the last one first: at a back edge those of the loop,
 * else the nearest one before. */
static size_t find_allocations(const RfProto *proto, int64_t pc, int64_t out[CANDIDATES])
{
    bool back_edge = (rf_op_info[rf_op_base(proto->code[pc].op)].flags & RF_OPF_L) != 0;
    int64_t from = back_edge ? (int64_t)rf_jump_target(proto, (uint32_t)pc) : 0;
    size_t n = 0;
    for (int64_t at = pc; at >= from && n < (back_edge ? CANDIDATES : 1u); at--) {
        if (may_allocate(proto, (uint32_t)at)) {
            out[n++] = at;
        }
    }
    return n;
}

/* ---- counting ---- */

static uint32_t site_of(RfSites *t, RfPlace place)
{
    for (uint32_t i = 0; i < t->now.nsites; i++) {
        if (t->now.sites[i].line == place.line && t->now.sites[i].file == place.file) {
            return i;
        }
    }
    if (place.file == RF_PROF_NONE || t->now.nsites == RF_SITES_MAX) {
        return RF_PROF_NONE;
    }
    t->now.sites[t->now.nsites].file = place.file;
    t->now.sites[t->now.nsites].line = place.line;
    t->now.sites[t->now.nsites].count = 0;
    return t->now.nsites++;
}

/* What has been allocated in a class since the last time goes to the line last seen there. */
static void settle(RfSites *t, size_t class)
{
    uint64_t now = rf_mem_class_count(class), count = now - t->counts[class];
    uint32_t last = t->last[class];
    if (last != 0 && last != PENDING) {
        t->now.sites[last - 1].count += count;
        t->now.seen += count;
        t->counts[class] = now;
    } else if (last == 0) {
        t->counts[class] = now;
    }
}

static void on_allocation(void *context, size_t class, size_t size)
{
    (void)size;
    RfSampler *s = context;
    RfSites *t = &s->sites;
    const RfFrame *f = s->vm->frame;
    if (s->off || f == s->vm->frames) {
        return;
    }
    settle(t, class);
    if (t->last[class] == PENDING) {
        return;
    }
    if (t->calls == 0 || --t->calls == 0) {
        rf_mem_watch(NULL, NULL);
        return;
    }
    if (f->native && !rf_sampler_in_builtin(s)) {
        t->pending = true;
        t->last[class] = PENDING;
        return;
    }
    uint32_t site = site_of(t, rf_sampler_place(s, f->proto, rf_sampler_pc(f)));
    t->last[class] = site == RF_PROF_NONE ? 0 : site + 1;
}

/* The running frame is complete: what native code has allocated since the last safepoint was allocated here. */
static void resolve(RfSampler *s)
{
    RfSites *t = &s->sites;
    const RfFrame *f = s->vm->frame;
    if (!t->pending || f == s->vm->frames) {
        return;
    }
    t->pending = false;
    int64_t at[CANDIDATES];
    size_t n = find_allocations(f->proto, rf_sampler_pc(f), at);
    if (n == 0 && f > s->vm->frames + 1) { /* the caller, before it made this call */
        f--;
        n = find_allocations(f->proto, rf_sampler_pc(f), at);
    }
    if (n == 0) {
        f = s->vm->frame;
        at[n++] = rf_sampler_pc(f);
    }
    uint32_t sites[CANDIDATES];
    for (size_t i = 0; i < n; i++) {
        sites[i] = site_of(t, rf_sampler_place(s, f->proto, at[i]));
    }
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        if (t->last[c] == PENDING) { /* nobody knows which of them: each gets its share */
            uint64_t now = rf_mem_class_count(c), count = now - t->counts[c];
            for (size_t i = 0; i < n; i++) {
                uint64_t part = count / (n - i);
                count -= part;
                if (sites[i] != RF_PROF_NONE) {
                    t->now.sites[sites[i]].count += part;
                    t->now.seen += part;
                }
            }
            t->counts[c] = now;
            t->last[c] = 0;
        }
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void begin_burst(RfSampler *s, uint32_t safepoints, uint32_t calls, uint32_t steps)
{
    RfSites *t = &s->sites;
    t->left = safepoints;
    t->calls = calls;
    t->steps = steps;
    t->now.seen = 0;
    t->now.nsites = 0;
    t->now.seconds = now();
    t->pending = false;
    memset(t->last, 0, sizeof t->last);
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        t->counts[c] = rf_mem_class_count(c);
    }
    rf_mem_watch(on_allocation, s);
    rf_mem_watch_next();
    rf_vm_request(s->vm);
    s->vm->trace |= RF_TRACE_OBSERVER;
}

/* So many allocations, divided among the lines as the burst has seen them. */
static void report(RfSampler *s, const RfBurst *burst, double count)
{
    for (uint32_t i = 0; count > 0 && i < burst->nsites; i++) {
        const RfSite *site = &burst->sites[i];
        rf_prof_add_allocations(s->profile, site->file, site->line, count * (double)site->count / (double)burst->seen);
    }
}

static double rate(const RfBurst *burst)
{
    return burst->seen ? (double)burst->seen / burst->seconds : 0;
}

static void end_burst(RfSampler *s)
{
    RfSites *t = &s->sites;
    rf_mem_watch(NULL, NULL);
    s->vm->trace &= ~RF_TRACE_OBSERVER;
    t->left = 0;
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        settle(t, c);
    }
    t->now.seconds = now() - t->now.seconds + 1e-9;
    uint64_t all = rf_mem_alloc_count();
    if (t->now.seen > 0 && t->since + t->now.seen <= all) {
        /* what came between is like what was before it, or after it: more likely like where more is allocated */
        double unseen = (double)(all - t->since - t->now.seen), before = rate(&t->before), after = rate(&t->now),
               early = unseen * before / (before + after);
        report(s, &t->before, early);
        report(s, &t->now, (double)t->now.seen + unseen - early);
        t->since = all;
        t->before = t->now;
    }
}

void rf_sites_start(RfSampler *s)
{
    s->sites.on = true;
    s->sites.since = rf_mem_alloc_count();
    begin_burst(s, FIRST_BURST, FIRST_CALLS, FIRST_STEPS);
}

void rf_sites_safepoint(RfSampler *s, bool tick)
{
    RfSites *t = &s->sites;
    if (t->left > 0) {
        resolve(s);
        if (--t->left == 0) {
            end_burst(s);
        } else {
            if (t->calls > 0) {
                rf_mem_watch_next();
            }
            rf_vm_request(s->vm);
        }
    } else if (tick && t->on && (++t->ticks <= EACH_TICK || t->ticks % SOME_TICKS == 0)) {
        begin_burst(s, BURST, CALLS, STEPS);
    }
}

void rf_sites_instruction(RfSampler *s)
{
    RfSites *t = &s->sites;
    if (t->left == 0 || --t->steps == 0) {
        end_burst(s);
    } else if (t->calls > 0) {
        rf_mem_watch_next();
    }
}

void rf_sites_end(RfSampler *s)
{
    if (s->sites.left > 0) {
        end_burst(s);
    }
    s->sites.on = false;
}
