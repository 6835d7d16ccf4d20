/* When something is compiled: the hooks that the interpreter calls at triggers (vm/tier.h), and what they decide.
 *
 * A function that is called often enough, or a loop that turns often enough, becomes a job (install.c). Until its code is
 * there the trigger comes back after some more counts to look at the answers; afterwards it is 0, so that every call or back
 * edge asks, and the answer is ready. Functions in globals may be assigned anew at any time: compiled code that relies on a
 * global checks it by itself, there is nothing to do here. */
#include "base/mem.h"
#include "jit/trace.h"

#define RETURNS_FREE 64u /* times that a loop's code may be left at once before it rests */
#define RETURNS_REST 8192u
#define CALLS_MANY 8u
#define TURNS_FEW 128u /* of a loop, in a call */
#define OUTER_SOON                                                                                                     \
    64u /* times the threshold that an inner loop turns before it is asked for beside the code of an outer one */
#define STEP_LAST 256u /* most counts until a queued target looks at the answers */

/* ---- units ---- */

bool rf_unit_function_allowed(const RfJit *jit, const RfProto *proto)
{
    bool async = proto->flags & RF_PROTO_ASYNC && !(proto->flags & RF_PROTO_GENERATOR); /* only their loops */
    return !jit->settings->no_function && !(proto->flags & RF_PROTO_MAIN) && !async;
}

bool rf_unit_loops_allowed(const RfJit *jit, const RfProto *proto)
{
    return !jit->settings->no_loop && !(jit->settings->no_script && proto->flags & RF_PROTO_MAIN);
}

RfUnit *rf_unit_of(RfVm *vm, RfProto *proto)
{
    RfUnit *unit = proto->jit;
    if (!unit) {
        RfJit *jit = rf_jit_of(vm);
        unit = rf_mem_zalloc(sizeof *unit);
        unit->proto = proto;
        unit->patience = 1;
        unit->fn = (RfTarget){.pc = -1,
                              .next = rf_unit_function_allowed(jit, proto) ? jit->threshold : RF_COUNT_NEVER,
                              .step = RF_STEP_FIRST};
        unit->next = jit->units;
        jit->units = unit;
        proto->jit = unit;
    }
    return unit;
}

RfTarget *rf_unit_loop(RfUnit *unit, int32_t pc, bool make)
{
    for (uint32_t i = 0; i < unit->nloops; i++) {
        if (unit->loops[i].pc == pc) {
            return &unit->loops[i];
        }
    }
    if (!make || unit->nloops == RF_UNIT_LOOPS_MAX) {
        return NULL;
    }
    if (unit->nloops == unit->loops_cap) {
        uint32_t cap = unit->loops_cap ? unit->loops_cap * 2 : 2;
        unit->loops = rf_mem_resize(unit->loops, unit->loops_cap * sizeof(RfTarget), cap * sizeof(RfTarget));
        unit->loops_cap = cap;
    }
    RfTarget *loop = &unit->loops[unit->nloops++];
    *loop = (RfTarget){.pc = pc, .step = RF_STEP_FIRST};
    return loop;
}

RfTarget *rf_unit_target(RfUnit *unit, int32_t pc)
{
    return pc < 0 ? &unit->fn : rf_unit_loop(unit, pc, false);
}

/* count + step as a trigger */
static uint32_t trigger_at(uint64_t count)
{
    return count < RF_TRIGGER_NEVER ? (uint32_t)count : RF_TRIGGER_NEVER;
}

/* Counts until a queued target is looked at again. */
static uint32_t queue_step(RfTarget *t)
{
    uint32_t step = t->step;
    t->step = step < STEP_LAST ? step * 2 : STEP_LAST;
    return step;
}

/* Counts until the next event of a target that has seen `count`: half way it becomes warm. */
static uint64_t left_of(const RfUnit *unit, const RfTarget *t, uint64_t count)
{
    uint64_t goal = !unit->warm && count < t->next / 2 ? t->next / 2 : t->next;
    return goal > count ? goal - count : 1;
}

