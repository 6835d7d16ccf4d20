/* Listings of bytecode (`ruff disasm`, cli.md 9.1), and the opcode table as Markdown (docs/bytecode.md). */
#include <stdio.h>

#include "base/buf.h"
#include "bytecode/compiler.h"
#include "bytecode/module.h"
#include "runtime/string.h"
#include "runtime/text.h"

/* ---- names of things ---- */

static const char *local_name(const RfProto *p, uint32_t slot, uint32_t pc)
{
    const char *name = NULL;
    for (uint32_t i = 0; i < p->ninfo; i++) {
        const RfLocalInfo *info = &p->info[i];
        /* a store makes the name visible at the instruction after it */
        if (info->slot == slot && pc + 1 >= info->start && pc <= info->end) {
            name = info->name->data;
        }
    }
    return name;
}

static const char *global_name(const RfProto *p, uint32_t slot)
{
    return p->module && slot < p->module->nglobals ? p->module->info[slot]->name->data : "?";
}

static void put_local(RfBuf *out, const RfProto *p, uint32_t slot, uint32_t pc)
{
    const char *name = local_name(p, slot, pc);
    if (name) {
        rf_buf_puts(out, name);
    } else {
        rf_buf_printf(out, "$%u", slot);
    }
}

/* Debug form of a constant, on one line; long strings are cut. */
static void put_const(RfBuf *out, RfValue v)
{
    size_t start = out->len;
    rf_debug_put(out, v);
    if (out->len - start > 60) {
        out->len = start + 57;
        while (out->len > start && ((unsigned char)out->data[out->len] & 0xC0u) == 0x80u) {
            out->len--;
        }
        rf_buf_puts(out, "...");
    }
}

/* [i 2 %]: operators after their operands */
static void put_step_ops(RfBuf *out, const RfProto *p, const RfStep *s, uint32_t pc)
{
    for (uint32_t i = 0; i < s->nops; i++) {
        RfInstr in = s->ops[i];
        rf_buf_putc(out, i ? ' ' : '[');
        switch (in.op) {
        case RF_OP_LOAD_LOCAL:
        case RF_OP_LOAD_SHARED: put_local(out, p, in.a, pc); break;
        case RF_OP_LOAD_CELL: rf_buf_puts(out, p->captures[in.a].name->data); break;
        case RF_OP_LOAD_GLOBAL: rf_buf_puts(out, global_name(p, in.b)); break;
        case RF_OP_CONST: put_const(out, p->consts[in.b]); break;
        default:
            rf_buf_putc(out, in.op == RF_OP_ADD ? '+' : in.op == RF_OP_SUB ? '-' : in.op == RF_OP_MUL ? '*' : '%');
            break;
        }
    }
    rf_buf_putc(out, ']');
}

static void put_path(RfBuf *out, const RfProto *p, const RfPath *path, uint32_t pc)
{
    rf_buf_puts(out, path->name ? path->name->data : "?");
    for (uint32_t i = 0; i < path->count; i++) {
        const RfStep *s = &path->steps[i];
        switch (s->kind) {
        case RF_STEP_FIELD: rf_buf_printf(out, ".%s", p->fields[s->slot].name->data); break;
        case RF_STEP_INDEX: rf_buf_puts(out, "[]"); break;
        case RF_STEP_LOCAL:
            rf_buf_putc(out, '[');
            put_local(out, p, s->slot, pc);
            rf_buf_putc(out, ']');
            break;
        case RF_STEP_CONST:
            rf_buf_putc(out, '[');
            put_const(out, p->consts[s->slot]);
            rf_buf_putc(out, ']');
            break;
        case RF_STEP_VALUE: put_step_ops(out, p, s, pc); break;
        }
    }
}

static void put_place(RfBuf *out, const RfProto *p, uint32_t place, uint32_t pc)
{
    if (place) {
        rf_buf_puts(out, p->paths[place - 1].pair ? " in place, as pair, of " : " in place of ");
        put_path(out, p, &p->paths[place - 1], pc);
    }
}

/* ---- comments ---- */

