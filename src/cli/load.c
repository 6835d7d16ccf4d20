/* Loads the program a command line names, for commands whose first operand is a program or which accept -e instead. */
#include "cli/load.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"

const char *rf_load_file_operand(const RfArgs *args)
{
    return rf_args_has(args, RF_OPTION_EVAL) ? NULL : args->operands[0];
}

const char *rf_load_name(const RfArgs *args)
{
    const char *file = rf_load_file_operand(args);
    return file == NULL ? "<eval>" : strcmp(file, "-") == 0 ? "<stdin>" : file;
}

/* The pieces of -e, joined by newlines. */
static RfBuf join_code(const RfArgs *args)
{
    RfBuf code = RF_BUF_INIT;
    bool first = true;
    for (int i = 0; i < args->use_count; i++) {
        if (args->uses[i].option == RF_OPTION_EVAL) {
            if (!first) {
                rf_buf_putc(&code, '\n');
            }
            rf_buf_puts(&code, args->uses[i].value);
            first = false;
        }
    }
    return code;
}

RuffStatus rf_load_program(RuffVM *vm, const RfArgs *args, RuffProgram **program)
{
    const char *file = rf_load_file_operand(args);
    if (file == NULL) {
        RfBuf code = join_code(args);
        RuffStatus status = ruff_load(vm, "<eval>", code.data ? code.data : "", code.len, program);
        rf_buf_free(&code);
        return status;
    }
    if (strcmp(file, "-") == 0) {
        return ruff_load_fd(vm, STDIN_FILENO, "<stdin>", program);
    }
    return ruff_load_file(vm, file, program);
}
