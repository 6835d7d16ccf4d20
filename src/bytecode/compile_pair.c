/* Two statements that belong together: one calls a function that takes an item out of a container, the next one stores what
 * is left where the container came from.
 *
 *     p := queue_dequeue(s.v)          [rest, item] := queue_dequeue(s.v)
 *     s.v := p[0]                      s.v := rest
 *
 * The call may then use s.v as its place (RfPath.pair), which stays empty until the second statement. So between the call
 * and that store nothing may fail, look at s.v, or give another task its turn: the names of the first statement must be
 * locals whose store is sure to succeed. */
#include "bytecode/compile.h"

/* Does the path, or an index in it, mention the name? True also for what is too long to look through. */
static bool mentions(const RfExpr *e, RfText name, int *budget)
{
    for (; --*budget >= 0;) {
        switch (e->kind) {
        case RF_EXPR_INT:
        case RF_EXPR_STRING:
        case RF_EXPR_SELF: return false;
        case RF_EXPR_NAME: return rf_compile_same_text(e->as.text, name);
        case RF_EXPR_MEMBER: e = e->as.member.object; break;
        case RF_EXPR_INDEX:
            if (mentions(e->as.index.index, name, budget)) {
                return true;
            }
            e = e->as.index.object;
            break;
        case RF_EXPR_BINARY:
            if (mentions(e->as.binary.right, name, budget)) {
                return true;
            }
            e = e->as.binary.left;
            break;
        default: return true;
        }
    }
    return true;
}

static bool is_ignored(RfText name)
{
    return name.len == 1 && name.bytes[0] == '_';
}

/* May the first statement store to `name` between the call and the second statement? */
static bool name_is_safe(RfFuncState *fs, RfText name, int mode, const RfExpr *target)
{
    int budget = 64;
    return is_ignored(name) ||
           (!mentions(target, name, &budget) && rf_name_store_is_safe(fs, rf_compile_intern(fs->c, name), mode));
}

/* All names of a flat array pattern, none twice. */
static bool pattern_is_safe(RfFuncState *fs, const RfPattern *p, int mode, const RfExpr *target)
{
    if (p->count > 8 || (p->has_rest && !name_is_safe(fs, p->rest.text, mode, target))) {
        return false;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const RfPattern *item = p->items[i];
        if (item->kind == RF_PAT_IGNORE) {
            continue;
        }
        if (item->kind != RF_PAT_NAME || !name_is_safe(fs, item->name.text, mode, target) ||
            (p->has_rest && rf_compile_same_text(item->name.text, p->rest.text))) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (p->items[j]->kind == RF_PAT_NAME && rf_compile_same_text(item->name.text, p->items[j]->name.text)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_call(const RfExpr *e)
{
    return e->kind == RF_EXPR_CALL || e->kind == RF_EXPR_METHOD || e->kind == RF_EXPR_PIPE;
}

static bool is_name(const RfExpr *e, RfText name)
{
    return e->kind == RF_EXPR_NAME && rf_compile_same_text(e->as.text, name);
}

/* name[0] */
static bool is_first_of(const RfExpr *e, RfText name)
{
    return e->kind == RF_EXPR_INDEX && is_name(e->as.index.object, name) && e->as.index.index->kind == RF_EXPR_INT &&
           e->as.index.index->as.i == 0;
}

const RfExpr *rf_pair_target(RfFuncState *fs, const RfStmt *s, const RfStmt *next)
{
    const RfPattern *p = NULL;
    const RfExpr *call;
    RfText name = {0};
    int mode = -1;
    if (next->kind != RF_STMT_ASSIGN || s->exported || next->exported) {
        return NULL;
    }
    const RfExpr *target = next->as.assign.target, *value = next->as.assign.value;
    switch (s->kind) {
    case RF_STMT_ASSIGN:
        if (s->as.assign.target->kind != RF_EXPR_NAME) {
            return NULL;
        }
        mode = RF_STORE_PLAIN;
        name = s->as.assign.target->as.text;
        call = s->as.assign.value;
        break;
    case RF_STMT_LET:
        p = s->as.let.pattern;
        call = s->as.let.value;
        break;
    case RF_STMT_DESTRUCTURE:
        mode = RF_STORE_BARE;
        p = s->as.destructure.pattern;
        call = s->as.destructure.value;
        break;
    default: return NULL;
    }
    if (!is_call(call)) {
        return NULL;
    }
    if (p && p->kind == RF_PAT_ARRAY) {
        bool first = p->count > 0 && p->items[0]->kind == RF_PAT_NAME && !is_ignored(p->items[0]->name.text);
        return first && is_name(value, p->items[0]->name.text) && pattern_is_safe(fs, p, mode, target) ? target : NULL;
    }
    if (p) {
        if (p->kind != RF_PAT_NAME) {
            return NULL;
        }
        name = p->name.text;
    }
    return !is_ignored(name) && is_first_of(value, name) && name_is_safe(fs, name, mode, target) ? target : NULL;
}