static const char *const store_words[] = {"plain", "bare"};
static const char *const decl_words[] = {"let", "mut", "const", "func", "import", "match"};
static const char *const raise_words[] = {"reassign let", "reassign const", "mutate let",   "mutate const",
                                          "undefined",    "duplicate",      "yield outside"};
static const char *const variant_words[] = {"Ok", "Err", "Some", "None"};

static void put_varref(RfBuf *out, const RfProto *p, uint32_t b)
{
    if (b & RF_VARREF_MOVE) {
        rf_buf_puts(out, " (last use)");
    }
    if (b & RF_VARREF_MAYBE) {
        rf_buf_printf(out, " or global %s", global_name(p, RF_VARREF_GLOBAL(b)));
    }
}

static void put_locals(RfBuf *out, const RfProto *p, uint32_t from, uint32_t count, uint32_t pc)
{
    for (uint32_t i = 0; i < count; i++) {
        rf_buf_puts(out, i ? ", " : "");
        put_local(out, p, from + i, pc);
    }
}

static void put_comment(RfBuf *out, const RfProto *p, RfInstr in, uint32_t pc)
{
    switch ((RfOp)in.op) {
    case RF_OP_CONST:
    case RF_OP_MATCH_EQUAL: put_const(out, p->consts[in.b]); break;
    case RF_OP_LOAD_LOCAL:
    case RF_OP_STORE_LOCAL:
    case RF_OP_LOAD_SHARED:
        put_local(out, p, in.a, pc);
        put_varref(out, p, in.b);
        break;
    case RF_OP_LOAD_CELL:
        rf_buf_puts(out, p->captures[in.a].name->data);
        put_varref(out, p, in.b);
        break;
    case RF_OP_STORE_CELL: rf_buf_puts(out, p->captures[in.a].name->data); break;
    case RF_OP_TEST_CELL: rf_buf_printf(out, "%s unset -> %u", p->captures[in.a].name->data, in.b); break;
    case RF_OP_NEW_CELL:
    case RF_OP_STORE_SHARED:
    case RF_OP_INDEX_LOCAL:
    case RF_OP_INDEX_LAST:
    case RF_OP_STORE_INDEX_LOCAL: put_local(out, p, in.a, pc); break;
    case RF_OP_UNSET:
    case RF_OP_CLEAR: put_locals(out, p, in.a, in.b, pc); break;
    case RF_OP_TEST_LOCAL:
    case RF_OP_TEST_SHARED:
        put_local(out, p, in.a, pc);
        rf_buf_printf(out, " unset -> %u", in.b);
        break;
    case RF_OP_LOAD_GLOBAL:
    case RF_OP_TEST_GLOBAL:
    case RF_OP_STORE_INDEX_GLOBAL: rf_buf_puts(out, global_name(p, in.b)); break;
    case RF_OP_STORE_GLOBAL: rf_buf_printf(out, "%s (%s)", global_name(p, in.b), store_words[in.a]); break;
    case RF_OP_DECLARE_GLOBAL:
        rf_buf_printf(out, "%s %s", decl_words[in.a & (RF_DECL_REPLACE - 1)], global_name(p, in.b));
        break;
    case RF_OP_HAS_FIELD:
        put_local(out, p, in.a, pc);
        rf_buf_printf(out, ".%s", p->consts[in.b].as.str->data);
        break;
    case RF_OP_RAISE: rf_buf_printf(out, "%s: %s", raise_words[in.a], p->consts[in.b].as.str->data); break;
    case RF_OP_MATCH_WORD: rf_buf_puts(out, p->consts[in.b].as.str->data); break;
    case RF_OP_ADD: put_place(out, p, in.b, pc); break;
    case RF_OP_STRUCT: rf_buf_puts(out, p->structs[in.b].name->data); break;
    case RF_OP_VARIANT:
    case RF_OP_MATCH_VARIANT: rf_buf_puts(out, variant_words[in.a]); break;
    case RF_OP_ENUM:
    case RF_OP_MATCH_ENUM:
        rf_buf_printf(out, "%s::%s", p->enums[in.b].enum_name->data, p->enums[in.b].variant->data);
        break;
    case RF_OP_CLOSURE:
    case RF_OP_SPAWN: rf_buf_printf(out, "%s id=%u", p->protos[in.b]->name->data, p->protos[in.b]->id); break;
    case RF_OP_GET_FIELD:
    case RF_OP_GET_FIELD_OPT: rf_buf_puts(out, p->fields[in.b].name->data); break;
    case RF_OP_STORE_FIELD_LOCAL:
        put_local(out, p, in.a, pc);
        rf_buf_printf(out, ".%s", p->fields[in.b].name->data);
        break;
    case RF_OP_LOAD_PATH:
    case RF_OP_STORE_PATH: put_path(out, p, &p->paths[in.b], pc); break;
    case RF_OP_CALL:
        rf_buf_printf(out, "%u argument%s", in.a, in.a == 1 ? "" : "s");
        put_place(out, p, p->calls[in.b].place, pc);
        break;
    case RF_OP_CALL_METHOD:
        rf_buf_puts(out, p->methods[in.b].name->data);
        put_place(out, p, p->methods[in.b].place, pc);
        break;
    case RF_OP_DESTRUCT_DICT:
        for (uint32_t i = 0; i < p->dictpats[in.b].count; i++) {
            rf_buf_printf(out, "%s%s", i ? ", " : "", p->dictpats[in.b].names[i]->data);
        }
        break;
    case RF_OP_DECLARE_STRUCT: rf_buf_puts(out, p->decls[in.b].name->data); break;
    case RF_OP_IMPORT:
    case RF_OP_IMPORT_ALL: rf_buf_puts(out, p->imports[in.b].name->data); break;
    case RF_OP_IMPORT_NAME: rf_buf_puts(out, p->imports[in.b].names[p->imports[in.b].next]->data); break;
    default:
        if (rf_op_info[in.op].flags & RF_OPF_J) {
            rf_buf_printf(out, "-> %u", in.b);
        }
        break;
    }
}

