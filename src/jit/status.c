/* What scripts see of the JIT: jit_status() and vm_stats() (stdlib.md 4). */
#include "jit/policy.h"

static void put(RfDict *d, const char *key, RfValue v)
{
    rf_dict_set_cstr(d, key, v);
}

static RfValue text(const char *s)
{
    return rf_obj(rf_string_from_cstr(s));
}

static RfValue number(uint64_t n)
{
    return rf_int((int64_t)n);
}

/* The best state of a function's targets. */
static const char *tier_of(const RfUnit *unit)
{
    bool queued = false, rejected = false;
    for (uint32_t i = 0; i <= unit->nloops; i++) {
        const RfTarget *t = i < unit->nloops ? &unit->loops[i] : &unit->fn;
        if (t->entry) {
            return "jit";
        }
        queued = queued || t->state == RF_TARGET_QUEUED;
        rejected = rejected || t->state == RF_TARGET_REJECTED;
    }
    return queued ? "queued" : rejected ? "rejected" : "vm";
}

void rf_status_function(RfVm *vm, const RfProto *proto, RfDict *out)
{
    (void)vm;
    const RfUnit *unit = proto->jit;
    if (unit) {
        put(out, "tier", text(tier_of(unit)));
        put(out, "entries", number(unit->entries + unit->resume.entered));
        put(out, "deopts", number(unit->deopts));
        put(out, "compiles", number(unit->compiles));
        if (unit->reason != RF_REASON_NONE) {
            put(out, "reason", text(rf_reason_text[unit->reason]));
        }
    }
}

RfJitCounts rf_status_counts(const RfJit *jit)
{
    RfJitCounts counts = jit->counts;
    for (const RfUnit *unit = jit->units; unit; unit = unit->next) {
        counts.entered += unit->entries + unit->resume.entered;
    }
    return counts;
}

void rf_status_vm(RfVm *vm, RfDict *out)
{
    RfJitCounts counts = rf_status_counts(rf_jit_of(vm));
    put(out, "compiled", number(counts.installed));
    put(out, "entries", number(counts.entered));
    put(out, "deopts", number(counts.guards));
    put(out, "rejects", number(counts.rejected));
    put(out, "compile_ms", rf_int((int64_t)counts.compile_ms));
    put(out, "cache_hits", number(counts.cache_hits));
    put(out, "cache_stores", number(counts.cache_stores));
    put(out, "jit", rf_bool(true));
}
