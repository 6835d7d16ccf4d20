/* The compiler's driver: one job to one shared object. Runs in the worker process. */
#include "jit/compile.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_BINDS 1024
#define MAX_PARAMS 200
#define MAX_INSTRS 6000 /* of all units that are really compiled; measured: about 1 s */

/* ---- what emitters ask for ---- */

void rf_reject(Emit *e, RfReason reason)
{
    RfCompiler *c = e->c;
    e->rejected = true;
    e->block = NULL;
    if (e->info != &c->units[0]) {
        e->info->bad = true;
        c->changed = true;
    } else if (c->reason == RF_REASON_NONE) {
        c->reason = reason;
        c->reject_unit = e->u->number;
        c->reject_pc = e->pc;
    }
}

uint32_t rf_bind_number(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name)
{
    RfImageHead *h = &c->head;
    uint32_t i = 0;
    while (i < h->nbinds &&
           !(h->binds[i].kind == kind && h->binds[i].a == a && (name == NULL) == (h->binds[i].name == NULL) &&
             (!name || strcmp(name, h->binds[i].name) == 0))) {
        i++;
    }
    if (i == h->nbinds) {
        if (i == MAX_BINDS) {
            c->reason = RF_REASON_TOO_LARGE;
            i--;
        } else {
            h->binds[h->nbinds++] = (RfBind){.kind = kind, .a = a, .name = name};
        }
    }
    return i;
}

R rf_bound_c(RfCompiler *c, RfBindKind kind, uint32_t a, const char *name, T type)
{
    uint32_t i = rf_bind_number(c, kind, a, name);
    R array = rf_gcc.lvalue_as_rvalue(c->bind);
    R index = rf_gcc.context_new_rvalue_from_int(c->ctx, c->t_i32, (int)i);
    R pointer = rf_gcc.lvalue_as_rvalue(rf_gcc.context_new_array_access(c->ctx, NULL, array, index));
    return rf_gcc.context_new_cast(c->ctx, NULL, pointer, type);
}

R rf_bound(Emit *e, RfBindKind kind, uint32_t a, const char *name, T type)
{
    return e->dry || !e->block ? NULL : rf_bound_c(e->c, kind, a, name, type);
}

static T helper_type(RfCompiler *c, char letter)
{
    switch (letter) {
    case 'v': return c->t_void;
    case 'i': return c->t_i32;
    case 'l': return c->t_i64;
    case 'd': return c->t_f64;
    case 'r': return c->t_ret;
    default: return c->t_ptr;
    }
}

R rf_help(Emit *e, RfHelper helper, int n, R *args)
{
    static const struct {
        char result;
        const char *params;
    } signatures[] = {
#define HELPER(name, result, params) {#result[0], params},
#include "jit/helpers.def"
#undef HELPER
    };
    if (e->dry || !e->block) {
        return NULL;
    }
    RfCompiler *c = e->c;
    const char *params = signatures[helper].params;
    T types[16];
    R cast[16];
    int count = (int)strlen(params);
    if (count != n) {
        rf_reject(e, RF_REASON_BACKEND_ERROR);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        if (args[i] == e->frame && !e->s.marked) { /* it is looked at */
            rf_store_mark(e);
        }
        types[i] = helper_type(c, params[i]);
        cast[i] = params[i] == 'd' ? args[i] : rf_gcc.context_new_cast(c->ctx, NULL, args[i], types[i]);
    }
    T fn =
        rf_gcc.context_new_function_ptr_type(c->ctx, NULL, helper_type(c, signatures[helper].result), count, types, 0);
    return rf_gcc.context_new_call_through_ptr(c->ctx, NULL, rf_bound_c(c, RF_BIND_HELPER, helper, NULL, fn), count,
                                               cast);
}

/* ---- the image ---- */

