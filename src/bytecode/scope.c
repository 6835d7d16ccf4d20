/* Scopes, bindings and name resolution (language.md 5.2-5.4, 6.4).
 *
 * A binding is `active` from the statement after the one that makes it. Names made in a match arm belong to the scope around
 * the match: they are certain inside the arm and may be unset after it, so every change of a binding's state inside an arm is
 * written to a journal and undone at the arm's end (compile_match.c decides what is left of it). A closure resolves its free
 * names in the state of the enclosing function at the point of the closure, and remembers the answer. */
#include "bytecode/compile.h"

/* ---- scopes ---- */

void rf_scope_enter(RfFuncState *fs, RfScope *scope, bool arm)
{
    *scope = (RfScope){.parent = fs->scope,
                       .id = ++fs->next_scope,
                       .first_slot = fs->next_slot,
                       .saved_floor = fs->floor,
                       .arm = arm,
                       .saved_arm_depth = fs->arm_depth,
                       .saved_match_id = fs->match_id,
                       .saved_match_nop = fs->match_nop};
    if (!arm) { /* a match around it is no concern of the names made inside */
        fs->arm_depth = 0;
        fs->match_id = 0;
    }
    fs->scope = scope;
}

static RfNameEntry *name_entry(RfFuncState *fs, RfString *name)
{
    RfNameEntry *entry;
    HASH_FIND_PTR(fs->names, &name, entry);
    return entry;
}

static void unlink_binding(RfFuncState *fs, RfBinding *b)
{
    RfBinding **link = b->name ? &name_entry(fs, b->name)->inner : &fs->wild;
    while (*link != b) {
        link = &(*link)->outer;
    }
    *link = b->outer;
}

/* Into the chain of its name, by `order`. */
static void link_binding(RfFuncState *fs, RfBinding *b)
{
    RfBinding **link = &fs->wild;
    if (b->name) {
        RfNameEntry *entry = name_entry(fs, b->name);
        if (!entry) {
            entry = RF_ARENA_NEW(&fs->c->work, RfNameEntry);
            entry->name = b->name;
            HASH_ADD_PTR(fs->names, name, entry);
        }
        link = &entry->inner;
    }
    while (*link && (*link)->order > b->order) {
        link = &(*link)->outer;
    }
    b->outer = *link;
    *link = b;
}

static void close_info(RfFuncState *fs, RfBinding *b)
{
    if (b->info) {
        RF_VEC_AT(&fs->infos, RfLocalInfo, b->info - 1).end = rf_emit_pc(fs);
        b->info = 0;
    }
}

static void open_info(RfFuncState *fs, RfBinding *b)
{
    if (b->name && !b->info) {
        RfLocalInfo *info = rf_vec_push(&fs->infos, sizeof *info);
        *info = (RfLocalInfo){b->name, b->slot, rf_emit_pc(fs), rf_emit_pc(fs)};
        b->info = fs->infos.len;
    }
}

void rf_scope_leave(RfFuncState *fs)
{
    RfScope *scope = fs->scope;
    for (RfBinding *b = scope->bindings; b; b = b->next) {
        close_info(fs, b);
        unlink_binding(fs, b);
    }
    fs->scope = scope->parent;
    if (!scope->arm) {
        fs->floor = scope->saved_floor;
        fs->arm_depth = scope->saved_arm_depth;
        fs->match_id = scope->saved_match_id;
        fs->match_nop = scope->saved_match_nop;
    }
    fs->next_slot = scope->first_slot > fs->floor ? scope->first_slot : fs->floor;
}

void rf_scope_leave_clear(RfFuncState *fs, RfPos pos)
{
    uint32_t top = fs->next_slot;
    uint32_t first = fs->scope->first_slot;
    if (fs->scope->arm && fs->floor > first) {
        first = fs->floor; /* below lie names that outlive the arm */
    }
    rf_scope_leave(fs);
    rf_emit_clear(fs, first, top, pos);
}

RfScope *rf_scope_home(const RfFuncState *fs)
{
    RfScope *scope = fs->scope;
    while (scope->arm) {
        scope = scope->parent;
    }
    return scope;
}

/* ---- slots ---- */

static void note_slots(RfFuncState *fs)
{
    if (fs->next_slot > fs->max_slots) {
        fs->max_slots = fs->next_slot;
    }
    if (fs->next_slot > fs->region_max) {
        fs->region_max = fs->next_slot;
    }
    if (fs->max_slots > UINT16_MAX) {
        rf_compile_error(fs->c, fs->def_pos, "Too many local variables in one function");
        fs->next_slot = fs->max_slots = 0; /* nothing of this is kept */
        fs->floor = 0;
    }
}

