/* match (language.md 7.3). Arms are no scopes: what an arm makes belongs to the scope around the match. It is certain inside the
 * arm and, after the match, exists only if that arm ran - unless every arm made it and one of them always runs. */
#include "bytecode/compile.h"
#include "runtime/string.h"

typedef struct Match {
    const RfStmt *stmt;
    uint32_t subject; /* local that holds it */
    bool hidden;      /* a local of our own, to be cleared when an arm is chosen */
    RfVec touched;    /* RfBinding *: changed by an arm */
    uint32_t arms;    /* bodies compiled */
    RfLabel end;
} Match;

static bool ignored(const RfName *name)
{
    return name->text.len == 1 && name->text.bytes[0] == '_';
}

/* ---- state of names across arms ---- */

/* Undoes what the arm did to bindings of the home scope and remembers which they were. */
static void end_arm_names(RfFuncState *fs, Match *m, uint32_t journal_start)
{
    const RfScope *home = rf_scope_home(fs);
    uint32_t arm = ++fs->arm_count;
    while (fs->journal.len > journal_start) {
        RfSaved saved = RF_VEC_AT(&fs->journal, RfSaved, --fs->journal.len);
        RfBinding *b = saved.binding;
        if (b->scope == home && b->arm != arm) {
            b->arm = arm;
            if (!b->touched) {
                b->touched = true;
                b->hits = 0;
                *(RfBinding **)rf_vec_push(&m->touched, sizeof b) = b;
            }
            b->hits += b->active && !b->maybe;
        }
        b->active = saved.active;
        b->maybe = saved.maybe;
        b->settled = saved.settled;
    }
}

/* Is there a variable of this name and scope that was made before the match? Then a declaration of an arm gives way to it. */
static bool has_older(RfFuncState *fs, const RfBinding *b)
{
    for (const RfBinding *o = rf_scope_innermost(fs, b->name); o; o = o->outer) {
        if (o != b && o->scope == b->scope && o->active && !o->touched && o->match_id != b->match_id) {
            return true;
        }
    }
    return false;
}

static void end_match_names(RfFuncState *fs, Match *m, bool exhaustive)
{
    for (uint32_t i = 0; i < m->touched.len; i++) {
        RfBinding *b = RF_VEC_AT(&m->touched, RfBinding *, i);
        if (b->active && !b->maybe) {
            continue;
        }
        bool certain = exhaustive && b->hits == m->arms;
        rf_scope_change(fs, b, true, !certain, certain || (b->active && b->settled));
        bool declared = b->match_id && !b->created && !b->func;
        if (declared && has_older(fs, b)) {
            rf_scope_demote(fs, b);
        }
    }
    for (uint32_t i = 0; i < m->touched.len; i++) {
        RF_VEC_AT(&m->touched, RfBinding *, i)->touched = false;
    }
    rf_vec_free(&m->touched, sizeof(RfBinding *));
}

/* ---- patterns ---- */

static void load_subject(RfFuncState *fs, const Match *m, RfPos pos)
{
    rf_emit(fs, RF_OP_LOAD_LOCAL, m->subject, 0, pos);
}

static void test_equal(RfFuncState *fs, RfValue v, RfPos pos)
{
    rf_emit(fs, RF_OP_MATCH_EQUAL, 0, rf_emit_add_const(fs, v), pos);
}

