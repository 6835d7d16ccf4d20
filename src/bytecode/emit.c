/* Code under construction: instructions, constants, labels and sites of one function. Jumps hold targets in this buffer;
 * finish.c lays the final code out. Constants are folded here, on the instructions just written, as long as no label can
 * lie between them. */
#include <math.h>
#include <string.h>

#include "bytecode/compile.h"
#include "runtime/string.h"

void *rf_vec_push(RfVec *v, size_t size)
{
    if (v->len == v->cap) {
        uint32_t cap = v->cap ? v->cap * 2 : 8;
        v->data = rf_mem_resize(v->data, size * v->cap, size * cap);
        v->cap = cap;
    }
    void *item = (char *)v->data + size * v->len++;
    memset(item, 0, size);
    return item;
}

void rf_vec_free(RfVec *v, size_t size)
{
    rf_mem_free(v->data, size * v->cap);
    *v = (RfVec){NULL, 0, 0};
}

static RfInstr *instr(RfFuncState *fs, uint32_t pc)
{
    return &RF_VEC_AT(&fs->code, RfInstr, pc);
}

/* Depth after an instruction that has just been written. VAR effects read the sites through a stand-in. */
static void apply_effect(RfFuncState *fs, RfInstr in)
{
    RfProto sites = {
        .structs = fs->structs.data, .paths = fs->paths.data, .dictpats = fs->dictpats.data, .decls = fs->decls.data};
    int pops, pushes, at_target;
    rf_op_effect(&sites, in, &pops, &pushes, &at_target);
    fs->depth = fs->depth - (uint32_t)pops + (uint32_t)pushes;
}

uint32_t rf_emit(RfFuncState *fs, RfOp op, uint32_t a, uint32_t b, RfPos pos)
{
    RfInstr *in = rf_vec_push(&fs->code, sizeof *in);
    *in = (RfInstr){(uint16_t)op, (uint16_t)a, b};
    *(RfPos *)rf_vec_push(&fs->positions, sizeof pos) = pos;
    if (a > UINT16_MAX) {
        rf_compile_error(fs->c, pos, "Too many values in one instruction");
    }
    apply_effect(fs, *in);
    return fs->code.len - 1;
}

/* ---- constants ---- */

uint32_t rf_emit_add_const(RfFuncState *fs, RfValue v)
{
    RfConst probe;
    memset(&probe, 0, sizeof probe);
    probe.key.tag = v.tag;
    probe.key.bits = v.as.i;
    RfConst *found;
    HASH_FIND(hh, fs->const_index, &probe.key, sizeof probe.key, found);
    if (found) {
        rf_release(v);
        return found->index;
    }
    found = rf_arena_alloc(&fs->c->work, sizeof *found);
    found->key = probe.key;
    found->index = fs->consts.len;
    HASH_ADD(hh, fs->const_index, key, sizeof found->key, found);
    *(RfValue *)rf_vec_push(&fs->consts, sizeof v) = v;
    return found->index;
}

uint32_t rf_emit_name_const(RfFuncState *fs, RfString *name)
{
    rf_object_retain(name);
    return rf_emit_add_const(fs, rf_obj(name));
}

void rf_emit_const(RfFuncState *fs, RfValue v, RfPos pos)
{
    rf_emit(fs, RF_OP_CONST, 0, rf_emit_add_const(fs, v), pos);
}

void rf_emit_null(RfFuncState *fs, RfPos pos)
{
    rf_emit_const(fs, rf_null(), pos);
}

/* The constant that the instruction `back` places from the end pushes; NULL when it is none or code may be entered there. */
static const RfValue *constant_at(RfFuncState *fs, uint32_t back)
{
    if (fs->code.len < back || fs->code.len - back < fs->barrier) {
        return NULL;
    }
    const RfInstr *in = instr(fs, fs->code.len - back);
    return in->op == RF_OP_CONST ? &RF_VEC_AT(&fs->consts, RfValue, in->b) : NULL;
}

