/* The abstract state of a frame: joins, conversions on edges, and moving values between registers and homes. */
#include <string.h>

#include "jit/compile.h"

void rf_state_copy(const Emit *e, State *to, const State *from)
{
    Slot *slots = to->slots;
    *to = *from;
    to->slots = slots;
    memcpy(slots, from->slots, sizeof(Slot) * e->nslots);
}

uint16_t rf_class_of_kind(SlotKind k)
{
    switch (k) {
    case K_NULL: return RF_CLASS_NULL;
    case K_UNDEF: return RF_CLASS_UNDEF;
    case K_BOOL: return RF_CLASS_BOOL;
    case K_INT: return RF_CLASS_INT;
    case K_FLOAT: return RF_CLASS_FLOAT;
    case K_CONST: return RF_CLASS_STRING;
    case K_UNIT: return RF_CLASS_FUNCTION;
    case K_BUILTIN: return RF_CLASS_BUILTIN;
    case K_DEAD: return RF_CLASS_NULL;
    default: return 0;
    }
}

uint16_t rf_class_of_slot(const Slot *s)
{
    return s->k == K_HOME || s->k == K_ALIAS || s->k == K_GALIAS || s->k == K_LENT ? s->class
                                                                                   : rf_class_of_kind((SlotKind)s->k);
}

/* 0 is any value but UNDEF; everything with UNDEF in it keeps that bit. */
uint16_t rf_join_class(uint16_t a, uint16_t b)
{
    if (a && b) {
        return (uint16_t)(a | b);
    }
    return (a | b) & RF_CLASS_UNDEF ? 0x7fff : 0;
}

/* Joins `s` (a canonical view of the slot now) into *d; true when *d changed. */
static bool join_slot(Slot *d, const Slot *s)
{
    if (d->k == s->k &&
        (d->k < K_HOME || (d->k == K_UNIT && d->n == s->n) || (d->k == K_BUILTIN && strcmp(d->name, s->name) == 0))) {
        return false;
    }
    if (d->k == K_HOME || (d->k == K_LENT && s->k == K_LENT)) {
        uint16_t class = rf_join_class(d->class, rf_class_of_slot(s));
        uint32_t shape = d->shape == s->shape ? d->shape : 0;
        uint16_t hint = d->hint | s->hint;
        bool changed = class != d->class || shape != d->shape || hint != d->hint || (d->name && d->name != s->name);
        d->class = class;
        d->shape = shape;
        d->hint = hint;
        d->name = d->name == s->name ? d->name : NULL;
        return changed;
    }
    *d = (Slot){.k = K_HOME, .class = rf_join_class(rf_class_of_slot(d), rf_class_of_slot(s)), .hint = s->hint};
    return true;
}

bool rf_keeps(const Emit *e, uint32_t local, bool boxed, uint16_t class)
{
    const uint16_t holders = RF_CLASS_OTHER | RF_CLASS_VALUES | RF_CLASS_DICT | RF_CLASS_STRUCT | RF_CLASS_FUNCTION;
    if (!e->info->kept || !boxed || (class && !(class & holders))) {
        return false;
    }
    if (!e->info->kept[local]) {
        e->info->kept[local] = 1;
        e->c->changed = true;
    }
    return true;
}

/* What slot i looks like at the start of block `target`: aliases become homes, dead locals dead. */
static Slot canonical(const Emit *e, uint32_t i, uint32_t target)
{
    Slot s = e->s.slots[i];
    if (i < e->u->nlocals) {
        if (!rf_alive(e, target, i) && !rf_keeps(e, i, s.k == K_HOME, s.class)) {
            return (Slot){.k = K_DEAD};
        }
        return s;
    }
    if (s.k == K_ALIAS || s.k == K_GALIAS || s.k == K_ELEM || s.k == K_CONST) {
        return (Slot){.k = K_HOME, .class = rf_class_of_slot(&s), .shape = s.shape};
    }
    return s;
}

