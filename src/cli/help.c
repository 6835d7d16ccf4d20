/* Help: everything shown comes from commands.def and options.def. */
#include "cli/help.h"

#include <string.h>

#include "cli/handlers.h"
#include "cli/output.h"
#include "cli/reserved.h"

void rf_help_put_usage(RfBuf *out, const RfCommand *command)
{
    if (command == NULL) {
        rf_buf_puts(out, "Usage: ruff COMMAND [OPTIONS] ...\n"
                         "       ruff FILE.ruff [ARGS]...\n"
                         "       ruff -e CODE [ARGS]...\n"
                         "       ruff -\n");
        return;
    }
    rf_buf_printf(out, "Usage: ruff %s [OPTIONS]%s%s\n", command->name, *command->operands ? " " : "",
                  command->operands);
}

static void put_commands(RfBuf *out)
{
    int width = 0;
    for (int i = 0; i < RF_COMMAND_COUNT; i++) {
        int len = (int)strlen(rf_commands[i].name);
        width = len > width ? len : width;
    }
    rf_buf_puts(out, "\nCommands:\n");
    for (int i = 0; i < RF_COMMAND_COUNT; i++) {
        rf_buf_printf(out, "  %-*s  %s\n", width, rf_commands[i].name, rf_commands[i].summary);
    }
}

/* "-q, --quiet" or "    --filter TEXT" */
static void put_option_names(RfBuf *out, const RfOption *option)
{
    if (option->letter) {
        rf_buf_printf(out, "-%c, --%s", option->letter, option->name);
    } else {
        rf_buf_printf(out, "    --%s", option->name);
    }
    if (option->argument) {
        rf_buf_printf(out, " %s", option->argument);
    }
}

static void put_options(RfBuf *out, const RfCommand *command)
{
    uint32_t bit = 1u << (command - rf_commands);
    RfBuf names = RF_BUF_INIT;
    size_t width = 0;
    for (int i = 0; i < RF_OPTION_COUNT; i++) {
        if (rf_options[i].commands & bit) {
            rf_buf_clear(&names);
            put_option_names(&names, &rf_options[i]);
            width = names.len > width ? names.len : width;
        }
    }
    rf_buf_puts(out, "\nOptions:\n");
    for (int i = 0; i < RF_OPTION_COUNT; i++) {
        if (rf_options[i].commands & bit) {
            rf_buf_clear(&names);
            put_option_names(&names, &rf_options[i]);
            rf_buf_printf(out, "  %-*s  %s\n", (int)width, rf_buf_cstr(&names), rf_options[i].help);
        }
    }
    rf_buf_free(&names);
}

void rf_help_print(const RfCommand *command)
{
    RfBuf *out = rf_output_stdout();
    if (command == NULL) {
        rf_buf_puts(out, "Ruff: A modern programming language\n\n");
        rf_help_put_usage(out, NULL);
        put_commands(out);
        rf_buf_puts(out,
                    "\nOptions:\n"
                    "  -h, --help     Show this help\n"
                    "  -V, --version  Show the version\n"
                    "\n'ruff help COMMAND' shows the options of a command; those of 'run' also work with -e and -.\n");
        return;
    }
    rf_buf_printf(out, "%s\n\n", command->summary);
    rf_help_put_usage(out, command);
    put_options(out, command);
}

int rf_help_find_command(const char *name)
{
    for (int i = 0; i < RF_COMMAND_COUNT; i++) {
        if (strcmp(rf_commands[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int rf_help_unknown_command(const char *name)
{
    if (rf_reserved_command(name)) {
        return rf_output_cli_error(RUFF_ERROR_USAGE, "'%s' is a reserved command name", name);
    }
    const char *names[RF_COMMAND_COUNT];
    for (int i = 0; i < RF_COMMAND_COUNT; i++) {
        names[i] = rf_commands[i].name;
    }
    const char *near = rf_args_nearest(name, names, RF_COMMAND_COUNT);
    return rf_args_usage_error(NULL, near, "unrecognized subcommand '%s'", name);
}

int rf_help_command(const RfArgs *args)
{
    if (args->operand_count == 0) {
        rf_help_print(NULL);
        return 0;
    }
    int command = rf_help_find_command(args->operands[0]);
    if (command < 0) {
        return rf_help_unknown_command(args->operands[0]);
    }
    rf_help_print(&rf_commands[command]);
    return 0;
}
