/* Builtins that compiled code runs itself. The callee is known for good; its operands lie on top of the callee's. */
#include <string.h>

#include "jit/compile.h"

static void pop_operands(Emit *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        rf_pop_slot(e);
    }
}

static bool boxed(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS;
}

static bool is_number(SlotKind k)
{
    return k == K_INT || k == K_FLOAT;
}

/* The operands and the callee go, a register result comes. */
static void finish(Emit *e, uint32_t argc, SlotKind k, R value)
{
    L kept = rf_temp(e, k == K_FLOAT ? e->c->t_f64 : e->c->t_i64);
    rf_set(e, kept, value);
    pop_operands(e, argc + (e->u->code[e->pc].op == RF_OP_CALL)); /* a uniform call has none */
    uint32_t d = rf_push_slot(e, k);
    rf_set(e, k == K_FLOAT ? rf_freg(e, d) : rf_ireg(e, d), rf_val(e, kept));
}

static R tag_is(Emit *e, uint32_t slot, RfTag tag)
{
    return rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, rf_tag(e, rf_place(e, slot))), rf_kt(e, e->c->t_u64, tag));
}

/* ---- functions of floats ---- */

/* Can slot be a number? Anything else is an error of these functions, so boxed operands need no profile. */
static bool maybe_number(const Emit *e, uint32_t slot)
{
    const Slot *s = &e->s.slots[slot];
    return is_number((SlotKind)s->k) || (e->u->level < 2 && boxed(s));
}

/* int or float of slot as a double */
static R number(Emit *e, uint32_t slot)
{
    RfCompiler *c = e->c;
    if (!boxed(&e->s.slots[slot])) {
        return rf_as_float(e, slot, RF_REASON_TYPE_GUARD);
    }
    L x = rf_temp(e, c->t_f64);
    if (!e->dry && e->block) {
        gcc_jit_block *is_int = rf_block(e), *other = rf_block(e), *on = rf_block(e);
        rf_branch(e, tag_is(e, slot, RF_TAG_INT), is_int, other);
        e->block = is_int;
        rf_set(e, x, rf_cast(e, rf_val(e, rf_payload(e, rf_place(e, slot))), c->t_f64));
        rf_jump(e, on);
        e->block = other;
        rf_guard(e, tag_is(e, slot, RF_TAG_FLOAT), RF_REASON_TYPE_GUARD);
        rf_set(e, x, rf_val(e, rf_payload_f(e, rf_place(e, slot))));
        rf_jump(e, on);
        e->block = on;
    }
    return rf_val(e, x);
}

L rf_number_in(Emit *e, uint32_t slot)
{
    L x = rf_temp(e, e->c->t_f64);
    rf_set(e, x, number(e, slot));
    return x;
}

static R call1(Emit *e, gcc_jit_function *fn, R x)
{
    if (e->dry || !e->block) {
        return NULL;
    }
    R args[1] = {x};
    return rf_gcc.context_new_call(e->c->ctx, NULL, fn, 1, args);
}

static bool float_function(Emit *e, const char *name)
{
    /* domain: 1 x >= 0, 2 x > 0; what is outside is an error, except NaN */
    static const struct {
        const char *name;
        RfMath number;
        int domain;
    } table[] = {{"floor", RF_MATH_floor, 0}, {"ceil", RF_MATH_ceil, 0}, {"round", RF_MATH_round, 0},
                 {"trunc", RF_MATH_trunc, 0}, {"sin", RF_MATH_sin, 0},   {"cos", RF_MATH_cos, 0},
                 {"tan", RF_MATH_tan, 0},     {"atan", RF_MATH_atan, 0}, {"exp", RF_MATH_exp, 0},
                 {"cbrt", RF_MATH_cbrt, 0},   {"log", RF_MATH_log, 2},   {"log2", RF_MATH_log2, 2},
                 {"log10", RF_MATH_log10, 2}, {"sqrt", (RfMath)-1, 1},   {"abs", (RfMath)-2, 0}};
    RfCompiler *c = e->c;
    size_t n = 0;
    while (n < sizeof table / sizeof *table && strcmp(table[n].name, name) != 0) {
        n++;
    }
    if (n == sizeof table / sizeof *table || !maybe_number(e, rf_top(e))) {
        return false;
    }
    L x = rf_number_in(e, rf_top(e));
    R v = rf_val(e, x);
    if (table[n].domain) { /* not below is not the same as above: NaN */
        enum gcc_jit_comparison bad = table[n].domain == 1 ? GCC_JIT_COMPARISON_LT : GCC_JIT_COMPARISON_LE;
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_cmp(e, bad, v, rf_kf(e, 0.0)), rf_kt(e, c->t_bool, 0)),
                 RF_REASON_OVERFLOW);
    }
    R result;
    if (strcmp(name, "sqrt") == 0) {
        result = call1(e, c->sqrt_fn, v);
    } else if (strcmp(name, "abs") == 0) {
        result = call1(e, c->fabs_fn, v);
    } else {
        R args[2] = {rf_k(e, table[n].number), v};
        result = rf_help(e, RF_HELPER_math, 2, args);
    }
    finish(e, 1, K_FLOAT, result);
    return true;
}