static void join(Emit *e, uint32_t target)
{
    State *d = &e->in[target];
    uint32_t n = e->u->nlocals + e->s.depth;
    bool changed = false;
    if (!d->slots) {
        d->slots = rf_mem_zalloc(sizeof(Slot) * e->nslots);
    }
    if (!d->reached) {
        d->reached = true;
        d->depth = e->s.depth;
        d->fresh = e->s.fresh;
        d->marked = e->s.marked;
        d->room = e->s.room;
        d->there = e->s.there;
        for (uint32_t i = 0; i < n; i++) {
            d->slots[i] = canonical(e, i, target);
        }
        changed = true;
    } else {
        uint64_t fresh = d->fresh & e->s.fresh, there = d->there & e->s.there;
        bool marked = d->marked && e->s.marked, room = d->room && e->s.room;
        changed = fresh != d->fresh || there != d->there || marked != d->marked || room != d->room;
        d->fresh = fresh;
        d->there = there;
        d->marked = marked;
        d->room = room;
        for (uint32_t i = 0; i < n; i++) {
            Slot s = canonical(e, i, target);
            changed |= join_slot(&d->slots[i], &s);
        }
    }
    if (changed) {
        e->pending[target] = 1;
        e->changed = true;
    }
}

/* Emits what turns the current state into that of `target`. */
static void convert(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    /* operands first: they may be aliases of locals that are released below */
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (d->slots[i].k == K_HOME && e->s.slots[i].k != K_HOME) {
            rf_to_home(e, i);
        }
    }
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        Slot *s = &e->s.slots[i];
        const Slot *t = &d->slots[i];
        if (t->k == K_HOME && s->k != K_HOME) {
            rf_to_home(e, i);
        } else if (t->k != K_HOME && s->k == K_HOME) {
            rf_release_slot(e, i);
            s->k = t->k;
        }
    }
}

void rf_goto(Emit *e, uint32_t target)
{
    if (!e->dry && !e->block) {
        return;
    }
    rf_room_for_loops(e, e->pc, target);
    rf_views_enter_loops(e, e->pc, target);
    if (e->dry) {
        join(e, target);
        e->block = NULL;
        return;
    }
    convert(e, target);
    gcc_jit_block *again = rf_count_target(e, target);
    if (!again && !e->blocks[target]) {
        e->blocks[target] = rf_block(e);
    }
    rf_jump(e, again ? again : e->blocks[target]);
}

void rf_park(Emit *e, uint32_t target)
{
    if (!e->dry && !e->block) {
        return;
    }
    e->s.fresh = 0;
    if (e->dry) {
        join(e, target);
        e->block = NULL;
        return;
    }
    convert(e, target);
}

gcc_jit_block *rf_edge(Emit *e, uint32_t target)
{
    Slot *slots = rf_mem_alloc(sizeof(Slot) * e->nslots);
    State kept = {.slots = slots};
    rf_state_copy(e, &kept, &e->s);
    gcc_jit_block *from = e->block, *edge = rf_block(e);
    e->block = edge;
    rf_goto(e, target);
    e->block = from;
    rf_state_copy(e, &e->s, &kept);
    rf_mem_free(slots, sizeof(Slot) * e->nslots);
    return edge;
}

bool rf_state_fits(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    bool fits = d->reached && d->depth == e->s.depth;
    for (uint32_t i = 0; fits && i < e->u->nlocals + e->s.depth; i++) {
        Slot there = d->slots[i], s = canonical(e, i, target);
        fits = !join_slot(&there, &s);
    }
    return fits;
}

/* ---- homes ---- */

