/* Frames and exits of native code, and the helpers it calls. */
#include "native_fixture.h"

static RfValue text(const char *s)
{
    return rf_obj(rf_string_new(s, strlen(s)));
}

/* ---- frames and exits ---- */

static const char two_functions[] = "func add(a, b) { mut x := a + b\n  return x * 2 }\n"
                                    "func guarded() { try { throw(\"x\") } except e { return 7 } }\n"
                                    "func failing(a) { return a + 1 }\n"
                                    "func spread(a, b) { return a..b }\n";

static void compact_frames_are_completed(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfValue args[2] = {rf_int(1), rf_int(2)};
    RfFrame *low = native_enter(&f, "add", 2, args);
    RfFunction *inner = native_global(&f, "failing").as.fn, other = *inner;
    f.protos[1] = inner->proto;
    f.functions[1] = inner;
    low[1].mark = RF_MARK(1, 3, 2, 0);
    low[2].mark = RF_MARK(1, 2, 1, 1);
    low[2].fn = &other;
    RfValue *fp = low->fp;
    fp[3] = fp[5] = rf_null();
    rf_native_sync(f.vm, low + 2, RF_WHERE(3, 1));
    assert_ptr_equal(low[0].pc, low->proto->code + 3);
    assert_ptr_equal(low[1].fp, fp + 3);
    assert_ptr_equal(low[1].ret, fp + 3);
    assert_ptr_equal(low[1].proto, inner->proto);
    assert_ptr_equal(low[1].fn, inner);
    assert_ptr_equal(low[1].pc, inner->proto->code + 2);
    assert_int_equal(low[1].mark, 0);
    assert_ptr_equal(low[2].fp, fp + 5);
    assert_ptr_equal(low[2].fn, &other);
    assert_ptr_equal(low[2].pc, inner->proto->code + 4);
    assert_ptr_equal(low[2].owner, &f.image);
    assert_int_equal(low[2].mode, RF_FRAME_ENTRY);
    assert_int_equal(low[2].native, 1);
    assert_ptr_equal(f.vm->frame, low + 2);
    assert_ptr_equal(f.vm->sp, fp + 6);
    native_leave(&f, low);
    native_close(&f);
}

static uint32_t exits_seen;
static void see_exit(RfVm *vm, RfImage *image, uint32_t number)
{
    (void)vm;
    assert_int_equal(image->exit_counts[number], 1);
    exits_seen++;
}

static void an_exit_is_interpreted_to_the_end(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfFrame *frame = native_enter(&f, "add", 2, (RfValue[]){rf_null(), rf_null()});
    frame->fp[2] = (RfValue){RF_TAG_STRING, {.i = 1}}; /* garbage of a dead local */
    *native_operand(frame, 0) = rf_int(3);
    *native_operand(frame, 1) = rf_int(4);
    uint32_t pc = native_pc(frame, RF_OP_ADD, 0);
    f.exit = (RfExit){.pc = pc, .nslots = 5, .guard = 1, .slots = "nnnmm"};
    f.image.on_exit = see_exit;
    exits_seen = 0;
    RfProto *proto = frame->proto;
    RfRet r = rf_native_exit(f.vm, frame, frame->fp, 0);
    assert_int_equal(r.tag, RF_TAG_INT);
    assert_int_equal(r.payload, 14);
    assert_int_equal(exits_seen, 1);
    assert_int_equal(rf_profile_of(proto)->tos[pc] & RF_CLASS_INT, RF_CLASS_INT);
    assert_ptr_equal(f.vm->frame, f.vm->frames);
    native_close(&f);
}

static void an_exit_of_a_compact_frame_knows_its_function(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfFrame *low = native_enter(&f, "add", 2, (RfValue[]){rf_int(1), rf_int(2)});
    f.functions[1] = native_global(&f, "failing").as.fn;
    f.protos[1] = f.functions[1]->proto;
    low[1].mark = RF_MARK(1, 3, 2, 0);
    low->fp[3] = rf_int(41);
    f.exit = (RfExit){.unit = 1, .pc = 0, .nslots = 1, .slots = "m"};
    RfRet r = rf_native_exit(f.vm, low + 1, low->fp + 3, 0);
    assert_int_equal(r.payload, 42);
    assert_ptr_equal(f.vm->frame, low);
    f.vm->sp = low->fp + 3;
    native_leave(&f, low);
    native_close(&f);
}