static void drop_instr(RfFuncState *fs, uint32_t count)
{
    fs->code.len -= count;
    fs->positions.len -= count;
    fs->depth -= count;
}

static bool fold_int(RfOp op, int64_t x, int64_t y, RfValue *out)
{
    int64_t r = 0;
    switch (op) {
    case RF_OP_ADD:
        if (__builtin_add_overflow(x, y, &r)) {
            return false;
        }
        break;
    case RF_OP_SUB:
        if (__builtin_sub_overflow(x, y, &r)) {
            return false;
        }
        break;
    case RF_OP_MUL:
        if (__builtin_mul_overflow(x, y, &r)) {
            return false;
        }
        break;
    case RF_OP_DIV:
    case RF_OP_MOD:
        if (y == 0 || y == -1) {
            return false;
        }
        r = op == RF_OP_DIV ? x / y : x % y;
        break;
    case RF_OP_EQ: *out = rf_bool(x == y); return true;
    case RF_OP_NE: *out = rf_bool(x != y); return true;
    case RF_OP_LT: *out = rf_bool(x < y); return true;
    case RF_OP_GT: *out = rf_bool(x > y); return true;
    case RF_OP_LE: *out = rf_bool(x <= y); return true;
    case RF_OP_GE: *out = rf_bool(x >= y); return true;
    default: return false;
    }
    *out = rf_int(r);
    return true;
}

static bool fold_float(RfOp op, double x, double y, RfValue *out)
{
    switch (op) {
    case RF_OP_ADD: *out = rf_float(x + y); return true;
    case RF_OP_SUB: *out = rf_float(x - y); return true;
    case RF_OP_MUL: *out = rf_float(x * y); return true;
    case RF_OP_DIV:
        if (y == 0.0) {
            return false;
        }
        *out = rf_float(x / y);
        return true;
    case RF_OP_LT: *out = rf_bool(x < y); return true;
    case RF_OP_GT: *out = rf_bool(x > y); return true;
    case RF_OP_LE: *out = rf_bool(x <= y); return true;
    case RF_OP_GE: *out = rf_bool(x >= y); return true;
    default: return false; /* == has a tolerance, % is left to the machine that runs it */
    }
}

#define FOLDED_TEXT_MAX 4096u /* bounds what repeated folding of one chain can cost */

static bool fold(RfOp op, RfValue x, RfValue y, RfValue *out)
{
    if (rf_is_int(x) && rf_is_int(y)) {
        return fold_int(op, x.as.i, y.as.i, out);
    }
    if (rf_is_num(x) && rf_is_num(y)) {
        return fold_float(op, rf_num(x), rf_num(y), out);
    }
    if (op == RF_OP_ADD && rf_is_string(x) && rf_is_string(y) && x.as.str->len + y.as.str->len <= FOLDED_TEXT_MAX) {
        rf_object_retain(x.as.str);
        RfString *joined = rf_string_append(x.as.str, y.as.str);
        *out = rf_obj(joined);
        return true;
    }
    return false;
}

void rf_emit_binary(RfFuncState *fs, RfOp op, uint32_t b, RfPos pos)
{
    const RfValue *x = constant_at(fs, 2), *y = constant_at(fs, 1);
    RfValue result;
    if (x && y && fold(op, *x, *y, &result)) {
        RfPos at = RF_VEC_AT(&fs->positions, RfPos, fs->positions.len - 2);
        drop_instr(fs, 2);
        rf_emit_const(fs, result, at);
        return;
    }
    rf_emit(fs, op, 0, b, pos);
}

