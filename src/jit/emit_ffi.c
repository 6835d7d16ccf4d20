/* C functions called by generated code, and memory of C read and written by it. Everything goes by the key of the function
 * (vm/ctype.h) or by the constant word of a type: arguments are unboxed and checked here, and what does not suit, and every error,
 * is the interpreter's business. The function's address is data: it is read from the function value at each call. */
#include <string.h>

#include "jit/compile.h"
#include "runtime/foreign.h"
#include "vm/ctype.h"

#define PARAMS RF_CKEY_PARAMS

static bool boxed(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
}

/* The libgccjit type of a C type; aligned 1 for memory. */
static T c_type(Emit *e, RfCKind kind)
{
    static const enum gcc_jit_types by_bytes[2][9] = {
        {[1] = GCC_JIT_TYPE_SIGNED_CHAR,
         [2] = GCC_JIT_TYPE_SHORT,
         [4] = GCC_JIT_TYPE_INT,
         [8] = GCC_JIT_TYPE_LONG_LONG},
        {[1] = GCC_JIT_TYPE_UNSIGNED_CHAR,
         [2] = GCC_JIT_TYPE_UNSIGNED_SHORT,
         [4] = GCC_JIT_TYPE_UNSIGNED_INT,
         [8] = GCC_JIT_TYPE_UNSIGNED_LONG_LONG},
    };
    const RfCInfo *info = &rf_ctype_info[kind];
    enum gcc_jit_types type = GCC_JIT_TYPE_VOID_PTR;
    switch ((RfCClass)info->class) {
    case RF_CCLASS_VOID: type = GCC_JIT_TYPE_VOID; break;
    case RF_CCLASS_BOOL: type = GCC_JIT_TYPE_BOOL; break;
    case RF_CCLASS_SIGNED: type = by_bytes[0][info->bytes]; break;
    case RF_CCLASS_UNSIGNED: type = by_bytes[1][info->bytes]; break;
    case RF_CCLASS_FLOAT: type = info->bytes == 4 ? GCC_JIT_TYPE_FLOAT : GCC_JIT_TYPE_DOUBLE; break;
    case RF_CCLASS_STRING:
    case RF_CCLASS_POINTER: break;
    }
    return rf_gcc.context_get_type(e->c->ctx, type);
}

static R tag_is(Emit *e, uint32_t slot, RfTag tag)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, slot))), rf_kt(e, e->c->t_u64, tag));
}

static R object_of(Emit *e, uint32_t slot)
{
    return rf_val(e, rf_payload_p(e, rf_place(e, slot)));
}

/* ---- values to C ---- */

/* Can the value of slot be given for a parameter of this kind without asking the VM? */
static bool suits(const Emit *e, uint32_t slot, RfCKind kind)
{
    const Slot *s = &e->s.slots[slot];
    switch ((RfCClass)rf_ctype_info[kind].class) {
    case RF_CCLASS_BOOL: return s->k == K_BOOL || boxed(s);
    case RF_CCLASS_SIGNED:
    case RF_CCLASS_UNSIGNED: return s->k == K_INT || s->k == K_BOOL || boxed(s);
    case RF_CCLASS_FLOAT: return s->k == K_INT || s->k == K_FLOAT || boxed(s);
    case RF_CCLASS_POINTER: return s->k == K_NULL || boxed(s);
    case RF_CCLASS_VOID:
    case RF_CCLASS_STRING: break;
    }
    return false;
}

static L int_argument(Emit *e, uint32_t slot, RfCKind kind)
{
    RfCompiler *c = e->c;
    L v = rf_temp(e, c->t_i64);
    rf_set(e, v, rf_as_int(e, slot, RF_REASON_TYPE_GUARD));
    unsigned bits = rf_ctype_info[kind].bytes * 8u;
    if (bits < 64) { /* v - low <= high - low, unsigned */
        int64_t low = rf_ctype_info[kind].class == RF_CCLASS_SIGNED ? -(INT64_C(1) << (bits - 1)) : 0;
        R above = rf_cast(e, rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_i64, rf_val(e, v), rf_k(e, low)), c->t_u64);
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_LE, above, rf_kt(e, c->t_u64, (INT64_C(1) << bits) - 1)),
                 RF_REASON_OVERFLOW);
    }
    return v;
}