static void an_error_finds_the_handler_of_its_function(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfFrame *frame = native_enter(&f, "guarded", 0, NULL);
    uint32_t pc = native_pc(frame, RF_OP_THROW, 0);
    f.exit = (RfExit){.pc = pc, .nslots = 1, .error = RF_EXIT_HANDLED, .slots = "u"};
    rf_raise(rf_rt(f.vm), "bang");
    RfRet r = rf_native_exit(f.vm, frame, frame->fp, 0);
    assert_int_equal(r.tag, RF_TAG_INT);
    assert_int_equal(r.payload, 7);
    native_close(&f);
}

static void an_error_without_handler_leaves(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfFrame *frame = native_enter(&f, "failing", 1, (RfValue[]){text("held")});
    *native_operand(frame, 0) = text("operand");
    f.vm->sp++;
    f.exit = (RfExit){.pc = native_pc(frame, RF_OP_ADD, 0), .nslots = 2, .error = RF_EXIT_RAISED, .slots = "mm"};
    assert_int_equal(frame->proto->nlocals, 1);
    rf_raise(rf_rt(f.vm), "bang");
    RfRet r = rf_native_exit(f.vm, frame, frame->fp, 0);
    assert_int_equal(r.tag, RF_RET_ERROR);
    assert_string_equal(native_error(&f), "bang");
    assert_int_equal(rf_rt(f.vm)->error.trace_len, 1);
    assert_string_equal(rf_rt(f.vm)->error.trace[0].function->data, "failing");
    assert_int_equal(rf_rt(f.vm)->error.trace[0].line, 4);
    native_close(&f);
}

static void a_step_consumes_its_operands(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, two_functions);
    RfFrame *frame = native_enter(&f, "spread", 2, (RfValue[]){rf_int(1), rf_int(4)});
    uint32_t pc = native_pc(frame, RF_OP_RANGE, 0);
    RfValue *x = native_operand(frame, 0);
    x[0] = rf_int(1);
    x[1] = rf_int(4);
    assert_int_equal(rf_native_step(f.vm, frame, native_where(frame, pc, 2)), RF_OK);
    assert_int_equal(x[0].tag, RF_TAG_ARRAY);
    assert_int_equal(x[0].as.arr->len, 3);
    x[1] = text("no bound");
    assert_int_equal(rf_native_step(f.vm, frame, native_where(frame, pc, 2)), RF_ERROR);
    assert_string_equal(native_error(&f), "range bounds must be integers");
    assert_int_equal(x[0].tag, RF_TAG_NULL);
    assert_int_equal(x[1].tag, RF_TAG_NULL);
    assert_ptr_equal(f.vm->sp, x);
    native_leave(&f, frame);
    native_close(&f);
}

/* ---- operators ---- */

static const char operators[] = "struct V { x\n  func op_add(self, o) { return V { x: self.x + o.x } }\n"
                                "  func op_lt(self, o) { throw(\"no order\") } }\n"
                                "v := V { x: 5 }\n"
                                "func ops(a, b) { a + b\n a < b\n a == b\n return -a }\n";

static RfStatus binary(NativeFixture *f, RfFrame *frame, RfOp op, RfValue x, RfValue y)
{
    *native_operand(frame, 0) = x;
    *native_operand(frame, 1) = y;
    uint32_t pc = native_pc(frame, op == RF_OP_GE ? RF_OP_LT : op, 0);
    return (RfStatus)rf_native_binary(f->vm, frame, native_where(frame, pc, 2), op);
}

