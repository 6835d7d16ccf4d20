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
        unit->reason = w.reason;
        vm->profile_left = RF_PROFILE_WINDOW; /* for what comes instead */
    } else {
        unit->level = level; /* an old image in which somebody still runs */
    }
}

/* What the guard may have wanted: classes met there before. */
static uint16_t expected_class(const RfProto *proto, uint32_t pc, uint16_t got)
{
    return proto->profile ? proto->profile->tos[pc] & (uint16_t) ~(RF_CLASS_SEEN | got) : 0;
}

void rf_deopt_exit(RfVm *vm, RfImage *image, uint32_t exit)
{
    RfJit *jit = rf_jit_of(vm);
    const RfExit *e = &image->head.exits[exit];
    RfProto *proto = image->protos[e->unit];
    RfUnit *unit = rf_unit_of(vm, proto);
    uint32_t fails = image->exit_counts[exit];
    jit->counts.deopts++;
    unit->exits++;
    if (e->reason != RF_REASON_NONE) {
        unit->reason = e->reason;
    }
    if (e->guard) {
        jit->counts.guards++;
        unit->deopts++;
        if (jit->settings->debug) {
            bool typed = e->reason == RF_REASON_TYPE_GUARD && vm->sp > vm->frame->fp + proto->nlocals;
            uint16_t got = typed ? rf_value_class(vm->sp[-1]) : 0;
            rf_trace_guard(unit, e->pc, typed ? expected_class(proto, e->pc, got) : 0, got, fails);
        }
    }
    rf_trace_deopt(unit, e->pc, e->reason, unit->exits);
    if (e->guard && unit->level < LEVEL_GENERIC && (fails >= EXIT_LIMIT || failures(image, e->unit) >= UNIT_LIMIT)) {
        invalidate(vm, image, unit, e->reason);
    }
}
