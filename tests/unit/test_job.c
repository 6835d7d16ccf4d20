/* Compile jobs: what they say about programs of all kinds, that the same state gives the same bytes, and that no damage to
 * the bytes gets past the decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bytecode/super.h"
#include "runtime/array.h"
#include "runtime/object.h"
#include "runtime/string.h"
#include "vm/ctype.h"
#include "vm/frame.h"

#ifdef RUFF_WITH_JIT
#include "jit/job.h"

static RfVm *vm;
static RfModule *module;

static void open_program(const char *source)
{
    RfVmConfig config = {.capabilities = RF_CAPABILITIES_ALL};
    RfDiagList diags;
    vm = rf_vm_new(&config);
    assert_non_null(vm);
    rf_diag_init(&diags);
    if (rf_program_load(vm, source, strlen(source), "t.ruff", &diags, &module, NULL, NULL) != RF_LOAD_OK) {
        fail_msg("line %u: %s", diags.items[0].pos.line, diags.items[0].message);
    }
    rf_diag_free(&diags);
    if (rf_program_run(vm, module) != RF_OK) {
        fail_msg("%s", vm->rt.error.message->data);
    }
}

static RfProto *find_in(RfProto *p, const char *name)
{
    RfProto *found = strcmp(p->name->data, name) == 0 ? p : NULL;
    for (uint32_t i = 0; !found && i < p->nprotos; i++) {
        found = find_in(p->protos[i], name);
    }
    return found;
}

static RfProto *find(const char *name)
{
    RfProto *p = find_in(module->main, name);
    assert_non_null(p);
    return p;
}

typedef struct Made {
    RfBuf bytes;
    RfJobLinks links;
    RfJob *job;
} Made;

static Made make(RfProto *proto, RfFrame *frame, bool with_entry)
{
    Made m = {.bytes = RF_BUF_INIT};
    rf_job_make(vm, proto, frame, with_entry, &m.bytes, &m.links);
    m.job = rf_job_decode((const uint8_t *)m.bytes.data, m.bytes.len);
    assert_non_null(m.job);
    return m;
}

static void unmake(Made *m)
{
    rf_job_free(m->job);
    rf_job_links_free(&m->links);
    rf_buf_free(&m->bytes);
}

static const RfJobUnit *unit_called(const RfJob *job, const char *name)
{
    for (uint32_t i = 0; i < job->nunits; i++) {
        if (strcmp(job->units[i].name, name) == 0) {
            return &job->units[i];
        }
    }
    return NULL;
}

static uint32_t slot_of(const char *name)
{
    int64_t slot = rf_module_find(module, rf_intern_cstr(&vm->rt, name));
    assert_true(slot >= 0);
    return (uint32_t)slot;
}

/* ---- the decoded form says what the function says ---- */

static void assert_text(const char *text, const RfString *name)
{
    assert_string_equal(text, name->data);
}

static void compare_code(const RfProto *p, const RfJobUnit *u)
{
    assert_int_equal(u->code_len, p->code_len);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfOp op = rf_op_base(p->code[pc].op);
        int pops, pushes, at_target, pops2, pushes2, at_target2;
        assert_int_equal(u->code[pc].op, op);
        assert_int_equal(u->code[pc].a, p->code[pc].a);
        assert_int_equal(u->code[pc].b, rf_op_info[op].flags & RF_OPF_J ? rf_jump_target(p, pc) : p->code[pc].b);
        assert_int_equal(u->lines[pc], p->positions[pc].line);
        rf_op_effect(p, p->code[pc], &pops, &pushes, &at_target);
        rf_job_effect(u, u->code[pc], &pops2, &pushes2, &at_target2);
        assert_int_equal(pops, pops2);
        assert_int_equal(pushes, pushes2);
        assert_int_equal(at_target, at_target2);
        assert_true(u->depth[pc] >= pops);
        if (!(rf_op_info[op].flags & RF_OPF_E)) {
            assert_int_equal(u->depth[pc + 1], u->depth[pc] - pops + pushes);
        }
    }
    assert_int_equal(u->nhandlers, p->nhandlers);
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *a = &p->handlers[i], *b = &u->handlers[i];
        assert_true(a->start == b->start && a->end == b->end && a->target == b->target && a->depth == b->depth &&
                    a->raw == b->raw);
    }
}