static void binary_operators(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, operators);
    RfFrame *frame = native_enter(&f, "ops", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *out = native_operand(frame, 0);
    assert_int_equal(binary(&f, frame, RF_OP_ADD, rf_int(1), rf_int(2)), RF_OK);
    assert_int_equal(out->as.i, 3);
    uint32_t pc = native_pc(frame, RF_OP_ADD, 0);
    assert_int_equal(frame->proto->code[pc].a, 0);
    assert_int_equal(binary(&f, frame, RF_OP_ADD, text("a"), text("b")), RF_OK);
    assert_string_equal(out->as.str->data, "ab");
    rf_release(*out);
    assert_int_equal(frame->proto->code[pc].a, RF_FEEDBACK_STRING);
    /* ints that are equal as doubles */
    assert_int_equal(binary(&f, frame, RF_OP_LT, rf_int(INT64_MAX - 1), rf_int(INT64_MAX)), RF_OK);
    assert_int_equal(out->as.i, 1);
    assert_int_equal(binary(&f, frame, RF_OP_GE, rf_int(INT64_MAX - 1), rf_int(INT64_MAX)), RF_OK);
    assert_int_equal(out->as.i, 0);
    assert_int_equal(binary(&f, frame, RF_OP_EQ, text("a"), text("a")), RF_OK);
    assert_int_equal(out->as.i, 1);
    /* methods */
    RfValue v = native_global(&f, "v");
    assert_int_equal(binary(&f, frame, RF_OP_ADD, rf_retain(v), rf_retain(v)), RF_OK);
    assert_int_equal(out->as.strct->fields[0].as.i, 10);
    assert_ptr_equal(f.vm->frame, frame);
    rf_release(*out);
    assert_int_equal(v.as.strct->obj.rc, 1);
    /* errors release the operands */
    assert_int_equal(binary(&f, frame, RF_OP_LT, rf_retain(v), rf_retain(v)), RF_ERROR);
    assert_string_equal(native_error(&f), "no order");
    assert_int_equal(out[0].tag, RF_TAG_NULL);
    assert_int_equal(out[1].tag, RF_TAG_NULL);
    assert_int_equal(v.as.strct->obj.rc, 1);
    assert_int_equal(binary(&f, frame, RF_OP_ADD, text("a"), rf_int(1)), RF_ERROR);
    assert_string_equal(native_error(&f), "Invalid binary operation: string + int");
    assert_int_equal(out[0].tag, RF_TAG_NULL);
    f.vm->sp = out;
    native_leave(&f, frame);
    native_close(&f);
}

static void unary_operators(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, operators);
    RfFrame *frame = native_enter(&f, "ops", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *x = native_operand(frame, 0);
    uint64_t neg = native_where(frame, native_pc(frame, RF_OP_NEG, 0), 1);
    *x = rf_int(5);
    assert_int_equal(rf_native_unary(f.vm, frame, neg, RF_OP_NEG), RF_OK);
    assert_int_equal(x->as.i, -5);
    *x = rf_bool(true);
    assert_int_equal(rf_native_unary(f.vm, frame, neg, RF_OP_NOT), RF_OK);
    assert_int_equal(x->as.i, 0);
    *x = rf_int(INT64_MIN);
    assert_int_equal(rf_native_unary(f.vm, frame, neg, RF_OP_NEG), RF_ERROR);
    assert_string_equal(native_error(&f), "Integer overflow: -(-9223372036854775808)");
    *x = text("s");
    assert_int_equal(rf_native_unary(f.vm, frame, neg, RF_OP_NEG), RF_ERROR);
    assert_int_equal(x->tag, RF_TAG_NULL);
    f.vm->sp = x;
    native_leave(&f, frame);
    native_close(&f);
}

/* ---- calls ---- */

static const char calls[] = "struct P { x\n  func get(self, k) { return self.x + k } }\n"
                            "p := P { x: 40 }\n"
                            "mut list := [1, 2, 3]\n"
                            "func* gen() { yield 5\n yield 6 }\n"
                            "g := gen()\n"
                            "func add(a, b) { return a + b }\n"
                            "func boom() { throw(\"boom\") }\n"
                            "async func later(n) { await async_sleep(1)\n  return n }\n"
                            "func uses(q, h) { add(1, 2)\n list := push(list, 4)\n q.get(2)\n h.next()\n q.len()\n"
                            "  list = push(list, 4)\n  for x in h { }\n  for x, i in h { }\n  return 1 }\n";

static RfStatus call(NativeFixture *f, RfFrame *frame, uint32_t argc, const RfValue *values)
{
    memcpy(native_operand(frame, 0), values, sizeof *values * (argc + 1));
    return (RfStatus)rf_native_call(f->vm, frame, native_where(frame, 0, argc + 1), argc);
}