static void make_types(RfCompiler *c)
{
    gcc_jit_context *x = c->ctx;
    c->t_void = rf_gcc.context_get_type(x, GCC_JIT_TYPE_VOID);
    c->t_i64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_LONG_LONG);
    c->t_u64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_LONG_LONG);
    c->t_i32 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_INT);
    c->t_u32 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_INT);
    c->t_u16 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_SHORT);
    c->t_u8 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_UNSIGNED_CHAR);
    c->t_bool = rf_gcc.context_get_type(x, GCC_JIT_TYPE_BOOL);
    c->t_f64 = rf_gcc.context_get_type(x, GCC_JIT_TYPE_DOUBLE);
    c->t_ptr = rf_gcc.context_get_type(x, GCC_JIT_TYPE_VOID_PTR);
    c->t_u8p = rf_gcc.type_get_pointer(c->t_u8);
    c->f_tag = rf_gcc.context_new_field(x, NULL, c->t_u64, "tag");
    c->f_int = rf_gcc.context_new_field(x, NULL, c->t_i64, "payload");
    gcc_jit_field *value[2] = {c->f_tag, c->f_int};
    c->t_value = rf_gcc.struct_as_type(rf_gcc.context_new_struct_type(x, NULL, "value", 2, value));
    c->t_valuep = rf_gcc.type_get_pointer(c->t_value);
    c->r_payload = rf_gcc.context_new_field(x, NULL, c->t_u64, "payload");
    c->r_tag = rf_gcc.context_new_field(x, NULL, c->t_u64, "tag");
    gcc_jit_field *ret[2] = {c->r_payload, c->r_tag};
    c->t_ret = rf_gcc.struct_as_type(rf_gcc.context_new_struct_type(x, NULL, "ret", 2, ret));
    T binds = rf_gcc.context_new_array_type(x, NULL, c->t_ptr, MAX_BINDS);
    c->bind = rf_gcc.context_new_global(x, NULL, GCC_JIT_GLOBAL_EXPORTED, binds, "rf_bind");
    c->expect_fn = rf_gcc.context_get_builtin_function(x, "__builtin_expect");
    c->load_fn = rf_gcc.context_get_builtin_function(x, "__atomic_load_4");
    c->t_cvptr = rf_gcc.type_get_pointer(rf_gcc.type_get_volatile(rf_gcc.type_get_const(c->t_void)));
    c->add_fn = rf_gcc.context_get_builtin_function(x, "__builtin_saddll_overflow");
    c->sub_fn = rf_gcc.context_get_builtin_function(x, "__builtin_ssubll_overflow");
    c->mul_fn = rf_gcc.context_get_builtin_function(x, "__builtin_smulll_overflow");
    c->fabs_fn = rf_gcc.context_get_builtin_function(x, "fabs");
    c->sqrt_fn = rf_gcc.context_get_builtin_function(x, "sqrt");
    if (c->job->stress) {
        uint32_t *counts = rf_mem_alloc(sizeof(uint32_t) * RF_STRESS_MAX);
        uint32_t seed = c->job->stress_seed * 2654435761u + 1;
        for (uint32_t i = 0; i < RF_STRESS_MAX; i++) {
            seed = seed * 1664525u + 1013904223u;
            counts[i] = c->job->stress_seed ? 1 + (seed >> 8) % c->job->stress : c->job->stress;
        }
        T array = rf_gcc.context_new_array_type(x, NULL, c->t_u32, RF_STRESS_MAX);
        c->stress = rf_gcc.context_new_global(x, NULL, GCC_JIT_GLOBAL_EXPORTED, array, "rf_stress");
        rf_gcc.global_set_initializer(c->stress, counts, sizeof(uint32_t) * RF_STRESS_MAX);
        rf_mem_free(counts, sizeof(uint32_t) * RF_STRESS_MAX);
    }
}

/* Does some unit call itself: one that keeps all in registers (light), or one that does not? */
static bool recursive(const RfCompiler *c, bool light)
{
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].self_call && c->units[i].light == light && !c->units[i].bad) {
            return true;
        }
    }
    return false;
}