static bool float_function_2(Emit *e, const char *name)
{
    static const struct {
        const char *name;
        RfMath number;
    } table[] = {{"pow", RF_MATH_pow},
                 {"min", RF_MATH_min},
                 {"max", RF_MATH_max},
                 {"atan2", RF_MATH_atan2},
                 {"hypot", RF_MATH_hypot}};
    RfCompiler *c = e->c;
    size_t n = 0;
    while (n < sizeof table / sizeof *table && strcmp(table[n].name, name) != 0) {
        n++;
    }
    uint32_t yi = rf_top(e), xi = yi - 1;
    if (n == sizeof table / sizeof *table || !maybe_number(e, xi) || !maybe_number(e, yi)) {
        return false;
    }
    L x = rf_number_in(e, xi), y = rf_number_in(e, yi), result = rf_temp(e, c->t_f64);
    if (!e->dry && e->block) {
        R a = rf_val(e, x), b = rf_val(e, y);
        R args[3] = {rf_k(e, table[n].number), a, b};
        RfMath which = table[n].number;
        if (which == RF_MATH_min || which == RF_MATH_max) { /* zeros and NaN are the library's matter */
            gcc_jit_block *less = rf_block(e), *not_less = rf_block(e), *more = rf_block(e), *other = rf_block(e),
                          *on = rf_block(e);
            rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, a, b), less, not_less);
            e->block = less;
            rf_set(e, result, which == RF_MATH_min ? a : b);
            rf_jump(e, on);
            e->block = not_less;
            rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_GT, a, b), more, other);
            e->block = more;
            rf_set(e, result, which == RF_MATH_min ? b : a);
            rf_jump(e, on);
            e->block = other;
            gcc_jit_block *same = rf_block(e), *special = rf_block(e);
            R equal = rf_bin(e, GCC_JIT_BINARY_OP_LOGICAL_AND, c->t_bool, rf_cmp(e, GCC_JIT_COMPARISON_EQ, a, b),
                             rf_cmp(e, GCC_JIT_COMPARISON_NE, a, rf_kf(e, 0.0)));
            rf_branch(e, equal, same, special);
            e->block = same;
            rf_set(e, result, a);
            rf_jump(e, on);
            e->block = special;
            rf_set(e, result, rf_help(e, RF_HELPER_math2, 3, args));
            rf_jump(e, on);
            e->block = on;
        } else {
            rf_set(e, result, rf_help(e, RF_HELPER_math2, 3, args));
        }
    }
    finish(e, 2, K_FLOAT, rf_val(e, result));
    return true;
}

/* ---- functions of ints ---- */

static bool maybe_int(const Emit *e, uint32_t slot)
{
    const Slot *s = &e->s.slots[slot];
    return s->k == K_INT || (e->u->level < 2 && boxed(s));
}

