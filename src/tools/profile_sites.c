/* Which lines allocate. Counting every allocation would cost more than the program's own work, so it is done in bursts: after
 * a tick, for some safepoints, the free lists are hidden at each of them (rf_mem_watch_next). The next allocation of a size
 * class then passes the slow path of the allocator and is seen; those that follow it unseen, because a block of the class was
 * freed in between, are put down to the same line, by the allocator's exact counts. Allocations between two bursts are divided
 * among the lines that these have seen, half and half, so the sum over the lines is the number of allocations; the shares are
 * estimates. The first burst begins with the program and is long: a short program is counted exactly.
 *
 * Where: a builtin's caller is known. The interpreter's position lies in a register, hence somewhere on the C stack just
 * above, if the instruction has not saved it. Native code tells only at the next safepoint where it is; the last instruction
 * before it that may allocate is taken. */
#include <string.h>

#include "tools/profile_sampler.h"

#define PENDING (RF_SITES_MAX + 1u)
#define BURST 32u /* safepoints */
#define FIRST_BURST 16384u
#define CALLS 512u /* allocations looked at in a burst; then the counts go on with the last lines */
#define FIRST_CALLS 20000u
#define STACK_WORDS 160

/* ---- finding the line ---- */

static bool may_allocate(const RfProto *proto, uint32_t pc)
{
    RfInstr in = proto->code[pc];
    switch (rf_op_base(in.op)) {
    case RF_OP_ADD: return (in.a & (RF_FEEDBACK_STRING | RF_FEEDBACK_OTHER)) != 0;
    case RF_OP_CALL: return proto->calls[in.b].callee == NULL || rf_builtin_is(proto->calls[in.b].callee);
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

static int64_t pc_at(const RfProto *proto, uintptr_t word)
{
    uintptr_t at = word - (uintptr_t)proto->code;
    bool inside = at < proto->code_len * sizeof(RfInstr) && at % sizeof(RfInstr) == 0;
    return inside ? (int64_t)(at / sizeof(RfInstr)) : -1;
}

#ifdef RF_SANITIZE
#define scan_stack(proto) ((int64_t)-1)
#else
/* The interpreter's position among the words above this frame: saved registers of the functions in between. */
static __attribute__((noinline)) int64_t scan_stack(const RfProto *proto)
{
    __builtin_unwind_init();
    const uintptr_t *word = __builtin_frame_address(0);
    for (const uintptr_t *end = word + STACK_WORDS; word < end; word++) {
        int64_t pc = pc_at(proto, *word);
        if (pc >= 0 && may_allocate(proto, (uint32_t)pc)) {
            return pc;
        }
    }
    return -1;
}
#endif

static int64_t last_allocation(const RfProto *proto, int64_t pc)
{
    int64_t at = pc;
    while (at >= 0 && !may_allocate(proto, (uint32_t)at)) {
        at--;
    }
    return at;
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
    int64_t pc = rf_sampler_in_builtin(s) ? -1 : scan_stack(f->proto);
    uint32_t site = site_of(t, rf_sampler_place(s, f->proto, pc >= 0 ? pc : rf_sampler_pc(f)));
    t->last[class] = site == RF_PROF_NONE ? 0 : site + 1;
}

/* The running frame is complete: what native code has allocated since the last safepoint was allocated here. */
static void resolve(RfSampler *s)
{
    RfSites *t = &s->sites;
    if (!t->pending) {
        return;
    }
    t->pending = false;
    const RfFrame *f = s->vm->frame, *top = f;
    int64_t pc = f > s->vm->frames ? last_allocation(f->proto, rf_sampler_pc(f)) : -1;
    if (pc < 0 && f > s->vm->frames + 1) { /* the caller, before it made this call */
        f--;
        pc = last_allocation(f->proto, rf_sampler_pc(f));
    }
    if (pc < 0) {
        f = top;
        pc = rf_sampler_pc(f);
    }
    uint32_t site = f > s->vm->frames ? site_of(t, rf_sampler_place(s, f->proto, pc)) : RF_PROF_NONE;
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        if (t->last[c] == PENDING) {
            t->last[c] = site == RF_PROF_NONE ? 0 : site + 1;
            settle(t, c);
        }
    }
}

static void begin_burst(RfSampler *s, uint32_t safepoints, uint32_t calls)
{
    RfSites *t = &s->sites;
    t->left = safepoints;
    t->calls = calls;
    t->now.seen = 0;
    t->now.nsites = 0;
    t->pending = false;
    memset(t->last, 0, sizeof t->last);
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        t->counts[c] = rf_mem_class_count(c);
    }
    rf_mem_watch(on_allocation, s);
    rf_mem_watch_next();
    rf_vm_request(s->vm);
}

/* So many allocations, divided among the lines as the burst has seen them. */
static void report(RfSampler *s, const RfBurst *burst, double count)
{
    for (uint32_t i = 0; count > 0 && i < burst->nsites; i++) {
        const RfSite *site = &burst->sites[i];
        rf_prof_add_allocations(s->profile, site->file, site->line, count * (double)site->count / (double)burst->seen);
    }
}

static void end_burst(RfSampler *s)
{
    RfSites *t = &s->sites;
    rf_mem_watch(NULL, NULL);
    t->left = 0;
    for (size_t c = 0; c <= RF_MEM_CLASSES; c++) {
        settle(t, c);
    }
    uint64_t all = rf_mem_alloc_count(), unseen = all - t->since - t->now.seen;
    if (t->now.seen > 0 && t->since + t->now.seen <= all) {
        double half =
            t->before.seen ? (double)unseen / 2 : 0; /* what came between is like what was before it, or after it */
        report(s, &t->before, half);
        report(s, &t->now, (double)t->now.seen + (double)unseen - half);
        t->since = all;
        t->before = t->now;
    }
}

void rf_sites_start(RfSampler *s)
{
    s->sites.on = true;
    s->sites.since = rf_mem_alloc_count();
    begin_burst(s, FIRST_BURST, FIRST_CALLS);
}

void rf_sites_safepoint(RfSampler *s, bool tick)
{
    RfSites *t = &s->sites;
    if (t->left > 0) {
        resolve(s);
        if (--t->left == 0) {
            end_burst(s);
        } else {
            rf_mem_watch_next();
            rf_vm_request(s->vm);
        }
    } else if (tick && t->on) {
        begin_burst(s, BURST, CALLS);
    }
}

void rf_sites_end(RfSampler *s)
{
    if (s->sites.left > 0) {
        end_burst(s);
    }
    s->sites.on = false;
}
