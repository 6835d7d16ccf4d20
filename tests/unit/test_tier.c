/* What the interpreter offers to native code, tried with "native code" written in C: triggers, entries, single steps, the way
 * back into the interpreter, the profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "runtime/string.h"
#include "vm/tier.h"

/* ---- a tier whose answers a test chooses ---- */

typedef struct Fake {
    uint32_t call_trigger, loop_trigger; /* for every function of a module */
    RfNativeEntry *call_entry;           /* answers of the hooks, NULL: interpret */
    RfNativeEntry *loop_entry;
    const char *only;   /* NULL, or the only function that becomes native */
    bool special;       /* loops of generators and async functions have native code, too */
    uint32_t profile;   /* window that the next hook opens */
    bool profile_reset; /* hooks set the triggers to NEVER */
    int64_t stop_after; /* stepping: leave through rf_interp_resume before step number n; -1 never */
    int64_t stop_every; /* and before every n-th; 0 never */
    /* seen */
    int64_t steps, calls, loops, prepared, forgotten, attached, detached;
    uint32_t last_pc;
    char names[256]; /* functions the hooks were asked for, each followed by a blank */
} Fake;
static Fake fake;

static bool wanted(const RfProto *p)
{
    const char *dot = strchr(p->name->data, '.');
    return !fake.only || strcmp(fake.only, dot ? dot + 1 : p->name->data) == 0;
}

static void asked(RfVm *vm, RfFrame *frame)
{
    RfProto *p = frame->proto;
    assert_ptr_equal(vm->frame, frame);
    if (strlen(fake.names) + p->name->len + 2 < sizeof fake.names) {
        strcat(strcat(fake.names, p->name->data), " ");
    }
    if (fake.profile) {
        vm->profile_left = fake.profile;
        fake.profile = 0;
    }
    if (fake.profile_reset) {
        p->call_trigger = p->loop_trigger = RF_TRIGGER_NEVER;
    }
}

static RfNativeEntry *on_call(RfVm *vm, RfFrame *frame)
{
    fake.calls++;
    assert_ptr_equal(frame->pc, frame->proto->code);
    assert_ptr_equal(vm->sp, frame->fp + frame->proto->nlocals);
    asked(vm, frame);
    return wanted(frame->proto) ? fake.call_entry : NULL;
}

static RfNativeEntry *on_loop(RfVm *vm, RfFrame *frame)
{
    fake.loops++;
    fake.last_pc = (uint32_t)(frame->pc - frame->proto->code);
    asked(vm, frame);
    bool special = frame->proto->flags & (RF_PROTO_ASYNC | RF_PROTO_GENERATOR);
    return wanted(frame->proto) && (!special || fake.special) ? fake.loop_entry : NULL;
}

static void set_triggers(RfProto *p)
{
    p->call_trigger = fake.call_trigger;
    p->loop_trigger = fake.loop_trigger;
    for (uint32_t i = 0; i < p->nprotos; i++) {
        set_triggers(p->protos[i]);
    }
}

static void on_prepare(RfVm *vm, RfModule *module)
{
    (void)vm;
    fake.prepared++;
    set_triggers(module->main);
}

static void on_forget(RfVm *vm, RfModule *module)
{
    (void)vm;
    assert_non_null(module->main);
    fake.forgotten++;
}

static void on_status(RfVm *vm, const RfProto *p, RfDict *out)
{
    (void)vm;
    rf_dict_set_cstr(out, "tier", rf_obj(rf_string_format("fake %s", p->name->data)));
}

static void on_stats(RfVm *vm, RfDict *out)
{
    (void)vm;
    rf_dict_set_cstr(out, "jit", rf_bool(true));
}

static const RfTier tier = {on_call, on_loop, on_prepare, on_forget, on_status, on_stats, NULL, NULL};

static void attach(RfVm *vm, void *context)
{
    assert_ptr_equal(context, &fake);
    fake.attached++;
    vm->tier = &tier;
}

static void detach(RfVm *vm, void *context)
{
    (void)context;
    fake.detached++;
    assert_int_equal(fake.forgotten, vm->nmodules);
}

static Fake quiet(void)
{
    return (Fake){.call_trigger = RF_TRIGGER_NEVER, .loop_trigger = RF_TRIGGER_NEVER, .stop_after = -1};
}

/* ---- running a program: its output, then the error with its trace ---- */

static void put_out(void *context, const char *bytes, size_t len)
{
    rf_buf_put(context, bytes, len);
}

typedef struct Run {
    RfVm *vm;
    RfModule *module;
    RfBuf out;
    RfStatus status;
} Run;

