/* Generators. The native form of a body (RfResume) starts where the generator stands: it compares the saved pc with those at which
 * its code can go on and brings the saved values to where that code wants them - scalars into registers, the rest home to
 * fp[]. At a YIELD it saves what is alive and returns the value.
 *
 * Values that this image has saved are as the analysis knows them and only loaded. Those that the interpreter or other code has
 * saved, and the arguments at the start, are checked against a table first (helper gen_adopt). It also lists the headers of loops,
 * so that the interpreter can hand over a generator that it finds turning. When a check fails the interpreter goes on. */
#include <stddef.h>

#include "jit/compile.h"

#define MAYBE_UNDEF 0x7fffu

uint32_t rf_yield_start(const RfJobUnit *u)
{
    uint32_t pc = 0;
    while (pc + 1 < u->code_len && u->code[pc].op != RF_OP_GEN_START) {
        pc++;
    }
    return pc + 1 < u->code_len ? pc + 1 : 0;
}

void rf_yield_declare(RfCompiler *c, UnitInfo *info)
{
    static const char *const names[] = {"vm", "frame", "fp"};
    const T types[] = {c->t_ptr, c->t_ptr, c->t_valuep};
    char name[32];
    snprintf(name, sizeof name, info->u->number == 0 ? "u%u" : "d%u", info->u->number);
    info->gparams = rf_mem_alloc(sizeof(gcc_jit_param *) * (info->u->nparams + RF_DIRECT_PARAMS));
    for (uint32_t i = 0; i < 3; i++) {
        info->gparams[i] = rf_gcc.context_new_param(c->ctx, NULL, types[i], names[i]);
    }
    info->direct = rf_gcc.context_new_function(
        c->ctx, NULL, info->u->number == 0 ? GCC_JIT_FUNCTION_EXPORTED : GCC_JIT_FUNCTION_INTERNAL, c->t_ret, name, 3,
        info->gparams, 0);
}

/* ---- the generator's fields ---- */

static L field(Emit *e, L gen, size_t offset, T type)
{
    return rf_at(e, rf_val(e, gen), (int64_t)offset, type);
}

static R saved(Emit *e, uint32_t slot) /* address of a saved value */
{
    if (e->dry || !e->block) {
        return NULL;
    }
    return rf_addr(e, rf_gcc.context_new_array_access(e->c->ctx, NULL, rf_val(e, e->gen_slots), rf_k(e, slot)));
}

static R address_of(Emit *e, uint32_t pc)
{
    R code = rf_bound(e, RF_BIND_CODE, e->u->number, NULL, e->c->t_u8p);
    return rf_addr(e, rf_at(e, code, (int64_t)pc * (int64_t)sizeof(RfInstr), e->c->t_u8));
}

/* ---- YIELD and the end ---- */

/* Where the generator goes on after the YIELD at pc: a value that nobody wants is not kept. */
static uint32_t target_of(const RfJobUnit *u, uint32_t pc)
{
    return u->code[pc + 1].op == RF_OP_POP ? pc + 2 : pc + 1;
}

static bool is_scalar(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static void note_kind(Emit *e, SlotKind k)
{
    SlotKind was = e->info->result, now = !is_scalar(k) || (was != K_DEAD && was != k) ? K_HOME : k;
    if (now != was) {
        e->info->result = now;
        e->c->changed = true;
    }
}

/* The value of a scalar or home slot in two registers. */
static void box(Emit *e, L ret, uint32_t slot)
{
    RfCompiler *c = e->c;
    if (e->dry || !e->block) {
        return;
    }
    L tag = rf_gcc.lvalue_access_field(ret, NULL, c->r_tag),
      payload = rf_gcc.lvalue_access_field(ret, NULL, c->r_payload);
    switch (e->s.slots[slot].k) {
    case K_INT:
    case K_BOOL:
        rf_set(e, tag, rf_kt(e, c->t_u64, e->s.slots[slot].k == K_INT ? RF_TAG_INT : RF_TAG_BOOL));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_ireg(e, slot)), c->t_u64));
        break;
    case K_FLOAT:
        rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_FLOAT));
        rf_set(e, payload, rf_gcc.context_new_bitcast(c->ctx, NULL, rf_val(e, rf_freg(e, slot)), c->t_u64));
        break;
    case K_HOME:
        rf_set(e, tag, rf_val(e, rf_tag(e, rf_home(e, slot))));
        rf_set(e, payload, rf_cast(e, rf_val(e, rf_payload(e, rf_home(e, slot))), c->t_u64));
        break;
    default: rf_set(e, tag, rf_kt(e, c->t_u64, RF_TAG_NULL)); rf_set(e, payload, rf_kt(e, c->t_u64, 0));
    }
}