static void compile_test(RfFuncState *fs, const Match *m, const RfArm *arm, RfLabel *next)
{
    RfPos pos = arm->pos;
    if (arm->kind == RF_CASE_ANY) {
        return;
    }
    load_subject(fs, m, pos);
    switch (arm->kind) {
    case RF_CASE_INT: test_equal(fs, rf_int(arm->i), pos); break;
    case RF_CASE_FLOAT: test_equal(fs, rf_float(arm->f), pos); break;
    case RF_CASE_STRING: {
        RfString *s = rf_string_new(arm->text.bytes, arm->text.len);
        test_equal(fs, rf_obj(s), pos);
        break;
    }
    case RF_CASE_BOOL: test_equal(fs, rf_bool(arm->b), pos); break;
    case RF_CASE_NULL: test_equal(fs, rf_null(), pos); break;
    case RF_CASE_VARIANT: rf_emit(fs, RF_OP_MATCH_VARIANT, (uint32_t)arm->which, 0, pos); break;
    case RF_CASE_ENUM: {
        RfEnumSite *site = rf_vec_push(&fs->enums, sizeof *site);
        site->enum_name = rf_compile_intern(fs->c, arm->enum_name.text);
        site->variant = rf_compile_intern(fs->c, arm->variant.text);
        rf_emit(fs, RF_OP_MATCH_ENUM, arm->binder_count, fs->enums.len - 1, pos);
        break;
    }
    case RF_CASE_WORD:
    default: rf_emit(fs, RF_OP_MATCH_WORD, 0, rf_emit_name_const(fs, rf_compile_intern(fs->c, arm->text)), pos); break;
    }
    rf_emit_jump(fs, RF_OP_JUMP_IF_FALSE, 0, next, pos);
}

static void check_binders(RfFuncState *fs, const RfArm *arm)
{
    for (uint32_t i = 1; i < arm->binder_count; i++) {
        RfString *name = rf_compile_intern(fs->c, arm->binders[i].text);
        for (uint32_t j = 0; j < i; j++) {
            if (!ignored(&arm->binders[i]) && rf_compile_intern(fs->c, arm->binders[j].text) == name) {
                rf_name_duplicate(fs, name, arm->binders[i].pos);
                return;
            }
        }
    }
}

static void load_payload(RfFuncState *fs, const Match *m, uint32_t i, RfPos pos)
{
    load_subject(fs, m, pos);
    rf_emit(fs, RF_OP_PAYLOAD, i, 0, pos);
}

/* The guard sees the binders, but they are made only when it holds: until then they are locals of the arm. */
static void compile_guard(RfFuncState *fs, const Match *m, const RfArm *arm, RfLabel *next)
{
    uint32_t first = rf_scope_slot(fs, arm->binder_count);
    RfBinding **temps = RF_ARENA_ARRAY(&fs->c->work, RfBinding *, arm->binder_count + 1);
    for (uint32_t i = 0; i < arm->binder_count; i++) {
        const RfName *name = &arm->binders[i];
        if (ignored(name)) {
            continue;
        }
        load_payload(fs, m, i, name->pos);
        rf_emit(fs, RF_OP_STORE_LOCAL, first + i, 0, name->pos);
        temps[i] =
            rf_scope_bind(fs, fs->scope, rf_compile_intern(fs->c, name->text), first + i, RF_ROOT_LOCAL, RF_GLOBAL_MUT);
        temps[i]->active = true;
    }
    RfLabel failed = {0};
    rf_compile_condition(fs, arm->guard, false, arm->binder_count ? &failed : next);
    if (arm->binder_count) {
        RfLabel holds = {0};
        rf_emit_jump(fs, RF_OP_JUMP, 0, &holds, arm->pos);
        rf_emit_bind(fs, &failed);
        rf_emit_clear(fs, first, first + arm->binder_count, arm->pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, next, arm->pos);
        rf_emit_bind(fs, &holds);
    }
    for (uint32_t i = 0; i < arm->binder_count; i++) {
        const RfName *name = &arm->binders[i];
        if (ignored(name)) {
            continue;
        }
        temps[i]->active = false;
        rf_emit(fs, RF_OP_LOAD_LOCAL, first + i, 0, name->pos);
        rf_name_replace(fs, rf_compile_intern(fs->c, name->text), RF_DECL_MATCH, name->pos);
    }
}

/* Returns whether the subject may still hold its value (the last payload read moves it out). */
static bool bind_payload(RfFuncState *fs, const Match *m, const RfArm *arm)
{
    bool kept = true;
    for (uint32_t i = 0; i < arm->binder_count; i++) {
        const RfName *name = &arm->binders[i];
        if (!ignored(name)) {
            load_payload(fs, m, i, name->pos);
            rf_name_replace(fs, rf_compile_intern(fs->c, name->text), RF_DECL_MATCH, name->pos);
            kept = false;
        }
    }
    return kept;
}