static void arm_call(RfUnit *unit)
{
    RfProto *p = unit->proto;
    RfTarget *t = &unit->fn;
    if (t->entry) {
        p->call_trigger = p->flags & RF_PROTO_GENERATOR ? RF_TRIGGER_NEVER : 0; /* its calls only make generators */
    } else if (t->state == RF_TARGET_QUEUED) {
        p->call_trigger = trigger_at((uint64_t)p->call_count + queue_step(t));
    } else if (t->next == RF_COUNT_NEVER) {
        p->call_trigger = RF_TRIGGER_NEVER;
    } else {
        p->call_trigger = trigger_at(p->call_count + left_of(unit, t, p->call_count));
    }
}

/* DEBUG_JIT: the first resume in native code is told. */
static RfRet traced_resume(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    RfUnit *unit = frame->proto->jit;
    RfNativeEntry *entry = unit->fn.entry;
    rf_trace_enter(unit, -1);
    unit->entered = true;
    rf_unit_arm(vm, unit);
    return entry(vm, frame, fp);
}

static void arm_resume(const RfJit *jit, RfUnit *unit)
{
    RfProto *p = unit->proto;
    bool traced = jit->settings->debug && !unit->entered;
    unit->resume.entry = traced ? traced_resume : unit->fn.entry;
    unit->resume.image = unit->fn.image;
    p->resume = unit->fn.entry ? &unit->resume : NULL;
}

void rf_unit_arm(RfVm *vm, RfUnit *unit)
{
    RfJit *jit = rf_jit_of(vm);
    /* without this flag in the way the interpreter's question is answered by a few loads */
    unit->entry = jit->settings->calls || jit->settings->debug > 1 || (jit->settings->debug && !unit->entered)
                      ? NULL
                      : unit->fn.entry;
    if (unit->proto->flags & RF_PROTO_GENERATOR) {
        unit->entry = NULL;
        arm_resume(jit, unit);
    }
    arm_call(unit);
    if (rf_unit_loops_allowed(jit, unit->proto)) {
        unit->proto->loop_trigger = 0; /* the next back edge finds out when to come again */
    }
}

bool rf_unit_withdraw(RfVm *vm, const RfImage *image, void (*withdrawn)(RfVm *, RfUnit *, int32_t, void *),
                      void *context)
{
    bool any = false;
    for (RfUnit *unit = rf_jit_of(vm)->units; unit; unit = unit->next) {
        bool lost = false;
        int32_t pc = -1;
        for (uint32_t i = 0; i <= unit->nloops; i++) {
            RfTarget *t = i < unit->nloops ? &unit->loops[i] : &unit->fn;
            if (t->entry && t->image == image) {
                t->entry = NULL;
                t->image = NULL;
                t->rest = t->entered_at = t->returns = 0;
                t->state = t->state == RF_TARGET_QUEUED ? RF_TARGET_QUEUED : RF_TARGET_COLD;
                pc = t->pc;
                lost = true;
            }
        }
        if (lost) {
            any = true;
            if (withdrawn) {
                withdrawn(vm, unit, pc, context);
            }
            rf_unit_arm(vm, unit);
        }
    }
    return any;
}

/* ---- hooks ---- */

/* Half way to the threshold: types are recorded for a while, and the worker can start. */
static void warm_up(RfVm *vm, RfUnit *unit)
{
    unit->warm = true;
    vm->profile_left = RF_PROFILE_WINDOW;
    rf_queue_warm();
}

/* DEBUG_JIT_CALL: stands between the interpreter and the entry. */
static RfRet traced_call(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    RfUnit *unit = frame->proto->jit;
    RfBuf line = RF_BUF_INIT;
    rf_trace_call_begin(&line, unit, fp, frame->proto->nparams);
    RfRet result = unit->fn.entry(vm, frame, fp);
    rf_trace_call_end(&line, result);
    return result;
}

static RfNativeEntry *enter(RfVm *vm, RfFrame *frame, RfUnit *unit, const RfTarget *t)
{
    const RfJitSettings *s = rf_jit_of(vm)->settings;
    unit->entries++;
    if (s->debug && (!unit->entered || s->debug > 1)) {
        rf_trace_enter(unit, t->pc);
        if (!unit->entered) {
            unit->entered = true;
            rf_unit_arm(vm, unit);
        }
    }
    frame->owner = t->image;
    return s->calls && t->pc < 0 ? traced_call : t->entry;
}