static L bool_argument(Emit *e, uint32_t slot)
{
    L v = rf_temp(e, e->c->t_i64);
    if (e->s.slots[slot].k == K_BOOL) {
        rf_set(e, v, rf_val(e, rf_ireg(e, slot)));
    } else {
        rf_guard(e, tag_is(e, slot, RF_TAG_BOOL), RF_REASON_TYPE_GUARD);
        rf_set(e, v, rf_val(e, rf_payload(e, rf_place(e, slot))));
    }
    return v;
}

static void guard_alive(Emit *e, R extent)
{
    R freed = rf_val(e, rf_at(e, extent, offsetof(RfExtent, freed), e->c->t_u8));
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, freed, rf_kt(e, e->c->t_u8, 0)), RF_REASON_BOUNDS);
}

/* null, a pointer, or bytes */
static L pointer_argument(Emit *e, uint32_t slot)
{
    RfCompiler *c = e->c;
    L v = rf_temp(e, c->t_u8p);
    rf_set(e, v, rf_kt(e, c->t_u8p, 0));
    if (e->s.slots[slot].k == K_NULL || e->dry || !e->block) {
        return v;
    }
    gcc_jit_block *pointer = rf_block(e), *other = rf_block(e), *bytes = rf_block(e), *on = rf_block(e);
    rf_branch(e, tag_is(e, slot, RF_TAG_POINTER), pointer, other);
    e->block = pointer;
    R p = object_of(e, slot);
    guard_alive(e, rf_val(e, rf_at(e, p, offsetof(RfPointer, extent), c->t_u8p)));
    rf_set(e, v, rf_val(e, rf_at(e, object_of(e, slot), offsetof(RfPointer, address), c->t_u8p)));
    rf_jump(e, on);
    e->block = other;
    rf_branch(e, tag_is(e, slot, RF_TAG_NULL), on, bytes);
    e->block = bytes;
    rf_guard(e, tag_is(e, slot, RF_TAG_BYTES), RF_REASON_TYPE_GUARD);
    rf_set(e, v, rf_addr(e, rf_at(e, object_of(e, slot), offsetof(RfBytes, data), c->t_u8)));
    rf_jump(e, on);
    e->block = on;
    return v;
}

/* The value of slot as C has it, in a variable. Guards only: nothing of the state changes. */
static L argument(Emit *e, uint32_t slot, RfCKind kind)
{
    switch ((RfCClass)rf_ctype_info[kind].class) {
    case RF_CCLASS_BOOL: return bool_argument(e, slot);
    case RF_CCLASS_FLOAT: return rf_number_in(e, slot);
    case RF_CCLASS_POINTER: return pointer_argument(e, slot);
    default: return int_argument(e, slot, kind);
    }
}

static R as_c(Emit *e, L v, RfCKind kind)
{
    return e->dry || !e->block ? NULL : rf_cast(e, rf_val(e, v), c_type(e, kind));
}

/* ---- values from C ---- */

/* Pushes what C gave: raw holds a value of the kind's C type. The operands are gone. `unsure`: code for a value that no int can
 * hold; leaves the block. */
static void push_result(Emit *e, RfCKind kind, L raw, void (*unsure)(Emit *e, L raw))
{
    RfCompiler *c = e->c;
    const RfCInfo *info = &rf_ctype_info[kind];
    switch ((RfCClass)info->class) {
    case RF_CCLASS_VOID: rf_push_slot(e, K_NULL); return;
    case RF_CCLASS_BOOL: {
        uint32_t d = rf_push_slot(e, K_BOOL);
        rf_set(e, rf_ireg(e, d), rf_cast(e, rf_val(e, raw), c->t_i64));
        return;
    }
    case RF_CCLASS_FLOAT: {
        uint32_t d = rf_push_slot(e, K_FLOAT);
        rf_set(e, rf_freg(e, d), info->bytes == 8 ? rf_val(e, raw) : rf_cast(e, rf_val(e, raw), c->t_f64));
        return;
    }
    case RF_CCLASS_UNSIGNED:
        if (info->bytes == 8) {
            unsure(e, raw);
        }
        break;
    default: break;
    }
    uint32_t d = rf_push_slot(e, K_INT);
    rf_set(e, rf_ireg(e, d), rf_cast(e, rf_val(e, raw), c->t_i64));
}

