/* How deep in a value may its target be the place of a call? In `T := f(g(T, a), b)` the call of g may use T as its place
 * (RfPath) when nothing that runs between it and the store can look at T, and an error in between leaves T where nobody can
 * find it empty. Two kinds of variables are like that, outside of `try`:
 *
 * - a path into a local that no closure shares dies with its frame, and only code of this function sees it;
 * - a global of the main file dies with the program, but every function sees it. */
#include "bytecode/compile.h"

#define REACH_NODES 64 /* longer arguments are not looked through */

typedef enum Owner { OWNER_UNKNOWN, OWNER_FRAME, OWNER_PROGRAM } Owner;

static const RfExpr *object_of(const RfExpr *e)
{
    return e->kind == RF_EXPR_INDEX ? e->as.index.object : e->kind == RF_EXPR_MEMBER ? e->as.member.object : NULL;
}

/* The variable a path starts at; *first: the node of its first step, or NULL. */
static const RfExpr *root_of(const RfExpr *path, const RfExpr **first)
{
    *first = NULL;
    for (const RfExpr *object; (object = object_of(path)) != NULL; path = object) {
        *first = path;
    }
    return path;
}

static Owner owner_of(RfFuncState *fs, const RfExpr *target)
{
    const RfExpr *first;
    RfCands cs;
    RfString *name = rf_compile_name_of(fs, root_of(target, &first));
    bool main = (fs->flags & RF_PROTO_MAIN) && !fs->c->module->open;
    if (!name || fs->try_depth > 0) {
        return OWNER_UNKNOWN;
    }
    rf_scope_resolve(fs, name, false, &cs);
    const RfCand *c = cs.count > 0 ? &cs.items[0] : NULL;
    if (c && ((c->kind == RF_CAND_LOCAL && !c->maybe && first) || (c->kind == RF_CAND_FIELD && !c->binding))) {
        return OWNER_FRAME;
    }
    return main && (!c || !first) ? OWNER_PROGRAM : OWNER_UNKNOWN;
}

/* ---- what an operand may look at ---- */

static bool same_variable(const RfExpr *a, const RfExpr *b)
{
    return a->kind == b->kind &&
           (a->kind == RF_EXPR_SELF || (a->kind == RF_EXPR_NAME && rf_compile_same_text(a->as.text, b->as.text)));
}

/* Likewise for the elements of a list from number `skip` on. */
static bool looks_at_list(const RfExprList *list, uint32_t skip, const RfExpr *target, int *budget);

/* May evaluating `e` read the target? True also for what is too long or too rare to look through. */
static bool looks_at(const RfExpr *e, const RfExpr *target, int *budget)
{
    const RfExpr *step = NULL; /* the node around e when it is a step into e */
    for (; --*budget >= 0;) {
        switch (e->kind) {
        case RF_EXPR_INT:
        case RF_EXPR_FLOAT:
        case RF_EXPR_STRING:
        case RF_EXPR_BOOL:
        case RF_EXPR_NULL:
        case RF_EXPR_NONE: return false;
        case RF_EXPR_SELF:
        case RF_EXPR_NAME: {
            const RfExpr *first;
            if (!same_variable(e, root_of(target, &first))) {
                return false;
            }
            /* another field of the same variable is another place */
            return !(step && first && step->kind == RF_EXPR_MEMBER && first->kind == RF_EXPR_MEMBER &&
                     !rf_compile_same_text(step->as.member.name.text, first->as.member.name.text));
        }
        case RF_EXPR_MEMBER:
            step = e;
            e = e->as.member.object;
            continue;
        case RF_EXPR_INDEX:
            if (looks_at(e->as.index.index, target, budget)) {
                return true;
            }
            step = e;
            e = e->as.index.object;
            continue;
        case RF_EXPR_UNARY: e = e->as.unary.operand; break;
        case RF_EXPR_BINARY:
            if (looks_at(e->as.binary.right, target, budget)) {
                return true;
            }
            e = e->as.binary.left;
            break;
        case RF_EXPR_CALL:
            if (looks_at_list(&e->as.call.args, 0, target, budget)) {
                return true;
            }
            e = e->as.call.callee;
            break;
        default: return true;
        }
        step = NULL;
    }
    return true;
}

static bool looks_at_list(const RfExprList *list, uint32_t skip, const RfExpr *target, int *budget)
{
    for (uint32_t i = skip; i < list->count; i++) {
        if (looks_at(list->items[i], target, budget)) {
            return true;
        }
    }
    return false;
}

/* A constant or another variable: for globals, which functions see as well. */
static bool is_simple(const RfExpr *e, const RfExpr *target)
{
    const RfExpr *first;
    switch (e->kind) {
    case RF_EXPR_INT:
    case RF_EXPR_FLOAT:
    case RF_EXPR_STRING: return true;
    case RF_EXPR_NAME: return !same_variable(e, root_of(target, &first));
    default: return false;
    }
}

bool rf_place_reaches(RfFuncState *fs, const RfExpr *e, const RfPlace *place, RfPlace *inner)
{
    const RfExpr *target = place ? place->target : NULL;
    Owner owner = target ? owner_of(fs, target) : OWNER_UNKNOWN;
    if (owner == OWNER_UNKNOWN) {
        return false;
    }
    /* what runs in between may change variables that are not of this frame, also those in an index of the target */
    *inner = (RfPlace){.target = target, .compound = place->compound || owner == OWNER_FRAME};
    bool frame = owner == OWNER_FRAME;
    int budget = REACH_NODES;
    const RfExpr *right = NULL; /* the other operand */
    switch (e->kind) {
    case RF_EXPR_MEMBER: return true;
    case RF_EXPR_TRY: return frame;
    case RF_EXPR_INDEX: right = e->as.index.index; break;
    case RF_EXPR_BINARY:
        if (!frame && object_of(e->as.binary.left)) { /* the operator may be a method of an element */
            return false;
        }
        right = e->as.binary.right;
        break;
    case RF_EXPR_PIPE: right = e->as.binary.right; return frame && !looks_at(right, target, &budget);
    case RF_EXPR_METHOD: return frame && !looks_at_list(&e->as.method.args, 0, target, &budget);
    case RF_EXPR_CALL:
        return frame && e->as.call.args.count > 0 && !looks_at(e->as.call.callee, target, &budget) &&
               !looks_at_list(&e->as.call.args, 1, target, &budget);
    default: return false;
    }
    return frame ? !looks_at(right, target, &budget) : is_simple(right, target);
}
