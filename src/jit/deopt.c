/* Native code was left: counting, and withdrawing code whose guesses were wrong.
 *
 * The function with the failing guard is compiled more carefully from then on (its level), in whatever job it comes. Code is
 * withdrawn by image: all entries of an image may lead to its failing guard. A frame that runs in it goes on. */
#include "jit/trace.h"

#define EXIT_LIMIT 8u  /* failures of one guard */
#define UNIT_LIMIT 32u /* of all guards of a function */
#define ROUNDS 6u      /* then the code is compiled without guesses, for good */
#define LEVEL_CAREFUL 1
#define LEVEL_GENERIC 2

typedef struct Withdrawal {
    RfReason reason;
    uint32_t round;
} Withdrawal;

static void withdrawn(RfVm *vm, RfUnit *unit, int32_t pc, void *context)
{
    const Withdrawal *w = context;
    RfJit *jit = rf_jit_of(vm);
    uint32_t shift = w->round - 1 < 10 ? w->round - 1 : 10;
    uint64_t calls = (uint64_t)jit->threshold << shift, edges = (uint64_t)jit->loop_threshold << shift;
    jit->counts.invalidated++;
    rf_trace_invalidate(unit, pc, w->reason, pc < 0 ? calls : edges);
    if (!unit->fn.entry && unit->fn.next != RF_COUNT_NEVER) {
        unit->fn.next = unit->proto->call_count + calls;
    }
    for (uint32_t i = 0; i < unit->nloops; i++) {
        RfTarget *t = &unit->loops[i];
        if (!t->entry && t->next != RF_COUNT_NEVER) {
            t->next = t->count + edges;
        }
    }
}

/* Failures of the guards of one unit of the image. */
static uint64_t failures(const RfImage *image, uint32_t unit)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < image->head.nexits; i++) {
        const RfExit *e = &image->head.exits[i];
        n += e->unit == unit && e->guard ? image->exit_counts[i] : 0;
    }
    return n;
}

static void invalidate(RfVm *vm, RfImage *image, RfUnit *unit, RfReason reason)
{
    Withdrawal w = {.reason = reason, .round = unit->invalidations + 1};
    bool last = w.round >= ROUNDS;
    w.reason = last ? RF_REASON_TOO_MANY_DEOPTS : reason;
    uint8_t level = unit->level;
    unit->level = last ? LEVEL_GENERIC : LEVEL_CAREFUL;
    if (rf_unit_withdraw(vm, image, withdrawn, &w)) {
        unit->invalidations++;
        image->withdrawn = true;
        rf_vm_request(vm);
        unit->reason = w.reason;
        vm->profile_left = RF_PROFILE_WINDOW; /* for what comes instead */
    } else {
        unit->level = level; /* an old image in which somebody still runs */
    }
}

/* For the `guard` line: what the guard wanted, and the operand or argument that surprised it. */
static void find_classes(const RfVm *vm, const RfUnit *unit, const RfExit *e, uint16_t *found, uint16_t *wanted)
{
    const RfProto *proto = unit->proto;
    const RfValue *fp = vm->frame->fp, *bottom = fp + proto->nlocals;
    uint16_t got = 0, expected = e->expected;
    int pops, pushes, at_target;
    rf_op_effect(proto, proto->code[e->pc], &pops, &pushes, &at_target);
    if (e->reason == RF_REASON_SHAPE || e->reason == RF_REASON_CALLEE_CHANGED) { /* receiver or callee lies deepest */
        bool there = pops > 0 && vm->sp - bottom >= pops;
        expected = e->reason == RF_REASON_SHAPE ? RF_CLASS_STRUCT : RF_CLASS_FUNCTION;
        got = there ? rf_value_class(vm->sp[-pops]) : 0;
    } else if (vm->sp > bottom) {
        got = rf_value_class(vm->sp[-1]);
        for (const RfValue *v = vm->sp - 1; expected && v >= bottom && (got & expected); v--) {
            got = rf_value_class(*v);
        }
    }
    for (uint32_t i = 0; e->pc == 0 && !got && i < proto->nparams; i++) {
        uint16_t class = rf_value_class(fp[i]);
        got = class & expected ? 0 : class;
    }
    *found = got;
    *wanted = expected;
}

void rf_deopt_exit(RfVm *vm, RfImage *image, uint32_t exit)
{
    RfJit *jit = rf_jit_of(vm);
    const RfExit *e = &image->head.exits[exit];
    RfProto *proto = image->protos[e->unit];
    RfUnit *unit = rf_unit_of(vm, proto);
    uint32_t fails = image->exit_counts[exit];
    uint16_t got = 0, expected = 0;
    if (e->reason == RF_REASON_NONE) { /* the loop is over */
        return;
    }
    jit->counts.deopts++;
    unit->exits++;
    unit->reason = e->reason;
    if (e->guard) {
        jit->counts.guards++;
        unit->deopts++;
        if (jit->settings->debug || vm->config.observer) {
            find_classes(vm, unit, e, &got, &expected);
            rf_trace_guard(unit, e->pc, expected, got, fails);
        }
    }
    rf_trace_deopt(unit, e->pc, e->reason, unit->exits, expected, got);
    if (e->guard && image->withdrawn) {
        rf_vm_request(vm); /* somewhere below a loop still runs in this code */
    }
    if (e->guard && unit->level < LEVEL_GENERIC && (fails >= EXIT_LIMIT || failures(image, e->unit) >= UNIT_LIMIT)) {
        invalidate(vm, image, unit, e->reason);
    }
}