/* Pushes a string or pointer that C gave. */
static void push_object(Emit *e, RfCKind kind, L raw)
{
    L value = rf_temp(e, e->c->t_value), status = rf_temp(e, e->c->t_i32);
    if (!e->dry && e->block) {
        R args[6] = {e->vm,         e->frame,       rf_where(e),
                     rf_k(e, kind), rf_val(e, raw), rf_cast(e, rf_addr(e, value), e->c->t_ptr)};
        rf_set(e, status, rf_help(e, RF_HELPER_foreign_object, 6, args));
        rf_check(e, rf_val(e, status));
    }
    uint32_t d = rf_push_slot(e, K_HOME);
    if (!e->dry && e->block) {
        rf_copy_value(e, rf_home(e, d), rf_cast(e, rf_addr(e, value), e->c->t_valuep));
    }
    rf_speculate(e, d, e->u->tos[e->pc + 1], e->pc + 1);
}

static bool is_object(RfCKind kind)
{
    return rf_ctype_info[kind].class == RF_CCLASS_STRING || rf_ctype_info[kind].class == RF_CCLASS_POINTER;
}

/* The result of a call that has been made is too large for an int: that is an error now. */
static void raise_too_large(Emit *e, L raw)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return;
    }
    gcc_jit_block *fits = rf_block(e), *large = rf_block(e);
    R good = rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_cast(e, rf_val(e, raw), c->t_i64), rf_k(e, 0));
    rf_branch(e, rf_likely(e, good, true), fits, large);
    e->block = large;
    R args[4] = {e->vm, e->frame, rf_where(e), rf_val(e, raw)};
    rf_eval(e, rf_help(e, RF_HELPER_foreign_too_large, 4, args));
    gcc_jit_block *out = rf_rare_error(e, RF_REASON_EXCEPTION);
    rf_jump(e, out);
    e->block = fits;
}

/* ---- calls ---- */

static L state_at(Emit *e, size_t offset, T type)
{
    return rf_at(e, e->vm, (int64_t)(offsetof(RfVm, foreign) + offset), type);
}

/* The call itself: frame and place for callbacks, errno around it. */
static void call(Emit *e, uint64_t key, R address, L *values, L result)
{
    RfCompiler *c = e->c;
    unsigned n = rf_ckey_count(key);
    R args[PARAMS + 1];
    for (unsigned i = 0; i < n; i++) {
        args[i] = as_c(e, values[i], rf_ckey_param(key, i));
    }
    T i32p = rf_gcc.type_get_pointer(c->t_i32);
    rf_set(e, state_at(e, offsetof(RfForeignState, frame), c->t_ptr), e->frame);
    rf_set(e, state_at(e, offsetof(RfForeignState, where), c->t_u64), rf_where(e));
    if (key & RF_CKEY_ERRNO) {
        rf_set(e, rf_at(e, rf_val(e, state_at(e, offsetof(RfForeignState, errno_place), i32p)), 0, c->t_i32),
               rf_kt(e, c->t_i32, 0));
    }
    R made = rf_gcc.context_new_call_through_ptr(c->ctx, NULL, address, (int)n, args);
    if (result) {
        rf_set(e, result, made);
    } else {
        rf_eval(e, made);
    }
    if (key & RF_CKEY_ERRNO) {
        rf_set(e, state_at(e, offsetof(RfForeignState, last_errno), c->t_i32),
               rf_val(e, rf_at(e, rf_val(e, state_at(e, offsetof(RfForeignState, errno_place), i32p)), 0, c->t_i32)));
    }
}

/* After the call: an error of a callback is raised. */
static void check_failed(Emit *e)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return;
    }
    gcc_jit_block *good = rf_block(e), *bad = rf_block(e);
    R failed = rf_val(e, state_at(e, offsetof(RfForeignState, failed), c->t_u32));
    rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, failed, rf_kt(e, c->t_u32, 0)), true), good, bad);
    e->block = bad;
    R args[3] = {e->vm, e->frame, rf_where(e)};
    rf_eval(e, rf_help(e, RF_HELPER_foreign_raise, 3, args));
    gcc_jit_block *out = rf_rare_error(e, RF_REASON_EXCEPTION);
    rf_jump(e, out);
    e->block = good;
}

