/* The `JIT:` lines of DEBUG_JIT and its relatives (cli.md 5.1). Each function is silent unless its line is wanted; callers
 * need not ask first, except where they would have to find out something for it. */
#ifndef RF_JIT_TRACE_H
#define RF_JIT_TRACE_H

#include "jit/policy.h"

/* pc: that of the target, which says whether the line is about the function or a loop. */
void rf_trace_config(const RfJit *jit, RfReason disabled); /* jit: settings and thresholds; NONE: in use */
void rf_trace_hot(const RfUnit *unit, int32_t pc);
void rf_trace_queue(const RfUnit *unit, int32_t pc, uint32_t batch, uint32_t pending);
void rf_trace_compile(const RfUnit *unit, int32_t pc, const RfWorkerAnswer *answer); /* and its IR and assembly */
void rf_trace_install(const RfUnit *unit, int32_t pc, bool function, uint32_t loops, bool from_cache);
void rf_trace_enter(const RfUnit *unit, int32_t pc);
void rf_trace_osr(const RfUnit *unit, int32_t pc);
void rf_trace_guard(const RfUnit *unit, uint32_t pc, uint16_t expected, uint16_t got, uint32_t fails);
/* expected, got: as of the guard line, 0 when not known; only the observer (vm/observe.h) hears of them */
void rf_trace_deopt(const RfUnit *unit, uint32_t pc, RfReason reason, uint32_t count, uint16_t expected, uint16_t got);
void rf_trace_invalidate(const RfUnit *unit, int32_t pc, RfReason reason, uint64_t retry);
void rf_trace_reject(const RfUnit *unit, int32_t pc, RfReason reason, int64_t at); /* at: instruction or -1 */
void rf_trace_cache_hit(const RfUnit *unit, int32_t pc, const char *key, double ms);
void rf_trace_cache_miss(const RfUnit *unit, int32_t pc, const char *key);
void rf_trace_cache_store(const RfUnit *unit, int32_t pc, const char *key, size_t bytes);
void rf_trace_cache_bad(const RfUnit *unit, int32_t pc, const char *key, RfReason reason);
void rf_trace_stats(const RfJitCounts *counts);
/* DEBUG_JIT_CALL, in two parts: the arguments before they are consumed, the line after the call. out is empty before and may
 * be freed after. */
void rf_trace_call_begin(RfBuf *out, const RfUnit *unit, const RfValue *args, uint32_t count);
void rf_trace_call_end(RfBuf *out, RfRet result);

#endif
