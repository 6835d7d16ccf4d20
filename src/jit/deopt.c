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
    /* the functions it calls hardly ever call the hot one: their code can stay when its guard failed */
    bool own = unit->proto == image->protos[0] && rf_unit_withdraw(vm, image, unit, withdrawn, &w);
    if (own || rf_unit_withdraw(vm, image, NULL, withdrawn, &w)) {
        unit->invalidations++;
        image->withdrawn = true;
        rf_vm_request(vm);
        unit->reason = w.reason;
        vm->profile_left = RF_PROFILE_WINDOW; /* for what comes instead */
    } else {
        unit->level = level; /* an old image in which somebody still runs */
    }
}

/* For the `guard` line: the operand that surprised - the one below an int when the instruction takes two - and what the guard
 * may have wanted: a class met there before, else an int. */
static void trace_guard(const RfVm *vm, const RfUnit *unit, const RfExit *e, uint32_t fails)
{
    const RfProto *proto = unit->proto;
    const RfValue *bottom = vm->frame->fp + proto->nlocals;
    uint16_t got = 0, expected = 0;
    if (e->reason == RF_REASON_TYPE_GUARD && vm->sp > bottom) {
        int pops, pushes, at_target;
        rf_op_effect(proto, proto->code[e->pc], &pops, &pushes, &at_target);
        got = rf_value_class(vm->sp[-1]);
        if (got == RF_CLASS_INT && pops == 2 && vm->sp - bottom >= 2) {
            got = rf_value_class(vm->sp[-2]);
        }
        expected = proto->profile ? proto->profile->tos[e->pc] & (uint16_t) ~(RF_CLASS_SEEN | got) : 0;
        expected = expected ? expected : got != RF_CLASS_INT ? RF_CLASS_INT : 0;
    }
    rf_trace_guard(unit, e->pc, expected, got, fails);
}

void rf_deopt_exit(RfVm *vm, RfImage *image, uint32_t exit)
{
    RfJit *jit = rf_jit_of(vm);
    const RfExit *e = &image->head.exits[exit];
    RfProto *proto = image->protos[e->unit];
    RfUnit *unit = rf_unit_of(vm, proto);
    uint32_t fails = image->exit_counts[exit];
    if (e->reason == RF_REASON_NONE) { /* the loop is over */
        return;
    }
    jit->counts.deopts++;
    unit->exits++;
    unit->reason = e->reason;
    if (e->guard) {
        jit->counts.guards++;
        unit->deopts++;
        if (jit->settings->debug) {
            trace_guard(vm, unit, e, fails);
        }
    }
    rf_trace_deopt(unit, e->pc, e->reason, unit->exits);
    if (e->guard && image->withdrawn) {
        rf_vm_request(vm); /* somewhere below a loop still runs in this code */
    }
    if (e->guard && unit->level < LEVEL_GENERIC && (fails >= EXIT_LIMIT || failures(image, e->unit) >= UNIT_LIMIT)) {
        invalidate(vm, image, unit, e->reason);
    }
}
