/* Reason codes of DEBUG_JIT lines, jit_status() and `ruff explain`: one table. */
#ifndef RF_JIT_REASON_H
#define RF_JIT_REASON_H

/* clang-format off */
#define RF_REASONS(R) \
    R(NONE, "") \
    R(UNSUPPORTED_OP, "unsupported-op") R(TOO_LARGE, "too-large") R(TOO_MANY_LOCALS, "too-many-locals") \
    R(GENERATOR, "generator") R(ASYNC, "async") R(UNSTABLE_TYPES, "unstable-types") \
    R(COMPILE_TIMEOUT, "compile-timeout") R(BACKEND_ERROR, "backend-error") R(BACKEND_MISSING, "backend-missing") \
    R(DISABLED, "disabled") R(BLACKLISTED, "blacklisted") \
    R(TYPE_GUARD, "type-guard") R(OVERFLOW, "overflow") R(BOUNDS, "bounds") R(MISSING_KEY, "missing-key") \
    R(SHAPE, "shape") R(CALLEE_CHANGED, "callee-changed") R(GLOBAL_CHANGED, "global-changed") \
    R(SHADOWED_BUILTIN, "shadowed-builtin") R(EXCEPTION, "exception") R(DEPTH_LIMIT, "depth-limit") \
    R(DEBUGGER, "debugger") R(TOO_MANY_DEOPTS, "too-many-deopts") \
    R(VERSION, "version") R(CHECKSUM, "checksum") R(CPU, "cpu") R(TRUNCATED, "truncated")
typedef enum RfReason {
#define RF_REASON_ENUM(name, text) RF_REASON_##name,
    RF_REASONS(RF_REASON_ENUM)
#undef RF_REASON_ENUM
    RF_REASON_COUNT
} RfReason;
/* clang-format on */

extern const char *const rf_reason_text[RF_REASON_COUNT];

#endif