static void compare_consts(const RfProto *p, const RfJobUnit *u)
{
    assert_int_equal(u->nconsts, p->nconsts);
    for (uint32_t i = 0; i < p->nconsts; i++) {
        RfValue v = p->consts[i];
        assert_int_equal(u->consts[i].tag, v.tag);
        if (v.tag == RF_TAG_STRING) {
            assert_int_equal(u->consts[i].len, v.as.str->len);
            assert_memory_equal(u->consts[i].text, v.as.str->data, v.as.str->len);
        } else if (!rf_is_heap(v) && v.tag != RF_TAG_BUILTIN) {
            assert_true(u->consts[i].payload == v.as.i);
        }
    }
}

static void compare_paths(const RfProto *p, const RfJobUnit *u)
{
    assert_int_equal(u->npaths, p->npaths);
    for (uint32_t i = 0; i < p->npaths; i++) {
        const RfPath *a = &p->paths[i];
        const RfJobPath *b = &u->paths[i];
        assert_true(a->root == (RfRootKind)b->root && a->slot == b->slot && a->varref == b->varref &&
                    a->count == b->count && a->index_count == b->index_count && a->pair == b->pair);
        for (uint32_t j = 0; j < a->count; j++) {
            const RfStep *s = &a->steps[j];
            const RfJobStep *t = &b->steps[j];
            assert_true(s->kind == (RfStepKind)t->kind && s->slot == t->slot && s->nops == t->nops);
            for (uint32_t k = 0; k < s->nops; k++) {
                assert_memory_equal(&s->ops[k], &t->ops[k], sizeof s->ops[k]);
            }
        }
    }
}

static void compare_sites(const RfProto *p, const RfJobUnit *u, const Made *m)
{
    assert_int_equal(u->ncalls, p->ncalls);
    for (uint32_t i = 0; i < p->ncalls; i++) {
        const RfJobCall *c = &u->calls[i];
        assert_int_equal(c->place, p->calls[i].place);
        if (c->kind == RF_CALLEE_UNIT && c->unit != RF_JOB_NONE && p->calls[i].callee) {
            assert_ptr_equal(m->links.protos[c->unit], p->calls[i].callee);
        }
    }
    assert_int_equal(u->nfields, p->nfields);
    for (uint32_t i = 0; i < p->nfields; i++) {
        assert_text(u->fields[i].name, p->fields[i].name);
        if (u->fields[i].shape != RF_JOB_NONE) {
            assert_ptr_equal(m->links.shapes[u->fields[i].shape], p->fields[i].shape);
            assert_int_equal(u->fields[i].offset, p->fields[i].offset);
        }
    }
    assert_int_equal(u->nmethods, p->nmethods);
    for (uint32_t i = 0; i < p->nmethods; i++) {
        assert_text(u->methods[i].name, p->methods[i].name);
        assert_int_equal(u->methods[i].place, p->methods[i].place);
        assert_int_equal(u->methods[i].global, p->methods[i].global);
    }
    assert_int_equal(u->nstructs, p->nstructs);
    for (uint32_t i = 0; i < p->nstructs; i++) {
        const RfStructSite *site = &p->structs[i];
        assert_int_equal(u->structs[i].count, site->count);
        if (u->structs[i].shape != RF_JOB_NONE) {
            assert_ptr_equal(m->links.shapes[u->structs[i].shape], site->shape);
            assert_int_equal(u->structs[i].plain, site->plain);
            assert_memory_equal(u->structs[i].order, site->order, sizeof *site->order * site->count);
        }
    }
}

static void compare_unit(const RfProto *p, const RfJobUnit *u, const Made *m)
{
    assert_text(u->name, p->name);
    assert_true(u->nparams == p->nparams && u->nrequired == p->nrequired && u->nlocals == p->nlocals &&
                u->max_stack == p->max_stack && u->flags == p->flags);
    assert_int_equal(u->ncaptures, p->ncaptures);
    for (uint32_t i = 0; i < p->ncaptures; i++) {
        assert_true((RfCaptureKind)u->captures[i].kind == p->captures[i].kind &&
                    u->captures[i].slot == p->captures[i].slot);
    }
    assert_int_equal(u->nprotos, p->nprotos);
    for (uint32_t i = 0; i < p->nprotos; i++) {
        if (u->protos[i] != RF_JOB_NONE) {
            assert_ptr_equal(m->links.protos[u->protos[i]], p->protos[i]);
        }
    }
    compare_code(p, u);
    compare_consts(p, u);
    compare_paths(p, u);
    compare_sites(p, u, m);
    for (uint32_t i = 0; i < u->nglobals; i++) {
        const RfJobGlobal *g = &u->globals[i];
        assert_ptr_equal(rf_job_global(u, g->slot), g);
        assert_int_equal(g->kind, p->module->info[g->slot]->kind);
        if (g->unit != RF_JOB_NONE) {
            assert_ptr_equal(p->module->globals[g->slot].as.fn->proto, m->links.protos[g->unit]);
        }
    }
}