static void calls_of_values(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, calls);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *out = native_operand(frame, 0);
    RfValue add = native_global(&f, "add");
    RfValue args[3] = {rf_retain(add), rf_int(30), rf_int(4)};
    assert_int_equal(call(&f, frame, 2, args), RF_OK);
    assert_int_equal(out->as.i, 34);
    assert_ptr_equal(f.vm->frame, frame);
    assert_int_equal(add.as.fn->obj.rc, 1);
    args[0] = rf_builtin_value(rf_builtin_find("len", 3));
    args[1] = text("four");
    assert_int_equal(call(&f, frame, 1, args), RF_OK);
    assert_int_equal(out->as.i, 4);
    args[0] = rf_retain(native_global(&f, "later"));
    args[1] = rf_int(1);
    assert_int_equal(call(&f, frame, 1, args), RF_OK);
    assert_int_equal(out->tag, RF_TAG_PROMISE);
    rf_release(*out);
    assert_ptr_equal(f.vm->frame, frame);
    args[0] = text("no function");
    assert_int_equal(call(&f, frame, 1, args), RF_ERROR);
    assert_int_equal(out[0].tag, RF_TAG_NULL);
    assert_int_equal(out[1].tag, RF_TAG_NULL);
    args[0] = rf_retain(add);
    args[1] = text("one argument");
    assert_int_equal(call(&f, frame, 1, args), RF_ERROR);
    assert_string_equal(native_error(&f), "add expects 2 arguments, got 1");
    args[0] = rf_retain(native_global(&f, "boom"));
    assert_int_equal(call(&f, frame, 0, args), RF_ERROR);
    assert_string_equal(native_error(&f), "boom");
    assert_int_equal(rf_rt(f.vm)->error.trace_len, 1); /* native code has not been left */
    assert_ptr_equal(f.vm->frame, frame);
    args[0] = rf_retain(add);
    args[1] = args[2] = rf_int(1);
    char *limit = f.vm->c_limit;
    f.vm->c_limit = (char *)UINTPTR_MAX;
    assert_int_equal(call(&f, frame, 2, args), RF_ERROR);
    f.vm->c_limit = limit;
    assert_non_null(strstr(native_error(&f), "call stack depth"));
    assert_ptr_equal(f.vm->frame, frame);
    assert_int_equal(add.as.fn->obj.rc, 1);
    f.vm->sp = out;
    native_leave(&f, frame);
    assert_int_equal(rf_async_drain(f.vm), RF_OK);
    native_close(&f);
}

static void calls_of_sites(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, calls);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *out = native_operand(frame, 0);
    uint32_t pc = native_pc(frame, RF_OP_CALL, 0);
    RfCallSite *site = &frame->proto->calls[frame->proto->code[pc].b];
    for (int i = 0; i < 3; i++) {
        out[0] = rf_retain(native_global(&f, "add"));
        out[1] = rf_int(i);
        out[2] = rf_int(10);
        assert_int_equal(rf_native_call_site(f.vm, frame, native_where(frame, pc, 3)), RF_OK);
        assert_int_equal(out->as.i, 10 + i);
    }
    assert_int_equal(site->misses, 1);
    assert_int_equal(site->hits, 2);
    /* methods: of a struct, of a generator, and a uniform call */
    uint32_t method = native_pc(frame, RF_OP_CALL_METHOD, 0);
    for (int i = 0; i < 2; i++) {
        out[0] = rf_retain(native_global(&f, "p"));
        out[1] = rf_int(2);
        assert_int_equal(rf_native_call_site(f.vm, frame, native_where(frame, method, 2)), RF_OK);
        assert_int_equal(out->as.i, 42);
    }
    assert_int_equal(native_global(&f, "p").as.obj->rc, 1);
    uint32_t next = native_pc(frame, RF_OP_CALL_METHOD, 1);
    for (int i = 5; i <= 7; i++) {
        out[0] = rf_retain(native_global(&f, "g"));
        assert_int_equal(rf_native_call_site(f.vm, frame, native_where(frame, next, 1)), RF_OK);
        if (i < 7) {
            assert_int_equal(out->as.variant->payload.as.i, i);
        } else {
            assert_int_equal(out->tag, RF_TAG_NONE);
        }
        rf_release(*out);
    }
    assert_ptr_equal(f.vm->frame, frame);
    uint32_t uniform = native_pc(frame, RF_OP_CALL_METHOD, 2);
    out[0] = text("seven c");
    assert_int_equal(rf_native_call_site(f.vm, frame, native_where(frame, uniform, 1)), RF_OK);
    assert_int_equal(out->as.i, 7);
    out[0] = text("five5");
    const RfBuiltin *len = rf_builtin_find("len", 3);
    assert_int_equal(rf_native_call_builtin(f.vm, frame, native_where(frame, uniform, 1), len), RF_OK);
    assert_int_equal(out->as.i, 5);
    out[0] = rf_int(5);
    assert_int_equal(rf_native_call_builtin(f.vm, frame, native_where(frame, uniform, 1), len), RF_ERROR);
    assert_int_equal(out->tag, RF_TAG_NULL);
    f.vm->sp = out;
    native_leave(&f, frame);
    native_close(&f);
}