void rf_emit_unary(RfFuncState *fs, RfOp op, RfPos pos)
{
    const RfValue *x = constant_at(fs, 1);
    RfValue result = rf_undef();
    if (x && op == RF_OP_NEG && rf_is_int(*x) && x->as.i != INT64_MIN) {
        result = rf_int(-x->as.i);
    } else if (x && op == RF_OP_NEG && rf_is_float(*x)) {
        result = rf_float(-x->as.f);
    } else if (x && op == RF_OP_NOT && rf_is_bool(*x)) {
        result = rf_bool(!x->as.i);
    }
    if (!rf_is_undef(result)) {
        drop_instr(fs, 1);
        rf_emit_const(fs, result, pos);
        return;
    }
    rf_emit(fs, op, 0, 0, pos);
}

/* ---- jumps ---- */

static RfOp back_edge(RfOp op)
{
    return op == RF_OP_JUMP            ? RF_OP_LOOP
           : op == RF_OP_JUMP_IF_FALSE ? RF_OP_LOOP_IF_FALSE
           : op == RF_OP_JUMP_IF_TRUE  ? RF_OP_LOOP_IF_TRUE
                                       : op;
}

void rf_emit_jump(RfFuncState *fs, RfOp op, uint32_t a, RfLabel *label, RfPos pos)
{
    if (op == RF_OP_JUMP_IF_FALSE || op == RF_OP_JUMP_IF_TRUE) {
        const RfValue *v = constant_at(fs, 1);
        if (v) { /* decided: jump always or never */
            bool jumps = rf_truthy(*v) == (op == RF_OP_JUMP_IF_TRUE);
            drop_instr(fs, 1);
            if (!jumps) {
                return;
            }
            op = RF_OP_JUMP;
        }
    }
    if (label->bound) {
        rf_emit(fs, back_edge(op), a, label->pc, pos);
        return;
    }
    uint32_t pc = rf_emit(fs, op, a, 0, pos);
    instr(fs, pc)->b = label->patches;
    label->patches = pc + 1;
}

void rf_emit_bind(RfFuncState *fs, RfLabel *label)
{
    label->bound = true;
    label->pc = fs->code.len;
    fs->barrier = fs->code.len;
    for (uint32_t at = label->patches; at != 0;) {
        RfInstr *in = instr(fs, at - 1);
        at = in->b;
        in->b = label->pc;
    }
    label->patches = 0;
}

void rf_emit_clear(RfFuncState *fs, uint32_t from, uint32_t to, RfPos pos)
{
    if (to > from) {
        rf_emit(fs, RF_OP_CLEAR, from, to - from, pos);
    }
}

uint32_t rf_emit_nop(RfFuncState *fs, RfPos pos)
{
    uint32_t pc = rf_emit(fs, RF_OP_NOP, 0, 0, pos);
    fs->barrier = fs->code.len;
    return pc;
}

void rf_emit_insert(RfFuncState *fs, uint32_t nop, RfOp op, uint32_t slot)
{
    *(RfInsert *)rf_vec_push(&fs->inserts, sizeof(RfInsert)) = (RfInsert){nop, slot, op};
}

/* ---- sites ---- */

uint32_t rf_emit_field_site(RfFuncState *fs, RfString *name)
{
    RfFieldSite *site = rf_vec_push(&fs->fields, sizeof *site);
    site->name = name;
    return fs->fields.len - 1;
}

uint32_t rf_emit_call_site(RfFuncState *fs, uint32_t place)
{
    RfCallSite *site = rf_vec_push(&fs->calls, sizeof *site);
    site->place = place;
    return fs->calls.len - 1;
}

RfString **rf_emit_names(RfFuncState *fs, const RfName *names, uint32_t count)
{
    RfString **list = count ? rf_mem_alloc(sizeof *list * count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        list[i] = rf_compile_intern(fs->c, names[i].text);
    }
    return list;
}

uint32_t rf_emit_import_site(RfFuncState *fs, RfText name, bool from)
{
    RfImportSite *site = rf_vec_push(&fs->imports, sizeof *site);
    site->name = rf_compile_intern(fs->c, name);
    site->from = from;
    return fs->imports.len - 1;
}