static void set_options(RfCompiler *c, int opt)
{
    gcc_jit_context *x = c->ctx;
    static const char *const options[] = {"-fno-math-errno",
                                          "-ffp-contract=off",
                                          "-fno-semantic-interposition",
                                          "-fno-plt",
                                          "-fno-ipa-icf",
                                          "-fwrapv",
                                          "-fno-strict-aliasing",
                                          "-fno-asynchronous-unwind-tables",
                                          "-fno-trapping-math",
                                          "--param=ggc-min-heapsize=32768",
                                          "--param=ggc-min-expand=30",
                                          "-w"};
    rf_gcc.context_set_int_option(x, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, opt);
    rf_gcc.context_set_bool_print_errors_to_stderr(x, 0);
    rf_gcc.context_set_bool_allow_unreachable_blocks(x, 1); /* e.g. the exit of guards that turn out not to be needed */
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        rf_gcc.context_add_command_line_option(x, options[i]);
    }
    if (c->job->cpu[0]) {
        char march[32];
        snprintf(march, sizeof march, "-march=%s", c->job->cpu);
        rf_gcc.context_add_command_line_option(x, march);
        /* GCC looks at each class of registers when it starts: 1 % of a small compile, and values never live in these */
        rf_gcc.context_add_command_line_option(x, "-mno-mmx");
        rf_gcc.context_add_command_line_option(x, "-mno-80387");
    }
    if (!recursive(c, false)) {
        /* GCC counts the cold exits as well when it decides what is small enough to inline */
        rf_gcc.context_add_command_line_option(x, "--param=max-inline-insns-auto=300");
        rf_gcc.context_add_command_line_option(x, "--param=inline-min-speedup=5");
    }
    if (opt == 3) {
        /* recursion: room for a few levels of it in one function. Twice as much makes fib a tenth faster, and its compile
         * half as long again */
        rf_gcc.context_add_command_line_option(x, "--param=max-inline-insns-recursive-auto=1000");
    } else { /* a tenth of the compile time, and nothing that an out-of-order CPU would notice */
        rf_gcc.context_add_command_line_option(x, "-fno-schedule-insns2");
        /* at this level it takes only loops whose number of turns is a constant, and looks at all of them */
        rf_gcc.context_add_command_line_option(x, "-fno-tree-loop-vectorize");
    }
}

static bool raw(SlotKind k)
{
    return k == K_INT || k == K_FLOAT || k == K_BOOL;
}

static void declare_direct(RfCompiler *c, UnitInfo *info)
{
    char name[32];
    snprintf(name, sizeof name, "d%u", info->u->number);
    uint32_t n = 0;
    info->gparams = rf_mem_alloc(sizeof(gcc_jit_param *) * (info->u->nparams + RF_DIRECT_PARAMS));
    info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "vm");
    info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "frame");
    if (!info->light) {
        info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_valuep, "fp");
    }
    if (info->quiet) {
        info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_u32, "mark");
        if (info->u->ncaptures > 0) {
            info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, c->t_u8p, "fn");
        }
    }
    for (uint32_t i = 0; i < info->u->nparams; i++) {
        if (info->params[i] == K_DEAD) {
            info->params[i] = K_HOME;
        }
        bool by_address = rf_by_address(info, i);
        if (raw(info->params[i]) || by_address) {
            char p[16];
            snprintf(p, sizeof p, "p%u", i);
            T type = by_address ? c->t_valuep : info->params[i] == K_FLOAT ? c->t_f64 : c->t_i64;
            info->gparams[n++] = rf_gcc.context_new_param(c->ctx, NULL, type, p);
        }
    }
    info->direct =
        rf_gcc.context_new_function(c->ctx, NULL, GCC_JIT_FUNCTION_INTERNAL, c->t_ret, name, (int)n, info->gparams, 0);
}

static void add_entry(RfCompiler *c, uint32_t unit, int32_t pc)
{
    RfImageHead *h = &c->head;
    if (h->nentries == c->entries_cap) {
        uint32_t cap = c->entries_cap ? c->entries_cap * 2 : 16;
        h->entries = rf_mem_resize(h->entries, sizeof(RfImageEntry) * c->entries_cap, sizeof(RfImageEntry) * cap);
        c->entries_cap = cap;
    }
    h->entries[h->nentries++] = (RfImageEntry){.unit = unit, .pc = pc};
}