/* list = push(list, 4) with list a global: the variable gives its reference up, so that nothing is copied. */
static void the_place_of_a_call_gives_its_reference(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, "mut list := [1, 2, 3]\nfunc grow() { list = push(list, 4)\n  return 1 }\n");
    RfFrame *frame = native_enter(&f, "grow", 0, NULL);
    RfValue *out = native_operand(frame, 0);
    const RfBuiltin *push = rf_builtin_find("push", 4);
    uint64_t where = native_where(frame, native_pc(frame, RF_OP_CALL, 0), 3);
    RfValue *list = &f.module->globals[rf_module_find(f.module, rf_intern_cstr(rf_rt(f.vm), "list"))];
    for (int i = 0; i < 3; i++) {
        RfArray *before = list->as.arr;
        out[0] = i == 0 ? rf_builtin_value(push) : (RfValue){RF_TAG_STRING, {.i = 1}}; /* garbage: nobody looks */
        out[1] = rf_retain(*list);
        out[2] = rf_int(4);
        assert_int_equal(
            i == 0 ? rf_native_call_site(f.vm, frame, where) : rf_native_call_builtin(f.vm, frame, where, push), RF_OK);
        assert_ptr_equal(out->as.arr, before);
        assert_int_equal(list->tag, RF_TAG_NULL);
        *list = *out;
    }
    assert_int_equal(list->as.arr->len, 6);
    f.vm->sp = out;
    native_leave(&f, frame);
    native_close(&f);
}

static void steps_of_a_for(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, calls);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *it = frame->fp + frame->proto->nlocals - 4; /* some locals of a loop */
    RfValue *out = native_operand(frame, 0);
    uint64_t where = native_where(frame, native_pc(frame, RF_OP_FOR_LOOP, 0), 0);
    rf_native_sync(f.vm, frame, where);
    assert_int_equal(rf_iterate_prep(f.vm, it, rf_retain(native_global(&f, "g"))), RF_OK);
    assert_int_equal(rf_native_iter_next(f.vm, frame, where, it), 1);
    assert_int_equal(out->as.i, 5);
    assert_int_equal(rf_native_iter_next2(f.vm, frame, where, it), 1);
    assert_int_equal(out[0].as.i, 6);
    assert_int_equal(out[1].tag, RF_TAG_INT);
    assert_int_equal(rf_native_iter_next(f.vm, frame, where, it), 0);
    assert_int_equal(rf_iterate_prep(f.vm, it, text("ab")), RF_OK);
    assert_int_equal(rf_native_iter_next2(f.vm, frame, where, it), 1);
    assert_string_equal(out[0].as.str->data, "a");
    assert_int_equal(out[1].as.i, 0);
    rf_release(out[0]);
    f.vm->sp = out;
    native_leave(&f, frame);
    native_close(&f);
}

/* ---- elements, fields, variables ---- */

static const char elements[] = "struct P { x }\np := P { x: 3 }\nq := P { x: 4 }\n"
                               "mut ints := [1, 2, 3]\nlet fixed := [1]\nd := {\"a\": 1}\nd[7] := 8\n"
                               "func uses(o, i) { ints[i] := 9\n  fixed[i] := 2\n  mut x := o.x\n  o.x := 5\n"
                               "  x = missing\n  x = ints\n  return func() { return x } }\n";