static void compare_shapes(const Made *m)
{
    assert_int_equal(m->job->nshapes, m->links.nshapes);
    for (uint32_t i = 0; i < m->job->nshapes; i++) {
        assert_int_equal(m->job->shapes[i].nfields, m->links.shapes[i]->nfields);
        assert_int_equal(m->job->shapes[i].version, m->links.shapes[i]->type->version);
    }
}

/* A program with every kind of site, path, capture and jump. */
static const char everything[] =
    "struct Point { x: int, y: int = 7  func len2(self) { return self.x * self.x + self.y * self.y }\n"
    "  func plus(self, o) { return Point { x: self.x + o.x, y: self.y + o.y } } }\n"
    "enum Kind { A, B }\n"
    "mut total := 0\n"
    "let table := [1, 2, 3]\n"
    "mut grid := [[1, 2], [3, 4]]\n"
    "const LIMIT := 10\n"
    "func add(a, b) { return a + b }\n"
    "func with_default(a, b = 2) { return a + b }\n"
    "func fact(n) { if n < 2 { return 1 } return n * fact(n - 1) }\n"
    "func uni(p) { return p.add(2) }\n"
    "func make() { n := 0 return func() { n := n + 1 return n } }\n"
    "async func later(x) { return x }\n"
    "func work(n) {\n"
    "  acc := [] p := Point { x: 1, y: 2 } d := {\"a\": 1, \"b\": 2} s := \"\"\n"
    "  for i in range(n) { acc := push(acc, i) total := total + i }\n"
    "  for k, v in d { s := s + \"${k}=${v}\" }\n"
    "  i := 0\n"
    "  while i < len(acc) { acc[i] := add(acc[i], 1) i := i + 1 }\n"
    "  p.x := 5 d[\"c\"] := p.x ?? 3\n"
    "  d[\"c\"] := d[\"c\"] + 1\n"
    "  grid[1][0] := grid[1][0] + 1\n"
    "  q := p.plus(Point { x: 1 })\n"
    "  let [first, ...rest] := acc\n"
    "  let {a, ...others} := d\n"
    "  twice := map(acc, func(x) { return x * first })\n"
    "  r := 0 match Kind::B(3) { case Kind::B(m): { r := m } default: { r := 1 } }\n"
    "  try { throw(\"x\") } except e { total := total + 1 }\n"
    "  return [q.len2(), with_default(1), uni(3), twice, r, table[0], LIMIT, 2.5, -0.0, [...acc, 1], i..n, acc.len()]\n"
    "}\n";

static void work_program(void)
{
    RfBuf source = RF_BUF_INIT;
    rf_buf_puts(&source, everything);
    rf_buf_puts(&source, "mut k := 0\nwhile k < 6 { work(5) fact(5) c := make() c() k := k + 1 }\n");
    open_program(rf_buf_cstr(&source));
    rf_buf_free(&source);
}

static void jobs_say_what_the_functions_say(void **state)
{
    (void)state;
    static const char *const names[] = {"work", "fact", "uni", "make", "with_default"};
    work_program();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Made m = make(find(names[i]), NULL, true);
        assert_int_equal(m.job->nunits, m.links.nunits);
        for (uint32_t j = 0; j < m.job->nunits; j++) {
            assert_int_equal(m.job->units[j].number, j);
            assert_true(m.job->units[j].compile_entry);
            compare_unit(m.links.protos[j], &m.job->units[j], &m);
        }
        compare_shapes(&m);
        unmake(&m);
    }
    Made m = make(module->main, NULL, true);
    compare_unit(module->main, &m.job->units[0], &m);
    unmake(&m);
    rf_vm_free(vm);
}

static void the_same_state_gives_the_same_bytes(void **state)
{
    (void)state;
    Made made[2];
    work_program();
    Made again = make(find("work"), NULL, true);
    RfVm *other = vm;
    made[0] = make(find("work"), NULL, true);
    assert_int_equal(made[0].bytes.len, again.bytes.len);
    assert_memory_equal(made[0].bytes.data, again.bytes.data, again.bytes.len);
    work_program(); /* other addresses */
    made[1] = make(find("work"), NULL, true);
    assert_int_equal(made[0].bytes.len, made[1].bytes.len);
    assert_memory_equal(made[0].bytes.data, made[1].bytes.data, made[0].bytes.len);
    unmake(&made[0]);
    unmake(&made[1]);
    unmake(&again);
    rf_vm_free(vm);
    rf_vm_free(other);
}