/* Only what want_of can say is known of a saved value. */
static void weaken(Slot *s)
{
    bool shape = s->class == RF_CLASS_STRUCT && s->shape;
    *s = (Slot){.k = K_HOME,
                .class = s->class & RF_CLASS_UNDEF ? MAYBE_UNDEF
                         : shape                   ? RF_CLASS_STRUCT
                                                   : 0,
                .shape = shape ? s->shape : 0,
                .hint = s->hint};
}

/* The values of the state at target, where they are now, into the generator. */
static void save(Emit *e, uint32_t target)
{
    uint32_t n = e->u->nlocals + e->s.depth;
    for (uint32_t i = 0; i < n; i++) {
        Slot *s = &e->s.slots[i];
        s->k = e->in[target].slots[i].k;
        if (s->k == K_HOME) {
            rf_copy_value(e, saved(e, i), rf_home(e, i));
        } else if (s->k != K_DEAD || e->gen_homes[i]) { /* else what lies there owns nothing */
            rf_store_scalar(e, saved(e, i), i);
        }
    }
    RfCompiler *c = e->c;
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, pc), c->t_u8p), address_of(e, target));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, native), c->t_ptr),
           rf_bound(e, RF_BIND_SERIAL, 0, NULL, c->t_ptr));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, nslots), c->t_u32), rf_kt(e, c->t_u32, n));
    rf_set(e, field(e, e->gen, offsetof(RfGenerator, state), c->t_u32), rf_kt(e, c->t_u32, RF_GEN_READY));
}

void rf_gen_yield(Emit *e)
{
    if (!e->generator) {
        rf_reject(e, RF_REASON_GENERATOR);
        return;
    }
    uint32_t top = rf_top(e), target = target_of(e->u, e->pc), before = e->pc;
    if (e->s.slots[top].k >= K_HOME) {
        rf_to_home(e, top);
    }
    note_kind(e, (SlotKind)e->s.slots[top].k);
    L ret = rf_temp(e, e->c->t_ret);
    box(e, ret, top);
    if (target == e->pc + 2) { /* handed over */
        rf_set_slot(e, top, K_DEAD);
        e->s.depth--;
    } else if (e->s.slots[top].k == K_HOME) {
        rf_retain_at(e, rf_home(e, top));
    }
    e->exit_block = NULL;
    for (uint32_t i = e->u->nlocals + e->s.depth;
         i-- > 0;) { /* from the top: an operand may take a local's value over */
        Slot *s = &e->s.slots[i];
        if (i < e->u->nlocals && !rf_alive(e, target, i)) {
            continue; /* released on the way out */
        }
        if (s->k > K_HOME) {
            rf_to_home(e, i);
        }
        if (s->k == K_HOME) {
            weaken(s);
        }
    }
    e->pc = target; /* nothing below can leave */
    rf_park(e, target);
    if (!e->dry && e->block) {
        save(e, target);
        rf_gcc.block_end_with_return(e->block, NULL, rf_val(e, ret));
    }
    e->pc = before;
    e->block = NULL;
}

void rf_gen_yield_end(Emit *e)
{
    RfCompiler *c = e->c;
    if (!e->dry && e->block) {
        for (uint32_t i = rf_top(e) + 1; i-- > 0;) {
            rf_release_slot(e, i);
        }
        L ret = rf_temp(e, c->t_ret);
        rf_set(e, rf_gcc.lvalue_access_field(ret, NULL, c->r_payload), rf_kt(e, c->t_u64, 0));
        rf_set(e, rf_gcc.lvalue_access_field(ret, NULL, c->r_tag), rf_kt(e, c->t_u64, RF_TAG_UNDEF));
        rf_gcc.block_end_with_return(e->block, NULL, rf_val(e, ret));
    }
    e->block = NULL;
}

/* ---- resuming ---- */

