/* Every code that the program can give has an explanation, and the table is in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "front/diag.h"
#include "jit/reason.h"
#include "tools/explain.h"
#include "vm/builtin.h"

static void need(const char *code)
{
    if (!rf_explain_find(code)) {
        fail_msg("no explanation for %s", code);
    }
}

static void every_code(void **state)
{
    (void)state;
    for (int kind = RF_DIAG_LEX_INVALID_CHAR; kind <= RF_DIAG_COMPILE; kind++) {
        need(rf_diag_code((RfDiagKind)kind));
    }
    for (int reason = RF_REASON_NONE + 1; reason < RF_REASON_COUNT; reason++) {
        need(rf_reason_text[reason]);
    }
    for (int cap = RF_CAP_NONE + 1; cap < RF_CAP_COUNT; cap++) {
        need(rf_capability_name((RfCapability)cap));
    }
    static const char *const others[] = {"RUFVM002",
                                         "RUFVM003",
                                         "RUFCLI001",
                                         "RUFLSP001",
                                         "division-by-zero",
                                         "integer-overflow",
                                         "missing-key",
                                         "index-out-of-bounds",
                                         "undefined-variable",
                                         "not-callable",
                                         "arity",
                                         "immutable",
                                         "call-depth",
                                         "promise-rejected",
                                         "lexer-error",
                                         "parse-error",
                                         "immutable-assignment",
                                         "wrong-arity",
                                         "obvious-type-mismatch",
                                         "duplicate-declaration",
                                         "unused-variable",
                                         "unused-import",
                                         "unused-function",
                                         "unreachable-code",
                                         "discarded-copy",
                                         "missing-error-handling-pattern",
                                         "shadowed-builtin",
                                         "self-comparison",
                                         "self-assignment",
                                         "constant-condition",
                                         "duplicate-key",
                                         "empty-block",
                                         "mixed-concat",
                                         "non-bool-not"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        need(others[i]);
    }
}

/* What native code is left or refused for is reported by line, so it needs advice. */
static void advice(void **state)
{
    (void)state;
    for (int reason = RF_REASON_UNSUPPORTED_OP; reason < RF_REASON_VERSION; reason++) {
        const RfExplanation *e = rf_explain_find(rf_reason_text[reason]);
        bool observed = reason == RF_REASON_DEBUGGER;
        assert_true(observed || (e && e->advice && strchr(e->advice, '\n') == NULL));
    }
}

static void see_also(const RfExplanation *e)
{
    for (const char *at = e->see; *at;) {
        char code[64];
        size_t len = strcspn(at, " ");
        assert_true(len > 0 && len < sizeof code);
        snprintf(code, sizeof code, "%.*s", (int)len, at);
        need(code);
        assert_string_not_equal(code, e->code);
        at += len + (at[len] == ' ');
    }
}

static void entries(void **state)
{
    (void)state;
    assert_true(rf_explanation_count > 80);
    for (size_t i = 0; i < rf_explanation_count; i++) {
        const RfExplanation *e = &rf_explanations[i];
        assert_ptr_equal(rf_explain_find(e->code), e); /* no code twice */
        assert_true(strlen(e->title) > 3 && strlen(e->text) > 10);
        for (const char *line = e->text; *line;) {
            size_t len = strcspn(line, "\n");
            assert_in_range(len, 1, 80);
            line += len + (line[len] == '\n');
        }
        see_also(e);
    }
}

static void searching(void **state)
{
    (void)state;
    assert_string_equal(rf_explain_find("rufparse001")->code, "RUFPARSE001");
    assert_null(rf_explain_find("type"));
    assert_null(rf_explain_find(""));
    assert_string_equal(rf_explain_near("type-gaurd"), "type-guard");
    assert_string_equal(rf_explain_near("RUFPARSE01"), "RUFPARSE001");
    assert_null(rf_explain_near("nothing like it at all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code), cmocka_unit_test(advice),
                                       cmocka_unit_test(entries), cmocka_unit_test(searching)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