/* The form that the interpreter calls: arguments from their homes, checked. */
static void make_entry(RfCompiler *c, UnitInfo *info)
{
    const RfJobUnit *u = info->u;
    Emit e = {.c = c, .info = info, .u = u, .osr = -1, .restart_pc = UINT32_MAX};
    e.nslots = (uint32_t)u->nlocals + 4;
    e.s.slots = rf_mem_zalloc(sizeof(Slot) * e.nslots);
    for (uint32_t i = 0; i < u->nlocals; i++) {
        e.s.slots[i].k = i < u->nparams ? K_HOME : K_NULL;
    }
    char name[32];
    snprintf(name, sizeof name, "u%u", u->number);
    gcc_jit_param *params[3] = {rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "vm"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_ptr, "frame"),
                                rf_gcc.context_new_param(c->ctx, NULL, c->t_valuep, "fp")};
    e.fn = rf_gcc.context_new_function(c->ctx, NULL, GCC_JIT_FUNCTION_EXPORTED, c->t_ret, name, 3, params, 0);
    e.vm = rf_gcc.param_as_rvalue(params[0]);
    e.frame = rf_gcc.param_as_rvalue(params[1]);
    e.fp = rf_gcc.param_as_rvalue(params[2]);
    e.block = rf_gcc.function_new_block(e.fn, NULL);
    gcc_jit_block *out = NULL;
    e.s.marked = true;
    R args[RF_DIRECT_PARAMS + 256];
    int n = 0;
    args[n++] = e.vm;
    args[n++] = e.frame;
    if (!info->light) {
        args[n++] = e.fp;
    }
    if (info->quiet) {
        args[n++] = rf_kt(&e, c->t_u32, 0); /* it is complete */
        if (u->ncaptures > 0) {
            args[n++] = rf_val(&e, rf_at(&e, e.frame, offsetof(RfFrame, fn), c->t_u8p));
        }
    }
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (rf_by_address(info, i)) {
            args[n++] = rf_home(&e, i);
        }
        if (!raw(info->params[i])) {
            continue;
        }
        RfTag tag = info->params[i] == K_INT ? RF_TAG_INT : info->params[i] == K_FLOAT ? RF_TAG_FLOAT : RF_TAG_BOOL;
        gcc_jit_block *on = rf_block(&e);
        rf_expect(&e, info->params[i]);
        if (!out) {
            out = rf_exit(&e, 0, RF_REASON_TYPE_GUARD, true);
        }
        rf_branch(&e,
                  rf_likely(&e,
                            rf_cmp(&e, GCC_JIT_COMPARISON_EQ, rf_val(&e, rf_tag(&e, rf_home(&e, i))),
                                   rf_kt(&e, c->t_u64, tag)),
                            true),
                  on, out);
        e.block = on;
        args[n++] = tag == RF_TAG_FLOAT ? rf_val(&e, rf_payload_f(&e, rf_home(&e, i)))
                                        : rf_val(&e, rf_payload(&e, rf_home(&e, i)));
    }
    /* what the direct form only borrows is released here */
    L *tags = rf_mem_zalloc(sizeof(L) * (u->nparams + 1u)), *objects = rf_mem_zalloc(sizeof(L) * (u->nparams + 1u));
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (info->borrows[i] && !raw(info->params[i])) {
            tags[i] = rf_temp(&e, c->t_u64);
            objects[i] = rf_temp(&e, c->t_u8p);
            rf_set(&e, tags[i], rf_val(&e, rf_tag(&e, rf_home(&e, i))));
            rf_set(&e, objects[i], rf_val(&e, rf_payload_p(&e, rf_home(&e, i))));
        }
    }
    L ret = rf_temp(&e, c->t_ret);
    rf_set(&e, ret, rf_gcc.context_new_call(c->ctx, NULL, info->direct, n, args));
    for (uint32_t i = 0; i < u->nparams; i++) {
        if (tags[i]) {
            rf_release_value(&e, tags[i], objects[i]);
        }
    }
    rf_gcc.block_end_with_return(e.block, NULL, rf_val(&e, ret));
    rf_mem_free(tags, sizeof(L) * (u->nparams + 1u));
    rf_mem_free(objects, sizeof(L) * (u->nparams + 1u));
    rf_mem_free(e.s.slots, sizeof(Slot) * e.nslots);
    add_entry(c, u->number, -1);
}