static void run_open(Run *r, const char *source, bool native)
{
    r->out = (RfBuf)RF_BUF_INIT;
    RfVmConfig config = {.capabilities = RF_CAPABILITIES_ALL,
                         .scheduler_timeout_ms = 5000,
                         .max_call_depth = 2000,
                         .stack_mb = 4, /* emulators keep notes of each page: there are thousands of VMs */
                         .write_out = put_out,
                         .write_err = put_out,
                         .write_context = &r->out,
                         .attach = native ? attach : NULL,
                         .detach = native ? detach : NULL,
                         .attach_context = &fake};
    r->vm = rf_vm_new(&config);
    assert_non_null(r->vm);
    RfDiagList diags;
    rf_diag_init(&diags);
    RfLoadResult loaded = rf_program_load(r->vm, source, strlen(source), "t.ruff", &diags, &r->module, NULL, NULL);
    if (loaded != RF_LOAD_OK) {
        print_error("%s\nin %s\n", diags.items[0].message, source);
    }
    assert_int_equal(loaded, RF_LOAD_OK);
    rf_diag_free(&diags);
}

static void run_go(Run *r)
{
    r->status = rf_program_run(r->vm, r->module);
    assert_ptr_equal(r->vm->frame, r->vm->frames);
    assert_ptr_equal(r->vm->sp, r->vm->stack);
    if (r->status != RF_OK) {
        const RfError *e = &rf_rt(r->vm)->error;
        rf_buf_printf(&r->out, "error: %s\n", e->message ? e->message->data : "?");
        for (uint32_t i = 0; i < e->trace_len; i++) {
            rf_buf_printf(&r->out, "  %s %u:%u\n", e->trace[i].function->data, (unsigned)e->trace[i].line,
                          (unsigned)e->trace[i].column);
        }
    }
}

static void run_close(Run *r)
{
    rf_vm_free(r->vm);
    rf_buf_free(&r->out);
}

/* The output of `source` under the fake tier as it is set up; the caller closes. */
static Run run_fake(const char *source)
{
    Run r;
    run_open(&r, source, true);
    run_go(&r);
    return r;
}

static void assert_output(Run *r, const char *expected)
{
    assert_string_equal(rf_buf_cstr(&r->out), expected);
}

static RfProto *proto_of(RfProto *p, const char *name)
{
    for (uint32_t i = 0; i < p->nprotos; i++) {
        RfProto *found = strcmp(p->protos[i]->name->data, name) == 0 ? p->protos[i] : proto_of(p->protos[i], name);
        if (found) {
            return found;
        }
    }
    return NULL;
}

/* ---- triggers ---- */

static void calls_of_every_kind_reach_the_trigger(void **state)
{
    (void)state;
    static const char source[] = "struct P {\n"
                                 "  x: int\n"
                                 "  func get(self) { return self.x }\n"
                                 "  func op_add(self, o) { return self.x + o }\n"
                                 "}\n"
                                 "func f(x) { return x }\n"
                                 "func twice(x, y := 2) { return x * y }\n"
                                 "p := P { x: 5 }\n"
                                 "for i in 0..4 { f(i) }\n"
                                 "for i in 0..4 { p.get() }\n"
                                 "for i in 0..4 { p + i }\n"
                                 "for i in 0..4 { twice(i) }\n"
                                 "for i in 0..4 { i.f() }\n"
                                 "map([1, 2, 3, 4], func(x) { return x })\n";
    fake = quiet();
    fake.call_trigger = 3;
    fake.profile_reset = true;
    Run r = run_fake(source);
    assert_int_equal(r.status, RF_OK);
    assert_string_equal(fake.names, "f P.get P.op_add twice <lambda> ");
    assert_int_equal(proto_of(r.module->main, "f")->call_count, 8);
    assert_int_equal(proto_of(r.module->main, "P.get")->call_count, 4);
    assert_int_equal(proto_of(r.module->main, "<lambda>")->call_count, 4);
    run_close(&r);
    assert_int_equal(fake.forgotten, 1);
    assert_int_equal(fake.attached, 1);
    assert_int_equal(fake.detached, 1);
}

static void a_trigger_of_zero_asks_at_every_call(void **state)
{
    (void)state;
    fake = quiet();
    fake.call_trigger = 0;
    Run r = run_fake("func f(x) { return x }\nf(1)\nf(2)\nmap([3, 4, 5], f)\n");
    assert_int_equal(fake.calls, 6); /* and the main script */
    run_close(&r);
}