static void elements_of_values(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, elements);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_null(), rf_null()});
    RfValue *out = native_operand(frame, 0), key = rf_float(7);
    uint64_t where = native_where(frame, 0, 0);
    RfValue d = native_global(&f, "d"), ints = native_global(&f, "ints");
    assert_int_equal(rf_native_index_int(f.vm, frame, where, &ints, -1, out), RF_OK);
    assert_int_equal(out->as.i, 3);
    assert_int_equal(rf_native_index(f.vm, frame, where, &d, &key, out), RF_OK);
    assert_int_equal(out->as.i, 8);
    assert_int_equal(rf_native_index_int(f.vm, frame, where, &ints, 3, out), RF_ERROR);
    assert_string_equal(native_error(&f), "Index out of bounds: 3");
    assert_int_equal(out->as.i, 8);  /* untouched */
    RfValue place = rf_retain(ints); /* shared: copied before the store */
    assert_int_equal(rf_native_store_index_int(f.vm, frame, where, &place, 0, RF_TAG_INT, 100), RF_OK);
    assert_int_equal(ints.as.arr->as.ints[0], 1);
    assert_int_equal(place.as.arr->as.ints[0], 100);
    assert_int_equal(ints.as.arr->obj.rc, 1);
    RfValue s = text("v");
    assert_int_equal(rf_native_store_index_int(f.vm, frame, where, &place, 1, s.tag, s.as.i), RF_OK);
    assert_ptr_equal(place.as.arr->as.values[1].as.str, s.as.str);
    s = text("lost");
    assert_int_equal(rf_native_store_index(f.vm, frame, where, &place, &key, &s), RF_ERROR);
    rf_release(place);
    RfString *seven = text("7").as.str, *a = text("a").as.str;
    assert_int_equal(rf_native_dict_find_str(d.as.dict, seven)->as.i, 8);
    assert_int_equal(rf_native_dict_find_str(d.as.dict, a)->as.i, 1);
    rf_native_dict_set_str(d.as.dict, seven, RF_TAG_INT, 9);
    assert_int_equal(rf_native_dict_find_int(d.as.dict, 7)->as.i, 9);
    rf_object_release(seven);
    rf_object_release(a);
    f.vm->sp = out;
    native_leave(&f, frame);
    native_close(&f);
}

static void elements_of_globals(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, elements);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_null(), rf_null()});
    uint32_t pc = native_pc(frame, RF_OP_STORE_INDEX_GLOBAL, 0);
    uint64_t where = native_where(frame, pc, 0);
    uint32_t ints = frame->proto->code[pc].b;
    uint32_t fixed = (uint32_t)rf_module_find(f.module, rf_intern_cstr(rf_rt(f.vm), "fixed"));
    assert_int_equal(rf_native_store_global_index(f.vm, frame, where, ints, 2, RF_TAG_INT, 77), RF_OK);
    assert_int_equal(f.module->globals[ints].as.arr->as.ints[2], 77);
    RfValue s = text("lost");
    assert_int_equal(rf_native_store_global_index(f.vm, frame, where, fixed, 0, s.tag, s.as.i), RF_ERROR);
    assert_string_equal(native_error(&f), "Cannot mutate immutable let binding: fixed");
    assert_int_equal(f.vm->error_pos.line, 8);
    assert_int_equal(f.vm->error_pos.column, 19); /* the name, not the bracket */
    f.vm->error_pos = (RfPos){0, 0};
    f.vm->sp = native_operand(frame, 0);
    native_leave(&f, frame);
    native_close(&f);
}

static void fields_and_variables(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, elements);
    RfFrame *frame = native_enter(&f, "uses", 2, (RfValue[]){rf_retain(native_global(&f, "p")), rf_null()});
    RfValue *out = native_operand(frame, 0), *o = frame->fp;
    uint64_t where = native_where(frame, native_pc(frame, RF_OP_GET_FIELD, 0), 0);
    uint32_t site = frame->proto->code[native_pc(frame, RF_OP_GET_FIELD, 0)].b;
    for (int i = 0; i < 2; i++) { /* second time through the site's cache */
        assert_int_equal(rf_native_field(f.vm, frame, where, o, site, out), RF_OK);
        assert_int_equal(out->as.i, 3);
    }
    for (int i = 0; i < 2; i++) { /* shared, then unique */
        assert_int_equal(rf_native_store_field(f.vm, frame, where, o, site, RF_TAG_INT, 50 + i), RF_OK);
        assert_int_equal(o->as.strct->fields[0].as.i, 50 + i);
    }
    assert_int_equal(native_global(&f, "p").as.strct->fields[0].as.i, 3);
    RfValue none = rf_int(1);
    assert_int_equal(rf_native_field(f.vm, frame, where, &none, site, out), RF_ERROR);
    /* loads and stores of globals say at their pc which */
    uint32_t load = native_pc(frame, RF_OP_LOAD_GLOBAL, 0);
    assert_int_equal(rf_native_load_global(f.vm, frame, native_where(frame, load, 0), out), RF_ERROR);
    assert_string_equal(native_error(&f), "Undefined variable: missing");
    load = native_pc(frame, RF_OP_LOAD_GLOBAL, 1);
    assert_int_equal(rf_native_load_global(f.vm, frame, native_where(frame, load, 0), out), RF_OK);
    assert_ptr_equal(out->as.arr, native_global(&f, "ints").as.arr);
    /* the last use of a local moves its value */
    frame->fp[1] = text("moved");
    RfString *moved = frame->fp[1].as.str;
    rf_assign(out, rf_null());
    uint32_t last = 0;
    while (frame->proto->code[native_pc(frame, RF_OP_LOAD_LOCAL, last)].b != RF_VARREF_MOVE) {
        last++;
    }
    load = native_pc(frame, RF_OP_LOAD_LOCAL, last);
    assert_int_equal(frame->proto->code[load].a, 1);
    assert_int_equal(rf_native_load_global(f.vm, frame, native_where(frame, load, 0), out), RF_OK);
    assert_ptr_equal(out->as.str, moved);
    assert_int_equal(frame->fp[1].tag, RF_TAG_NULL);
    rf_assign(out, rf_null());
    /* a closure captures locals */
    uint32_t x = frame->proto->protos[0]->captures[0].slot;
    frame->fp[x] = rf_int(12);
    assert_int_equal(rf_native_closure(f.vm, frame, where, 0, out), RF_OK);
    assert_int_equal(out->as.fn->cells[0]->value.as.i, 12);
    RfProto *proto = frame->proto;
    frame->proto = f.module->main;
    RfValue s = text("new");
    uint64_t store = native_where(frame, native_pc(frame, RF_OP_STORE_GLOBAL, 0), 0);
    assert_int_equal(rf_native_store_global(f.vm, frame, store, s.tag, s.as.i), RF_OK);
    assert_ptr_equal(native_global(&f, "p").as.str, s.as.str);
    s = text("lost");
    store = native_where(frame, native_pc(frame, RF_OP_DECLARE_GLOBAL, 1), 0);
    assert_int_equal(rf_native_store_global(f.vm, frame, store, s.tag, s.as.i), RF_ERROR);
    assert_string_equal(native_error(&f), "Duplicate declaration in the same scope: ints");
    frame->proto = proto;
    f.vm->sp = out + 1;
    native_leave(&f, frame);
    native_close(&f);
}

