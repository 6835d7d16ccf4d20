/* The verifier refuses code that breaks what the VM takes for granted: each case damages one instruction of good code. */
#include "bytecode_fixture.h"

static const char source[] = "func f(a, b) {\n"
                             "  for x in a { b := push(b, x)\n"
                             "    b[0] := x }\n"
                             "  try { b.c.d := 1 } except e { print(e) } finally { print(b) }\n"
                             "  func g() { return g }\n"
                             "  return g ?? b.m(a) }\n";

static RfInstr *first(RfProto *p, RfOp op)
{
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        if (p->code[pc].op == op) {
            return &p->code[pc];
        }
    }
    fail_msg("no %s", rf_op_info[op].name);
    return NULL;
}

static void refused(const Fixture *f, const char *part)
{
    char *message = rf_verify(f->module->main);
    assert_non_null(message);
    if (!strstr(message, part)) {
        print_error("%s\n", message);
    }
    assert_non_null(strstr(message, part));
    free(message);
}

typedef struct Damage {
    RfOp op;          /* its first instruction */
    RfInstr to;       /* becomes this */
    const char *part; /* of the message */
} Damage;

static void single_instructions(void **state)
{
    (void)state;
    static const Damage cases[] = {
        {RF_OP_LOAD_LOCAL, {RF_OP_LOAD_LOCAL, 99, 0}, "local 99"},
        {RF_OP_LOAD_LOCAL, {RF_OP_LOAD_LOCAL, 2, 0}, "cell"},
        {RF_OP_LOAD_LOCAL, {RF_OP_LOAD_LOCAL, 0, RF_VARREF(900, RF_VARREF_MAYBE)}, "fall-back global"},
        {RF_OP_CONST, {RF_OP_CONST, 0, 77}, "constant 77"},
        {RF_OP_CONST, {RF_OP_NOP, 0, 0}, ""},
        {RF_OP_LOAD_GLOBAL, {RF_OP_LOAD_GLOBAL, 0, 500}, "global 500"},
        {RF_OP_JUMP, {RF_OP_JUMP, 0, 5000}, "jump target"},
        {RF_OP_JUMP, {RF_OP_JUMP, 0, 0}, "wrong way"},
        {RF_OP_FOR_LOOP, {RF_OP_FOR_LOOP, 0, 4}, ""},
        {RF_OP_CALL, {RF_OP_CALL, 9, 0}, "takes 10 values"},
        {RF_OP_CALL, {RF_OP_CALL, 2, 44}, "call site"},
        {RF_OP_POP, {RF_OP_DUP, 0, 0}, ""},
        {RF_OP_STORE_SHARED, {RF_OP_STORE_SHARED, 0, 0}, "cell"},
        {RF_OP_RETHROW, {RF_OP_NOP, 0, 0}, "depth 1"},
        {RF_OP_RETURN, {RF_OP_POP, 0, 0}, ""},
        {RF_OP_CALL_METHOD, {RF_OP_CALL_METHOD, 1, 9}, "method site"},
        {RF_OP_STORE_PATH, {RF_OP_STORE_PATH, 2, 0}, "flag"},
        {RF_OP_CLEAR, {RF_OP_CLEAR, 0, 60}, "range of locals"},
        {RF_OP_DUP, {RF_OP_YIELD, 0, 0}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Fixture f;
        fixture_open(&f, source, false);
        assert_true(f.good);
        assert_verified(&f);
        RfProto *p = f.module->main->protos[0];
        bool present = strstr(ops_of(&f, "f"), rf_op_info[cases[i].op].name) != NULL;
        if (present) {
            RfInstr *in = first(p, cases[i].op);
            RfInstr old = *in;
            *in = cases[i].to;
            refused(&f, cases[i].part);
            *in = old;
        }
        assert_verified(&f);
        fixture_close(&f);
    }
}

static void tables(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, source, false);
    RfProto *p = f.module->main->protos[0];
    p->max_stack++;
    refused(&f, "max_stack");
    p->max_stack--;
    p->handlers[0].depth = 3;
    refused(&f, "handler");
    p->handlers[0].depth = 0;
    p->handlers[0].target = p->handlers[0].start;
    refused(&f, "inside its own range");
    fixture_close(&f);
}

static void raise_needs_a_name(void **state)
{
    (void)state;
    Fixture f;
    fixture_open(&f, "func f() { let x := 1\n x := 2 }", false);
    RfProto *p = f.module->main->protos[0];
    RfInstr *in = first(p, RF_OP_RAISE);
    assert_verified(&f);
    in->b = 0;
    refused(&f, "no string");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_instructions),
        cmocka_unit_test(tables),
        cmocka_unit_test(raise_needs_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