bool rf_gen_foreign(Emit *e, uint32_t argc, uint64_t key)
{
    RfCompiler *c = e->c;
    uint32_t callee = rf_top(e) - argc;
    if (e->u->level >= 2 || !boxed(&e->s.slots[callee]) || rf_ckey_count(key) != argc) {
        return false;
    }
    for (uint32_t i = 0; i < argc; i++) {
        if (!suits(e, callee + 1 + i, rf_ckey_param(key, i))) {
            return false;
        }
    }
    rf_noisy(e); /* a callback wants the frame */
    RfCKind kind = rf_ckey_result(key);
    bool emits = !e->dry && e->block;
    L address = NULL, result = NULL, values[PARAMS] = {NULL};
    if (emits) {
        rf_guard(e, tag_is(e, callee, RF_TAG_FOREIGN), RF_REASON_CALLEE_CHANGED);
        R its = rf_val(e, rf_at(e, object_of(e, callee), offsetof(RfForeign, key), c->t_u64));
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, its, rf_kt(e, c->t_u64, (int64_t)key)), RF_REASON_CALLEE_CHANGED);
        T types[PARAMS + 1];
        for (uint32_t i = 0; i < argc; i++) {
            types[i] = c_type(e, rf_ckey_param(key, i));
        }
        T fn = rf_gcc.context_new_function_ptr_type(c->ctx, NULL, c_type(e, kind), (int)argc, types, 0);
        address = rf_temp(e, fn);
        rf_set(e, address, rf_val(e, rf_at(e, object_of(e, callee), offsetof(RfForeign, address), fn)));
        result = kind == RF_C_VOID ? NULL : rf_temp(e, c_type(e, kind));
    }
    for (uint32_t i = 0; i < argc; i++) {
        values[i] = argument(e, callee + 1 + i, rf_ckey_param(key, i));
    }
    /* A callback may change globals. The function itself may go: its code stays until no callback runs any more. */
    if (e->s.slots[callee].k == K_GALIAS) {
        rf_set_slot(e, callee, K_NULL);
        e->exit_block = NULL;
    }
    rf_unalias_global(e, -1);
    if (emits) {
        call(e, key, rf_val(e, address), values, result);
    }
    rf_view_clear_globals(e);
    for (uint32_t i = 0; i <= argc; i++) {
        rf_pop_slot(e);
    }
    check_failed(e);
    if (is_object(kind)) {
        push_object(e, kind, result);
    } else {
        push_result(e, kind, result, raise_too_large);
    }
    return true;
}

/* ---- ffi_read and ffi_write with a constant type ---- */

static bool constant_type(const Emit *e, uint32_t slot, RfCKind *kind)
{
    const Slot *s = &e->s.slots[slot];
    const RfJobConst *k = s->k == K_CONST ? &e->u->consts[s->n] : NULL;
    return k && k->tag == RF_TAG_STRING && rf_ctype_find(k->text, k->len, kind) && *kind != RF_C_VOID;
}

/* The address of the C value at pointer + offset, which lies within the pointer's bounds. offset: a slot, or 0 for none. */
static L place_in_memory(Emit *e, uint32_t pointer, uint32_t offset, RfCKind kind)
{
    RfCompiler *c = e->c;
    L at = rf_temp(e, c->t_u64);
    if (e->dry || !e->block) {
        return at;
    }
    L extent = rf_temp(e, c->t_u8p), limit = rf_temp(e, c->t_u64), by = rf_temp(e, c->t_i64);
    R size = rf_kt(e, c->t_u64, rf_ctype_info[kind].bytes);
    rf_guard(e, tag_is(e, pointer, RF_TAG_POINTER), RF_REASON_TYPE_GUARD);
    rf_set(e, by, offset ? rf_as_int(e, offset, RF_REASON_TYPE_GUARD) : rf_k(e, 0));
    rf_set(e, extent, rf_val(e, rf_at(e, object_of(e, pointer), offsetof(RfPointer, extent), c->t_u8p)));
    rf_set(e, limit, rf_val(e, rf_at(e, rf_val(e, extent), offsetof(RfExtent, limit), c->t_u64)));
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_val(e, limit), size), RF_REASON_BOUNDS);
    R address = rf_val(e, rf_at(e, object_of(e, pointer), offsetof(RfPointer, address), c->t_u64));
    rf_set(e, at, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u64, address, rf_cast(e, rf_val(e, by), c->t_u64)));
    R start = rf_val(e, rf_at(e, rf_val(e, extent), offsetof(RfExtent, start), c->t_u64));
    R inside = rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u64, rf_val(e, at), start);
    R last = rf_bin(e, GCC_JIT_BINARY_OP_MINUS, c->t_u64, rf_val(e, limit), size);
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_LE, inside, last), RF_REASON_BOUNDS);
    return at;
}