/* First and last instruction of the loop with this header; last < first: it is none. */
static void loop_range(const RfProto *proto, uint32_t header, uint32_t *first, uint32_t *last)
{
    *first = header;
    *last = header;
    if (rf_op_info[rf_op_base(proto->code[header].op)].flags & RF_OPF_L) { /* FOR_LOOP: header and back edge in one */
        *first = rf_jump_target(proto, header);
        return;
    }
    for (uint32_t at = header; at < proto->code_len; at++) {
        bool back = rf_op_info[rf_op_base(proto->code[at].op)].flags & RF_OPF_L;
        *last = back && rf_jump_target(proto, at) == header ? at : *last;
    }
}

/* Is loop t inside loop `outer` of the same function? */
static bool is_inside(const RfProto *proto, const RfTarget *t, const RfTarget *outer)
{
    uint32_t first, last;
    loop_range(proto, (uint32_t)outer->pc, &first, &last);
    return t != outer && (uint32_t)t->pc >= first && (uint32_t)t->pc <= last;
}

/* Is there a loop with both pcs in it? */
static bool in_one_loop(const RfProto *proto, uint32_t a, uint32_t b)
{
    for (uint32_t at = 0; at < proto->code_len; at++) {
        if (rf_op_info[rf_op_base(proto->code[at].op)].flags & RF_OPF_L) {
            uint32_t to = rf_jump_target(proto, at), first = to < at ? to : at, last = to < at ? at : to;
            if (a >= first && a <= last && b >= first && b <= last) {
                return true;
            }
        }
    }
    return false;
}

static void cancel(RfJit *jit, RfUnit *unit, RfTarget *t)
{
    rf_queue_cancel(jit, unit, t->pc);
    t->state = RF_TARGET_COLD;
    t->next = t->count + jit->loop_threshold;
}

static void cancel_inner(RfJit *jit, RfUnit *unit, const RfTarget *outer)
{
    for (uint32_t i = 0; i < unit->nloops; i++) {
        if (unit->loops[i].state == RF_TARGET_QUEUED && is_inside(unit->proto, &unit->loops[i], outer)) {
            cancel(jit, unit, &unit->loops[i]);
        }
    }
}

/* When something else got hot: the jobs of loops that the first activation of their function has left, never to come back, are in
 * its way. When it has ended there may be others soon. */
static void cancel_left(RfVm *vm)
{
    RfJit *jit = rf_jit_of(vm);
    for (RfUnit *unit = jit->pending > 1 ? jit->units : NULL; unit; unit = unit->next) {
        const RfProto *proto = unit->proto;
        if (proto->call_count > 1 || proto->flags & (RF_PROTO_ASYNC | RF_PROTO_GENERATOR)) {
            continue; /* called again and again, or parked somewhere */
        }
        const RfFrame *frame = vm->frame;
        while (frame > vm->frames && frame->proto != proto) {
            frame--;
        }
        for (uint32_t i = 0; frame > vm->frames && i < unit->nloops; i++) {
            RfTarget *t = &unit->loops[i];
            if (t->state == RF_TARGET_QUEUED &&
                !in_one_loop(proto, (uint32_t)(frame->pc - proto->code), (uint32_t)t->pc)) {
                cancel(jit, unit, t);
            }
        }
    }
}

static RfNativeEntry *slow_call(RfVm *vm, RfFrame *frame)
{
    RfUnit *unit = rf_unit_of(vm, frame->proto);
    RfTarget *t = &unit->fn;
    if (!t->entry) {
        rf_install_answers(vm);
    }
    if (!t->entry && t->state != RF_TARGET_QUEUED && t->next != RF_COUNT_NEVER) {
        uint64_t count = frame->proto->call_count;
        if (count >= t->next) {
            rf_install_request(vm, unit, t, frame);
            cancel_left(vm);
        } else if (!unit->warm && count >= t->next / 2) {
            warm_up(vm, unit);
        }
    }
    if (t->entry && !(frame->proto->flags & RF_PROTO_GENERATOR)) {
        return enter(vm, frame, unit, t);
    }
    arm_call(unit);
    return NULL;
}