/* Parameters that no instruction writes or gives away, and those of them that only LOAD_LOCAL names. */
static void find_borrows(const RfJobUnit *u, bool *borrows, bool *only_loaded)
{
    for (uint32_t i = 0; i < u->nparams; i++) {
        borrows[i] = only_loaded[i] = !(u->flags & RF_PROTO_DEFAULTS);
    }
    for (uint32_t pc = 0; pc < u->code_len; pc++) {
        RfInstr in = u->code[pc];
        uint32_t first = in.a, count = 0, place = 0;
        switch ((RfOp)in.op) {
        case RF_OP_STORE_LOCAL:
        case RF_OP_STORE_INDEX_LOCAL:
        case RF_OP_STORE_FIELD_LOCAL:
        case RF_OP_INDEX_LAST:
        case RF_OP_NEW_CELL: count = 1; break;
        case RF_OP_UNSET:
        case RF_OP_CLEAR: count = in.b; break;
        case RF_OP_FOR_PREP:
        case RF_OP_FOR_RANGE:
        case RF_OP_FOR_STEP:
        case RF_OP_FOR_LOOP:
        case RF_OP_FOR_LOOP2: count = 3; break;
        case RF_OP_CALL: place = u->calls[in.b].place; break;
        case RF_OP_CALL_METHOD: place = u->methods[in.b].place; break;
        case RF_OP_ADD: place = in.b; break;
        case RF_OP_STORE_PATH: place = in.b + 1; break;
        default: break;
        }
        if (place && u->paths[place - 1].root == RF_ROOT_LOCAL) {
            first = u->paths[place - 1].slot;
            count = 1;
        }
        for (uint32_t i = first; i < first + count && i < u->nparams; i++) {
            borrows[i] = only_loaded[i] = false;
        }
        int use, nuse, def, ndef;
        rf_local_effects(u, in, &use, &nuse, &def, &ndef);
        for (uint32_t i = 0; i < u->nparams && in.op != RF_OP_LOAD_LOCAL && in.op != RF_OP_CALL_METHOD; i++) {
            bool named = nuse < 0 || (i >= (uint32_t)use && i < (uint32_t)(use + nuse));
            only_loaded[i] = only_loaded[i] && !named;
        }
    }
}

/* Loops that get entries: those of a generator are entered through its body's. */
static uint32_t loops_of(const RfJobUnit *u)
{
    return u->flags & RF_PROTO_GENERATOR ? 0 : u->nloops;
}

/* Dry rounds until parameters and results of all units no longer widen. */
static void infer(RfCompiler *c)
{
    bool settled = false;
    for (uint32_t round = 0; round < 40 && c->reason == RF_REASON_NONE; round++) {
        c->changed = false;
        for (uint32_t i = 0; i < c->job->nunits && c->reason == RF_REASON_NONE; i++) {
            UnitInfo *info = &c->units[i];
            if (info->used && !info->bad) {
                rf_do_function(c, info, NULL, false);
            }
            for (uint32_t l = 0; l < loops_of(info->u) && !info->bad && c->reason == RF_REASON_NONE; l++) {
                rf_do_function(c, info, &info->u->loops[l], false);
            }
        }
        if (!c->changed) {
            if (settled) {
                return;
            }
            /* what never returned in the analysis may still return a value that the interpreter computed */
            settled = true;
            for (uint32_t i = 0; i < c->job->nunits; i++) {
                if (c->units[i].used && c->units[i].result == K_DEAD) {
                    c->units[i].result = K_HOME;
                    settled = false;
                }
            }
            if (settled) {
                return;
            }
        }
    }
    if (c->reason == RF_REASON_NONE) {
        c->reason = RF_REASON_UNSTABLE_TYPES;
    }
}