/* *(kind *)at, which need not be aligned. A bool is read as a byte: it may be any. */
static L in_memory(Emit *e, L at, RfCKind kind)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    T type = rf_gcc.type_get_aligned(c_type(e, kind == RF_C_BOOL ? RF_C_U8 : kind), 1);
    R address = rf_gcc.context_new_bitcast(e->c->ctx, NULL, rf_val(e, at), rf_gcc.type_get_pointer(type));
    return rf_gcc.rvalue_dereference(address, NULL);
}

static bool usable_offset(const Emit *e, uint32_t slot)
{
    return e->s.slots[slot].k == K_INT || boxed(&e->s.slots[slot]);
}

/* Checked before, when reading memory: the interpreter raises the error. */
static void checked_before(Emit *e, L raw)
{
    (void)e, (void)raw;
}

bool rf_gen_ffi_read(Emit *e, uint32_t argc)
{
    RfCompiler *c = e->c;
    uint32_t pointer = rf_top(e) + 1 - argc;
    RfCKind kind;
    if (e->u->level >= 2 || argc < 2 || !boxed(&e->s.slots[pointer]) || !constant_type(e, pointer + 1, &kind) ||
        (argc == 3 && !usable_offset(e, pointer + 2))) {
        return false;
    }
    L at = place_in_memory(e, pointer, argc == 3 ? pointer + 2 : 0, kind), raw = NULL;
    if (!e->dry && e->block) {
        raw = rf_temp(e, kind == RF_C_BOOL ? c->t_bool : c_type(e, kind));
        R value = rf_val(e, in_memory(e, at, kind));
        rf_set(e, raw, kind == RF_C_BOOL ? rf_cmp(e, GCC_JIT_COMPARISON_NE, value, rf_kt(e, c->t_u8, 0)) : value);
        if (rf_ctype_info[kind].class == RF_CCLASS_UNSIGNED && rf_ctype_info[kind].bytes == 8) {
            rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_cast(e, rf_val(e, raw), c->t_i64), rf_k(e, 0)),
                     RF_REASON_OVERFLOW);
        }
    }
    for (uint32_t i = 0; i <= argc; i++) {
        rf_pop_slot(e);
    }
    if (is_object(kind)) {
        push_object(e, kind, raw);
    } else {
        push_result(e, kind, raw, checked_before);
    }
    return true;
}

bool rf_gen_ffi_write(Emit *e, uint32_t argc)
{
    uint32_t pointer = rf_top(e) + 1 - argc;
    RfCKind kind;
    if (e->u->level >= 2 || argc < 3 || !boxed(&e->s.slots[pointer]) || !constant_type(e, pointer + 1, &kind) ||
        is_object(kind) || !suits(e, pointer + 2, kind) || (argc == 4 && !usable_offset(e, pointer + 3))) {
        return false;
    }
    L at = place_in_memory(e, pointer, argc == 4 ? pointer + 3 : 0, kind);
    L value = argument(e, pointer + 2, kind);
    if (!e->dry && e->block) {
        rf_set(e, in_memory(e, at, kind), as_c(e, value, kind == RF_C_BOOL ? RF_C_U8 : kind));
    }
    for (uint32_t i = 0; i <= argc; i++) {
        rf_pop_slot(e);
    }
    uint32_t d = rf_push_slot(e, K_BOOL);
    rf_set(e, rf_ireg(e, d), rf_k(e, 1));
    return true;
}