static void arrays_are_made_and_grown(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, "");
    RfValue items[2] = {rf_int(1), rf_int(2)};
    RfValue a = rf_obj(rf_native_array_new(items, 2)), b = rf_retain(a);
    rf_native_array_push(&b, RF_TAG_INT, 3);
    assert_int_equal(a.as.arr->len, 2);
    assert_int_equal(b.as.arr->len, 3);
    rf_native_array_reserve(b.as.arr, 100);
    assert_true(b.as.arr->cap >= 103);
    rf_retain(b);
    RfArray *shared = b.as.arr;
    rf_native_array_unique(&b);
    assert_ptr_not_equal(b.as.arr, shared);
    RfValue both[2] = {b, rf_obj(shared)};
    rf_native_release_slots(both, 2);
    rf_native_release(&a);
    native_close(&f);
}

/* ---- generators ---- */

static void saved_values_are_checked(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, "func* steps(n, held) { mut i := n\n while true { yield i\n i += 1 } }\n"
                    "g := steps(5, \"${1}held\")\n");
    RfGenerator *g = native_global(&f, "g").as.ptr;
    const RfProto *p = g->fn->proto;
    uint32_t start = (uint32_t)(g->pc - p->code), locals = p->nlocals;
    const uint32_t any = RF_WANT_ANY, is_int = RF_WANT_TAG | RF_TAG_INT << 8,
                   is_float = RF_WANT_TAG | RF_TAG_FLOAT << 8;
    assert_int_equal(locals, 3);
    uint32_t none[] = {0}, elsewhere[] = {1, start + 1, start + 1, 4, 3, any, any, any};
    uint32_t wrong[] = {2, start + 1, start + 1, 4, 3, any, any, any, start, start, 7, 3, is_float, any, any};
    uint32_t right[] = {1, start, start, 7, 3, is_int, RF_WANT_DEAD, RF_WANT_VALUE};
    assert_int_equal(rf_native_gen_adopt(g, none, NULL), -2);
    assert_int_equal(rf_native_gen_adopt(g, elsewhere, NULL), -2);
    assert_int_equal(rf_native_gen_adopt(g, wrong, NULL), 7);
    RfValue held = rf_retain(g->slots[1]);
    assert_int_equal(held.as.obj->rc, 2);
    assert_int_equal(rf_native_gen_adopt(g, right, NULL), -1);
    assert_int_equal(held.as.obj->rc, 1);
    rf_release(held);
    assert_int_equal(g->slots[1].tag, RF_TAG_NULL);
    assert_true(g->cap >= locals + p->max_stack && g->nslots == locals);
    RfValue item;
    assert_int_equal(rf_generator_next(f.vm, g, &item), 1);
    assert_int_equal(item.as.i, 5);
    /* parked before the POP of a value that nobody wants */
    uint32_t pc = (uint32_t)(g->pc - p->code);
    assert_int_equal(g->nslots, locals + 1);
    uint32_t behind[] = {1, pc, pc + 1, 9, 3, is_int, any, is_int};
    assert_int_equal(rf_native_gen_adopt(g, behind, NULL), -1);
    assert_true(g->nslots == locals && g->pc == p->code + pc + 1);
    rf_native_gen_end(g);
    assert_true(g->state == RF_GEN_DONE && g->nslots == 0);
    assert_int_equal(rf_generator_next(f.vm, g, &item), 0);
    native_close(&f);
}