uint32_t rf_scope_slot(RfFuncState *fs, uint32_t count)
{
    uint32_t slot = fs->next_slot;
    fs->next_slot += count;
    note_slots(fs);
    return fs->next_slot < count ? 0 : slot;
}

uint32_t rf_scope_pinned_slot(RfFuncState *fs)
{
    fs->next_slot = fs->max_slots;
    uint32_t slot = rf_scope_slot(fs, 1);
    fs->floor = fs->next_slot;
    return slot;
}

/* ---- bindings ---- */

RfBinding *rf_scope_bind(RfFuncState *fs, RfScope *scope, RfString *name, uint32_t slot, uint8_t where, uint8_t kind)
{
    RfBinding *b = RF_ARENA_NEW(&fs->c->work, RfBinding);
    b->name = name;
    b->scope = scope;
    b->slot = slot;
    b->where = where;
    b->kind = kind;
    b->order = ++fs->next_order;
    b->next = scope->bindings;
    scope->bindings = b;
    link_binding(fs, b);
    return b;
}

void rf_scope_change(RfFuncState *fs, RfBinding *b, bool active, bool maybe, bool settled)
{
    if (fs->arm_depth > 0) {
        RfSaved *saved = rf_vec_push(&fs->journal, sizeof *saved);
        *saved = (RfSaved){b, b->active, b->maybe, b->settled};
    }
    b->active = active;
    b->maybe = maybe;
    b->settled = settled;
    if (active) {
        open_info(fs, b);
    }
}

void rf_scope_promote(RfFuncState *fs, RfBinding *b)
{
    unlink_binding(fs, b);
    b->order = ++fs->next_order;
    link_binding(fs, b);
}

void rf_scope_demote(RfFuncState *fs, RfBinding *b)
{
    uint32_t lowest = b->order;
    for (RfBinding *o = name_entry(fs, b->name)->inner; o; o = o->outer) {
        if (o->scope == b->scope && o->order < lowest) {
            lowest = o->order;
        }
    }
    if (lowest == b->order) {
        return;
    }
    unlink_binding(fs, b);
    b->order = lowest;
    RfBinding **link = &name_entry(fs, b->name)->inner;
    while (*link && (*link)->order >= lowest) {
        link = &(*link)->outer;
    }
    b->outer = *link;
    *link = b;
}

RfBinding *rf_scope_innermost(RfFuncState *fs, RfString *name)
{
    RfNameEntry *entry = name_entry(fs, name);
    return entry ? entry->inner : NULL;
}

RfBinding *rf_scope_pinned(RfFuncState *fs, RfString *name, uint8_t where, uint8_t kind)
{
    RfBinding *b = rf_scope_bind(fs, rf_scope_home(fs), name, rf_scope_pinned_slot(fs), where, kind);
    b->match_id = fs->match_id;
    rf_emit_insert(fs, fs->match_nop, where == RF_ROOT_SHARED ? RF_OP_NEW_CELL : RF_OP_UNSET, b->slot);
    return b;
}

bool rf_scope_declared(RfFuncState *fs, RfString *name)
{
    for (RfBinding *b = rf_scope_innermost(fs, name); b; b = b->outer) {
        if (b->declared_in == fs->scope->id) {
            return true;
        }
    }
    return false;
}

void rf_scope_declare_funcs(RfFuncState *fs, const RfBlock *block)
{
    if (fs->scope->global) {
        return;
    }
    for (uint32_t i = 0; i < block->count; i++) {
        const RfStmt *s = block->stmts[i];
        if (s->kind != RF_STMT_FUNC) {
            continue;
        }
        RfString *name = rf_compile_intern(fs->c, s->as.func->name.text);
        RfBinding *own = NULL;
        for (RfBinding *b = rf_scope_innermost(fs, name); b; b = b->outer) {
            bool other_arm = fs->scope->arm && b->match_id && b->match_id == fs->match_id && !b->active;
            if (b->func && (b->scope == fs->scope || other_arm)) {
                own = b;
            }
        }
        if (own) {
            own->twice = own->twice || own->scope == fs->scope;
            continue;
        }
        RfBinding *b;
        RfScope *home = rf_scope_home(fs);
        if (fs->scope->arm && !home->global) {
            b = rf_scope_pinned(fs, name, RF_ROOT_SHARED, RF_GLOBAL_MUT);
        } else {
            b = rf_scope_bind(fs, fs->scope, name, rf_scope_slot(fs, 1), RF_ROOT_SHARED, RF_GLOBAL_MUT);
            rf_emit(fs, RF_OP_NEW_CELL, b->slot, 0, s->pos);
        }
        b->func = true;
        b->maybe = true;
    }
}

