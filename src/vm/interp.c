/* The interpreter loop. One function by nature: every handler jumps straight to the next one, and they share its registers;
 * what is long lives in helpers (call.c, operators.c, access.c, ...).
 *
 * Invariants: `pc` is the instruction being run; frame->pc and vm->sp are written (SAVE) before anything outside this
 * function may look at them. Values are copied as two 8-byte halves on purpose (value.h). Script calls push a frame and go on
 * in the same loop; only builtins that call back enter it again. A helper that returns RF_ENTER has pushed a frame.
 *
 * Superinstructions (bytecode/super.def) test for the common operand kinds and otherwise run the plain instruction they
 * stand on (FALLBACK), so every rule of the language is written once, in the plain handlers and the helpers they call. */
#include <math.h>
#include <string.h>

#include "runtime/text.h"
#include "vm/observe.h"
#include "vm/tier.h"

/* The rest is macros, labels and tables made from them, which the tool cannot lay out. */
/* clang-format off */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* tags 1..6 (null .. builtin) need no counting and are not "unset" */
#define IS_SCALAR(v) ((v).tag - RF_TAG_NULL < RF_TAG_FIRST_HEAP - RF_TAG_NULL)
#define BOTH_INT(x, y) ((x).tag == RF_TAG_INT && (y).tag == RF_TAG_INT)
#define BOTH_FLOAT(x, y) ((x).tag == RF_TAG_FLOAT && (y).tag == RF_TAG_FLOAT)

#define PUT(place, value_tag, field, payload) \
    do { \
        RfValue *put_ = (place); \
        put_->tag = (value_tag); \
        put_->as.field = (payload); \
    } while (0)
#define COPY(dst, src) \
    do { \
        RfValue *d_ = (dst); \
        const RfValue *s_ = (src); \
        uint64_t t_ = s_->tag; \
        int64_t p_ = s_->as.i; \
        d_->tag = t_; \
        d_->as.i = p_; \
    } while (0)

/* Type feedback: operand a of an operator remembers kinds other than int that it has met (chunk.h). Written once per kind. */
#define RECORD(at, kind) \
    do { \
        if (unlikely(!(pc[at].a & (kind)))) { \
            ((RfInstr *)(uintptr_t)pc)[at].a |= (kind); \
        } \
    } while (0)

/* int operations: false when the plain instruction must decide (overflow, zero divisor) */
static inline bool int_ADD(int64_t x, int64_t y, int64_t *r) { return !__builtin_add_overflow(x, y, r); }
static inline bool int_SUB(int64_t x, int64_t y, int64_t *r) { return !__builtin_sub_overflow(x, y, r); }
static inline bool int_MUL(int64_t x, int64_t y, int64_t *r) { return !__builtin_mul_overflow(x, y, r); }
static inline bool int_DIV(int64_t x, int64_t y, int64_t *r)
{
    if (unlikely((uint64_t)y + 1 <= 1)) { /* 0 or -1 */
        return false;
    }
    /* 32-bit division is several times faster than 64-bit on many processors */
    if (likely((((uint64_t)x | (uint64_t)y) >> 32) == 0)) {
        *r = (int64_t)((uint32_t)x / (uint32_t)y);
    } else {
        *r = x / y;
    }
    return true;
}
static inline bool int_MOD(int64_t x, int64_t y, int64_t *r)
{
    if (unlikely((uint64_t)y + 1 <= 1)) {
        return false;
    }
    if (likely((((uint64_t)x | (uint64_t)y) >> 32) == 0)) {
        *r = (int64_t)((uint32_t)x % (uint32_t)y);
    } else {
        *r = x % y;
    }
    return true;
}
static inline bool float_ADD(double x, double y, double *r) { return *r = x + y, true; }
static inline bool float_SUB(double x, double y, double *r) { return *r = x - y, true; }
static inline bool float_MUL(double x, double y, double *r) { return *r = x * y, true; }
static inline bool float_DIV(double x, double y, double *r) { return *r = x / y, y != 0.0; }
static inline bool float_MOD(double x, double y, double *r) { return y != 0.0 && (*r = fmod(x, y), true); }

#define INT_EQ(x, y) ((x) == (y))
#define INT_NE(x, y) ((x) != (y))
#define INT_LT(x, y) ((x) < (y))
#define INT_GT(x, y) ((x) > (y))
#define INT_LE(x, y) ((x) <= (y))
#define INT_GE(x, y) ((x) >= (y))
/* == on floats has a tolerance (language.md 3.7); equal doubles and clearly different ones are decided here */
static inline bool float_equal(double x, double y)
{
    return x == y || (fabs(x - y) < 2.220446049250313e-16);
}
#define FLOAT_EQ(x, y) float_equal(x, y)
#define FLOAT_NE(x, y) (!float_equal(x, y))
#define FLOAT_LT(x, y) ((x) < (y))
#define FLOAT_GT(x, y) ((x) > (y))
#define FLOAT_LE(x, y) ((x) <= (y))
#define FLOAT_GE(x, y) ((x) >= (y))

/* Releases frame values [from, to). */
static inline void release_range(RfValue *from, RfValue *to)
{
    for (; from < to; from++) {
        rf_release(*from);
    }
}

/* Element of an array by int index for the inlined paths: true when it is a raw element or needs no more than a retain. */
static inline bool array_element(const RfArray *a, int64_t i, RfValue *out)
{
    if (unlikely((uint64_t)i >= a->len)) {
        if (i >= 0 || (i += a->len) < 0) {
            return false;
        }
    }
    switch (rf_array_kind(a)) {
    case RF_ELEM_INT: PUT(out, RF_TAG_INT, i, a->as.ints[i]); break;
    case RF_ELEM_FLOAT: PUT(out, RF_TAG_FLOAT, f, a->as.floats[i]); break;
    case RF_ELEM_BOOL: PUT(out, RF_TAG_BOOL, i, a->as.bools[i]); break;
    default: {
        const RfValue *v = &a->as.values[i];
        if (rf_is_heap(*v)) {
            v->as.obj->rc++;
        }
        COPY(out, v);
    }
    }
    return true;
}

/* Stores a scalar of the array's kind in place; false: the helper must do it. */
static inline bool array_store(RfValue *place, const RfValue *index, const RfValue *v)
{
    if (unlikely(place->tag != RF_TAG_ARRAY || index->tag != RF_TAG_INT)) {
        return false;
    }
    RfArray *a = place->as.arr;
    if (unlikely(a->obj.rc != 1 || (uint64_t)index->as.i >= a->len)) {
        return false;
    }
    switch (rf_array_kind(a)) {
    case RF_ELEM_INT:
        if (unlikely(v->tag != RF_TAG_INT)) {
            return false;
        }
        a->as.ints[index->as.i] = v->as.i;
        return true;
    case RF_ELEM_FLOAT:
        if (unlikely(v->tag != RF_TAG_FLOAT)) {
            return false;
        }
        a->as.floats[index->as.i] = v->as.f;
        return true;
    case RF_ELEM_BOOL:
        if (unlikely(v->tag != RF_TAG_BOOL)) {
            return false;
        }
        a->as.bools[index->as.i] = (uint8_t)v->as.i;
        return true;
    default: {
        RfValue *slot = &a->as.values[index->as.i];
        if (unlikely(rf_is_heap(*slot) || rf_is_heap(*v))) {
            return false;
        }
        COPY(slot, v);
        return true;
    }
    }
}

typedef enum Start {
    START_ON,    /* go on at base's pc */
    START_CALL,  /* base may be at a function's start: its trigger counts */
    START_RESUME, /* base was native: rf_interp_resume; a loop that can be native again ends the run with RF_SUSPEND */
    START_STEP   /* one instruction of base (rf_interp_step) */
} Start;