static void loops_of_every_kind_reach_the_trigger(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "mut i := 0\nwhile i < 5 { i += 1 }\n",
        "mut i := 0\nloop { i += 1\nif i > 5 { break } }\n",
        "for x in 0..5 { x }\n",
        "for x in [1, 2, 3, 4, 5] { x }\n",
        "for x in [[1], [2], [3], [4], [5]] { x }\n",
        "for x in \"abcde\" { x }\n",
        "for i, x in [1, 2, 3, 4, 5] { x }\n",
        "mut go := true\nmut i := 0\nwhile go { i += 1\ngo = i < 5 }\n",
        "mut x := 0.0\nwhile x < 5.0 { x += 1.0 }\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char source[256];
        snprintf(source, sizeof source, "func f() {\n%s}\nf()\nprint(jit_status(f)[\"loops\"])\n", bodies[i]);
        fake = quiet();
        fake.loop_trigger = 3;
        fake.profile_reset = true;
        Run r = run_fake(source);
        assert_output(&r, "5\n");
        assert_int_equal(fake.loops, 1);
        const RfProto *f = proto_of(r.module->main, "f");
        RfOp op = rf_op_base(f->code[fake.last_pc].op);
        assert_int_equal(op == RF_OP_FOR_LOOP || op == RF_OP_FOR_LOOP2, strncmp(bodies[i], "for", 3) == 0);
        run_close(&r);
    }
}

static void counts_do_not_wrap(void **state)
{
    (void)state;
    Run r;
    fake = quiet();
    for (int native = 0; native < 2; native++) {
        run_open(&r, "func f() { for i in 0..3 { i } }\nf()\nf()\nf()\n", native != 0);
        RfProto *f = proto_of(r.module->main, "f");
        f->call_count = f->loop_count = RF_TRIGGER_NEVER - 2;
        run_go(&r);
        assert_int_equal(f->call_count, RF_TRIGGER_NEVER - 1);
        assert_true(f->loop_count >= RF_TRIGGER_NEVER - 4);
        assert_int_equal(fake.calls + fake.loops, 0);
        run_close(&r);
    }
}

static void status_and_stats_come_from_the_tier(void **state)
{
    (void)state;
    fake = quiet();
    Run r = run_fake(
        "func f() {}\nf()\nprint(jit_status(f)[\"tier\"], jit_status(f)[\"calls\"], jit_status(len)[\"tier\"], "
        "vm_stats()[\"jit\"])\n");
    assert_output(&r, "fake f 1 native true\n");
    run_close(&r);
}

/* ---- native entries ---- */

static RfRet answer(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    assert_int_equal(frame->native, 1);
    assert_int_equal(frame->mode, RF_FRAME_ENTRY);
    assert_ptr_equal(frame->fp, fp);
    RfValue *end = vm->sp;
    int64_t sum = 1000;
    for (RfValue *v = fp; v < end; v++) {
        sum += v->tag == RF_TAG_INT ? v->as.i : 0;
        rf_release(*v);
    }
    return (RfRet){(uint64_t)sum, RF_TAG_INT};
}

static RfRet refuse(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    frame->pc = frame->proto->code + 1;
    rf_raise(rf_rt(vm), "native failure");
    rf_unwind_leave_native(vm, frame);
    while (vm->sp > fp) {
        rf_release(*--vm->sp);
    }
    return (RfRet){0, RF_RET_ERROR};
}

static const char entries_source[] =
    "struct P {\n"
    "  x: int\n"
    "  func f(self, a) { return 0 }\n"
    "  func op_mul(self, o) { return 0 }\n"
    "}\n"
    "func f(x) { return \"no\" }\n"
    "func outer(x) {\n"
    "  try { return f(x) } except e { return e.message }\n"
    "}\n"
    "func run(what) { try { print(what()) } except e { print(e.message, e.line, e.stack) } }\n"
    "p := P { x: 5 }\n"
    "run(func() { return f(1) + 1 })\n"
    "run(func() { return [f(\"a\" + \"b\"), 5] })\n"
    "run(func() { return 7.f() })\n"
    "run(func() { return p.f(2) })\n"
    "run(func() { return map([1, 2], f) })\n"
    "run(func() { return outer(3) })\n"
    "print(f(1))\n";

static void native_results_reach_their_callers(void **state)
{
    (void)state;
    fake = quiet();
    fake.call_trigger = 0;
    fake.call_entry = answer;
    fake.only = "f";
    Run r = run_fake(entries_source);
    assert_output(&r, "1002\n[1000, 5]\n1007\n1002\n[1001, 1002]\n1003\n1001\n");
    run_close(&r);
}