/* ---- resolution ---- */

static RfCand *add_cand(RfFuncState *fs, RfCands *out)
{
    if (out->count == out->cap) {
        RfCand *more = RF_ARENA_ARRAY(&fs->c->work, RfCand, out->cap * 2);
        for (uint32_t i = 0; i < out->count; i++) {
            more[i] = out->items[i];
        }
        out->items = more;
        out->cap *= 2;
    }
    RfCand *c = &out->items[out->count++];
    *c = (RfCand){0};
    return c;
}

static void start_cands(RfCands *out)
{
    out->items = out->room;
    out->count = 0;
    out->cap = RF_CANDS_INLINE;
    out->open = true;
}

/* Adds one; true when nothing behind it matters. */
static bool found(RfCands *out, bool maybe, bool all)
{
    if (!maybe) {
        out->open = false;
    }
    return !maybe && !all;
}

/* The function's own name inside its body: the running function itself, or - when the body assigns to the name - a cell that
 * the enclosing code fills with the closure. */
static void self_candidate(RfFuncState *fs, RfCand *c)
{
    if (fs->self_state == RF_SELF_UNKNOWN) {
        bool assigned = fs->self_maybe || rf_scan_assigns(fs->self_node, fs->self_name->data, fs->self_name->len);
        fs->self_state = assigned ? RF_SELF_CELL : RF_SELF_CALLEE;
        if (assigned) {
            RfFuncState *parent = fs->parent;
            fs->self_slot = rf_scope_slot(parent, 1);
            rf_emit(parent, RF_OP_NEW_CELL, fs->self_slot, 0, fs->def_pos);
            RfCapture *capture = rf_vec_push(&fs->captures, sizeof *capture);
            *capture = (RfCapture){RF_CAPTURE_SHARED, fs->self_slot, fs->self_name, fs->self_bind};
            fs->self_slot |= (fs->captures.len - 1) << 16;
        }
    }
    c->bind = fs->self_bind;
    if (fs->self_state == RF_SELF_CALLEE) {
        c->kind = RF_CAND_CALLEE;
    } else {
        c->kind = RF_CAND_CELL;
        c->slot = fs->self_slot >> 16;
        c->maybe = fs->self_maybe;
        c->settled = fs->self_maybe; /* it is a global otherwise */
    }
}

/* Puts the value of a candidate that cannot be captured as it is into a fresh local of `fs`; unset when it does not exist. */
static uint32_t copy_to_local(RfFuncState *fs, const RfCand *c, RfString *name)
{
    RfPos pos = fs->def_pos;
    uint32_t slot = rf_scope_slot(fs, 1);
    if (c->kind == RF_CAND_CALLEE) {
        rf_emit(fs, RF_OP_LOAD_CALLEE, 0, 0, pos);
        rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, pos);
        return slot;
    }
    RfLabel missing = {0};
    rf_emit(fs, RF_OP_UNSET, slot, 1, pos);
    rf_name_test(fs, c, name, &missing, pos);
    rf_emit(fs, RF_OP_LOAD_LOCAL, c->slot, 0, pos);
    rf_emit(fs, RF_OP_GET_FIELD, 0, rf_emit_field_site(fs, name), pos);
    rf_emit(fs, RF_OP_STORE_LOCAL, slot, 0, pos);
    rf_emit_bind(fs, &missing);
    return slot;
}

static uint32_t add_capture(RfFuncState *fs, RfCaptureKind kind, uint32_t slot, RfString *name, uint8_t bind)
{
    static const uint8_t declared_as[] = {
        [RF_GLOBAL_ABSENT] = RF_DECL_MUT,  [RF_GLOBAL_MUT] = RF_DECL_MUT,  [RF_GLOBAL_LET] = RF_DECL_LET,
        [RF_GLOBAL_CONST] = RF_DECL_CONST, [RF_GLOBAL_BARE] = RF_DECL_LET,
    };
    RfCaptured *before;
    HASH_FIND_PTR(fs->captured, &name, before);
    for (uint32_t i = 0; before && i < fs->captures.len; i++) { /* met before with fewer candidates */
        const RfCapture *c = &RF_VEC_AT(&fs->captures, RfCapture, i);
        if (c->kind == kind && c->slot == slot && c->name == name) {
            return i;
        }
    }
    RfCapture *c = rf_vec_push(&fs->captures, sizeof *c);
    *c = (RfCapture){kind, slot, name, declared_as[bind]};
    if (fs->captures.len > UINT16_MAX) {
        rf_compile_error(fs->c, fs->def_pos, "Too many captured variables in one function");
    }
    return fs->captures.len - 1;
}