/* ---- steps of paths ---- */

static void steps_find_what_is_there_and_unshared(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, "func named(d) { return d.a }\n");
    RfProto *proto = native_global(&f, "named").as.fn->proto;
    RfValue a = text("a"), none = text("none"), index = rf_int(1), minus = rf_int(-1);
    RfValue d = rf_obj(rf_dict_new(0)), strange = rf_float(1.5);
    rf_dict_set_str(d.as.dict, a.as.str, rf_int(5));
    rf_dict_set_int(d.as.dict, 1, rf_int(6));
    RfValue items[2] = {rf_int(10), text("x")}, v = rf_obj(rf_array_from_values(items, 2));
    RfValue raw = rf_obj(rf_array_new_kind(RF_ELEM_INT, 2));
    rf_array_push(raw.as.arr, rf_int(1));

    assert_int_equal(rf_native_path_step(&d, &a)->as.i, 5);
    assert_int_equal(rf_native_path_step(&d, &index)->as.i, 6);
    assert_null(rf_native_path_step(&d, &none));
    assert_null(rf_native_path_step(&d, &strange));
    assert_ptr_equal(rf_native_path_step(&v, &index), &v.as.arr->as.values[1]);
    assert_ptr_equal(rf_native_path_step(&v, &minus), &v.as.arr->as.values[1]);
    assert_null(rf_native_path_step_int(&v, 2));
    assert_null(rf_native_path_step_int(&v, -3));
    assert_null(rf_native_path_step_int(&raw, 0)); /* its elements are no values */
    assert_null(rf_native_path_step(&a, &index));

    assert_int_equal(rf_native_path_field(&d, proto, 0)->as.i, 5);
    assert_int_equal(rf_native_dict_member(d.as.dict, proto, 0)->as.i, 5);
    assert_null(rf_native_path_field(&v, proto, 0));
    RfValue empty = rf_obj(rf_dict_new(0));
    assert_null(rf_native_path_field(&empty, proto, 0));
    assert_int_equal(rf_native_dict_member(empty.as.dict, proto, 0)->tag, RF_TAG_NULL);

    RfValue shared_dict = rf_retain(d), shared_array = rf_retain(v);
    assert_null(rf_native_path_step(&d, &a));
    assert_null(rf_native_path_step_int(&v, 0));
    assert_null(rf_native_path_field(&d, proto, 0));
    assert_int_equal(rf_native_dict_member(d.as.dict, proto, 0)->as.i, 5); /* reading may */
    RfValue all[] = {shared_dict, shared_array, d, v, raw, empty, a, none};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rf_release(all[i]);
    }
    native_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_frames_are_completed),
        cmocka_unit_test(steps_find_what_is_there_and_unshared),
        cmocka_unit_test(an_exit_is_interpreted_to_the_end),
        cmocka_unit_test(an_exit_of_a_compact_frame_knows_its_function),
        cmocka_unit_test(an_error_finds_the_handler_of_its_function),
        cmocka_unit_test(an_error_without_handler_leaves),
        cmocka_unit_test(a_step_consumes_its_operands),
        cmocka_unit_test(binary_operators),
        cmocka_unit_test(unary_operators),
        cmocka_unit_test(calls_of_values),
        cmocka_unit_test(calls_of_sites),
        cmocka_unit_test(the_place_of_a_call_gives_its_reference),
        cmocka_unit_test(steps_of_a_for),
        cmocka_unit_test(elements_of_values),
        cmocka_unit_test(elements_of_globals),
        cmocka_unit_test(fields_and_variables),
        cmocka_unit_test(arrays_are_made_and_grown),
        cmocka_unit_test(saved_values_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