static void compile_arm(RfFuncState *fs, Match *m, const RfArm *arm)
{
    RfScope scope;
    RfLabel next = {0};
    uint32_t journal_start = fs->journal.len;
    rf_scope_enter(fs, &scope, true);
    fs->arm_depth++;
    bool kept = true;
    if (!arm->is_default) {
        compile_test(fs, m, arm, &next);
        check_binders(fs, arm);
        if (arm->guard) {
            compile_guard(fs, m, arm, &next);
        } else {
            kept = bind_payload(fs, m, arm);
        }
    }
    if (kept && m->hidden) {
        rf_emit_clear(fs, m->subject, m->subject + 1, arm->pos);
    }
    rf_compile_statements(fs, &arm->body);
    rf_scope_leave_clear(fs, arm->pos);
    fs->arm_depth--;
    end_arm_names(fs, m, journal_start);
    m->arms++;
    rf_emit_jump(fs, RF_OP_JUMP, 0, &m->end, arm->pos);
    rf_emit_bind(fs, &next);
}

/* A subject that is a plain local can stay where it is when no binder replaces it. */
static bool subject_in_place(RfFuncState *fs, const RfStmt *s, uint32_t *slot)
{
    RfString *name = rf_compile_name_of(fs, s->as.match.subject);
    int64_t local = name ? rf_name_local(fs, name) : -1;
    if (local < 0) {
        return false;
    }
    for (uint32_t i = 0; i < s->as.match.count; i++) {
        const RfArm *arm = &s->as.match.arms[i];
        for (uint32_t j = 0; j < arm->binder_count; j++) {
            if (rf_compile_intern(fs->c, arm->binders[j].text) == name) {
                return false;
            }
        }
    }
    *slot = (uint32_t)local;
    return true;
}

void rf_compile_match(RfFuncState *fs, const RfStmt *s)
{
    Match m = {.stmt = s};
    RfScope scope;
    bool outermost = fs->match_id == 0;
    if (outermost) {
        fs->match_id = ++fs->match_count;
        fs->match_nop = rf_emit_nop(fs, s->pos);
    }
    rf_scope_enter(fs, &scope, true);
    if (!subject_in_place(fs, s, &m.subject)) {
        rf_compile_expr(fs, s->as.match.subject);
        m.subject = rf_scope_slot(fs, 1);
        m.hidden = true;
        rf_emit(fs, RF_OP_STORE_LOCAL, m.subject, 0, s->as.match.subject->pos);
    }
    const RfArm *last_default = NULL;
    bool exhaustive = false;
    for (uint32_t i = 0; i < s->as.match.count; i++) {
        const RfArm *arm = &s->as.match.arms[i];
        if (arm->is_default) {
            last_default = arm;
        } else {
            compile_arm(fs, &m, arm);
            exhaustive = exhaustive || (arm->kind == RF_CASE_ANY && !arm->guard);
        }
    }
    if (last_default) {
        compile_arm(fs, &m, last_default);
        exhaustive = true;
    } else if (m.hidden) {
        rf_emit_clear(fs, m.subject, m.subject + 1, s->pos);
        rf_emit_jump(fs, RF_OP_JUMP, 0, &m.end, s->pos);
    } else {
        rf_emit_jump(fs, RF_OP_JUMP, 0, &m.end, s->pos);
    }
    uint32_t arms = m.arms;
    for (uint32_t i = 0; i < s->as.match.count; i++) { /* defaults that never run are checked all the same */
        const RfArm *arm = &s->as.match.arms[i];
        if (arm->is_default && arm != last_default) {
            compile_arm(fs, &m, arm);
        }
    }
    m.arms = arms;
    rf_emit_bind(fs, &m.end);
    rf_scope_leave(fs);
    if (outermost) {
        fs->match_id = 0;
    }
    end_match_names(fs, &m, exhaustive);
}