static void native_errors_reach_their_handlers(void **state)
{
    (void)state;
    fake = quiet();
    fake.call_trigger = 0;
    fake.call_entry = refuse;
    fake.only = "f";
    Run r = run_fake(entries_source);
    assert_int_equal(r.status, RF_ERROR);
    assert_output(&r, "native failure 6 [run, <lambda>, f]\n"
                      "native failure 6 [run, <lambda>, f]\n"
                      "native failure 6 [run, <lambda>, f]\n"
                      "native failure 3 [run, <lambda>, P.f]\n"
                      "native failure 6 [run, <lambda>, f]\n"
                      "native failure\n"
                      "error: native failure\n  f 6:20\n  <main> 18:7\n");
    run_close(&r);
}

static void calls_of_async_functions_and_generators_are_not_entered(void **state)
{
    (void)state;
    fake = quiet();
    fake.call_trigger = 0;
    fake.call_entry = refuse;
    Run r;
    fake.only = "f";
    r = run_fake("async func f(n) { for i in 0..n { i } return n }\nprint(await f(3))\n");
    assert_output(&r, "3\n");
    run_close(&r);
    fake.forgotten = 0;
    r = run_fake("func* f(n) { for i in 0..n { yield i } }\nfor x in f(3) { print(x) }\n");
    assert_output(&r, "0\n1\n2\n");
    run_close(&r);
}

/* ---- native code of generators and async functions ---- */

/* Hands out 1, 2, 3, whatever the body says. */
static RfRet three(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    RfGenerator *g = fp[-1].as.ptr;
    assert_true(g->state == RF_GEN_RUNNING && g->fn == frame->fn && g->pc >= frame->proto->code);
    assert_true(frame->native && vm->frame == frame && frame->fp == fp);
    if (fake.steps == 3) {
        fake.steps = 0;
        return (RfRet){0, RF_TAG_UNDEF};
    }
    g->state = RF_GEN_READY;
    return (RfRet){(uint64_t)++fake.steps, RF_TAG_INT};
}

static const char draws[] = "func* f(n) { for i in 0..n { yield \"x\" } }\n"
                            "for x in f(3) { print(x) }\n"
                            "for i, x in f(3) { print(i, x) }\n"
                            "g := f(3)\n"
                            "print(g.next(), g.next(), g.next(), g.next(), g.next())\n"
                            "print(collect(f(3)), f(3).take(2))\n";
static const char drawn[] = "1\n2\n3\n0 1\n1 2\n2 3\nSome(1) Some(2) Some(3) None None\n[1, 2, 3] [1, 2]\n";

static void generators_are_resumed_natively(void **state)
{
    (void)state;
    fake = quiet();
    Run r;
    run_open(&r, draws, true);
    RfResume native = {.entry = three};
    proto_of(r.module->main, "f")->resume = &native;
    run_go(&r);
    assert_output(&r, drawn);
    assert_int_equal(native.entered, 4 + 4 + 4 + 4 + 2);
    run_close(&r);
}

static void generators_are_entered_at_loops(void **state)
{
    (void)state;
    fake = quiet();
    fake.loop_trigger = 0;
    fake.loop_entry = three;
    fake.special = true;
    fake.only = "f";
    Run r = run_fake(draws);
    assert_output(&r, drawn);
    run_close(&r);
}

static void native_errors_finish_generators(void **state)
{
    (void)state;
    static const char source[] = "func* f() { while true { yield 1 } }\n"
                                 "g := f()\n"
                                 "try { for x in g { print(x) } } except e { print(e.message) }\n"
                                 "print(g.next())\n"
                                 "f().next()\n";
    static const char output[] = "native failure\nNone\nerror: native failure\n  f 1:1\n  <main> 5:5\n";
    fake = quiet();
    fake.loop_trigger = 0;
    fake.loop_entry = refuse;
    fake.special = true;
    fake.only = "f";
    Run r = run_fake("func* f(n) { for i in 0..n { yield i } }\n"
                     "g := f(2)\n"
                     "try { for x in g { print(x) } } except e { print(e.message) }\n"
                     "print(g.next())\n");
    assert_output(&r, "native failure\nNone\n");
    run_close(&r);
    fake = quiet();
    run_open(&r, source, true);
    RfResume native = {.entry = refuse};
    proto_of(r.module->main, "f")->resume = &native;
    run_go(&r);
    assert_output(&r, output);
    run_close(&r);
}