static bool int_function(Emit *e, const char *name)
{
    RfCompiler *c = e->c;
    uint32_t yi = rf_top(e), xi = yi - 1;
    if (strcmp(name, "bit_not") == 0) {
        if (!maybe_int(e, yi)) {
            return false;
        }
        R x = rf_as_int(e, yi, RF_REASON_TYPE_GUARD);
        finish(e, 1, K_INT, rf_bin(e, GCC_JIT_BINARY_OP_BITWISE_XOR, c->t_i64, x, rf_k(e, -1)));
        return true;
    }
    bool shift = strcmp(name, "bit_shl") == 0 || strcmp(name, "bit_shr") == 0;
    if ((!shift && strcmp(name, "bit_and") != 0 && strcmp(name, "bit_or") != 0 && strcmp(name, "bit_xor") != 0) ||
        !maybe_int(e, xi) || !maybe_int(e, yi)) {
        return false;
    }
    R x = rf_as_int(e, xi, RF_REASON_TYPE_GUARD), y = rf_as_int(e, yi, RF_REASON_TYPE_GUARD);
    R result;
    if (shift) {
        rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, rf_cast(e, y, c->t_u64), rf_kt(e, c->t_u64, 64)),
                 RF_REASON_OVERFLOW);
        result = name[6] == 'l' ? rf_cast(e,
                                          rf_bin(e, GCC_JIT_BINARY_OP_LSHIFT, c->t_u64, rf_cast(e, x, c->t_u64),
                                                 rf_cast(e, y, c->t_u64)),
                                          c->t_i64)
                                : rf_bin(e, GCC_JIT_BINARY_OP_RSHIFT, c->t_i64, x, y);
    } else {
        enum gcc_jit_binary_op op = name[4] == 'a'   ? GCC_JIT_BINARY_OP_BITWISE_AND
                                    : name[4] == 'o' ? GCC_JIT_BINARY_OP_BITWISE_OR
                                                     : GCC_JIT_BINARY_OP_BITWISE_XOR;
        result = rf_bin(e, op, c->t_i64, x, y);
    }
    finish(e, 2, K_INT, result);
    return true;
}

/* ---- conversions and type tests ---- */

/* Kind of the last argument: its own, or what the profile says. */
static SlotKind expected(const Emit *e, uint32_t slot)
{
    const Slot *s = &e->s.slots[slot];
    return !boxed(s) ? (SlotKind)s->k : e->u->level >= 2 ? K_HOME : rf_kind_of_class(e->u->tos[e->pc]);
}

static bool convert(Emit *e, bool to_float)
{
    RfCompiler *c = e->c;
    uint32_t i = rf_top(e);
    SlotKind k = expected(e, i);
    if (k != K_INT && k != K_FLOAT && !(k == K_BOOL && e->s.slots[i].k == K_BOOL)) {
        return false;
    }
    if (k != K_FLOAT) {
        R x = rf_as_int(e, i, RF_REASON_TYPE_GUARD);
        finish(e, 1, to_float ? K_FLOAT : K_INT, to_float ? rf_cast(e, x, c->t_f64) : x);
        return true;
    }
    L x = rf_temp(e, c->t_f64), result = rf_temp(e, c->t_i64);
    rf_set(e, x, rf_as_float(e, i, RF_REASON_TYPE_GUARD));
    if (to_float) {
        finish(e, 1, K_FLOAT, rf_val(e, x));
        return true;
    }
    if (!e->dry && e->block) { /* beyond the range of ints and NaN: the runtime's rules */
        gcc_jit_block *plain = rf_block(e), *other = rf_block(e), *on = rf_block(e);
        R v = rf_val(e, x);
        rf_branch(e, rf_likely(e, rf_cmp(e, GCC_JIT_COMPARISON_LT, call1(e, c->fabs_fn, v), rf_kf(e, 9e18)), true),
                  plain, other);
        e->block = plain;
        rf_set(e, result, rf_cast(e, v, c->t_i64));
        rf_jump(e, on);
        e->block = other;
        R args[1] = {v};
        rf_set(e, result, rf_help(e, RF_HELPER_float_to_int, 1, args));
        rf_jump(e, on);
        e->block = on;
    }
    finish(e, 1, K_INT, rf_val(e, result));
    return true;
}

static bool type_test(Emit *e, const char *name)
{
    static const struct {
        const char *name;
        RfTag tag;
        SlotKind kind;
    } table[] = {{"is_int", RF_TAG_INT, K_INT},         {"is_float", RF_TAG_FLOAT, K_FLOAT},
                 {"is_bool", RF_TAG_BOOL, K_BOOL},      {"is_null", RF_TAG_NULL, K_NULL},
                 {"is_string", RF_TAG_STRING, K_CONST}, {"is_array", RF_TAG_ARRAY, K_HOME},
                 {"is_dict", RF_TAG_DICT, K_HOME},      {"is_none", RF_TAG_NONE, K_HOME}};
    for (size_t n = 0; n < sizeof table / sizeof *table; n++) {
        if (strcmp(table[n].name, name) == 0) {
            uint32_t i = rf_top(e);
            const Slot *s = &e->s.slots[i];
            bool known = !boxed(s), is = s->k == table[n].kind && known;
            finish(e, 1, K_BOOL, known ? rf_k(e, is) : rf_cast(e, tag_is(e, i, table[n].tag), e->c->t_i64));
            return true;
        }
    }
    return false;
}

