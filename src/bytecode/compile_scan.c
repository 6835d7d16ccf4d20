/* Walks over the tree that need no scopes: which globals can a file make, and does a function assign to a name. */
#include <string.h>

#include "bytecode/compile.h"

/* ---- globals ---- */

static void scan_block(RfCompiler *c, const RfBlock *block);

static void mark(RfCompiler *c, const RfName *name, bool immutable)
{
    rf_compile_mark(c, rf_compile_intern(c, name->text),
                    immutable ? RF_NAME_GLOBAL | RF_NAME_IMMUTABLE : RF_NAME_GLOBAL);
}

static void scan_pattern(RfCompiler *c, const RfPattern *p, bool immutable)
{
    if (p->kind == RF_PAT_NAME) {
        mark(c, &p->name, immutable);
        return;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        scan_pattern(c, p->items[i], immutable);
    }
    if (p->has_rest) {
        mark(c, &p->rest, immutable);
    }
}

static void scan_match(RfCompiler *c, const RfStmt *s)
{
    for (uint32_t i = 0; i < s->as.match.count; i++) {
        const RfArm *arm = &s->as.match.arms[i];
        for (uint32_t j = 0; j < arm->binder_count; j++) {
            mark(c, &arm->binders[j], false);
        }
        scan_block(c, &arm->body);
    }
}

/* Only statements that stand directly at top level, or in match arms there, make globals. */
static void scan_block(RfCompiler *c, const RfBlock *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const RfStmt *s = block->stmts[i];
        switch (s->kind) {
        case RF_STMT_LET: scan_pattern(c, s->as.let.pattern, s->as.let.kind != RF_BIND_MUT); break;
        case RF_STMT_ASSIGN:
        case RF_STMT_COMPOUND: {
            const RfExpr *target = s->kind == RF_STMT_ASSIGN ? s->as.assign.target : s->as.compound.target;
            if (target->kind == RF_EXPR_NAME) {
                rf_compile_mark(c, rf_compile_intern(c, target->as.text), RF_NAME_GLOBAL);
            }
            break;
        }
        case RF_STMT_DESTRUCTURE: scan_pattern(c, s->as.destructure.pattern, true); break;
        case RF_STMT_FUNC: mark(c, &s->as.func->name, false); break;
        case RF_STMT_IMPORT:
            if (s->as.import.alias.text.len) {
                mark(c, &s->as.import.alias, false);
            } else {
                c->import_all = true;
            }
            break;
        case RF_STMT_FROM:
            for (uint32_t j = 0; j < s->as.from.count; j++) {
                const RfImportItem *item = &s->as.from.items[j];
                mark(c, item->alias.text.len ? &item->alias : &item->name, false);
            }
            break;
        case RF_STMT_MATCH: scan_match(c, s); break;
        default: break;
        }
    }
}

void rf_scan_globals(RfCompiler *c, const RfBlock *program)
{
    scan_block(c, program);
}

/* ---- assignments ---- */

typedef struct Wanted {
    const char *name;
    size_t len;
} Wanted;

static bool assigns_block(const RfBlock *block, Wanted w);

static bool is_name(RfText text, Wanted w)
{
    return text.len == w.len && memcmp(text.bytes, w.name, w.len) == 0;
}

static bool pattern_has(const RfPattern *p, Wanted w)
{
    if (p->kind == RF_PAT_NAME) {
        return is_name(p->name.text, w);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (pattern_has(p->items[i], w)) {
            return true;
        }
    }
    return p->has_rest && is_name(p->rest.text, w);
}

static bool target_has(const RfExpr *e, Wanted w)
{
    while (e->kind == RF_EXPR_INDEX || e->kind == RF_EXPR_MEMBER) {
        e = e->kind == RF_EXPR_INDEX ? e->as.index.object : e->as.member.object;
    }
    return e->kind == RF_EXPR_NAME && is_name(e->as.text, w);
}

static bool assigns(const RfStmt *s, Wanted w)
{
    switch (s->kind) {
    case RF_STMT_ASSIGN: return target_has(s->as.assign.target, w);
    case RF_STMT_COMPOUND: return target_has(s->as.compound.target, w);
    case RF_STMT_DESTRUCTURE: return pattern_has(s->as.destructure.pattern, w);
    case RF_STMT_IF:
        for (;; s = s->as.if_.otherwise.stmts[0]) {
            const RfBlock *rest = &s->as.if_.otherwise;
            if (assigns_block(&s->as.if_.then, w)) {
                return true;
            }
            if (rest->count != 1 || rest->stmts[0]->kind != RF_STMT_IF) {
                return assigns_block(rest, w);
            }
        }
    case RF_STMT_MATCH:
        for (uint32_t i = 0; i < s->as.match.count; i++) {
            if (assigns_block(&s->as.match.arms[i].body, w)) {
                return true;
            }
        }
        return false;
    case RF_STMT_WHILE: return assigns_block(&s->as.while_.body, w);
    case RF_STMT_FOR: return assigns_block(&s->as.for_.body, w);
    case RF_STMT_TRY:
        return assigns_block(&s->as.try_.body, w) || assigns_block(&s->as.try_.handler, w) ||
               assigns_block(&s->as.try_.finally, w);
    default: return false;
    }
}

static bool assigns_block(const RfBlock *block, Wanted w)
{
    for (uint32_t i = 0; i < block->count; i++) {
        if (assigns(block->stmts[i], w)) {
            return true;
        }
    }
    return false;
}

bool rf_scan_assigns(const RfFuncNode *node, const char *name, size_t len)
{
    return assigns_block(&node->body, (Wanted){name, len});
}

/* ---- continue ---- */

static bool continues(const RfStmt *s)
{
    switch (s->kind) {
    case RF_STMT_CONTINUE: return true;
    case RF_STMT_IF:
        for (;; s = s->as.if_.otherwise.stmts[0]) {
            const RfBlock *rest = &s->as.if_.otherwise;
            if (rf_scan_continues(&s->as.if_.then)) {
                return true;
            }
            if (rest->count != 1 || rest->stmts[0]->kind != RF_STMT_IF) {
                return rf_scan_continues(rest);
            }
        }
    case RF_STMT_MATCH:
        for (uint32_t i = 0; i < s->as.match.count; i++) {
            if (rf_scan_continues(&s->as.match.arms[i].body)) {
                return true;
            }
        }
        return false;
    case RF_STMT_TRY:
        return rf_scan_continues(&s->as.try_.body) || rf_scan_continues(&s->as.try_.handler) ||
               rf_scan_continues(&s->as.try_.finally);
    default: return false;
    }
}

bool rf_scan_continues(const RfBlock *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        if (continues(block->stmts[i])) {
            return true;
        }
    }
    return false;
}