/* Comes, sees and goes. */
static RfRet leave_async(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    assert_true(frame->native && vm->frame == frame && frame->fp == fp);
    if (++fake.steps == fake.stop_after) {
        rf_raise(rf_rt(vm), "native failure");
        frame->pc++;
        return (RfRet){0, RF_RET_LEFT_ERROR};
    }
    return (RfRet){0, RF_RET_LEFT};
}

static void loops_of_async_functions_are_entered_and_left(void **state)
{
    (void)state;
    static const char source[] = "async func f(n) { mut s := 0\n"
                                 " for i in 0..n { s += i }\n"
                                 " await async_sleep(0)\n"
                                 " while s > 3 { s -= 1 }\n"
                                 " return s }\n"
                                 "try { print(await promise_all([f(5), f(2)])) } except e { print(e.message) }\n";
    fake = quiet();
    fake.loop_trigger = 0;
    fake.loop_entry = leave_async;
    fake.special = true;
    fake.only = "f";
    Run r = run_fake(source);
    assert_output(&r, "[3, 1]\n");
    assert_true(fake.steps > 7);
    run_close(&r);
    for (int64_t n = 1; n < 12; n += 5) {
        fake.steps = fake.forgotten = 0;
        fake.stop_after = n;
        r = run_fake(source);
        const char *out = rf_buf_cstr(&r.out);
        assert_non_null(strstr(out, "native failure"));
        run_close(&r);
    }
}

/* ---- native code that steps ---- */

/* Runs the activation instruction by instruction; RETURN is its own work. */
static RfRet stepper(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    const RfProto *p = frame->proto;
    uint32_t pc = (uint32_t)(frame->pc - p->code);
    for (;;) {
        int64_t n = fake.steps++;
        if (n == fake.stop_after || (fake.stop_every && n % fake.stop_every == fake.stop_every - 1)) {
            return rf_interp_resume(vm, frame, pc, false);
        }
        if (rf_op_base(p->code[pc].op) == RF_OP_RETURN) {
            RfValue v = rf_pop(vm);
            while (vm->sp > fp) {
                rf_release(*--vm->sp);
            }
            return (RfRet){(uint64_t)v.as.i, v.tag};
        }
        int pops, pushes, at_target;
        rf_op_effect(p, (RfInstr){(uint16_t)rf_op_base(p->code[pc].op), p->code[pc].a, p->code[pc].b}, &pops, &pushes,
                     &at_target);
        RfValue *before = vm->sp;
        if (rf_interp_step(vm, frame, pc) != RF_OK) {
            assert_ptr_equal(vm->frame, frame);
            assert_ptr_equal(frame->pc, p->code + pc + 1);
            if (p->nhandlers == 0) {
                rf_unwind_leave_native(vm, frame);
                while (vm->sp > fp) {
                    rf_release(*--vm->sp);
                }
                return (RfRet){0, RF_RET_ERROR};
            }
            return rf_interp_resume(vm, frame, pc, true);
        }
        assert_ptr_equal(vm->frame, frame);
        uint32_t next = (uint32_t)(frame->pc - p->code);
        assert_ptr_equal(vm->sp, before + (next == pc + 1 ? pushes - pops : at_target));
        assert_true(next == pc + 1 || next == rf_jump_target(p, pc));
        pc = next;
    }
}