void rf_to_home(Emit *e, uint32_t i)
{
    Slot *s = &e->s.slots[i];
    RfCompiler *c = e->c;
    if (s->k != K_HOME) {
        e->exit_block = NULL;
    }
    uint16_t class = rf_class_of_slot(s);
    uint32_t shape = s->shape;
    switch (s->k) {
    case K_HOME: return;
    case K_ALIAS:
    case K_GALIAS:
    case K_ELEM:
    case K_LENT:
    case K_CONST:
        if (!e->dry && e->block) {
            R from = rf_place(e, i), to = rf_home(e, i);
            rf_copy_value(e, to, from);
            if (!(s->k == K_ALIAS && s->moved)) {
                rf_retain_at(e, to);
            }
        }
        if (s->k == K_ALIAS && s->moved) {
            e->s.slots[s->n].k = K_NULL;
            rf_view_clear(e, false, s->n, false);
        } else if (s->k == K_ALIAS) {
            rf_view_clear(e, false, s->n, true);
        } else if (s->k == K_GALIAS) {
            rf_view_clear(e, true, s->n, true);
        }
        break;
    case K_UNIT:
        if (!e->dry && e->block) {
            R fn = rf_bound(e, RF_BIND_FUNCTION, s->n, NULL, c->t_u8p);
            L rc = rf_at(e, fn, offsetof(RfObject, rc), c->t_u32);
            rf_set(e, rc, rf_bin(e, GCC_JIT_BINARY_OP_PLUS, c->t_u32, rf_val(e, rc), rf_kt(e, c->t_u32, 1)));
            rf_set(e, rf_tag(e, rf_home(e, i)), rf_kt(e, c->t_u64, RF_TAG_FUNCTION));
            rf_set(e, rf_payload_p(e, rf_home(e, i)), fn);
        }
        break;
    case K_BUILTIN:
        if (!e->dry && e->block) {
            rf_set(e, rf_tag(e, rf_home(e, i)), rf_kt(e, c->t_u64, RF_TAG_BUILTIN));
            rf_set(e, rf_payload_p(e, rf_home(e, i)), rf_bound(e, RF_BIND_BUILTIN, 0, s->name, c->t_u8p));
        }
        break;
    default: rf_store_scalar(e, rf_home(e, i), i);
    }
    *s = (Slot){.k = K_HOME, .class = class, .shape = shape, .name = s->k == K_BUILTIN ? s->name : NULL};
}

void rf_spill(Emit *e, bool locals)
{
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        rf_to_home(e, i);
    }
    if (!locals) {
        return;
    }
    for (uint32_t i = 0; i < e->u->nlocals; i++) {
        if (e->s.slots[i].k < K_HOME) {
            rf_store_scalar(e, rf_home(e, i), i);
        } else if (e->s.slots[i].k == K_LENT) {
            rf_copy_value(e, rf_home(e, i), rf_place(e, i));
        }
    }
}

void rf_unalias_local(Emit *e, uint32_t local)
{
    rf_keep_elems(e);
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_ALIAS && e->s.slots[i].n == local) {
            rf_to_home(e, i);
        }
    }
}

void rf_unalias_global(Emit *e, int64_t global)
{
    rf_keep_elems(e);
    for (uint32_t i = e->u->nlocals; i < e->u->nlocals + e->s.depth; i++) {
        if (e->s.slots[i].k == K_GALIAS && (global < 0 || e->s.slots[i].n == (uint32_t)global)) {
            rf_to_home(e, i);
        }
    }
}

void rf_release_slot(Emit *e, uint32_t i)
{
    Slot *s = &e->s.slots[i];
    const uint16_t scalars =
        RF_CLASS_UNDEF | RF_CLASS_NULL | RF_CLASS_BOOL | RF_CLASS_INT | RF_CLASS_FLOAT | RF_CLASS_BUILTIN;
    if (s->k == K_HOME && !s->borrowed && !(s->class && !(s->class & ~scalars))) {
        rf_release_at(e, rf_home(e, i));
    }
    if (s->k == K_ALIAS && s->moved) {
        rf_release_at(e, rf_home(e, s->n));
        e->s.slots[s->n].k = K_NULL;
    }
}

void rf_pop_slot(Emit *e)
{
    uint32_t i = rf_top(e);
    rf_release_slot(e, i);
    e->s.slots[i] = (Slot){.k = K_DEAD};
    e->s.depth--;
    e->exit_block = NULL;
}

uint32_t rf_push_slot(Emit *e, SlotKind k)
{
    uint32_t i = e->u->nlocals + e->s.depth++;
    e->s.slots[i] = (Slot){.k = (uint8_t)k};
    e->exit_block = NULL;
    return i;
}

void rf_set_slot(Emit *e, uint32_t i, SlotKind k)
{
    e->s.slots[i] = (Slot){.k = (uint8_t)k};
}