/* ---- containers ---- */

static bool emit_len(Emit *e)
{
    const uint16_t arrays = RF_CLASS_INTS | RF_CLASS_FLOATS | RF_CLASS_BOOLS | RF_CLASS_VALUES;
    uint32_t i = rf_top(e);
    Slot *s = &e->s.slots[i];
    uint16_t seen = e->u->tos[e->pc] & (uint16_t)~RF_CLASS_SEEN;
    if (e->u->level >= 2 || !seen || !boxed(s)) {
        return false;
    }
    RfTag tag;
    size_t offset;
    if (!(seen & ~arrays)) {
        tag = RF_TAG_ARRAY;
        offset = offsetof(RfArray, len);
    } else if (seen == RF_CLASS_STRING) {
        tag = RF_TAG_STRING;
        offset = offsetof(RfString, count);
    } else if (seen == RF_CLASS_DICT) {
        tag = RF_TAG_DICT;
        offset = offsetof(RfDict, len);
    } else {
        return false;
    }
    RfCompiler *c = e->c;
    R n = NULL;
    if (!e->dry && e->block) {
        R place = rf_place(e, i);
        rf_guard(e, tag_is(e, i, tag), RF_REASON_TYPE_GUARD);
        n = rf_cast(e, rf_val(e, rf_at(e, rf_val(e, rf_payload_p(e, place)), (int64_t)offset, c->t_u32)), c->t_i64);
    }
    finish(e, 1, K_INT, n);
    return true;
}

static bool has_key(Emit *e)
{
    RfCompiler *c = e->c;
    uint32_t key = rf_top(e), dict = key - 1;
    uint16_t seen = e->u->tos[e->pc] & (uint16_t)~RF_CLASS_SEEN;
    if (!boxed(&e->s.slots[dict]) || e->u->level >= 2 || (seen & ~(RF_CLASS_INT | RF_CLASS_STRING))) {
        return false;
    }
    R args[2] = {rf_value_address(e, dict), rf_value_address(e, key)};
    L result = rf_temp(e, c->t_i32);
    rf_set(e, result, rf_help(e, RF_HELPER_has_key, 2, args));
    rf_guard(e, rf_cmp(e, GCC_JIT_COMPARISON_GE, rf_val(e, result), rf_kt(e, c->t_i32, 0)), RF_REASON_TYPE_GUARD);
    finish(e, 2, K_INT, rf_cast(e, rf_val(e, result), c->t_i64));
    return true;
}

/* ---- all of them ---- */

static bool intrinsic(Emit *e, const char *name, uint32_t argc)
{
    if (argc == 1) {
        if (strcmp(name, "len") == 0) {
            return emit_len(e);
        }
        if (strcmp(name, "to_int") == 0 || strcmp(name, "to_float") == 0) {
            return convert(e, name[3] == 'f');
        }
        return type_test(e, name) || float_function(e, name) || (strcmp(name, "bit_not") == 0 && int_function(e, name));
    }
    if (strcmp(name, "ffi_read") == 0) {
        return rf_gen_ffi_read(e, argc);
    }
    if (strcmp(name, "ffi_write") == 0) {
        return rf_gen_ffi_write(e, argc);
    }
    if (argc != 2) {
        return false;
    }
    if (strcmp(name, "push") == 0 && e->u->code[e->pc].op == RF_OP_CALL && rf_gen_push(e, e->pc)) {
        return true;
    }
    if (strcmp(name, "has_key") == 0) {
        return has_key(e);
    }
    return float_function_2(e, name) || (strcmp(name, "bit_not") != 0 && int_function(e, name));
}

bool rf_gen_builtin(Emit *e, const char *name, uint32_t argc, uint32_t place)
{
    const RfBuiltin *b = rf_builtin_find(name, strlen(name));
    if (!b) {
        return false;
    }
    if (intrinsic(e, b->canonical, argc)) { /* whatever name the program uses */
        return true;
    }
    rf_gen_call_builtin(e, b, argc, place);
    return true;
}