static const char *const programs[] = {
    /* calls, recursion, strings, collections */
    "func fib(n) { if n < 2 { return n }\n return fib(n - 1) + fib(n - 2) }\nprint(fib(9))\n",
    "func f(a, b := a + 1, c := b * 2) { return [a, b, c] }\nprint(f(1), f(1, 5), f(1, 5, 9))\n",
    "func build(n) { mut s := \"\"\n mut a := []\n mut d := {}\n for i in 0..n { s := s + \"x\"\n push(a, i * 1.5)\n"
    " d[\"k${i}\"] := i }\n return [s, a, d, len(d)] }\nprint(build(4))\n",
    "func f(x) { mut i := 0\n while i < 4 { i += 1\n if i == 2 { continue }\n if i == x { break }\n print(i) }\n "
    "return i }\n"
    "print(f(3), f(9))\n",
    "func f(xs) { mut t := 0\n for i, x in xs { t += i * x }\n for k, v in {\"a\": 1, \"b\": 2} { t += v\n print(k) }\n"
    " for c in \"hey\" { print(c) }\n for n in range(3) { t += n }\n for n in range(9, 0, -3) { t += n }\n return t }\n"
    "print(f([1, 2, 3]))\n",
    /* globals, closures, nested functions */
    "mut total := 0\nfunc add(n) { total += n\n return total }\nfor i in 0..4 { add(i) }\nprint(total)\n",
    "func outer(n) { mut k := n\n func inner(m) { return k + m }\n g := func(m) { return inner(m) * k }\n return "
    "[g(1), inner(2), "
    "map([1, 2], g)] }\nprint(outer(3))\n",
    "func outer() { func even(n) { if n == 0 { return true }\n return odd(n - 1) }\n func odd(n) { if n == 0 { return "
    "false }\n"
    " return even(n - 1) }\n return even(7) }\nprint(outer())\n",
    /* structs, operator methods, paths, match, try operator */
    "struct V {\n x: float = 1\n ys: array = [1, 2]\n func op_add(self, o) { return V { x: self.x + o.x } }\n"
    " func op_eq(self, o) { return self.x == o.x }\n func op_neg(self) { return V { x: 0 - self.x } }\n"
    " func bump(self) { self.x := self.x + 1\n return self } }\n"
    "func f(v) { mut w := v + v\n w.x := w.x + 3\n w.ys[1] := 7\n w.ys[0] += 2\n print(w == v, w == w, (-w).x, "
    "w.bump().x)\n"
    " return w }\nr := f(V { x: 2 })\nprint(r.x, r.ys, V {}.x)\n",
    "enum E { A, B }\nfunc f(v) { match v { case Ok(x): { return x }\n case Err(e): { return \"e \" + e }\n default: { "
    "return 0 } } }\n"
    "func g(v) { x := v?\n return Ok(x + 1) }\nprint(f(Ok(4)), f(Err(\"bad\")), f(5), g(Ok(1)), g(Err(\"no\")))\n",
    "func f(p) { [a, b, ...rest] := p\n {x, y} := {\"x\": 1, \"y\": 2}\n return [a, b, rest, x, y, ...p] "
    "}\nprint(f([1, 2, 3, 4]))\n",
    /* errors */
    "func g(n) { if n == 0 { throw(\"deep\") }\n return g(n - 1) }\n"
    "func f(n) { try { return g(n) } except e { print(e.message, e.line, e.stack)\n return -1 } finally { "
    "print(\"finally\") } }\n"
    "print(f(3))\nprint(g(2))\n",
    "func f(a, i) { return a[i] + 1 }\nfunc safe(a, i) { try { return f(a, i) } except e { return e.message } }\n"
    "print(safe([1], 0), safe([1], 4), safe({\"k\": 1}, \"z\"), safe([\"s\"], 0), safe(5, 5))\nf([1], 9)\n",
    "func f() { try { try { throw(\"a\") } finally { print(\"inner\") } } except e { print(e.message)\n try { "
    "undefinedd() } except e2 "
    "{ print(e2.message) } }\n x := [1, [2, 3]]\n x[1][7] := 5 }\nf()\n",
    "func deep(n) { return deep(n + 1) + 1 }\nfunc f() { try { deep(0) } except e { print(e.message) } }\nf()\n",
    "func f(a, b) { return a }\nfunc g() { try { f(1) } except e { print(e.message) }\n try { 5() } except e { "
    "print(e.message) }\n"
    " let k := 1\n try { nope.x } except e { print(e.message) }\n return f(2) }\ng()\n",
    "struct S { n: int\n func op_add(self, o) { throw(\"op\") } }\nfunc f(s) { return s + 1 }\n"
    "try { f(S { n: 1 }) } except e { print(e.message, e.stack) }\nf(S { n: 1 })\n",
    /* generators and async calls from native code */
    "func* gen(n) { for i in 0..n { yield i }\n return 5 }\nfunc f() { g := gen(2)\n print(g.next(), g.next(), "
    "g.next(), g.next())\n"
    " mut t := 0\n for x in gen(4) { t += x\n if x == 2 { break } }\n for i, x in gen(3) { print(i, x) }\n return t "
    "}\nprint(f())\n",
    "func* gen() { yield 1\n throw(\"in gen\") }\nfunc f() { for x in gen() { print(x) } }\nfunc h() { g := gen()\n "
    "g.next()\n"
    " try { g.next() } except e { print(e.message, e.stack) }\n print(g.next()) }\nh()\nf()\n",
    "async func a(n) { await async_sleep(n)\n return n * 2 }\nasync func bad() { throw(\"bad\") }\n"
    "func start() { p := a(2)\n q := a(1)\n print(\"started\")\n return [p, q] }\nps := start()\nprint(await ps[0], "
    "await ps[1])\n"
    "func none() { b := bad()\n try { await b } except e { print(e.message) } }\nnone()\n"
    "async func all() { mut t := 0\n for i in 0..3 { t += await a(i) }\n return t }\nprint(await all())\n",
    /* a plain function that awaits inside an async call must park that call */
    "func wait(p) { return await p }\nfunc mid(p) { return wait(p) + 1 }\n"
    "async func a(n) { await async_sleep(5 * n)\n return n }\nasync func b(n) { print(\"b\", n)\n v := mid(a(n))\n "
    "print(\"done\", n)\n"
    " return v }\nx := b(3)\ny := b(1)\nprint(\"main\")\nprint(await x, await y)\n",
    /* callbacks within natives within natives */
    "func cmp(a, b) { return a - b }\nfunc f(xs) { return sort_by(map(filter(xs, func(x) { return x % 2 == 1 }), "
    "func(x) { return 0 - x }), func(x) { return x }) }\nprint(f([3, 1, 2, 5]))\nprint(reduce([1, 2, 3], 0, func(a, b) "
    "{ return a + b }))\n"
    "try { map([1], func(x) { return x.zz }) } except e { print(e.message, e.stack) }\n",
};
#define PROGRAMS (sizeof programs / sizeof *programs)