static bool resolve(RfFuncState *fs, RfString *name, bool from_closure, bool all, RfCands *out);

static const RfCaptured *captured(RfFuncState *fs, RfString *name, bool all)
{
    RfCaptured *known;
    HASH_FIND_PTR(fs->captured, &name, known);
    if (known && (known->all || !all)) {
        return known;
    }
    RfCands outer;
    start_cands(&outer);
    resolve(fs->parent, name, true, all, &outer);
    RfCand *items = RF_ARENA_ARRAY(&fs->c->work, RfCand, outer.count);
    for (uint32_t i = 0; i < outer.count; i++) {
        RfCand c = outer.items[i];
        RfCaptureKind kind = RF_CAPTURE_LOCAL;
        uint32_t slot = c.slot;
        if (c.kind == RF_CAND_SHARED) {
            kind = RF_CAPTURE_SHARED;
        } else if (c.kind == RF_CAND_CELL) {
            const RfCapture *cell = &RF_VEC_AT(&fs->parent->captures, RfCapture, c.slot);
            bool shared = cell->kind == RF_CAPTURE_SHARED || cell->kind == RF_CAPTURE_SHARED_CELL;
            kind = shared ? RF_CAPTURE_SHARED_CELL : RF_CAPTURE_CELL;
        } else if (c.kind != RF_CAND_LOCAL) {
            slot = copy_to_local(fs->parent, &c, name);
        }
        items[i] = (RfCand){RF_CAND_CELL, c.bind, c.maybe, c.settled, add_capture(fs, kind, slot, name, c.bind), NULL};
    }
    if (!known) {
        known = RF_ARENA_NEW(&fs->c->work, RfCaptured);
        known->name = name;
        HASH_ADD_PTR(fs->captured, name, known);
    }
    known->items = items;
    known->count = outer.count;
    known->all = all;
    known->open = outer.open;
    return known;
}

static bool resolve_locals(RfFuncState *fs, RfString *name, bool from_closure, bool all, RfCands *out)
{
    const RfBinding *b = rf_scope_innermost(fs, name), *w = fs->wild;
    while (b || w) {
        bool wild = !b || (w && w->order > b->order);
        const RfBinding *next = wild ? w : b;
        if (wild) {
            w = w->outer;
        } else {
            b = b->outer;
        }
        if (!next->active && !(from_closure && next->func)) {
            continue;
        }
        RfCand *c = add_cand(fs, out);
        *c = (RfCand){wild ? RF_CAND_FIELD : next->where,     next->kind, wild || next->maybe || !next->active,
                      !wild && next->active && next->settled, next->slot, (RfBinding *)next};
        if (found(out, c->maybe, all)) {
            return true;
        }
    }
    return false;
}

/* True when the search is over. */
static bool resolve(RfFuncState *fs, RfString *name, bool from_closure, bool all, RfCands *out)
{
    if (resolve_locals(fs, name, from_closure, all, out)) {
        return true;
    }
    if (fs->self_name == name) {
        RfCand *c = add_cand(fs, out);
        self_candidate(fs, c);
        if (found(out, c->maybe, all)) {
            return true;
        }
    }
    if ((fs->flags & RF_PROTO_HIDDEN_SELF) && name != fs->c->rt->names.self) {
        RfCand *c = add_cand(fs, out);
        *c = (RfCand){.kind = RF_CAND_FIELD, .bind = RF_GLOBAL_MUT, .maybe = true};
    }
    if (fs->parent) {
        const RfCaptured *outer = captured(fs, name, all);
        for (uint32_t i = 0; i < outer->count; i++) {
            *add_cand(fs, out) = outer->items[i];
        }
        out->open = out->open && outer->open;
        return !outer->open && !all;
    }
    return false;
}

void rf_scope_resolve(RfFuncState *fs, RfString *name, bool all, RfCands *out)
{
    start_cands(out);
    resolve(fs, name, false, all, out);
}