/* ---- listing ---- */

RfInstr rf_disasm_plain(const RfProto *p, uint32_t pc)
{
    RfInstr in = p->code[pc];
    in.op = (uint16_t)rf_op_base(in.op);
    if (rf_op_info[in.op].flags & RF_OPF_J) {
        in.b = rf_jump_target(p, pc);
    }
    return in;
}

int rf_disasm_operands(RfInstr in, uint32_t operands[2])
{
    const RfOpInfo *info = &rf_op_info[in.op];
    int count = 0;
    if (info->a != RF_OPERAND_NONE && info->a != RF_OPERAND_FEEDBACK) {
        operands[count++] = in.a;
    }
    if (info->b != RF_OPERAND_NONE && info->b != RF_OPERAND_FEEDBACK && info->b != RF_OPERAND_VARREF &&
        !(in.op == RF_OP_ADD && in.b == 0)) {
        operands[count++] = in.b;
    }
    return count;
}

static void put_operands(RfBuf *out, RfInstr in)
{
    uint32_t operands[2];
    int count = rf_disasm_operands(in, operands);
    for (int i = 0; i < count; i++) {
        rf_buf_printf(out, "%s%u", i ? " " : "", operands[i]);
    }
}

static void trim(RfBuf *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ') {
        out->len--;
    }
}

void rf_disasm_instr(RfBuf *out, const RfProto *p, uint32_t pc)
{
    RfInstr in = rf_disasm_plain(p, pc);
    rf_buf_printf(out, "%-15s ", rf_op_info[in.op].name);
    size_t start = out->len;
    put_operands(out, in);
    while (out->len - start < 8) {
        rf_buf_putc(out, ' ');
    }
    rf_buf_puts(out, " ; ");
    size_t comment = out->len;
    put_comment(out, p, in, pc);
    if (out->len == comment) {
        out->len -= 2;
    }
    trim(out);
}

