/* Commands and their options, as tables, and the parser that serves them all. */
#ifndef RF_CLI_ARGS_H
#define RF_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum RfCommandId {
#define COMMAND(id, name, operands, least, most, handler, summary) RF_COMMAND_##id,
#include "cli/commands.def"
#undef COMMAND
    RF_COMMAND_COUNT
} RfCommandId;

typedef enum RfOptionId {
#define OPTION(id, long_name, letter, argument, kind, commands, help) RF_OPTION_##id,
#include "cli/options.def"
#undef OPTION
    RF_OPTION_COUNT
} RfOptionId;

typedef enum RfOptionKind { RF_KIND_NONE, RF_KIND_TEXT, RF_KIND_COUNT, RF_KIND_NUMBER, RF_KIND_CHOICE, RF_KIND_OPTIONAL } RfOptionKind;

typedef struct RfArgs RfArgs;
typedef int RfCommandHandler(const RfArgs *args); /* gives the exit code */

typedef struct RfCommand {
    const char *name, *operands;
    int least, most; /* number of operands; most -1: any, -2: a program and its arguments */
    RfCommandHandler *handler;
    const char *summary;
} RfCommand;

#define RF_OPERANDS_MANY (-1)
#define RF_OPERANDS_SCRIPT (-2)

typedef struct RfOption {
    const char *name;
    char letter; /* 0: none */
    uint8_t kind;
    const char *argument; /* shown name, or the words of a choice; NULL for a flag */
    uint32_t commands;    /* bit per RfCommandId */
    const char *help;
} RfOption;

extern const RfCommand rf_commands[RF_COMMAND_COUNT];
extern const RfOption rf_options[RF_OPTION_COUNT];

typedef struct RfOptionUse {
    uint8_t option; /* RfOptionId */
    const char *value;
} RfOptionUse;

/* A parsed command line. Texts are those of main's argv. */
struct RfArgs {
    const RfCommand *command;
    RfOptionUse *uses; /* in order */
    int use_count;
    const char **operands;
    int operand_count;
};

/* Parses the words after the command's name. Returns -1 when the command may run, else the exit code: 2 after a usage
 * error (already printed), 0 after --help. `args` must be freed in every case. */
int rf_args_parse(RfArgs *args, RfCommandId command, int argc, char *const *argv);
void rf_args_free(RfArgs *args);

bool rf_args_has(const RfArgs *args, RfOptionId option);
/* Value of the last use; NULL when the option was not given. */
const char *rf_args_text(const RfArgs *args, RfOptionId option);
/* The same as a number; `fallback` when it was not given. */
uint32_t rf_args_number(const RfArgs *args, RfOptionId option, uint32_t fallback);
/* True when both are given; the usage error has been printed then. */
bool rf_args_conflict(const RfArgs *args, RfOptionId a, RfOptionId b);

/* Prints "error: MESSAGE", the tip (NULL: none) and the usage of a command (NULL: of ruff itself). Returns 2. */
int rf_args_usage_error(const RfCommand *command, const char *tip, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name among names[0..count) that is nearest to `word`, at edit distance 1 or 2; NULL when there is none. */
const char *rf_args_nearest(const char *word, const char *const *names, int count);

#endif