RfNativeEntry *rf_policy_call(RfVm *vm, RfFrame *frame)
{
    RfUnit *unit = frame->proto->jit;
    if (__builtin_expect(unit && unit->entry, 1)) {
        unit->entries++;
        frame->owner = unit->fn.image;
        return unit->entry;
    }
    return slow_call(vm, frame);
}

static bool any_loop_entry(const RfUnit *unit)
{
    for (uint32_t i = 0; i < unit->nloops; i++) {
        if (unit->loops[i].entry) {
            return true;
        }
    }
    return false;
}

/* Counts until this loop is looked at again. Loops of a function share its counter, and what was counted is put down to the
 * loop that is found running: looking eight times before a loop is hot makes that right enough. */
static uint32_t loop_step(const RfJit *jit, const RfUnit *unit, RfTarget *t)
{
    if (t->state == RF_TARGET_QUEUED) {
        return queue_step(t);
    }
    if (t->entry) {
        return t->rest - t->count < STEP_LAST ? (uint32_t)(t->rest - t->count) : STEP_LAST;
    }
    if (any_loop_entry(unit)) {
        return RF_STEP_FIRST;
    }
    uint64_t most = jit->loop_threshold / 8 ? jit->loop_threshold / 8 : 1;
    uint64_t left = left_of(unit, t, t->count);
    return (uint32_t)(left < most ? left : most);
}

/* Whether the code of a loop is to be entered now. Code that an exit ends at once would cost two changes of tier for each
 * turn: after some of these it is left alone for more and more turns. */
static bool may_enter(const RfUnit *unit, RfTarget *t)
{
    if (t->count < t->rest) {
        return false;
    }
    bool again = unit->exits != t->exits && t->count - t->entered_at <= 1 + (t->rest ? RETURNS_REST : 0);
    t->returns = !again ? 0 : t->returns < RETURNS_FREE + 12 ? t->returns + 1 : t->returns;
    t->rest = t->returns > RETURNS_FREE ? t->count + (1u << (t->returns - RETURNS_FREE)) : 0;
    t->entered_at = t->count;
    t->exits = unit->exits;
    return true;
}

/* The loop whose header `frame` is at, its count up to date. NULL when the function has too many loops. */
static RfTarget *running_loop(const RfJit *jit, RfUnit *unit, const RfFrame *frame)
{
    RfProto *proto = unit->proto;
    RfTarget *t = rf_unit_loop(unit, (int32_t)(frame->pc - proto->code), true);
    if (!t) {
        proto->loop_trigger = trigger_at((uint64_t)proto->loop_count + STEP_LAST);
        return NULL;
    }
    if (t->count == 0 && t->next == 0) {
        t->next = jit->loop_threshold;
    }
    t->count += proto->loop_count - unit->loop_mark;
    unit->loop_mark = proto->loop_count;
    return t;
}

/* A back edge in the body of a generator: there is code for all of the body or none, and it can be entered at its loops. */
static RfNativeEntry *generator_loop(RfVm *vm, RfFrame *frame)
{
    RfJit *jit = rf_jit_of(vm);
    RfProto *proto = frame->proto;
    RfUnit *unit = rf_unit_of(vm, proto);
    RfTarget *body = &unit->fn, *t = running_loop(jit, unit, frame);
    if (!t) {
        return NULL;
    }
    if (!body->entry) {
        rf_install_answers(vm);
    }
    if (!body->entry && body->state != RF_TARGET_QUEUED && body->next != RF_COUNT_NEVER) {
        if (t->count >= t->next) {
            rf_install_request(vm, unit, body, frame);
            t->next = t->count + unit->patience * jit->loop_threshold; /* unless there is code now, or soon */
        } else if (!unit->warm && t->count >= t->next / 2) {
            warm_up(vm, unit);
        }
    }
    if (body->entry && may_enter(unit, t)) {
        proto->loop_trigger = 0;
        jit->counts.osr++;
        return enter(vm, frame, unit, body);
    }
    uint64_t step = body->state == RF_TARGET_QUEUED ? queue_step(body)
                    : body->entry                   ? t->rest - t->count
                                                    : loop_step(jit, unit, t);
    proto->loop_trigger = trigger_at((uint64_t)proto->loop_count + (step < STEP_LAST ? step : STEP_LAST));
    return NULL;
}