static RfStatus run(RfVm *vm, RfFrame *base, Start start)
{
    static const void *const fast_labels[] = {
#define OP(name, a, b, pops, pushes, flags, meaning) &&op_##name,
#include "bytecode/opcodes.def"
#undef OP
#define SUPER(name, length, o1, o2, o3, o4) &&op_##name,
#include "bytecode/super.def"
#undef SUPER
    };
    static const uint16_t base_of[] = {
#define OP(name, a, b, pops, pushes, flags, meaning) RF_OP_##name,
#include "bytecode/opcodes.def"
#undef OP
#define SUPER(name, length, o1, o2, o3, o4) RF_OP_##o1,
#include "bytecode/super.def"
#undef SUPER
    };

    static const void *const trace_labels[] = {
#define OP(name, a, b, pops, pushes, flags, meaning) &&trace,
#include "bytecode/opcodes.def"
#undef OP
#define SUPER(name, length, o1, o2, o3, o4) &&trace,
#include "bytecode/super.def"
#undef SUPER
    };

    static const void *const profile_labels[] = {
#define OP(name, a, b, pops, pushes, flags, meaning) &&profile,
#include "bytecode/opcodes.def"
#undef OP
#define SUPER(name, length, o1, o2, o3, o4) &&profile,
#include "bytecode/super.def"
#undef SUPER
    };
    static const void *const stop_labels[] = {
#define OP(name, a, b, pops, pushes, flags, meaning) &&stop,
#include "bytecode/opcodes.def"
#undef OP
#define SUPER(name, length, o1, o2, o3, o4) &&stop,
#include "bytecode/super.def"
#undef SUPER
    };

    const void *const *labels;
    const RfInstr *target; /* of a jump, on its way to hot_loop */
    RfFrame *frame;
    const RfInstr *pc;
    RfValue *fp;
    RfValue *sp;
    const RfValue *consts;
    RfValue *globals;
    RfStatus status;

#define DISPATCH() goto *labels[pc->op]
#define NEXT(n) \
    do { \
        pc += (n); \
        DISPATCH(); \
    } while (0)
/* Takes the jump of instruction pc[at]; its operand b is relative once the code is fused (super.h). */
#define JUMP_TO(at) \
    do { \
        pc += (at) + (int32_t)pc[at].b; \
        DISPATCH(); \
    } while (0)
#define FALLBACK() goto *fast_labels[base_of[pc->op]]
/* As FALLBACK for those who watch each instruction: FOR_LOOP's fast path runs the STORE_LOCAL after it, too. */
#define PLAIN() \
    do { \
        if (pc->op == RF_OP_FOR_LOOP) { \
            goto plain_for; \
        } \
        FALLBACK(); \
    } while (0)
#define CHOOSE_LABELS() \
    (labels = likely((vm->trace | vm->profile_left) == 0 && start != START_STEP) ? fast_labels \
              : start == START_STEP                                               ? stop_labels \
              : vm->trace                                                         ? trace_labels \
                                                                                  : profile_labels)
#define SAVE() (frame->pc = pc + 1, vm->sp = sp)
#define LOAD_FRAME() \
    do { \
        frame = vm->frame; \
        pc = frame->pc; \
        fp = frame->fp; \
        sp = vm->sp; \
        consts = frame->proto->consts; \
        globals = frame->proto->module->globals; \
    } while (0)
/* Result of a helper that works on vm->sp (also when it fails) and may push a frame. */
#define AFTER_HELPER(s) \
    do { \
        status = (s); \
        if (likely(status == RF_OK)) { \
            sp = vm->sp; \
            NEXT(1); \
        } \
        if (status == RF_ENTER) { \
            goto entered; \
        } \
        goto unwind; \
    } while (0)
/* Result of a helper that pushes no frame and leaves sp alone. */
#define CHECK(s) \
    do { \
        if (unlikely((s) != RF_OK)) { \
            goto error; \
        } \
    } while (0)
#define SAFEPOINT() \
    do { \
        if (unlikely(vm->interrupt)) { \
            SAVE(); \
            CHECK(rf_vm_safepoint(vm)); \
            CHOOSE_LABELS(); /* an observer may want to see instructions */ \
        } \
    } while (0)
#define CASE(name) op_##name

    LOAD_FRAME();
    if (likely((start | vm->trace | vm->profile_left) == 0)) { /* a callback, most likely */
        labels = fast_labels;
        DISPATCH();
    }
    CHOOSE_LABELS();
    if (start == START_CALL) {
        goto maybe_hot;
    }
    if (start == START_STEP) {
        PLAIN();
    }
    if (start == START_RESUME && (pc->op == RF_OP_FOR_LOOP || pc->op == RF_OP_FOR_LOOP2)) {
        frame->proto->loop_count++; /* native code has left here: were it asked again at once, nothing might ever happen */
        goto next_item;
    }
    DISPATCH();

stop: /* the step is over, or has pushed a frame */
    frame->pc = pc;
    vm->sp = sp;
    return RF_OK;

entered: /* a helper has pushed a frame, or removed some */
    LOAD_FRAME();
maybe_hot:
    if (likely(pc != frame->proto->code || frame->proto->call_count < frame->proto->call_trigger)) {
        DISPATCH();
    }
hot_call: /* nothing of the function in `frame` has run */
    frame->pc = pc;
    vm->sp = sp;
    status = rf_tier_call(vm, frame);
    goto tier_answered;
hot_loop: /* a back edge, at pc, goes to `target` */
    SAFEPOINT();
    pc = target;
    frame->pc = pc;
    vm->sp = sp;
    status = rf_tier_loop(vm, frame, start == START_RESUME && frame == base);
tier_answered:
    CHOOSE_LABELS();
    if (status == RF_ENTER) {
        DISPATCH();
    }
native_done: /* the activation in `frame` has run natively */
    if (unlikely(status > RF_ENTER)) {
        if (status == RF_LEFT_ERROR) {
            goto unwind;
        }
        LOAD_FRAME();
        if (pc->op == RF_OP_FOR_LOOP || pc->op == RF_OP_FOR_LOOP2) { /* as above */
            frame->proto->loop_count++;
            goto next_item;
        }
        DISPATCH();
    }
    if (frame == base) {
        return status;
    }
    if (unlikely(status != RF_OK)) {
        goto unwind;
    }
    LOAD_FRAME();
    DISPATCH();

profile:
    if (unlikely(vm->profile_left == 0)) {
        CHOOSE_LABELS();
        DISPATCH();
    }
    rf_tier_profile(vm, frame, pc, sp);
    PLAIN();

trace: /* DEBUG_VM, or an observer: every instruction passes here and runs in its plain form */
    SAVE();
    if (vm->trace & RF_TRACE_DEBUG) {
        rf_debug_trace_instr(vm, pc);
    } else if (vm->trace) {
        vm->config.observer->instruction(vm);
        if (vm->profile_left) {
            rf_tier_profile(vm, frame, pc, sp);
            PLAIN();
        }
    } else {
        CHOOSE_LABELS();
        DISPATCH();
    }
    FALLBACK();

    /* ---- constants and the stack ---- */
    CASE(NOP) : NEXT(1);
    CASE(CONST) : {
        COPY(sp, &consts[pc->b]);
        if (rf_is_heap(*sp)) {
            sp->as.obj->rc++;
        }
        sp++;
        NEXT(1);
    }
    CASE(POP) : {
        sp--;
        rf_release(*sp);
        NEXT(1);
    }
    CASE(DUP) : {
        COPY(sp, sp - 1);
        rf_retain(*sp);
        sp++;
        NEXT(1);
    }

    /* ---- variables ---- */
    CASE(LOAD_LOCAL) : {
        RfValue *slot = &fp[pc->a];
        if (likely(IS_SCALAR(*slot))) {
            COPY(sp, slot);
        } else if (likely(slot->tag != RF_TAG_UNDEF)) {
            COPY(sp, slot);
            if (pc->b & RF_VARREF_MOVE) {
                slot->tag = RF_TAG_NULL;
            } else {
                sp->as.obj->rc++;
            }
        } else {
            SAVE();
            CHECK(rf_var_load_global(vm, frame->proto->module, RF_VARREF_GLOBAL(pc->b), sp));
        }
        sp++;
        NEXT(1);
    }
    CASE(STORE_LOCAL) : {
        RfValue *slot = &fp[pc->a];
        if (likely(IS_SCALAR(*slot))) {
            sp--;
            COPY(slot, sp);
            NEXT(1);
        }
        if (slot->tag == RF_TAG_UNDEF && (pc->b & RF_VARREF_MAYBE)) {
            RfModule *m = frame->proto->module;
            uint32_t g = RF_VARREF_GLOBAL(pc->b);
            if (m->info[g]->kind != RF_GLOBAL_ABSENT) {
                sp--;
                SAVE();
                CHECK(rf_var_store_global(vm, m, g, RF_STORE_PLAIN, *sp));
                NEXT(1);
            }
        }
        sp--;
        RfValue old = *slot;
        COPY(slot, sp);
        rf_release(old);
        NEXT(1);
    }
    CASE(UNSET) : {
        for (uint32_t i = 0; i < pc->b; i++) {
            RfValue *slot = &fp[pc->a + i];
            rf_release(*slot);
            slot->tag = RF_TAG_UNDEF;
        }
        NEXT(1);
    }
    CASE(CLEAR) : {
        for (uint32_t i = 0; i < pc->b; i++) {
            RfValue *slot = &fp[pc->a + i];
            rf_release(*slot);
            slot->tag = RF_TAG_NULL;
        }
        NEXT(1);
    }
    CASE(TEST_LOCAL) : {
        if (fp[pc->a].tag == RF_TAG_UNDEF) {
            JUMP_TO(0);
        }
        NEXT(1);
    }
    CASE(NEW_CELL) : {
        rf_assign(&fp[pc->a], rf_obj(rf_cell_new(rf_undef())));
        NEXT(1);
    }
    CASE(LOAD_SHARED) : {
        const RfValue *v = &fp[pc->a].as.cell->value;
        goto load_cell;
        CASE(LOAD_CELL) : v = &frame->fn->cells[pc->a]->value;
    load_cell:
        if (unlikely(v->tag == RF_TAG_UNDEF)) {
            SAVE();
            CHECK(rf_var_load_global(vm, frame->proto->module, RF_VARREF_GLOBAL(pc->b), sp));
        } else {
            COPY(sp, v);
            rf_retain(*sp);
        }
        sp++;
        NEXT(1);
    }
    CASE(STORE_SHARED) : {
        sp--;
        rf_assign(&fp[pc->a].as.cell->value, *sp);
        NEXT(1);
    }
    CASE(STORE_CELL) : {
        sp--;
        rf_assign(&frame->fn->cells[pc->a]->value, *sp);
        NEXT(1);
    }
    CASE(TEST_SHARED) : {
        if (fp[pc->a].as.cell->value.tag == RF_TAG_UNDEF) {
            JUMP_TO(0);
        }
        NEXT(1);
    }
    CASE(TEST_CELL) : {
        if (frame->fn->cells[pc->a]->value.tag == RF_TAG_UNDEF) {
            JUMP_TO(0);
        }
        NEXT(1);
    }
    CASE(LOAD_CALLEE) : {
        PUT(sp, RF_TAG_FUNCTION, fn, frame->fn);
        frame->fn->obj.rc++;
        sp++;
        NEXT(1);
    }
    CASE(LOAD_GLOBAL) : {
        const RfValue *v = &globals[pc->b];
        if (unlikely(v->tag == RF_TAG_UNDEF)) {
            SAVE();
            rf_var_undefined(vm, frame->proto->module->info[pc->b]->name);
            goto error;
        }
        COPY(sp, v);
        if (rf_is_heap(*sp)) {
            sp->as.obj->rc++;
        }
        sp++;
        NEXT(1);
    }
    CASE(STORE_GLOBAL) : {
        RfModule *m = frame->proto->module;
        sp--;
        if (likely(m->info[pc->b]->kind == RF_GLOBAL_MUT && pc->a == RF_STORE_PLAIN)) {
            RfValue old = globals[pc->b];
            COPY(&globals[pc->b], sp);
            rf_release(old);
            NEXT(1);
        }
        SAVE();
        CHECK(rf_var_store_global(vm, m, pc->b, pc->a, *sp));
        NEXT(1);
    }
    CASE(DECLARE_GLOBAL) : {
        sp--;
        SAVE();
        CHECK(rf_var_declare_global(vm, frame->proto->module, pc->b, pc->a, *sp));
        NEXT(1);
    }
    CASE(TEST_GLOBAL) : {
        PUT(sp, RF_TAG_BOOL, i, frame->proto->module->info[pc->b]->kind != RF_GLOBAL_ABSENT);
        sp++;
        NEXT(1);
    }
    CASE(HAS_FIELD) : {
        RfValue v = fp[pc->a];
        RfString *name = consts[pc->b].as.str;
        bool has = v.tag == RF_TAG_STRUCT   ? rf_struct_find(v.as.strct, name) != NULL
                   : v.tag == RF_TAG_MODULE ? rf_dict_find_str(v.as.module->members, name) != NULL
                                            : false;
        PUT(sp, RF_TAG_BOOL, i, has);
        sp++;
        NEXT(1);
    }
    CASE(RAISE) : {
        SAVE();
        rf_var_raise(vm, pc->a, consts[pc->b].as.str);
        goto error;
    }

    /* ---- arithmetic ---- */
#define ARITH(OPNAME) \
    CASE(OPNAME) : \
    { \
        RfValue *x = sp - 2, *y = sp - 1; \
        if (likely(BOTH_INT(*x, *y))) { \
            int64_t r; \
            if (likely(int_##OPNAME(x->as.i, y->as.i, &r))) { \
                x->as.i = r; \
                sp--; \
                NEXT(1); \
            } \
        } else if (rf_is_num(*x) && rf_is_num(*y)) { \
            double r; \
            if (likely(float_##OPNAME(rf_num(*x), rf_num(*y), &r))) { \
                RECORD(0, x->tag == y->tag ? RF_FEEDBACK_FLOAT : RF_FEEDBACK_MIXED); \
                PUT(x, RF_TAG_FLOAT, f, r); \
                sp--; \
                NEXT(1); \
            } \
        } \
        SAVE(); \
        RECORD(0, rf_op_feedback(*x, *y)); \
        AFTER_HELPER(rf_op_binary(vm, RF_OP_##OPNAME, sp, pc->b)); \
    } \
    ARITH_FUSED(OPNAME, LL, &fp[pc[0].a], &fp[pc[1].a], 3, 0) \
    ARITH_FUSED(OPNAME, LC, &fp[pc[0].a], &consts[pc[1].b], 3, 0) \
    ARITH_FUSED(OPNAME, L, sp - 1, &fp[pc[0].a], 2, 1) \
    ARITH_FUSED(OPNAME, C, sp - 1, &consts[pc[0].b], 2, 1) \
    ARITH_STORE(OPNAME, LL_S, &fp[pc[0].a], &fp[pc[1].a], 4, 0) \
    ARITH_STORE(OPNAME, LC_S, &fp[pc[0].a], &consts[pc[1].b], 4, 0) \
    ARITH_STORE(OPNAME, L_S, sp - 1, &fp[pc[0].a], 3, 1) \
    ARITH_STORE(OPNAME, C_S, sp - 1, &consts[pc[0].b], 3, 1) \
    ARITH_STORE(OPNAME, S, sp - 2, sp - 1, 2, 2) \
    ARITH_ELEMENT(OPNAME, E, &fp[pc[1].a], &fp[pc[0].a], sp - 1, 3, 0) \
    ARITH_ELEMENT(OPNAME, E_S, &fp[pc[1].a], &fp[pc[0].a], &fp[pc[3].a], 4, 1) \
    ARITH_ELEMENT(OPNAME, G, &globals[pc[0].b], &fp[pc[1].a], sp - 1, 4, 0)
/* operands x, y; result on the stack; `popped` operands came from it */
#define ARITH_FUSED(OPNAME, FORM, X, Y, LENGTH, POPPED) \
    CASE(OPNAME##_##FORM) : \
    { \
        const RfValue *x = (X), *y = (Y); \
        if (likely(BOTH_INT(*x, *y))) { \
            int64_t r; \
            if (likely(int_##OPNAME(x->as.i, y->as.i, &r))) { \
                PUT(sp - (POPPED), RF_TAG_INT, i, r); \
                sp += 1 - (POPPED); \
                NEXT(LENGTH); \
            } \
        } else if (BOTH_FLOAT(*x, *y)) { \
            double r; \
            if (likely(float_##OPNAME(x->as.f, y->as.f, &r))) { \
                RECORD((LENGTH) - 1, RF_FEEDBACK_FLOAT); \
                PUT(sp - (POPPED), RF_TAG_FLOAT, f, r); \
                sp += 1 - (POPPED); \
                NEXT(LENGTH); \
            } \
        } \
        FALLBACK(); \
    }
/* result into the local of the last instruction of the sequence */
#define ARITH_STORE(OPNAME, FORM, X, Y, LENGTH, POPPED) \
    CASE(OPNAME##_##FORM) : \
    { \
        const RfValue *x = (X), *y = (Y); \
        RfValue *dst = &fp[pc[(LENGTH) - 1].a]; \
        if (likely(BOTH_INT(*x, *y))) { \
            int64_t r; \
            if (likely(IS_SCALAR(*dst) && int_##OPNAME(x->as.i, y->as.i, &r))) { \
                PUT(dst, RF_TAG_INT, i, r); \
                sp -= (POPPED); \
                NEXT(LENGTH); \
            } \
        } else if (BOTH_FLOAT(*x, *y)) { \
            double r; \
            if (likely(IS_SCALAR(*dst) && float_##OPNAME(x->as.f, y->as.f, &r))) { \
                RECORD((LENGTH) - 2, RF_FEEDBACK_FLOAT); \
                PUT(dst, RF_TAG_FLOAT, f, r); \
                sp -= (POPPED); \
                NEXT(LENGTH); \
            } \
        } \
        FALLBACK(); \
    }
/* top of the stack OP an array element; result to DST */
#define ARITH_ELEMENT(OPNAME, FORM, ARRAY, INDEX, DST, LENGTH, POPPED) \
    CASE(OPNAME##_##FORM) : \
    { \
        const RfValue *x = sp - 1, *v = (ARRAY), *i = (INDEX); \
        RfValue *dst = (DST); \
        RfValue y; \
        if (likely(v->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT && (uint64_t)i->as.i < v->as.arr->len && IS_SCALAR(*dst))) { \
            y = rf_array_peek(v->as.arr, (size_t)i->as.i); \
            if (likely(BOTH_INT(*x, y))) { \
                int64_t r; \
                if (likely(int_##OPNAME(x->as.i, y.as.i, &r))) { \
                    PUT(dst, RF_TAG_INT, i, r); \
                    sp -= (POPPED); \
                    NEXT(LENGTH); \
                } \
            } else if (likely(BOTH_FLOAT(*x, y))) { \
                double r; \
                if (likely(float_##OPNAME(x->as.f, y.as.f, &r))) { \
                    RECORD((LENGTH) - 1 - (POPPED), RF_FEEDBACK_FLOAT); \
                    PUT(dst, RF_TAG_FLOAT, f, r); \
                    sp -= (POPPED); \
                    NEXT(LENGTH); \
                } \
            } \
        } \
        FALLBACK(); \
    }
    ARITH(ADD)
    ARITH(SUB)
    ARITH(MUL)
    ARITH(DIV)
    ARITH(MOD)

    /* ---- comparison ---- */
#define COMPARE(OPNAME) \
    CASE(OPNAME) : \
    { \
        RfValue *x = sp - 2, *y = sp - 1; \
        if (likely(BOTH_INT(*x, *y))) { \
            PUT(x, RF_TAG_BOOL, i, INT_##OPNAME(x->as.i, y->as.i)); \
            sp--; \
            NEXT(1); \
        } \
        if (likely(BOTH_FLOAT(*x, *y))) { \
            RECORD(0, RF_FEEDBACK_FLOAT); \
            PUT(x, RF_TAG_BOOL, i, FLOAT_##OPNAME(x->as.f, y->as.f)); \
            sp--; \
            NEXT(1); \
        } \
        SAVE(); \
        RECORD(0, rf_op_feedback(*x, *y)); \
        AFTER_HELPER(rf_op_compare(vm, RF_OP_##OPNAME, sp)); \
    } \
    BRANCH_FORMS(OPNAME, JF, !, JUMP_TO) \
    BRANCH_FORMS(OPNAME, JT, , JUMP_TO) \
    BRANCH_FORMS(OPNAME, BT, , JUMP_BACK)
#define BRANCH_FORMS(OPNAME, SUFFIX, NEGATE, JUMP) \
    BRANCH(OPNAME, LL_##SUFFIX, &fp[pc[0].a], &fp[pc[1].a], 4, 0, NEGATE, JUMP) \
    BRANCH(OPNAME, LC_##SUFFIX, &fp[pc[0].a], &consts[pc[1].b], 4, 0, NEGATE, JUMP) \
    BRANCH(OPNAME, L_##SUFFIX, sp - 1, &fp[pc[0].a], 3, 1, NEGATE, JUMP) \
    BRANCH(OPNAME, C_##SUFFIX, sp - 1, &consts[pc[0].b], 3, 1, NEGATE, JUMP) \
    BRANCH(OPNAME, SUFFIX, sp - 2, sp - 1, 2, 2, NEGATE, JUMP)
#define BRANCH(OPNAME, FORM, X, Y, LENGTH, POPPED, NEGATE, JUMP) \
    CASE(OPNAME##_##FORM) : \
    { \
        const RfValue *x = (X), *y = (Y); \
        if (likely(BOTH_INT(*x, *y))) { \
            sp -= (POPPED); \
            if (NEGATE(INT_##OPNAME(x->as.i, y->as.i))) { \
                JUMP((LENGTH) - 1); \
            } \
            NEXT(LENGTH); \
        } \
        if (likely(BOTH_FLOAT(*x, *y))) { \
            RECORD((LENGTH) - 2, RF_FEEDBACK_FLOAT); \
            sp -= (POPPED); \
            if (NEGATE(FLOAT_##OPNAME(x->as.f, y->as.f))) { \
                JUMP((LENGTH) - 1); \
            } \
            NEXT(LENGTH); \
        } \
        FALLBACK(); \
    }
#define JUMP_BACK(at) \
    do { \
        RfProto *proto_ = frame->proto; \
        if (unlikely(++proto_->loop_count >= proto_->loop_trigger)) { \
            target = pc + (at) + (int32_t)pc[at].b; \
            goto hot_loop; \
        } \
        SAFEPOINT(); \
        JUMP_TO(at); \
    } while (0)
    COMPARE(EQ)
    COMPARE(NE)
    COMPARE(LT)
    COMPARE(GT)
    COMPARE(LE)
    COMPARE(GE)

    CASE(NEG) : {
        RfValue *x = sp - 1;
        if (likely(x->tag == RF_TAG_INT && x->as.i != INT64_MIN)) {
            x->as.i = -x->as.i;
            NEXT(1);
        }
        if (likely(x->tag == RF_TAG_FLOAT)) {
            RECORD(0, RF_FEEDBACK_FLOAT);
            x->as.f = -x->as.f;
            NEXT(1);
        }
        SAVE();
        AFTER_HELPER(rf_op_unary(vm, RF_OP_NEG, sp));
    }
    CASE(NOT) : {
        RfValue *x = sp - 1;
        if (likely(x->tag == RF_TAG_BOOL)) {
            x->as.i ^= 1;
            NEXT(1);
        }
        SAVE();
        AFTER_HELPER(rf_op_unary(vm, RF_OP_NOT, sp));
    }
    CASE(TO_BOOL) : {
        RfValue v = sp[-1];
        sp[-1] = rf_bool(rf_truthy(v));
        rf_release(v);
        NEXT(1);
    }
    CASE(RANGE) : {
        RfValue out;
        SAVE();
        CHECK(rf_literal_range(vm, sp[-2], sp[-1], pc->a != 0, &out));
        sp--;
        COPY(sp - 1, &out);
        NEXT(1);
    }
    CASE(INTERP) : {
        SAVE();
        AFTER_HELPER(rf_literal_interp(vm, pc->b));
    }

    /* ---- jumps ---- */
    CASE(JUMP) : JUMP_TO(0);
    CASE(LOOP) : JUMP_BACK(0);
#define JUMP_IF(OPNAME, WANTED, JUMP) \
    CASE(OPNAME) : \
    { \
        sp--; \
        RfValue v = *sp; \
        bool truth = rf_truthy(v); \
        if (unlikely(rf_is_heap(v))) { \
            rf_object_release(v.as.obj); \
        } \
        if (truth == (WANTED)) { \
            JUMP(0); \
        } \
        NEXT(1); \
    }
    JUMP_IF(JUMP_IF_FALSE, false, JUMP_TO)
    JUMP_IF(JUMP_IF_TRUE, true, JUMP_TO)
    JUMP_IF(LOOP_IF_FALSE, false, JUMP_BACK)
    JUMP_IF(LOOP_IF_TRUE, true, JUMP_BACK)
    CASE(JUMP_FALSE_L) : {
        const RfValue *v = &fp[pc->a];
        if (unlikely(v->tag != RF_TAG_BOOL)) {
            FALLBACK();
        }
        if (!v->as.i) {
            JUMP_TO(1);
        }
        NEXT(2);
    }
    CASE(JUMP_IF_NULL) : {
        if (sp[-1].tag == RF_TAG_NULL) {
            JUMP_TO(0);
        }
        NEXT(1);
    }
    CASE(JUMP_NOT_NULL) : {
        if (sp[-1].tag != RF_TAG_NULL) {
            JUMP_TO(0);
        }
        sp--;
        NEXT(1);
    }
    CASE(DEFAULT) : {
        if (fp[pc->a].tag != RF_TAG_UNDEF) {
            JUMP_TO(0);
        }
        NEXT(1);
    }

    /* ---- literals ---- */
    CASE(ARRAY) : {
        uint32_t n = pc->b;
        RfArray *a = rf_array_from_values(sp - n, n);
        sp -= n;
        PUT(sp, RF_TAG_ARRAY, arr, a);
        sp++;
        NEXT(1);
    }
    CASE(ARRAY_PUSH) : {
        sp--;
        rf_array_push(sp[-1].as.arr, *sp);
        NEXT(1);
    }
    CASE(ARRAY_EXTEND) : {
        SAVE();
        CHECK(rf_literal_extend(vm, sp, false));
        sp--;
        NEXT(1);
    }
    CASE(DICT) : {
        SAVE();
        AFTER_HELPER(rf_literal_dict(vm, pc->b));
    }
    CASE(DICT_PUT) : {
        SAVE();
        CHECK(rf_literal_dict_put(vm, sp));
        sp -= 2;
        NEXT(1);
    }
    CASE(DICT_EXTEND) : {
        SAVE();
        CHECK(rf_literal_extend(vm, sp, true));
        sp--;
        NEXT(1);
    }
    CASE(DICT_KEY) : {
        RfValue key;
        if (unlikely(!rf_dict_make_key(sp[-1], &key))) {
            SAVE();
            rf_raise(rf_rt(vm), "Invalid dict key");
            goto error;
        }
        rf_release(sp[-1]);
        COPY(sp - 1, &key);
        NEXT(1);
    }
    CASE(STRUCT) : {
        RfStructSite *site = &frame->proto->structs[pc->b];
        if (likely(site->plain && site->version == site->type->version &&
                   site->alias_version == frame->proto->module->alias_version)) {
            uint32_t n = site->count;
            RfStruct *s = rf_struct_new(site->shape);
            sp -= n;
            for (uint32_t i = 0; i < n; i++) {
                COPY(&s->fields[site->order[i]], sp + i);
            }
            PUT(sp, RF_TAG_STRUCT, strct, s);
            sp++;
            NEXT(1);
        }
        SAVE();
        AFTER_HELPER(rf_literal_struct(vm, site));
    }
    CASE(VARIANT) : {
        sp[-1] = rf_variant_new((RfVariantKind)pc->a, sp[-1]);
        NEXT(1);
    }
    CASE(ENUM) : {
        const RfEnumSite *site = &frame->proto->enums[pc->b];
        RfValue v = rf_tagged_new(site->enum_name, site->variant, sp - pc->a, pc->a);
        sp -= pc->a;
        COPY(sp, &v);
        sp++;
        NEXT(1);
    }
    CASE(CLOSURE) : {
        SAVE();
        rf_literal_closure(vm, frame->proto->protos[pc->b], sp);
        sp++;
        NEXT(1);
    }

    /* ---- elements ---- */
    CASE(INDEX) : {
        RfValue *x = sp - 2, *i = sp - 1;
        RfValue out;
        if (likely(x->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT)) {
            if (likely(array_element(x->as.arr, i->as.i, &out))) {
                rf_object_release(x->as.obj);
                COPY(x, &out);
                sp--;
                NEXT(1);
            }
        }
        SAVE();
        CHECK(rf_access_index(vm, *x, *i, &out));
        rf_release(*x);
        rf_release(*i);
        COPY(x, &out);
        sp--;
        NEXT(1);
    }
    CASE(INDEX_LOCAL) : {
        const RfValue *x = &fp[pc->a];
        RfValue *i = sp - 1;
        if (likely(x->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT)) {
            if (likely(array_element(x->as.arr, i->as.i, i))) {
                NEXT(1);
            }
        }
        if (likely(x->tag == RF_TAG_DICT && i->tag == RF_TAG_INT)) {
            const RfValue *v = rf_dict_find_int(x->as.dict, i->as.i);
            if (likely(v != NULL)) {
                COPY(i, v);
                rf_retain(*i);
                NEXT(1);
            }
        }
        RfValue out;
        SAVE();
        CHECK(rf_access_index(vm, *x, *i, &out));
        rf_release(*i);
        COPY(i, &out);
        NEXT(1);
    }
    CASE(INDEX_LAST) : {
        RfValue out;
        SAVE();
        CHECK(rf_access_index(vm, fp[pc->a], sp[-1], &out));
        rf_release(sp[-1]);
        COPY(sp - 1, &out);
        rf_assign(&fp[pc->a], rf_null());
        NEXT(1);
    }
/* an array element pushed: array and index from locals (L), constants (C), globals (G), a maybe-local array (M) */
#define ELEMENT(NAME, ARRAY, INDEX, LENGTH, ALLOWED) \
    CASE(NAME) : \
    { \
        const RfValue *x = (ARRAY), *i = (INDEX); \
        if (likely(x->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT && (ALLOWED) && array_element(x->as.arr, i->as.i, sp))) { \
            sp++; \
            NEXT(LENGTH); \
        } \
        FALLBACK(); \
    }
    ELEMENT(INDEX_LL, &fp[pc[1].a], &fp[pc[0].a], 2, true)
    ELEMENT(INDEX_LC, &fp[pc[1].a], &consts[pc[0].b], 2, true)
    ELEMENT(INDEX_GL, &globals[pc[0].b], &fp[pc[1].a], 3, true)
    ELEMENT(INDEX_GC, &globals[pc[0].b], &consts[pc[1].b], 3, true)
    ELEMENT(INDEX_ML, &fp[pc[0].a], &fp[pc[1].a], 3, !(pc[0].b & RF_VARREF_MOVE))
    CASE(INDEX_LL_JF) : {
        const RfValue *i = &fp[pc[0].a], *x = &fp[pc[1].a];
        if (likely(x->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT && (uint64_t)i->as.i < x->as.arr->len &&
                   rf_array_kind(x->as.arr) == RF_ELEM_BOOL)) {
            if (!x->as.arr->as.bools[i->as.i]) {
                JUMP_TO(2);
            }
            NEXT(3);
        }
        FALLBACK();
    }
    CASE(INDEX_LL_S) : {
        const RfValue *i = &fp[pc[0].a], *x = &fp[pc[1].a];
        RfValue *dst = &fp[pc[2].a];
        if (likely(x->tag == RF_TAG_ARRAY && i->tag == RF_TAG_INT && IS_SCALAR(*dst) &&
                   array_element(x->as.arr, i->as.i, dst))) {
            NEXT(3);
        }
        FALLBACK();
    }
    CASE(STORE_INDEX_LOCAL) : {
        if (likely(array_store(&fp[pc->a], sp - 1, sp - 2))) {
            sp -= 2;
            NEXT(1);
        }
        if (likely(fp[pc->a].tag == RF_TAG_DICT && sp[-1].tag == RF_TAG_INT && rf_is_unique(fp[pc->a].as.dict))) {
            sp -= 2;
            rf_dict_set_int(fp[pc->a].as.dict, sp[1].as.i, sp[0]);
            NEXT(1);
        }
        SAVE();
        status = rf_access_store_index(vm, &fp[pc->a], sp[-1], sp[-2]);
        rf_release(sp[-1]);
        sp -= 2;
        CHECK(status);
        NEXT(1);
    }
    CASE(STORE_INDEX_GLOBAL) : {
        RfModule *m = frame->proto->module;
        if (likely(m->info[pc->b]->kind == RF_GLOBAL_MUT && array_store(&globals[pc->b], sp - 1, sp - 2))) {
            sp -= 2;
            NEXT(1);
        }
        SAVE();
        if (unlikely(m->info[pc->b]->kind != RF_GLOBAL_MUT)) {
            RfString *name = m->info[pc->b]->name;
            rf_unwind_set_pos(vm, rf_proto_root_pos(frame->proto, (uint32_t)(pc - frame->proto->code)));
            switch (m->info[pc->b]->kind) {
            case RF_GLOBAL_ABSENT: rf_var_undefined(vm, name); break;
            case RF_GLOBAL_CONST: rf_var_raise(vm, RF_RAISE_MUTATE_CONST, name); break;
            default: rf_var_raise(vm, RF_RAISE_MUTATE_LET, name);
            }
            goto error;
        }
        status = rf_access_store_index(vm, &globals[pc->b], sp[-1], sp[-2]);
        rf_release(sp[-1]);
        sp -= 2;
        CHECK(status);
        NEXT(1);
    }
    CASE(SET_INDEX_L) : {
        const RfValue *i = &fp[pc[0].a];
        if (likely(array_store(&fp[pc[1].a], i, sp - 1))) {
            sp--;
            NEXT(2);
        }
        FALLBACK();
    }
    CASE(SET_INDEX_LL) : {
        if (likely(array_store(&fp[pc[2].a], &fp[pc[1].a], &fp[pc[0].a]))) {
            NEXT(3);
        }
        FALLBACK();
    }
    CASE(SET_INDEX_CL) : {
        if (likely(array_store(&fp[pc[2].a], &fp[pc[1].a], &consts[pc[0].b]))) {
            NEXT(3);
        }
        FALLBACK();
    }
    CASE(SET_INDEX_GL) : {
        if (likely(frame->proto->module->info[pc[1].b]->kind == RF_GLOBAL_MUT &&
                   array_store(&globals[pc[1].b], &fp[pc[0].a], sp - 1))) {
            sp--;
            NEXT(2);
        }
        FALLBACK();
    }

    /* ---- fields and paths ---- */
    CASE(GET_FIELD) : {
        RfFieldSite *site = &frame->proto->fields[pc->b];
        RfValue *x = sp - 1;
        RfValue out;
        if (likely(x->tag == RF_TAG_STRUCT && x->as.strct->shape == site->shape)) {
            out = x->as.strct->fields[site->offset];
            rf_retain(out);
        } else {
            const RfValue *found =
                x->tag == RF_TAG_DICT ? rf_dict_guess(x->as.dict, site->entry, site->name) : NULL;
            if (found) {
                out = *found;
                rf_retain(out);
            } else {
                SAVE();
                CHECK(rf_access_field(vm, *x, site, false, &out));
            }
        }
        rf_release(*x);
        COPY(x, &out);
        NEXT(1);
    }
    CASE(FIELD_L) : {
        const RfFieldSite *site = &frame->proto->fields[pc[1].b];
        const RfValue *x = &fp[pc[0].a];
        if (likely(x->tag == RF_TAG_STRUCT && x->as.strct->shape == site->shape && !(pc[0].b & RF_VARREF_MOVE))) {
            COPY(sp, &x->as.strct->fields[site->offset]);
            rf_retain(*sp);
            sp++;
            NEXT(2);
        }
        FALLBACK();
    }
#define FIELD_ARITH(OPNAME) \
    CASE(FIELD_L_##OPNAME) : \
    { \
        const RfFieldSite *site = &frame->proto->fields[pc[1].b]; \
        const RfValue *s = &fp[pc[0].a]; \
        RfValue *x = sp - 1; \
        if (likely(s->tag == RF_TAG_STRUCT && s->as.strct->shape == site->shape)) { \
            const RfValue *y = &s->as.strct->fields[site->offset]; \
            if (likely(BOTH_INT(*x, *y))) { \
                int64_t r; \
                if (likely(int_##OPNAME(x->as.i, y->as.i, &r))) { \
                    x->as.i = r; \
                    NEXT(3); \
                } \
            } else if (BOTH_FLOAT(*x, *y)) { \
                double r; \
                if (likely(float_##OPNAME(x->as.f, y->as.f, &r))) { \
                    RECORD(2, RF_FEEDBACK_FLOAT); \
                    x->as.f = r; \
                    NEXT(3); \
                } \
            } \
        } \
        FALLBACK(); \
    }
    FIELD_ARITH(ADD)
    FIELD_ARITH(SUB)
    CASE(GET_FIELD_OPT) : {
        RfValue *x = sp - 1;
        RfValue out;
        SAVE();
        CHECK(rf_access_field(vm, *x, &frame->proto->fields[pc->b], true, &out));
        rf_release(*x);
        COPY(x, &out);
        NEXT(1);
    }
    CASE(STORE_FIELD_LOCAL) : {
        RfFieldSite *site = &frame->proto->fields[pc->b];
        RfValue *x = &fp[pc->a];
        sp--;
        if (likely(x->tag == RF_TAG_STRUCT && x->as.strct->obj.rc == 1 && x->as.strct->shape == site->shape)) {
            RfValue *slot = &x->as.strct->fields[site->offset];
            RfValue old = *slot;
            COPY(slot, sp);
            rf_release(old);
            NEXT(1);
        }
        SAVE();
        CHECK(rf_access_store_field(vm, x, site, *sp));
        NEXT(1);
    }
    CASE(LOAD_PATH) : {
        SAVE();
        AFTER_HELPER(rf_path_load(vm, &frame->proto->paths[pc->b]));
    }
    CASE(STORE_PATH) : {
        SAVE();
        AFTER_HELPER(rf_path_store(vm, &frame->proto->paths[pc->b], pc->a != 0));
    }

    /* ---- calls ---- */
/* Pushes the frame of `fn` (of `proto`), whose arguments start at LOCALS and end at sp, and goes on in it. */
#define ENTER_FRAME(RESULT, LOCALS) \
    do { \
        RfValue *locals_ = (LOCALS); \
        RfValue *top_ = locals_ + proto->nlocals; \
        if (unlikely(frame == vm->frame_limit || top_ + proto->max_stack > vm->stack_end)) { \
            SAVE(); \
            rf_call_depth_error(vm, proto->name); \
            goto error; \
        } \
        site->hits++; \
        frame->pc = pc + 1; \
        frame++; \
        vm->frame = frame; \
        fp = locals_; \
        frame->fp = locals_; \
        frame->ret = (RESULT); \
        frame->proto = proto; \
        frame->fn = fn; \
        frame->mode = RF_FRAME_PLAIN; \
        frame->native = 0; \
        for (; sp < top_; sp++) { \
            sp->tag = RF_TAG_NULL; \
        } \
        pc = proto->code; \
        consts = proto->consts; \
        globals = proto->module->globals; \
        SAFEPOINT(); \
        if (unlikely(++proto->call_count >= proto->call_trigger)) { \
            goto hot_call; \
        } \
        DISPATCH(); \
    } while (0)
    CASE(CALL) : {
        uint32_t argc = pc->a;
        RfValue *callee = sp - argc - 1;
        RfCallSite *site = &frame->proto->calls[pc->b];
        if (likely(callee->tag == RF_TAG_FUNCTION && site->callee == callee->as.fn->proto)) {
            RfFunction *fn = callee->as.fn;
            RfProto *proto = fn->proto;
            ENTER_FRAME(callee, callee + 1);
        }
        if (likely(callee->tag == RF_TAG_BUILTIN && site->callee == callee->as.builtin && !site->place)) {
            const RfBuiltin *b = callee->as.builtin;
            RfValue out;
            SAVE();
            site->hits++;
            status = b->fn(vm, b, (int)argc, callee + 1, &out);
            while (sp > callee + 1) {
                sp--;
                rf_release(*sp);
            }
            if (unlikely(status != RF_OK)) {
                goto error;
            }
            COPY(callee, &out);
            NEXT(1);
        }
        SAVE();
        AFTER_HELPER(rf_call_value(vm, argc, site));
    }
    CASE(CALL_METHOD) : {
        uint32_t argc = pc->a;
        RfValue *recv = sp - argc - 1;
        RfMethodSite *site = &frame->proto->methods[pc->b];
        if (likely(recv->tag == RF_TAG_STRUCT && recv->as.strct->shape == site->shape &&
                   site->version == site->shape->type->version)) {
            RfFunction *fn = site->method;
            RfProto *proto = fn->proto;
            ENTER_FRAME(recv, recv);
        }
        SAVE();
        AFTER_HELPER(rf_call_method(vm, argc, site));
    }
    {
        RfValue result;
        CASE(RETURN_L) : {
            RfValue *v = &fp[pc->a];
            if (unlikely(!IS_SCALAR(*v))) {
                FALLBACK();
            }
            COPY(&result, v);
            release_range(frame->ret, sp);
            goto give_result;
        }
        CASE(RETURN_C) : {
            COPY(&result, &consts[pc->b]);
            rf_retain(result);
            release_range(frame->ret, sp);
            goto give_result;
        }
        CASE(RETURN) : {
            sp--;
            COPY(&result, sp);
            release_range(frame->ret, sp);
        }
    give_result:
        if (unlikely(frame->mode != RF_FRAME_PLAIN)) {
            switch ((RfFrameMode)frame->mode) {
            case RF_FRAME_ENTRY:
                *frame->ret = result;
                vm->sp = frame->ret + 1;
                vm->frame = frame - 1;
                return RF_OK;
            case RF_FRAME_TASK:
                vm->sp = frame->ret;
                vm->frame = frame - 1;
                rf_async_return(vm, frame, result, NULL);
                return RF_OK;
            case RF_FRAME_ASYNC: {
                RfValue promise;
                vm->sp = frame->ret;
                rf_async_return(vm, frame, result, &promise);
                if (frame == base) { /* called from C */
                    *frame->ret = promise;
                    vm->sp = frame->ret + 1;
                    vm->frame = frame - 1;
                    return RF_OK;
                }
                result = promise;
                break;
            }
            default: { /* a generator has ended: its value is dropped */
                RfGenerator *g = frame->owner;
                RfFrameMode mode = (RfFrameMode)frame->mode;
                rf_release(result);
                g->state = RF_GEN_DONE;
                vm->sp = frame->ret;
                vm->frame = frame - 1;
                RfValue *ret = frame->ret;
                frame->owner = NULL;
                rf_generator_finish(g);
                rf_object_release(g);
                if (mode == RF_FRAME_DRAW) {
                    *ret = rf_undef();
                    vm->sp = ret + 1;
                    return RF_OK;
                }
                if (mode == RF_FRAME_NEXT) {
                    *ret = rf_none();
                    vm->sp = ret + 1;
                }
                LOAD_FRAME();
                DISPATCH();
            }
            }
        }
        COPY(frame->ret, &result);
        sp = frame->ret + 1;
        frame--;
        vm->frame = frame;
        pc = frame->pc;
        fp = frame->fp;
        consts = frame->proto->consts;
        globals = frame->proto->module->globals;
        DISPATCH();
    }
/* a local set to a local or constant that needs no counting */
#define SET_LOCAL(NAME, SOURCE) \
    CASE(NAME) : \
    { \
        const RfValue *src = (SOURCE); \
        RfValue *dst = &fp[pc[1].a]; \
        if (likely(IS_SCALAR(*src) && IS_SCALAR(*dst))) { \
            COPY(dst, src); \
            NEXT(2); \
        } \
        FALLBACK(); \
    }
    SET_LOCAL(MOVE, &fp[pc[0].a])
    SET_LOCAL(SET_LC, &consts[pc[0].b])
    CASE(THROW) : {
        sp--;
        SAVE();
        rf_raise_value(rf_rt(vm), *sp);
        goto error;
    }
    CASE(TRY) : {
        RfValue v = sp[-1];
        if (v.tag == RF_TAG_VARIANT && rf_variant_kind(v.as.variant) != RF_VARIANT_ERR) {
            sp[-1] = rf_retain(v.as.variant->payload);
            rf_release(v);
            JUMP_TO(0);
        }
        if (v.tag == RF_TAG_VARIANT || v.tag == RF_TAG_NONE) {
            NEXT(1);
        }
        SAVE();
        rf_raise(rf_rt(vm), "Try operator requires Result or Option");
        goto error;
    }
    CASE(AWAIT) : {
        SAVE();
        status = rf_async_await(vm, base);
        if (status == RF_SUSPEND) {
            return RF_SUSPEND;
        }
        AFTER_HELPER(status);
    }
    CASE(GEN_START) : {
        SAVE();
        status = rf_generator_start(vm);
        if (status == RF_SUSPEND) { /* called from C */
            return RF_OK;
        }
        AFTER_HELPER(status);
    }
    CASE(YIELD) : {
        RfFrameMode mode = (RfFrameMode)frame->mode;
        RfValue v = rf_retain(sp[-1]); /* stays as the value of the expression when the generator resumes */
        RfValue *ret = frame->ret;
        SAVE();
        rf_generator_park(vm);
        if (mode == RF_FRAME_DRAW) {
            *ret = v;
            vm->sp = ret + 1;
            return RF_OK;
        }
        if (mode == RF_FRAME_NEXT) {
            *ret = rf_variant_new(RF_VARIANT_SOME, v);
            vm->sp = ret + 1;
            LOAD_FRAME();
            DISPATCH();
        }
        LOAD_FRAME();
        const RfInstr *loop = pc - 1; /* the FOR_LOOP that wanted the value */
        COPY(sp, &v);
        sp++;
        if (mode == RF_FRAME_FOR2) {
            PUT(sp, RF_TAG_INT, i, fp[loop->a + 1].as.i++);
            sp++;
        }
        pc = loop;
        JUMP_TO(0);
    }
    CASE(SPAWN) : {
        RfValue out = rf_null();
        SAVE();
        CHECK(rf_task_spawn(vm, frame->proto->protos[pc->b], &out));
        COPY(sp, &out);
        sp++;
        NEXT(1);
    }

    /* ---- for ---- */
    CASE(FOR_PREP) : {
        sp--;
        SAVE();
        CHECK(rf_iterate_prep(vm, &fp[pc->a], *sp));
        NEXT(1);
    }
    CASE(FOR_RANGE) : {
        SAVE();
        CHECK(rf_iterate_range(vm, &fp[pc->a], sp[-2], sp[-1], pc->b != 0));
        sp -= 2;
        NEXT(1);
    }
    CASE(RANGE_CALL) : {
        uint32_t argc = pc->a;
        RfValue *callee = sp - argc - 1;
        if (callee->tag == RF_TAG_BUILTIN && strcmp(callee->as.builtin->canonical, "range") == 0 && argc >= 1 &&
            argc <= 3) {
            int64_t bound[3] = {0, 0, 1};
            bool numbers = true;
            for (uint32_t i = 0; i < argc; i++) {
                const RfValue *v = &callee[1 + i];
                numbers = numbers && rf_is_num(*v);
                bound[argc == 1 ? 1 : i] = v->tag == RF_TAG_INT ? v->as.i : rf_float_to_int(v->as.f);
            }
            if (numbers && bound[2] != 0) {
                for (int i = 0; i < 3; i++) {
                    callee[i] = rf_int(bound[i]);
                }
                sp = callee + 3;
                NEXT(1);
            }
        }
        JUMP_TO(0);
    }
    CASE(FOR_STEP) : {
        sp -= 3;
        rf_iterate_step(&fp[pc->a], sp[0].as.i, sp[1].as.i, sp[2].as.i);
        NEXT(1);
    }
/* Back edges are counted before the item is drawn, so that native code can take over with no operand on the stack; the pass
 * that finds the end is none. */
#define COUNT_FOR(HOT) \
    do { \
        RfProto *proto_ = frame->proto; \
        if (unlikely(++proto_->loop_count >= proto_->loop_trigger)) { \
            goto HOT; \
        } \
    } while (0)
    CASE(FOR_LOOP) : {
        COUNT_FOR(hot_for);
        RfValue *it = &fp[pc->a];
        if (likely(it->tag == RF_TAG_INT)) { /* ints: step, next, count left */
            if (it[2].as.i == 0) {
                frame->proto->loop_count--;
                NEXT(1);
            }
            it[2].as.i--;
            PUT(sp, RF_TAG_INT, i, it[1].as.i);
            sp++;
            it[1].as.i = (int64_t)((uint64_t)it[1].as.i + (uint64_t)it->as.i);
        } else if (likely(it->tag == RF_TAG_ARRAY)) {
            int64_t i = it[1].as.i;
            if (i >= (int64_t)it->as.arr->len) {
                frame->proto->loop_count--;
                NEXT(1);
            }
            it[1].as.i = i + 1;
            (void)array_element(it->as.arr, i, sp);
            sp++;
        } else {
            goto next_item;
        }
        SAFEPOINT();
        const RfInstr *body = pc + (int32_t)pc->b;
        if (likely(body->op == RF_OP_STORE_LOCAL && IS_SCALAR(fp[body->a]))) {
            sp--;
            COPY(&fp[body->a], sp);
            pc = body + 1;
            DISPATCH();
        }
        pc = body;
        DISPATCH();
    }
    {
        int got;
        CASE(FOR_LOOP2) : {
        plain_for:
            COUNT_FOR(hot_for);
        }
    next_item:
        SAVE();
        got = rf_iterate_next(vm, &fp[pc->a], pc->op == RF_OP_FOR_LOOP2);
        if (got == 2) {
            LOAD_FRAME();
            DISPATCH();
        }
        if (got < 0) {
            goto error;
        }
        sp = vm->sp;
        if (got == 0) {
            frame->proto->loop_count--;
            NEXT(1);
        }
        SAFEPOINT();
        JUMP_TO(0);
    hot_for:
        frame->pc = pc;
        vm->sp = sp;
        status = rf_tier_loop(vm, frame, start == START_RESUME && frame == base);
        CHOOSE_LABELS();
        if (status == RF_ENTER) {
            goto next_item;
        }
        goto native_done;
    }

    /* ---- patterns ---- */
    CASE(DESTRUCT_ARRAY) : {
        SAVE();
        rf_literal_destruct_array(vm, pc->a, pc->b != 0);
        sp = vm->sp;
        NEXT(1);
    }
    CASE(DESTRUCT_DICT) : {
        SAVE();
        rf_literal_destruct_dict(vm, &frame->proto->dictpats[pc->b]);
        sp = vm->sp;
        NEXT(1);
    }
    CASE(MATCH_VARIANT) : {
        RfValue v = sp[-1];
        sp[-1] = rf_bool(pc->a == 3 ? v.tag == RF_TAG_NONE
                                    : v.tag == RF_TAG_VARIANT && rf_variant_kind(v.as.variant) == (RfVariantKind)pc->a);
        rf_release(v);
        NEXT(1);
    }
    CASE(MATCH_ENUM) : {
        RfValue v = sp[-1];
        const RfEnumSite *site = &frame->proto->enums[pc->b];
        bool same = v.tag == RF_TAG_TAGGED && v.as.tagged->enum_name == site->enum_name &&
                    v.as.tagged->variant_name == site->variant;
        if (same && pc->a > 0) {
            same = pc->a == 1 ? v.as.tagged->count >= 1 : v.as.tagged->count == pc->a;
        }
        sp[-1] = rf_bool(same);
        rf_release(v);
        NEXT(1);
    }
    CASE(MATCH_WORD) : {
        RfValue v = sp[-1];
        const RfString *word = consts[pc->b].as.str;
        bool same = false;
        if (v.tag == RF_TAG_STRING) {
            same = rf_string_equal(v.as.str, word);
        } else if (v.tag == RF_TAG_FLOAT) {
            char text[RF_FLOAT_TEXT_MAX];
            size_t len = rf_float_to_text(v.as.f, text);
            same = len == word->len && memcmp(text, word->data, len) == 0;
        }
        sp[-1] = rf_bool(same);
        rf_release(v);
        NEXT(1);
    }
    CASE(MATCH_EQUAL) : {
        RfValue v = sp[-1];
        sp[-1] = rf_bool(rf_value_equal(v, consts[pc->b]));
        rf_release(v);
        NEXT(1);
    }
    CASE(PAYLOAD) : {
        RfValue v = sp[-1];
        RfValue out = rf_null();
        if (v.tag == RF_TAG_VARIANT && pc->a == 0) {
            out = rf_retain(v.as.variant->payload);
        } else if (v.tag == RF_TAG_TAGGED && pc->a < v.as.tagged->count) {
            out = rf_retain(v.as.tagged->payload[pc->a]);
        }
        sp[-1] = out;
        rf_release(v);
        NEXT(1);
    }

    /* ---- errors, declarations, modules ---- */
    CASE(RETHROW) : {
        sp--;
        SAVE();
        rf_unwind_rethrow(vm, *sp);
        goto error;
    }
    CASE(DECLARE_STRUCT) : {
        SAVE();
        rf_literal_declare_struct(vm, &frame->proto->decls[pc->b]);
        sp = vm->sp;
        NEXT(1);
    }
    CASE(IMPORT) : {
        RfValue out;
        SAVE();
        CHECK(rf_import_module(vm, &frame->proto->imports[pc->b], &out));
        COPY(sp, &out);
        sp++;
        globals = frame->proto->module->globals;
        NEXT(1);
    }
    CASE(IMPORT_ALL) : {
        sp--;
        SAVE();
        CHECK(rf_import_all(vm, &frame->proto->imports[pc->b], *sp));
        globals = frame->proto->module->globals;
        NEXT(1);
    }
    CASE(IMPORT_NAME) : {
        RfValue out;
        SAVE();
        CHECK(rf_import_name(vm, &frame->proto->imports[pc->b], sp[-1], &out));
        COPY(sp, &out);
        sp++;
        NEXT(1);
    }

error:
    /* The failing instruction saved its pc; values it had popped are gone, the rest of the frame is released here. */
    vm->sp = sp;
unwind:
    if (rf_unwind(vm, base) == RF_OK) {
        if (unlikely(vm->frame < base)) { /* an async function called from C failed: its promise is the result */
            return RF_OK;
        }
        LOAD_FRAME();
        DISPATCH();
    }
    return RF_ERROR;
}

RfStatus rf_interp_run(RfVm *vm, RfFrame *base)
{
    return run(vm, base, START_CALL);
}

RfStatus rf_interp_go_on(RfVm *vm, RfFrame *base)
{
    return run(vm, base, START_ON);
}

/* Runs the frame that the step of `frame` has pushed, as if C code had called it, and hands on its result as the loop would have
 * done: this way no frame above a native one returns into it. */
static RfStatus run_pushed(RfVm *vm, RfFrame *frame, uint32_t pc)
{
    RfFrame *top = vm->frame;
    const RfFrameMode mode = (RfFrameMode)top->mode;
    switch (mode) {
    case RF_FRAME_PLAIN: top->mode = RF_FRAME_ENTRY; break;
    case RF_FRAME_FOR:
    case RF_FRAME_FOR2:
    case RF_FRAME_NEXT: top->mode = RF_FRAME_DRAW; break;
    default: break; /* ASYNC: its promise is the result, also when it is parked */
    }
    if (run(vm, top, START_ON) == RF_ERROR) {
        return RF_ERROR;
    }
    if (mode == RF_FRAME_PLAIN || mode == RF_FRAME_ASYNC) {
        return RF_OK;
    }
    RfValue *drawn = vm->sp - 1; /* UNDEF: the generator has ended */
    if (mode == RF_FRAME_NEXT) {
        *drawn = rf_is_undef(*drawn) ? rf_none() : rf_variant_new(RF_VARIANT_SOME, *drawn);
    } else if (rf_is_undef(*drawn)) {
        vm->sp = drawn;
    } else {
        const RfInstr *loop = &frame->proto->code[pc];
        if (mode == RF_FRAME_FOR2) {
            rf_push(vm, rf_int(frame->fp[loop->a + 1].as.i++));
        }
        frame->pc = loop + (int32_t)loop->b;
    }
    return RF_OK;
}

RfStatus rf_interp_step(RfVm *vm, RfFrame *frame, uint32_t pc)
{
    frame->pc = frame->proto->code + pc;
    if (unlikely((char *)__builtin_frame_address(0) < vm->c_limit)) {
        frame->pc++;
        return rf_call_depth_error(vm, frame->proto->name);
    }
    RfStatus status = run(vm, frame, START_STEP);
    return status == RF_OK && vm->frame != frame ? run_pushed(vm, frame, pc) : status;
}

RfRet rf_interp_resume(RfVm *vm, RfFrame *frame, uint32_t pc, bool error)
{
    frame->native = 0;
    frame->mark = 0;
    frame->mode = RF_FRAME_ENTRY;
    frame->ret = frame->fp; /* what lies below is not ours to release */
    RfGenerator *g = frame->proto->flags & RF_PROTO_GENERATOR ? frame->fp[-1].as.ptr : NULL;
    if (g) { /* to its next YIELD */
        frame->mode = RF_FRAME_DRAW;
        frame->owner = g;
        rf_object_retain(g);
    }
    frame->pc = frame->proto->code + pc + (error ? 1 : 0);
    RfStatus status = error ? rf_unwind(vm, frame) : RF_OK;
    if (status == RF_OK) {
        status = run(vm, frame, START_RESUME);
    }
    if (status == RF_SUSPEND) { /* called last, so that the C stack does not grow with each exit of a loop */
        if (g) { /* parked at the loop's header */
            rf_object_release(g);
        }
        rf_tier_mark(frame);
        return vm->reenter(vm, frame, frame->fp);
    }
    if (status != RF_OK) {
        return (RfRet){0, RF_RET_ERROR};
    }
    RfValue v = rf_pop(vm);
    return (RfRet){(uint64_t)v.as.i, v.tag};
}