/* The tag of all values of a class, 0 when it takes more to know them. */
static uint32_t tag_of_class(uint16_t class)
{
    switch (class) {
    case RF_CLASS_STRING: return RF_TAG_STRING;
    case RF_CLASS_DICT: return RF_TAG_DICT;
    case RF_CLASS_STRUCT: return RF_TAG_STRUCT;
    case RF_CLASS_FUNCTION: return RF_TAG_FUNCTION;
    default: return 0;
    }
}

/* What the slot wants of a saved value (native.h); false: more than can be said. */
static bool want_of(Emit *e, const Slot *s, uint32_t *want)
{
    uint32_t tag = 0;
    *want = RF_WANT_DEAD;
    switch ((SlotKind)s->k) {
    case K_DEAD: return true;
    case K_NULL: tag = RF_TAG_NULL; break;
    case K_UNDEF: tag = RF_TAG_UNDEF; break;
    case K_BOOL: tag = RF_TAG_BOOL; break;
    case K_INT: tag = RF_TAG_INT; break;
    case K_FLOAT: tag = RF_TAG_FLOAT; break;
    case K_HOME:
        if (s->name) {
            return false;
        }
        if (!s->class || s->class & RF_CLASS_UNDEF) {
            *want = s->class ? RF_WANT_ANY : RF_WANT_VALUE;
            return true;
        }
        if (s->class == RF_CLASS_STRUCT && s->shape) {
            *want = RF_WANT_SHAPE | rf_bind_number(e->c, RF_BIND_SHAPE, s->shape - 1, NULL) << 8;
            return true;
        }
        tag = tag_of_class(s->class);
        if (tag == 0) {
            return false;
        }
        break;
    default: return false;
    }
    *want = RF_WANT_TAG | tag << 8;
    return true;
}

/* The table of places where a generator may stand, and the pcs in it at which this code goes on. */
typedef struct Places {
    uint32_t *table, used, room;
    uint32_t *targets, count;
} Places;

static void add_place(Emit *e, Places *p, uint32_t pc, uint32_t target)
{
    const State *s = &e->in[target];
    uint32_t n = e->u->nlocals + s->depth;
    for (uint32_t *row = p->table + 1; row < p->table + p->used; row += 4 + row[3]) {
        if (*row == pc) {
            return;
        }
    }
    if (p->used + 4 + n > p->room) {
        uint32_t room = (p->used + 4 + n) * 2;
        p->table = rf_mem_resize(p->table, sizeof(uint32_t) * p->room, sizeof(uint32_t) * room);
        p->room = room;
    }
    uint32_t *row = p->table + p->used;
    for (uint32_t i = 0; i < n; i++) {
        if (!want_of(e, &s->slots[i], &row[4 + i])) {
            return;
        }
    }
    row[0] = pc;
    row[1] = target;
    row[2] = rf_exit_number(e, target, n);
    row[3] = n;
    p->used += 4 + n;
    p->table[0]++;
    if (pc == target) {
        p->targets[p->count++] = target;
    }
}

static void find_places(Emit *e, Places *p)
{
    const RfJobUnit *u = e->u;
    p->targets = rf_mem_alloc(sizeof(uint32_t) * (u->code_len + 1));
    p->room = 64;
    p->table = rf_mem_zalloc(sizeof(uint32_t) * p->room);
    p->used = 1;
    for (uint32_t pc = 0; pc + 1 < u->code_len; pc++) {
        uint32_t target = target_of(u, pc);
        if (u->code[pc].op == RF_OP_YIELD && e->in[target].reached) {
            add_place(e, p, target, target);
            if (target == pc + 2) { /* where the interpreter leaves it */
                add_place(e, p, pc + 1, target);
            }
        }
    }
    for (uint32_t i = 0; i < e->nloops; i++) {
        RfOp op = (RfOp)u->code[e->loops[i].end].op;
        uint32_t pc = op == RF_OP_FOR_LOOP || op == RF_OP_FOR_LOOP2 ? e->loops[i].end : e->loops[i].start;
        if (e->in[pc].reached) {
            add_place(e, p, pc, pc);
        }
    }
    add_place(e, p, rf_yield_start(u), rf_yield_start(u));
}