static void emit_all(RfCompiler *c)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].used || c->units[i].u->nloops) {
            total += c->units[i].u->code_len;
        }
    }
    if (total > MAX_INSTRS) {
        c->reason = RF_REASON_TOO_LARGE;
        return;
    }
    for (uint32_t i = 0; i < c->job->nunits; i++) {
        if (c->units[i].used && !c->units[i].bad) {
            if (c->units[i].u->flags & RF_PROTO_GENERATOR) {
                rf_yield_declare(c, &c->units[i]);
            } else {
                declare_direct(c, &c->units[i]);
            }
        }
    }
    for (uint32_t i = 0; i < c->job->nunits && c->reason == RF_REASON_NONE; i++) {
        UnitInfo *info = &c->units[i];
        if (info->used && !info->bad) {
            rf_do_function(c, info, NULL, true);
            if (i == 0 && info->u->flags & RF_PROTO_GENERATOR) {
                add_entry(c, 0, -1);
            } else if (i == 0 && info->u->compile_entry) {
                /* the others become hot by themselves if the interpreter calls them often */
                make_entry(c, info);
            }
        }
        for (uint32_t l = 0; l < loops_of(info->u) && !info->bad && c->reason == RF_REASON_NONE; l++) {
            rf_do_function(c, info, &info->u->loops[l], true);
            add_entry(c, i, (int32_t)info->u->loops[l].pc);
        }
    }
    size_t size;
    uint8_t *head = rf_image_head_encode(&c->head, &size);
    uint8_t *blob = rf_mem_alloc(size + 4);
    uint32_t length = (uint32_t)size;
    memcpy(blob, &length, 4);
    memcpy(blob + 4, head, size);
    T array = rf_gcc.context_new_array_type(c->ctx, NULL, c->t_u8, (int)size + 4);
    L global = rf_gcc.context_new_global(c->ctx, NULL, GCC_JIT_GLOBAL_EXPORTED, array, "rf_head");
    rf_gcc.global_set_initializer(global, blob, size + 4);
    rf_mem_free(blob, size + 4);
    rf_mem_free(head, size);
}

static void read_text(RfBuf *out, const char *path)
{
    FILE *f = fopen(path, "r");
    char buffer[4096];
    size_t n;
    while (f && (n = fread(buffer, 1, sizeof buffer, f)) > 0) {
        rf_buf_put(out, buffer, n);
    }
    if (f) {
        fclose(f);
    }
}

static const char *kind_name(SlotKind k)
{
    return k == K_INT ? "int" : k == K_FLOAT ? "float" : k == K_BOOL ? "bool" : k == K_NULL ? "null" : "any";
}

static void describe(RfCompiler *c, RfCompileResult *result)
{
    const UnitInfo *info = &c->units[0];
    size_t at = 0;
    result->types[0] = 0;
    for (uint32_t i = 0; i < info->u->nparams && at + 24 < sizeof result->types; i++) {
        at += (size_t)snprintf(result->types + at, sizeof result->types - at, "%s%s", i ? "," : "",
                               kind_name(info->used ? info->params[i] : K_HOME));
    }
    snprintf(result->types + at, sizeof result->types - at, "->%s", kind_name(info->used ? info->result : K_HOME));
}

const char *rf_jit_backend_missing(void)
{
    return rf_gcc_open();
}

/* Has GCC write assembler text, and makes the shared object at `path` of it. */
static void make_object(RfCompiler *c, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result)
{
    char text[PATH_MAX];
    snprintf(text, sizeof text, "%s.s", path);
    if (want & 1) {
        rf_gcc.context_dump_to_file(c->ctx, text, 0);
        read_text(&result->ir, text);
    }
    rf_gcc.context_compile_to_file(c->ctx, GCC_JIT_OUTPUT_KIND_ASSEMBLER, text);
    const char *error = rf_gcc.context_get_first_error(c->ctx);
    if (!error && want & 2) {
        read_text(&result->assembly, text);
    }
    if (error || !rf_assemble(as, text, path, &result->bytes)) {
        c->reason = RF_REASON_BACKEND_ERROR;
        unlink(text);
        if (want) { /* dumps were asked for: somebody is looking */
            fprintf(stderr, "libgccjit: %s\n", error ? error : "no object");
        }
    }
}