static void put_header(RfBuf *out, const RfProto *p)
{
    rf_buf_puts(out, "== ");
    if (p->flags & RF_PROTO_MAIN) {
        rf_buf_puts(out, "main");
    } else {
        rf_buf_printf(out, "%sfunc%s %s(", p->flags & RF_PROTO_ASYNC ? "async " : "",
                      p->flags & RF_PROTO_GENERATOR ? "*" : "", p->name->data);
        for (uint32_t i = 0; i < p->nparams; i++) {
            const char *name = NULL;
            for (uint32_t j = 0; j < p->ninfo && !name; j++) {
                name = p->info[j].slot == i ? p->info[j].name->data : NULL;
            }
            rf_buf_printf(out, "%s%s", i ? ", " : "",
                          name && !(i == 0 && (p->flags & RF_PROTO_HIDDEN_SELF)) ? name : "(self)");
        }
        rf_buf_putc(out, ')');
    }
    rf_buf_printf(out, " id=%u params=%u locals=%u captured=%u ops=%u stack=%u (%s:%u) ==\n", p->id, p->nparams,
                  p->nlocals, p->ncaptures, p->code_len, p->max_stack, p->module ? p->module->file : "?",
                  p->def_pos.line);
}

static void put_constants(RfBuf *out, const RfProto *p)
{
    rf_buf_puts(out, p->nconsts ? "constants:" : "constants: none");
    for (uint32_t i = 0; i < p->nconsts; i++) {
        rf_buf_printf(out, " %u=", i);
        put_const(out, p->consts[i]);
    }
    rf_buf_putc(out, '\n');
}

static void put_handlers(RfBuf *out, const RfProto *p)
{
    rf_buf_puts(out, p->nhandlers ? "handlers:" : "handlers: none");
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *h = &p->handlers[i];
        rf_buf_printf(out, " [%u,%u)->%u depth=%u%s", h->start, h->end, h->target, h->depth, h->raw ? " raw" : "");
    }
    rf_buf_putc(out, '\n');
}

void rf_disasm_constant(RfBuf *out, const RfProto *p, uint32_t index)
{
    put_const(out, p->consts[index]);
}

void rf_disasm_unit(RfBuf *out, const RfProto *p)
{
    put_header(out, p);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        char place[32];
        snprintf(place, sizeof place, "%u:%u", p->positions[pc].line, p->positions[pc].column);
        rf_buf_printf(out, "%4u %6s  ", pc, place);
        rf_disasm_instr(out, p, pc);
        rf_buf_putc(out, '\n');
    }
    put_constants(out, p);
    put_handlers(out, p);
    rf_buf_putc(out, '\n');
}

void rf_disasm(RfBuf *out, const RfProto *p)
{
    rf_disasm_unit(out, p);
    for (uint32_t i = 0; i < p->nprotos; i++) {
        rf_disasm(out, p->protos[i]);
    }
}

/* ---- the opcode table ---- */

static const char *const operand_words[] = {
    "",
    "local",
    "const",
    "global",
    "cell",
    "jump",
    "count",
    "function",
    "call site",
    "field site",
    "method site",
    "path",
    "struct site",
    "enum site",
    "declaration",
    "import site",
    "dict pattern",
    "kind",
    "flag",
    "feedback",
    "varref",
};

void rf_ops_markdown(RfBuf *out)
{
    rf_buf_puts(out, "| opcode | a | b | takes | leaves | flags | meaning |\n|---|---|---|---|---|---|---|\n");
    for (int op = 0; op < RF_OP_BASE_COUNT; op++) {
        const RfOpInfo *info = &rf_op_info[op];
        rf_buf_printf(out, "| `%s` | %s | %s | ", info->name, operand_words[info->a], operand_words[info->b]);
        rf_buf_printf(out, info->pops < 0 ? "*" : "%d", info->pops);
        rf_buf_printf(out, info->pushes < 0 ? " | *" : " | %d", info->pushes);
        rf_buf_puts(out, " | ");
        for (unsigned i = 0; i < 5; i++) {
            if (info->flags & (1u << i)) {
                rf_buf_putc(out, "TCJEL"[i]);
            }
        }
        rf_buf_puts(out, " | ");
        for (const char *s = info->meaning; *s; s++) {
            if (*s == '|') {
                rf_buf_putc(out, '\\');
            }
            rf_buf_putc(out, *s);
        }
        rf_buf_puts(out, " |\n");
    }
}