/* Runs every program as the fake tier says and as the plain interpreter does. */
static void compare(size_t i, const char *expected)
{
    fake.steps = fake.forgotten = 0;
    fake.names[0] = '\0';
    Run r = run_fake(programs[i]);
    if (strcmp(rf_buf_cstr(&r.out), expected) != 0) {
        print_error("stop_after %lld, stop_every %lld:\n%s\n", (long long)fake.stop_after, (long long)fake.stop_every,
                    programs[i]);
    }
    assert_output(&r, expected);
    run_close(&r);
}

static char *plain_output(size_t i)
{
    Run r;
    run_open(&r, programs[i], false);
    run_go(&r);
    char *copy = strdup(rf_buf_cstr(&r.out));
    run_close(&r);
    return copy;
}

static void stepping_is_like_interpreting(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        char *expected = plain_output(i);
        fake = quiet();
        fake.call_trigger = 0;
        fake.call_entry = stepper;
        compare(i, expected);
        assert_true(fake.steps > 3);
        fake.loop_trigger = 0; /* in the middle of loops, too */
        fake.loop_entry = stepper;
        compare(i, expected);
        fake.call_entry = NULL;
        compare(i, expected);
        free(expected);
    }
}

static void native_code_may_be_left_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        char *expected = plain_output(i);
        fake = quiet();
        fake.call_trigger = 0;
        fake.call_entry = stepper;
        compare(i, expected);
        int64_t total = fake.steps < 400 ? fake.steps : 400;
        for (fake.stop_after = 0; fake.stop_after < total; fake.stop_after++) {
            compare(i, expected);
        }
        fake.loop_trigger = 0;
        fake.loop_entry = stepper;
        for (fake.stop_every = 1; fake.stop_every < 12; fake.stop_every++) {
            compare(i, expected);
        }
        free(expected);
    }
}

/* Each exit must not leave C frames behind for good: this loop is left some ten thousand times. */
static void a_loop_may_be_left_and_entered_again_without_end(void **state)
{
    (void)state;
    fake = quiet();
    fake.loop_trigger = 0;
    fake.loop_entry = stepper;
    fake.stop_every = 3;
    Run r = run_fake("func f(n) { mut s := 0\n for i in 0..n { s += i }\n return s }\nmut t := 0\nmut i := 0\n"
                     "while i < 20000 { i += 1\n t += len(map([i], func(x) { return x })) }\nprint(f(20000), t)\n");
    assert_output(&r, "199990000 20000\n");
    assert_true(fake.steps > 100); /* how many, depends on the compiler's way with tail calls */
    run_close(&r);
}

/* ---- profile ---- */

static uint16_t class_before(const RfProto *p, RfOp op)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (rf_op_base(p->code[pc].op) == op) {
            return p->profile->tos[pc];
        }
    }
    fail_msg("no such instruction");
    return 0;
}