bool rf_jit_compile(const RfJob *job, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result)
{
    memset(result, 0, sizeof *result);
    result->reject_unit = result->reject_pc = RF_JOB_NONE;
    if (rf_gcc_open()) {
        result->reason = rf_reason_text[RF_REASON_BACKEND_MISSING];
        return false;
    }
    RfCompiler c = {.job = job, .reject_unit = RF_JOB_NONE, .reject_pc = RF_JOB_NONE};
    c.units = rf_mem_zalloc(sizeof(UnitInfo) * job->nunits);
    c.head.nunits = job->nunits;
    c.head.binds = rf_mem_zalloc(sizeof(RfBind) * MAX_BINDS);
    for (uint32_t i = 0; i < job->nunits; i++) {
        const RfJobUnit *u = &job->units[i];
        UnitInfo *info = &c.units[i];
        info->u = u;
        bool generator = (u->flags & RF_PROTO_GENERATOR) != 0;
        info->light = !generator;
        info->quiet = !generator;
        info->borrows = rf_mem_zalloc(u->nparams + 1u);
        info->only_loaded = rf_mem_zalloc(u->nparams + 1u);
        info->known = rf_mem_zalloc(sizeof(Known) * (u->nparams + 1u));
        info->calls = rf_mem_zalloc(u->code_len + 1u);
        info->kept = u->flags & RF_PROTO_KEEPS ? rf_mem_zalloc(u->nlocals + 1u) : NULL;
        if (!generator) {
            find_borrows(u, info->borrows, info->only_loaded);
        }
        info->params = rf_mem_zalloc(sizeof(SlotKind) * (u->nparams + 1u));
        for (uint32_t p = 0; p < u->nparams; p++) {
            uint16_t class = u->params[p];
            if (generator && !(class & (uint16_t)~RF_CLASS_SEEN) && u->seen) { /* called when nothing was noted yet */
                class = u->seen[p].class;
            }
            SlotKind k = rf_kind_of_class(class);
            info->params[p] = u->level >= 2 ? K_HOME : k == K_NULL ? K_HOME : k;
        }
        bool async = u->flags & RF_PROTO_ASYNC && !generator; /* loops only */
        info->bad = (async && (i > 0 || u->compile_entry)) || u->nparams > MAX_PARAMS;
    }
    c.units[0].used = job->units[0].compile_entry;
    if (c.units[0].bad) {
        c.reason = job->units[0].flags & RF_PROTO_ASYNC ? RF_REASON_ASYNC : RF_REASON_TOO_MANY_LOCALS;
    }
    infer(&c);
    if (c.reason == RF_REASON_NONE) {
        c.ctx = rf_gcc.context_acquire();
        int opt = job->opt == 2 && recursive(&c, true) ? 3 : job->opt;
        set_options(&c, opt);
        make_types(&c);
        emit_all(&c);
        if (c.reason == RF_REASON_NONE) {
            make_object(&c, path, want, as, result);
        }
        rf_gcc.context_release(c.ctx);
    }
    result->ok = c.reason == RF_REASON_NONE;
    result->reason = rf_reason_text[c.reason];
    result->reject_unit = c.reject_unit;
    result->reject_pc = c.reject_pc;
    if (result->ok) {
        describe(&c, result);
    }
    for (uint32_t i = 0; i < job->nunits; i++) {
        rf_mem_free(c.units[i].borrows, job->units[i].nparams + 1u);
        rf_mem_free(c.units[i].only_loaded, job->units[i].nparams + 1u);
        rf_mem_free(c.units[i].known, sizeof(Known) * (job->units[i].nparams + 1u));
        rf_mem_free(c.units[i].calls, job->units[i].code_len + 1u);
        rf_mem_free(c.units[i].kept, c.units[i].kept ? job->units[i].nlocals + 1u : 0);
        rf_mem_free(c.units[i].params, sizeof(SlotKind) * (job->units[i].nparams + 1u));
        if (c.units[i].gparams) {
            rf_mem_free(c.units[i].gparams, sizeof(gcc_jit_param *) * (job->units[i].nparams + RF_DIRECT_PARAMS));
        }
    }
    for (uint32_t i = 0; i < c.head.nexits; i++) {
        rf_mem_free((char *)(uintptr_t)c.head.exits[i].slots, c.head.exits[i].nslots + 1u);
        rf_mem_free((uint32_t *)(uintptr_t)c.head.exits[i].numbers, sizeof(uint32_t) * c.head.exits[i].nnumbers);
    }
    rf_mem_free(c.head.exits, sizeof(RfExit) * c.exits_cap);
    rf_mem_free(c.head.entries, sizeof(RfImageEntry) * c.entries_cap);
    rf_mem_free(c.head.binds, sizeof(RfBind) * MAX_BINDS);
    rf_mem_free(c.units, sizeof(UnitInfo) * job->nunits);
    return result->ok;
}