/* A loop with few turns in each of many calls: the function is what is to be compiled, and the loop would only be one more
 * compile in its way. */
static bool function_instead(const RfJit *jit, const RfUnit *unit, const RfTarget *t)
{
    uint32_t calls = unit->proto->call_count;
    return calls >= CALLS_MANY && t->count / calls < TURNS_FEW && jit->loop_threshold > TURNS_FEW &&
           unit->fn.next != RF_COUNT_NEVER && unit->fn.state != RF_TARGET_REJECTED &&
           rf_unit_function_allowed(jit, unit->proto);
}

/* Loops in loops get hot from the inside out. The code of the outer one contains the inner ones: when it is being made, theirs
 * need not be. When it is there, it is entered as soon as the inner loop ends; only one that does not end for long is asked for. */
static bool outer_instead(const RfJit *jit, const RfUnit *unit, RfTarget *t)
{
    for (uint32_t i = 0; i < unit->nloops; i++) {
        const RfTarget *outer = &unit->loops[i];
        bool soon = outer->entry && outer->count >= outer->rest;
        if ((!soon && outer->state != RF_TARGET_QUEUED) || !is_inside(unit->proto, t, outer)) {
            continue;
        }
        if (soon) { /* without code of its own, a target does not need this field */
            t->entered_at = t->entered_at ? t->entered_at : t->count;
        }
        if (!soon || t->count - t->entered_at < OUTER_SOON * (uint64_t)jit->loop_threshold) {
            return true;
        }
    }
    return false;
}

RfNativeEntry *rf_policy_loop(RfVm *vm, RfFrame *frame)
{
    RfJit *jit = rf_jit_of(vm);
    RfProto *proto = frame->proto;
    if (proto->flags & RF_PROTO_GENERATOR) {
        return generator_loop(vm, frame);
    }
    RfUnit *unit = rf_unit_of(vm, proto);
    RfTarget *t = running_loop(jit, unit, frame);
    if (!t) {
        return NULL;
    }
    int32_t pc = t->pc;
    if (!t->entry) {
        rf_install_answers(vm);
        t = rf_unit_target(unit, pc);
    }
    if (!t->entry && t->state != RF_TARGET_QUEUED && t->next != RF_COUNT_NEVER) {
        if (t->count >= t->next && function_instead(jit, unit, t)) {
            t->next = t->count + jit->loop_threshold;
            if (unit->fn.state == RF_TARGET_COLD && !unit->fn.entry) {
                unit->fn.next =
                    proto->call_count < unit->fn.next ? proto->call_count : unit->fn.next; /* its next call */
                arm_call(unit);
            }
        } else if (t->count >= t->next && outer_instead(jit, unit, t)) {
            t->next = t->count + jit->loop_threshold;
        } else if (t->count >= t->next) {
            rf_install_request(vm, unit, t, frame);
            t = rf_unit_target(unit, pc);
            if (t->state == RF_TARGET_QUEUED) {
                cancel_inner(jit, unit, t);
                cancel_left(vm);
            }
        } else if (!unit->warm && t->count >= t->next / 2) {
            warm_up(vm, unit);
        }
    }
    if (t->entry && may_enter(unit, t)) {
        proto->loop_trigger = 0;
        jit->counts.osr++;
        if (!t->traced || jit->settings->debug > 1) {
            t->traced = true;
            rf_trace_osr(unit, pc);
        }
        return enter(vm, frame, unit, t);
    }
    proto->loop_trigger = trigger_at((uint64_t)proto->loop_count + loop_step(jit, unit, t));
    return NULL;
}