static R data_of(Emit *e, const Places *p)
{
    RfCompiler *c = e->c;
    char name[32];
    snprintf(name, sizeof name, "places%u", e->u->number);
    T array = rf_gcc.context_new_array_type(c->ctx, NULL, c->t_u32, (int)p->used);
    L data = rf_gcc.context_new_global(c->ctx, NULL, GCC_JIT_GLOBAL_INTERNAL, array, name);
    rf_gcc.global_set_initializer(data, p->table, sizeof(uint32_t) * p->used);
    return rf_cast(e, rf_addr(e, data), c->t_ptr);
}

/* Brings the saved values of the state at target where the code there wants them, and goes there. */
static void load(Emit *e, uint32_t target)
{
    const State *d = &e->in[target];
    for (uint32_t i = 0; i < e->u->nlocals + d->depth; i++) {
        switch (d->slots[i].k) {
        case K_INT:
        case K_BOOL: rf_set(e, rf_ireg(e, i), rf_val(e, rf_payload(e, saved(e, i)))); break;
        case K_FLOAT: rf_set(e, rf_freg(e, i), rf_val(e, rf_payload_f(e, saved(e, i)))); break;
        case K_HOME: rf_copy_value(e, rf_home(e, i), saved(e, i)); break;
        default: break;
        }
    }
    if (!e->blocks[target]) {
        e->blocks[target] = rf_block(e);
    }
    rf_jump(e, e->blocks[target]);
}

/* Also notes which slots are ever loaded home. */
void rf_yield_prologue(Emit *e)
{
    RfCompiler *c = e->c;
    Places places = {0};
    find_places(e, &places);
    e->gen = rf_temp(e, c->t_u8p);
    e->gen_slots = rf_temp(e, c->t_valuep);
    L answer = rf_temp(e, c->t_i64), at = rf_temp(e, c->t_u8p);
    gcc_jit_block *fast = rf_block(e), *slow = rf_block(e), *other = rf_block(e);
    R own = rf_addr(e, rf_gcc.context_new_array_access(c->ctx, NULL, e->fp, rf_k(e, -1)));
    rf_set(e, e->gen, rf_val(e, rf_payload_p(e, own)));
    rf_set(e, answer, rf_k(e, -2));
    R mine = rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, field(e, e->gen, offsetof(RfGenerator, native), c->t_ptr)),
                    rf_bound(e, RF_BIND_SERIAL, 0, NULL, c->t_ptr));
    rf_branch(e, rf_likely(e, mine, true), fast, slow);
    e->block = slow;
    R adopt[3] = {rf_cast(e, rf_val(e, e->gen), c->t_ptr), data_of(e, &places),
                  rf_cast(e, rf_addr(e, c->bind), c->t_ptr)};
    rf_set(e, answer, rf_help(e, RF_HELPER_gen_adopt, 3, adopt));
    rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, answer), rf_k(e, -1)), fast, other);
    e->block = other;
    R args[4] = {e->vm, e->frame, rf_cast(e, e->fp, c->t_ptr), rf_val(e, answer)};
    rf_gcc.block_end_with_return(e->block, NULL, rf_help(e, RF_HELPER_gen_other, 4, args));
    e->block = fast;
    rf_set(e, at, rf_val(e, field(e, e->gen, offsetof(RfGenerator, pc), c->t_u8p)));
    rf_set(e, e->gen_slots, rf_val(e, field(e, e->gen, offsetof(RfGenerator, slots), c->t_valuep)));
    e->gen_homes = rf_mem_zalloc(e->nslots);
    for (uint32_t i = 0; i < places.count; i++) {
        gcc_jit_block *here = rf_block(e), *next = rf_block(e);
        const State *d = &e->in[places.targets[i]];
        for (uint32_t slot = 0; slot < e->u->nlocals + d->depth; slot++) {
            e->gen_homes[slot] |= d->slots[slot].k == K_HOME;
        }
        rf_branch(e, rf_cmp(e, GCC_JIT_COMPARISON_EQ, rf_val(e, at), address_of(e, places.targets[i])), here, next);
        e->block = here;
        rf_set(e, field(e, e->gen, offsetof(RfGenerator, nslots), c->t_u32), rf_kt(e, c->t_u32, 0));
        load(e, places.targets[i]);
        e->block = next;
    }
    rf_jump(e, other); /* cannot be */
    rf_mem_free(places.table, sizeof(uint32_t) * places.room);
    rf_mem_free(places.targets, sizeof(uint32_t) * (e->u->code_len + 1));
}
