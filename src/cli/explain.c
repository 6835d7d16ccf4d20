/* `ruff explain`: what a code means, with a program that shows it and one that is right. */
#include "tools/explain.h"

#include <string.h>

#include "cli/handlers.h"
#include "cli/output.h"

/* "Wrong:" and the program, indented. */
static void put_program(RfBuf *out, const char *head, const char *program)
{
    if (program == NULL) {
        return;
    }
    rf_buf_printf(out, "\n%s\n", head);
    for (const char *line = program; *line;) {
        size_t len = strcspn(line, "\n");
        rf_buf_printf(out, "%s%.*s\n", len ? "    " : "", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void print_text(const RfExplanation *e)
{
    RfBuf *out = rf_output_stdout();
    rf_buf_printf(out, "%s: %s\n\n%s\n", e->code, e->title, e->text);
    put_program(out, "Wrong:", e->wrong);
    put_program(out, "Right:", e->right);
    if (*e->see) {
        rf_buf_puts(out, "\nSee also: ");
        for (const char *c = e->see; *c; c++) {
            rf_buf_puts(out, *c == ' ' ? ", " : "");
            rf_buf_put(out, c, *c != ' ');
        }
        rf_buf_putc(out, '\n');
    }
}

static void put_see_also(RfJson *json, const char *see)
{
    rf_json_key(json, "see_also");
    rf_json_array(json);
    while (*see) {
        size_t len = strcspn(see, " ");
        rf_json_text(json, see, len);
        see += len + (see[len] == ' ');
    }
    rf_json_array_end(json);
}

static void print_json(const RfExplanation *e)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "code", e->code);
    rf_json_key_cstr(&json, "command", "explain");
    rf_json_key_cstr(&json, "example_right", e->right);
    rf_json_key_cstr(&json, "example_wrong", e->wrong);
    put_see_also(&json, e->see);
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_key_cstr(&json, "text", e->text);
    rf_json_key_cstr(&json, "title", e->title);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static void print_list(bool as_json)
{
    if (!as_json) {
        for (size_t i = 0; i < rf_explanation_count; i++) {
            rf_buf_printf(rf_output_stdout(), "%-32s %s\n", rf_explanations[i].code, rf_explanations[i].title);
        }
        return;
    }
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key(&json, "codes");
    rf_json_array(&json);
    for (size_t i = 0; i < rf_explanation_count; i++) {
        rf_json_object(&json);
        rf_json_key_cstr(&json, "code", rf_explanations[i].code);
        rf_json_key_cstr(&json, "title", rf_explanations[i].title);
        rf_json_object_end(&json);
    }
    rf_json_array_end(&json);
    rf_json_key_cstr(&json, "command", "explain");
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static int unknown(const char *code, bool as_json)
{
    const char *near = rf_explain_near(code);
    RfBuf help = RF_BUF_INIT;
    rf_buf_printf(&help, near ? "Did you mean '%s'?" : "'ruff explain --list' shows all codes.", near);
    RuffError error;
    rf_failure_init(&error);
    rf_failure_set(&error, RUFF_ERROR_USAGE, "RUFCLI001", "cli", NULL, (RfPos){0, 0}, rf_buf_cstr(&help),
                   "No explanation for '%s'", code);
    int exit_code = ruff_exit_code(RUFF_ERROR_USAGE);
    if (as_json) {
        const RuffError *errors[] = {&error};
        rf_output_envelope("explain", errors, 1, ruff_error_diagnostic(&error, 0).message, exit_code);
    } else {
        rf_output_error(&error);
    }
    rf_failure_free(&error);
    rf_buf_free(&help);
    return exit_code;
}

int rf_explain_command(const RfArgs *args)
{
    bool as_json = rf_args_has(args, RF_OPTION_JSON);
    if (rf_args_has(args, RF_OPTION_LIST_CODES)) {
        if (args->operand_count > 0) {
            return rf_args_usage_error(args->command, NULL, "unexpected argument '%s' found", args->operands[0]);
        }
        print_list(as_json);
        return 0;
    }
    if (args->operand_count == 0) {
        return rf_args_usage_error(args->command, NULL, "the following required arguments were not provided: CODE");
    }
    const RfExplanation *e = rf_explain_find(args->operands[0]);
    if (e == NULL) {
        return unknown(args->operands[0], as_json);
    }
    as_json ? print_json(e) : print_text(e);
    return 0;
}