static void the_profile_tells_what_instructions_meet(void **state)
{
    (void)state;
    fake = quiet();
    fake.call_trigger = 2;
    fake.profile_reset = true;
    fake.profile = 1000;
    Run r = run_fake(
        "func f(x, ys) { k := ys[0]\n g := func(z) { return z + k }\n for y in ys { g(y) }\n if x == 99 { throw(x) }\n"
        " return [x] }\n"
        "f(\"unseen\", [3])\nf(1, [1])\nf(2.5, [\"a\"])\n");
    assert_int_equal(r.status, RF_OK);
    const RfProto *f = proto_of(r.module->main, "f"), *g = proto_of(r.module->main, "<lambda>");
    assert_non_null(f->profile);
    assert_int_equal(f->profile->params[0], RF_CLASS_INT | RF_CLASS_FLOAT);
    assert_int_equal(f->profile->params[1], RF_CLASS_INTS | RF_CLASS_VALUES);
    assert_int_equal(g->profile->cells[0], RF_CLASS_INT | RF_CLASS_STRING);
    assert_int_equal(g->profile->params[0], RF_CLASS_INT | RF_CLASS_STRING);
    assert_int_equal(class_before(f, RF_OP_FOR_PREP), RF_CLASS_SEEN | RF_CLASS_INTS | RF_CLASS_VALUES);
    assert_int_equal(class_before(f, RF_OP_FOR_LOOP), RF_CLASS_SEEN);
    assert_int_equal(class_before(f, RF_OP_THROW), 0);
    assert_int_equal(class_before(g, RF_OP_ADD), RF_CLASS_SEEN | RF_CLASS_INT | RF_CLASS_STRING);
    uint32_t body = 0;
    for (uint32_t pc = 0; pc < f->code_len; pc++) {
        body = rf_op_base(f->code[pc].op) == RF_OP_FOR_LOOP ? rf_jump_target(f, pc) : body;
    }
    assert_int_equal(f->profile->tos[body], RF_CLASS_SEEN | RF_CLASS_INT | RF_CLASS_STRING);
    run_close(&r);
}

static void a_profile_window_ends(void **state)
{
    (void)state;
    fake = quiet();
    fake.loop_trigger = 2;
    fake.profile_reset = true;
    fake.profile = 25;
    Run r = run_fake("func f(n) { mut s := 0\n for i in 0..n { s += i }\n return s }\nprint(f(50))\n");
    assert_output(&r, "1225\n");
    assert_int_equal(r.vm->profile_left, 0);
    const RfProto *f = proto_of(r.module->main, "f");
    assert_int_equal(class_before(f, RF_OP_ADD), RF_CLASS_SEEN | RF_CLASS_INT);
    assert_int_equal(class_before(f, RF_OP_RETURN), 0);
    run_close(&r);
}

static void classes_of_values(void **state)
{
    (void)state;
    struct {
        RfValue v;
        unsigned class;
    } cases[] = {
        {rf_undef(), RF_CLASS_UNDEF},
        {rf_null(), RF_CLASS_NULL},
        {rf_bool(true), RF_CLASS_BOOL},
        {rf_int(1), RF_CLASS_INT},
        {rf_float(1), RF_CLASS_FLOAT},
        {rf_none(), RF_CLASS_OTHER},
        {rf_obj(rf_string_from_cstr("s")), RF_CLASS_STRING},
        {rf_obj(rf_array_new(0)), RF_CLASS_INTS},
        {rf_obj(rf_array_new_kind(RF_ELEM_FLOAT, 0)), RF_CLASS_FLOATS},
        {rf_obj(rf_array_new_kind(RF_ELEM_BOOL, 0)), RF_CLASS_BOOLS},
        {rf_obj(rf_array_new_kind(RF_ELEM_ANY, 1)), RF_CLASS_VALUES},
        {rf_obj(rf_dict_new(0)), RF_CLASS_DICT},
        {rf_variant_new(RF_VARIANT_OK, rf_null()), RF_CLASS_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rf_value_class(cases[i].v), cases[i].class);
        rf_release(cases[i].v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_every_kind_reach_the_trigger),
        cmocka_unit_test(a_trigger_of_zero_asks_at_every_call),
        cmocka_unit_test(loops_of_every_kind_reach_the_trigger),
        cmocka_unit_test(counts_do_not_wrap),
        cmocka_unit_test(status_and_stats_come_from_the_tier),
        cmocka_unit_test(native_results_reach_their_callers),
        cmocka_unit_test(native_errors_reach_their_handlers),
        cmocka_unit_test(calls_of_async_functions_and_generators_are_not_entered),
        cmocka_unit_test(generators_are_resumed_natively),
        cmocka_unit_test(generators_are_entered_at_loops),
        cmocka_unit_test(native_errors_finish_generators),
        cmocka_unit_test(loops_of_async_functions_are_entered_and_left),
        cmocka_unit_test(stepping_is_like_interpreting),
        cmocka_unit_test(native_code_may_be_left_anywhere),
        cmocka_unit_test(a_loop_may_be_left_and_entered_again_without_end),
        cmocka_unit_test(the_profile_tells_what_instructions_meet),
        cmocka_unit_test(a_profile_window_ends),
        cmocka_unit_test(classes_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