/* ---- callees ---- */

static const RfJobCall *only_call(const RfJobUnit *u)
{
    assert_int_equal(u->ncalls, 1);
    return &u->calls[0];
}

static void callees_come_along(void **state)
{
    (void)state;
    work_program();
    Made m = make(find("work"), NULL, true);
    static const char *const with[] = {"add", "with_default", "uni", "Point.plus", "Point.len2", "<lambda>"};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        if (!unit_called(m.job, with[i])) {
            fail_msg("%s is missing", with[i]);
        }
    }
    assert_null(unit_called(m.job, "later"));
    assert_null(unit_called(m.job, "fact"));
    assert_string_equal(m.job->units[0].name, "work");
    const RfJobUnit *uni = unit_called(m.job, "uni");
    assert_int_equal(uni->nmethods, 1);
    assert_ptr_equal(&m.job->units[uni->methods[0].uniform], unit_called(m.job, "add"));
    unmake(&m);
    m = make(find("fact"), NULL, true); /* calls itself */
    assert_int_equal(m.job->nunits, 1);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNIT);
    assert_int_equal(only_call(&m.job->units[0])->unit, 0);
    unmake(&m);
    rf_vm_free(vm);
}

static void calls_that_have_not_run_are_known_by_their_global(void **state)
{
    (void)state;
    open_program("func g(a) { return a }\nfunc f(x) { return g(x + 1) }\nfunc h(x) { return len(x) }\n"
                 "func k(c) { return [g, f][c](1) }\nfunc o(c) { return c(1) }\nasync func a(x) { return x }\n"
                 "func p(x) { return a(x) }\n");
    Made m = make(find("f"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNIT);
    assert_int_equal(only_call(&m.job->units[0])->unit, 1);
    assert_string_equal(m.job->units[1].name, "g");
    unmake(&m);
    m = make(find("h"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_BUILTIN);
    assert_string_equal(only_call(&m.job->units[0])->builtin, "len");
    unmake(&m);
    m = make(find("k"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    unmake(&m);
    m = make(find("o"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    unmake(&m);
    m = make(find("p"), NULL, true); /* known, but not part of the job */
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNIT);
    assert_int_equal(only_call(&m.job->units[0])->unit, RF_JOB_NONE);
    assert_int_equal(m.job->nunits, 1);
    unmake(&m);
    rf_vm_free(vm);
}

static void sites_with_several_callees(void **state)
{
    (void)state;
    open_program(
        "func a(x) { return x }\nfunc b(x) { return x }\nfunc call(f) { return f(1) }\n"
        "for i in range(40) { call(a) call(b) }\n"
        "func many(f) { return f(1) }\n"
        "for i in range(40) { for f in [a, b, func(x) { return 1 }, func(x) { return 2 }, func(x) { return 3 }] { "
        "many(f) } }\n"
        "func same(f) { return f(1) }\nfor i in range(40) { same(a) }\n");
    Made m = make(find("call"), NULL, true);
    const RfJobCall *site = only_call(&m.job->units[0]);
    assert_int_equal(site->kind, RF_CALLEE_UNITS);
    assert_string_equal(m.job->units[site->met[0]].name, "a");
    assert_string_equal(m.job->units[site->met[1]].name, "b");
    assert_int_equal(site->met[2], RF_JOB_NONE);
    unmake(&m);
    m = make(find("many"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    unmake(&m);
    m = make(find("same"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNIT);
    assert_string_equal(m.job->units[only_call(&m.job->units[0])->unit].name, "a");
    unmake(&m);
    RfProto *same = find("same"); /* a cache that names a function which is gone */
    same->calls[0].callee = &m;
    m = make(same, NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    assert_int_equal(m.job->nunits, 1);
    unmake(&m);
    rf_vm_free(vm);
}

static void a_job_has_bounds(void **state)
{
    (void)state;
    RfBuf source = RF_BUF_INIT;
    for (int i = 0; i < 40; i++) {
        rf_buf_printf(&source, "func f%d(x) { return f%d(x) }\n", i, i + 1);
    }
    rf_buf_puts(&source, "func f40(x) { return x }\nfunc big(x) {\n");
    for (int i = 0; i < 1200; i++) {
        rf_buf_puts(&source, "  x := x + x\n");
    }
    rf_buf_puts(&source, "  return x }\nfunc calls_big(x) { return big(x) }\n");
    open_program(rf_buf_cstr(&source));
    rf_buf_free(&source);
    Made m = make(find("f0"), NULL, true);
    assert_int_equal(m.job->nunits, RF_JOB_MAX_UNITS);
    const RfJobUnit *last = &m.job->units[RF_JOB_MAX_UNITS - 1];
    assert_int_equal(only_call(last)->unit, RF_JOB_NONE);
    unmake(&m);
    assert_true(find("big")->code_len > RF_JOB_MAX_CODE);
    m = make(find("calls_big"), NULL, true);
    assert_int_equal(m.job->nunits, 1);
    unmake(&m);
    m = make(find("big"), NULL, true);
    assert_int_equal(m.job->nunits, 1);
    unmake(&m);
    rf_vm_free(vm);
}

/* ---- globals ---- */

static const RfJobGlobal *global_of(const Made *m, const char *name)
{
    const RfJobGlobal *g = rf_job_global(&m->job->units[0], slot_of(name));
    assert_non_null(g);
    return g;
}

static void globals_are_stable_when_nothing_can_change_them(void **state)
{
    (void)state;
    open_program("let a := 1\nmut b := [2]\nmut c := [3]\nfunc f(x) { return x }\nfunc g(x) { return x }\n"
                 "mut never := 4.5\nmut path := {\"k\": 1}\n"
                 "func use() { return [a, b, c, f(1), g(2), len(b), max(1, 2), never, path, sum] }\n"
                 "func change() { b[0] := 1 c := 2 g := f path.k := 2 }\n"
                 "func shadow() { sum := 1 return sum }\nsum := 3\n");
    Made m = make(find("use"), NULL, true);
    assert_true(global_of(&m, "a")->stable);
    assert_int_equal(global_of(&m, "a")->kind, RF_GLOBAL_LET);
    assert_int_equal(global_of(&m, "a")->class, RF_CLASS_INT);
    assert_false(global_of(&m, "b")->stable);
    assert_false(global_of(&m, "c")->stable);
    assert_true(global_of(&m, "f")->stable);
    assert_int_equal(global_of(&m, "f")->class, RF_CLASS_FUNCTION);
    assert_string_equal(m.job->units[global_of(&m, "f")->unit].name, "f");
    assert_false(global_of(&m, "g")->stable);
    assert_string_equal(m.job->units[global_of(&m, "g")->unit].name, "g");
    assert_true(global_of(&m, "len")->stable);
    assert_string_equal(global_of(&m, "len")->builtin, "len");
    assert_true(global_of(&m, "never")->stable);
    assert_false(global_of(&m, "path")->stable);
    assert_false(global_of(&m, "sum")->stable);
    assert_null(global_of(&m, "sum")->builtin);
    unmake(&m);
    module->open = true; /* the shell: a later line may change anything */
    m = make(find("use"), NULL, true);
    assert_false(global_of(&m, "f")->stable);
    assert_false(global_of(&m, "len")->stable);
    assert_string_equal(global_of(&m, "len")->builtin, "len");
    unmake(&m);
    rf_vm_free(vm);
}

/* ---- running activations ---- */

/* An activation of proto at pc with these values as its first locals, on top of the VM's frames. */
static RfFrame *activate(RfProto *proto, uint32_t pc, const RfValue *values, uint32_t n)
{
    RfFrame *f = ++vm->frame;
    *f = (RfFrame){.pc = proto->code + pc, .fp = vm->sp, .ret = vm->sp, .proto = proto};
    for (uint32_t i = 0; i < proto->nlocals; i++) {
        rf_push(vm, i < n ? values[i] : rf_null());
    }
    return f;
}

static void deactivate(RfFrame *f)
{
    rf_drop(vm, (uint32_t)(vm->sp - f->fp));
    vm->frame--;
}

static uint32_t loop_header(const RfProto *p)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (rf_op_info[rf_op_base(p->code[pc].op)].flags & RF_OPF_L) {
            return rf_jump_target(p, pc);
        }
    }
    fail_msg("%s", "no loop");
    return 0;
}

static void a_running_activation_tells_its_classes(void **state)
{
    (void)state;
    open_program("struct P { x: int, next: any }\nlet p := P { x: 1, next: P { x: 2.5, next: null } }\n"
                 "func f(n, p) { i := 0 while i < n { i := i + p.x } return i }\nf(3, p)\n");
    RfProto *f = find("f");
    RfValue args[] = {rf_float(3), rf_retain(rf_program_global(vm, module, "p")), rf_int(0)};
    RfFrame *frame = activate(f, loop_header(f), args, 3);
    Made m = make(f, frame, false);
    const RfJobUnit *u = &m.job->units[0];
    assert_false(u->compile_entry);
    assert_int_equal(u->nloops, 1);
    assert_int_equal(u->loops[0].pc, loop_header(f));
    assert_int_equal(u->loops[0].nslots, f->nlocals);
    assert_int_equal(u->loops[0].locals[0], RF_CLASS_FLOAT);
    assert_int_equal(u->loops[0].locals[1], RF_CLASS_STRUCT);
    assert_int_equal(u->loops[0].locals[2], RF_CLASS_INT);
    uint32_t shape = u->loops[0].shapes[1];
    assert_true(shape < m.job->nshapes);
    assert_int_equal(u->loops[0].shapes[0], RF_JOB_NONE);
    assert_int_equal(u->fields[0].shape, shape);
    assert_int_equal(m.job->shapes[shape].nfields, 2);
    assert_int_equal(m.job->shapes[shape].classes[0], RF_CLASS_INT);
    assert_int_equal(m.job->shapes[shape].classes[1], RF_CLASS_STRUCT);
    assert_int_equal(u->params[0], 0);
    unmake(&m);
    m = make(f, frame, true);
    assert_true(m.job->units[0].compile_entry);
    assert_int_equal(m.job->units[0].nloops, 1);
    unmake(&m);
    frame->pc = f->code;
    m = make(f, frame, true);
    assert_true(m.job->units[0].compile_entry);
    assert_int_equal(m.job->units[0].nloops, 0);
    assert_int_equal(m.job->units[0].params[0], RF_CLASS_FLOAT);
    assert_int_equal(m.job->units[0].params[1], RF_CLASS_STRUCT);
    unmake(&m);
    deactivate(frame);
    rf_vm_free(vm);
}

static void the_item_of_a_for_lies_on_the_stack(void **state)
{
    (void)state;
    open_program("func f(a) { s := 0 for x in a { s := s + x } return s }\nf([1])\n");
    RfProto *f = find("f");
    RfFrame *frame = activate(f, loop_header(f), NULL, 0);
    rf_push(vm, rf_float(1.5));
    Made m = make(f, frame, false);
    const RfJobLoop *loop = &m.job->units[0].loops[0];
    assert_int_equal(loop->nslots, f->nlocals + 1);
    assert_int_equal(loop->locals[f->nlocals], RF_CLASS_FLOAT);
    unmake(&m);
    deactivate(frame);
    rf_vm_free(vm);
}

static void profiles_are_carried_over(void **state)
{
    (void)state;
    open_program("func f(a, b) { return a + b }\n");
    RfProto *f = find("f");
    uint16_t tos[64] = {0}, params[2] = {RF_CLASS_INT, RF_CLASS_INT | RF_CLASS_FLOAT};
    RfProfile profile = {tos, params, NULL};
    assert_true(f->code_len <= 64);
    tos[1] = RF_CLASS_SEEN | RF_CLASS_INT;
    Made m = make(f, NULL, true);
    assert_false(m.job->units[0].has_profile);
    assert_int_equal(m.job->units[0].tos[1], 0);
    unmake(&m);
    f->profile = &profile;
    m = make(f, NULL, true);
    f->profile = NULL;
    assert_true(m.job->units[0].has_profile);
    assert_memory_equal(m.job->units[0].tos, tos, sizeof *tos * f->code_len);
    assert_memory_equal(m.job->units[0].params, params, sizeof params);
    unmake(&m);
    rf_vm_free(vm);
}

static void options_are_part_of_the_bytes(void **state)
{
    (void)state;
    open_program("func g(a) { return a }\nfunc f(a) { return g(a) }\n");
    Made m = make(find("f"), NULL, true);
    assert_int_equal(m.job->opt, 0);
    RfJobOptions options = {.opt = 3, .cpu = "x86-64-v3", .stress = 7, .stress_seed = 0x12345678, .levels = {1, 2}};
    options.cpu[12] = 'z';
    rf_job_set_options(&m.bytes, &options);
    RfJob *job = rf_job_decode((const uint8_t *)m.bytes.data, m.bytes.len);
    assert_non_null(job);
    assert_int_equal(job->opt, 3);
    assert_string_equal(job->cpu, "x86-64-v3");
    assert_int_equal(job->cpu[12], 0);
    assert_int_equal(job->stress, 7);
    assert_int_equal(job->stress_seed, 0x12345678);
    assert_int_equal(job->units[0].level, 1);
    assert_int_equal(job->units[1].level, 2);
    rf_job_free(job);
    unmake(&m);
    rf_vm_free(vm);
}

/* ---- damage ---- */

static uint64_t seed = 88172645463325252u;
static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

/* Decodes from a block of its own, so that the sanitizer sees every byte read too many. */
static bool survives(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    RfJob *job = rf_job_decode(copy, len);
    free(copy);
    bool good = job != NULL;
    uint64_t sum = 0;
    for (uint32_t i = 0; good && i < job->nunits; i++) { /* what has been accepted can be walked */
        const RfJobUnit *u = &job->units[i];
        for (uint32_t pc = 0; pc < u->code_len; pc++) {
            int pops, pushes, at_target;
            rf_job_effect(u, u->code[pc], &pops, &pushes, &at_target);
            assert_true(u->depth[pc] >= pops && u->depth[pc] <= u->max_stack);
            sum += u->lines[pc] + u->tos[pc];
        }
        for (uint32_t j = 0; j < u->nfields; j++) {
            sum += strlen(u->fields[j].name);
            sum += u->fields[j].shape == RF_JOB_NONE ? 0 : job->shapes[u->fields[j].shape].classes[u->fields[j].offset];
        }
        for (uint32_t j = 0; j < u->nglobals; j++) {
            sum += u->globals[j].unit == RF_JOB_NONE ? 0 : job->units[u->globals[j].unit].code_len;
        }
    }
    assert_true(sum != 1);
    rf_job_free(job);
    return good;
}

static void no_damage_gets_past_the_decoder(void **state)
{
    (void)state;
    work_program();
    RfProto *work = find("work");
    RfFrame *frame = activate(work, loop_header(work), NULL, 0);
    while (vm->sp < frame->fp + work->nlocals + 1) {
        rf_push(vm, rf_int(1)); /* the item */
    }
    Made m = make(work, frame, true);
    size_t len = m.bytes.len;
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    memcpy(bytes, m.bytes.data, len);
    assert_true(survives(bytes, len));
    for (size_t cut = 0; cut < len; cut += cut < 200 ? 1 : 37) {
        assert_false(survives(bytes, cut));
    }
    unsigned accepted = 0;
    for (unsigned round = 0; round < 6000; round++) {
        unsigned changes = 1 + next_random() % 3;
        for (unsigned i = 0; i < changes; i++) {
            size_t at = next_random() % len;
            uint32_t bit = 1u << next_random() % 8;
            bytes[at] = (uint8_t)(next_random() % 4 == 0 ? 0xffu : bytes[at] ^ bit);
        }
        accepted += survives(bytes, len);
        memcpy(bytes, m.bytes.data, len);
    }
    assert_true(accepted < 6000); /* lines and texts may change, hardly anything else */
    assert_null(rf_job_decode(NULL, 0));
    free(bytes);
    unmake(&m);
    deactivate(frame);
    rf_vm_free(vm);
}

/* Single facts that the decoder must refuse; each is put into a job that is fine. */
static void indexes_are_checked(void **state)
{
    (void)state;
    open_program("func f(a) { return a }\n");
    Made m = make(find("f"), NULL, true);
    assert_int_equal(m.job->units[0].code_len, 2);
    /* header, number of units, name, flags, four sizes, module, entry, number of instructions */
    size_t code = 49 + 4 + (4 + 1) + 4 + 8 + 4 + 1 + 4;
    uint8_t *at = (uint8_t *)m.bytes.data + code;
    const uint8_t *all = (const uint8_t *)m.bytes.data;
    assert_int_equal(at[0] | at[1] << 8, RF_OP_LOAD_LOCAL);
    at[2] = (uint8_t)m.job->units[0].nlocals; /* a local that is none */
    assert_false(survives(all, m.bytes.len));
    at[2] = 0;
    assert_true(survives(all, m.bytes.len));
    at[1] = 1; /* a superinstruction's number, or beyond all */
    assert_false(survives(all, m.bytes.len));
    at[1] = 0;
    at[0] = RF_OP_NOP; /* RETURN without a value */
    at[4] = 0;
    assert_false(survives(all, m.bytes.len));
    unmake(&m);
    rf_vm_free(vm);
}

/* A C function is told by its key; a site of several keys tells none. */
static void c_functions_are_known_by_their_key(void **state)
{
    (void)state;
    open_program(
        "c := ffi_open(null)\nabs32 := ffi_func(c, \"abs\", \"i32\", [\"i32\"])\n"
        "abs64 := ffi_func(c, \"labs\", \"i64\", [\"i64\"], {\"errno\": false})\n"
        "strlen := ffi_func(c, \"strlen\", \"usize\", [\"cstring\"])\n"
        "func not_yet(x) { return abs64(x) }\nfunc called(f, x) { return f(x) }\nfunc text(s) { return strlen(s) }\n"
        "func many(f) { return f(1) }\nfor i in 20 { called(abs32, i)\n text(\"x\")\n many(abs32)\n many(abs64) }\n");
    uint64_t key32 = RF_CKEY_VALID | RF_CKEY_ERRNO | RF_C_I32 | RF_C_I32 << 4;
    uint64_t key64 = RF_CKEY_VALID | RF_C_I64 | RF_C_I64 << 4;
    Made m = make(find("called"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_FOREIGN);
    assert_true(only_call(&m.job->units[0])->foreign == key32);
    const uint8_t *all = (const uint8_t *)m.bytes.data;
    uint8_t *key = memmem(m.bytes.data, m.bytes.len, &key32, sizeof key32);
    assert_non_null(key);
    static const uint64_t bad[] = {0,
                                   1,
                                   RF_CKEY_VALID | RF_C_I32 << 8,
                                   RF_CKEY_VALID | RF_C_CSTRING << 4,
                                   UINT64_MAX,
                                   RF_CKEY_VALID | UINT64_C(1) << 61};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(key, &bad[i], sizeof bad[i]);
        assert_false(survives(all, m.bytes.len));
    }
    memcpy(key, &key64, sizeof key64);
    assert_true(survives(all, m.bytes.len));
    unmake(&m);
    m = make(find("not_yet"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_FOREIGN);
    assert_true(only_call(&m.job->units[0])->foreign == key64);
    unmake(&m);
    m = make(find("text"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    unmake(&m);
    m = make(find("many"), NULL, true);
    assert_int_equal(only_call(&m.job->units[0])->kind, RF_CALLEE_UNKNOWN);
    unmake(&m);
    rf_vm_free(vm);
}

/* The VM's profile code may not be part of this build yet. */
__attribute__((weak)) uint16_t rf_value_class(RfValue v)
{
    static const uint16_t classes[RF_TAG_COUNT] = {
        [RF_TAG_UNDEF] = RF_CLASS_UNDEF,     [RF_TAG_NULL] = RF_CLASS_NULL,     [RF_TAG_BOOL] = RF_CLASS_BOOL,
        [RF_TAG_INT] = RF_CLASS_INT,         [RF_TAG_FLOAT] = RF_CLASS_FLOAT,   [RF_TAG_STRING] = RF_CLASS_STRING,
        [RF_TAG_DICT] = RF_CLASS_DICT,       [RF_TAG_STRUCT] = RF_CLASS_STRUCT, [RF_TAG_FUNCTION] = RF_CLASS_FUNCTION,
        [RF_TAG_BUILTIN] = RF_CLASS_BUILTIN,
    };
    if (v.tag == RF_TAG_ARRAY) {
        return RF_CLASS_VALUES;
    }
    return classes[v.tag] ? classes[v.tag] : RF_CLASS_OTHER;
}

static int run(void *unused)
{
    (void)unused;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_say_what_the_functions_say),
        cmocka_unit_test(the_same_state_gives_the_same_bytes),
        cmocka_unit_test(callees_come_along),
        cmocka_unit_test(calls_that_have_not_run_are_known_by_their_global),
        cmocka_unit_test(sites_with_several_callees),
        cmocka_unit_test(a_job_has_bounds),
        cmocka_unit_test(globals_are_stable_when_nothing_can_change_them),
        cmocka_unit_test(a_running_activation_tells_its_classes),
        cmocka_unit_test(the_item_of_a_for_lies_on_the_stack),
        cmocka_unit_test(profiles_are_carried_over),
        cmocka_unit_test(options_are_part_of_the_bytes),
        cmocka_unit_test(no_damage_gets_past_the_decoder),
        cmocka_unit_test(indexes_are_checked),
        cmocka_unit_test(c_functions_are_known_by_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return rf_program_on_big_stack(run, NULL);
}
#else
int main(void)
{
    return 0;
}
#endif
