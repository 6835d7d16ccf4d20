/* The option parser: long and short options, values, operands, usage errors with tips.
 *
 * A command that runs a program (SCRIPT) takes its own options before the program and after it up to the first word
 * that is not one of them; the rest belongs to the program. */
#include "cli/args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/distance.h"
#include "base/mem.h"
#include "cli/colors.h"
#include "cli/handlers.h"
#include "cli/help.h"
#include "cli/output.h"

#define MANY RF_OPERANDS_MANY
#define SCRIPT RF_OPERANDS_SCRIPT
const RfCommand rf_commands[RF_COMMAND_COUNT] = {
#define COMMAND(id, name, operands, least, most, handler, summary) {name, operands, least, most, handler, summary},
#include "cli/commands.def"
#undef COMMAND
};

#define ON(command) (1u << RF_COMMAND_##command)
#define EVERY ((1u << RF_COMMAND_COUNT) - 1u)
#define PROGRAM (ON(RUN) | ON(TEST_RUN) | ON(PROFILE))
const RfOption rf_options[RF_OPTION_COUNT] = {
#define OPTION(id, long_name, letter, argument, kind, commands, help)                                                  \
    {long_name, letter, RF_KIND_##kind, argument, commands, help},
#include "cli/options.def"
#undef OPTION
};

/* ---- near misses ---- */

const char *rf_args_nearest(const char *word, const char *const *names, int count)
{
    const char *best = NULL;
    size_t best_distance = 3;
    for (int i = 0; i < count; i++) {
        size_t distance = rf_distance_text(word, names[i]);
        if (distance > 0 && distance < best_distance && distance < strlen(names[i])) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

int rf_args_usage_error(const RfCommand *command, const char *tip, const char *format, ...)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, "error: ");
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    rf_buf_puts(&text, "\n\n");
    if (tip) {
        rf_buf_printf(&text, "  tip: did you mean '%s'?\n\n", tip);
    }
    rf_help_put_usage(&text, command);
    rf_output_stderr(&text);
    rf_buf_free(&text);
    return 2;
}

/* ---- parsing ---- */

typedef struct Parser {
    RfArgs *args;
    uint32_t command_bit;
    char *const *words;
    int count, at;
} Parser;

static const RfOption *find_long(const Parser *p, const char *name, size_t len)
{
    for (int i = 0; i < RF_OPTION_COUNT; i++) {
        const RfOption *option = &rf_options[i];
        if ((option->commands & p->command_bit) && strncmp(option->name, name, len) == 0 && option->name[len] == '\0') {
            return option;
        }
    }
    return NULL;
}

static const RfOption *find_letter(const Parser *p, char letter)
{
    for (int i = 0; i < RF_OPTION_COUNT; i++) {
        if ((rf_options[i].commands & p->command_bit) && rf_options[i].letter == letter) {
            return &rf_options[i];
        }
    }
    return NULL;
}

static int unknown(const Parser *p, const char *shown)
{
    const char *names[RF_OPTION_COUNT];
    int count = 0;
    for (int i = 0; i < RF_OPTION_COUNT; i++) {
        if (rf_options[i].commands & p->command_bit) {
            names[count++] = rf_options[i].name;
        }
    }
    const char *near = strncmp(shown, "--", 2) == 0 ? rf_args_nearest(shown + 2, names, count) : NULL;
    if (near == NULL) {
        return rf_args_usage_error(p->args->command, NULL, "unexpected argument '%s' found", shown);
    }
    RfBuf tip = RF_BUF_INIT;
    rf_buf_printf(&tip, "--%s", near);
    int code = rf_args_usage_error(p->args->command, rf_buf_cstr(&tip), "unexpected argument '%s' found", shown);
    rf_buf_free(&tip);
    return code;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *word = choices; word != NULL; word = strchr(word, '|')) {
        word += *word == '|';
        if (len > 0 && strncmp(word, value, len) == 0 && (word[len] == '|' || word[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool is_number(const char *value, uint32_t least)
{
    if (*value < '0' || *value > '9') {
        return false;
    }
    errno = 0;
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    return *end == '\0' && errno == 0 && n >= least && n <= UINT32_MAX;
}

/* Notes one use of an option after checking its value. -1: go on. */
static int use(const Parser *p, const RfOption *option, const char *value)
{
    const RfCommand *command = p->args->command;
    switch ((RfOptionKind)option->kind) {
    case RF_KIND_COUNT:
    case RF_KIND_NUMBER: {
        uint32_t least = option->kind == RF_KIND_COUNT ? 1 : 0;
        if (!is_number(value, least)) {
            return rf_args_usage_error(command, NULL, "invalid value '%s' for '--%s': expected a number from %u to %u",
                                       value, option->name, least, UINT32_MAX);
        }
        break;
    }
    case RF_KIND_CHOICE:
        if (!is_choice(option->argument, value)) {
            return rf_args_usage_error(command, NULL, "invalid value '%s' for '--%s': expected one of %s", value,
                                       option->name, option->argument);
        }
        break;
    case RF_KIND_NONE:
    case RF_KIND_MAYBE:
    case RF_KIND_TEXT: break;
    }
    p->args->uses[p->args->use_count++] = (RfOptionUse){(uint8_t)(option - rf_options), value};
    return -1;
}

/* The value that follows in the next word; NULL after a usage error. */
static const char *next_value(Parser *p, const RfOption *option)
{
    if (p->at == p->count) {
        rf_args_usage_error(p->args->command, NULL, "a value is required for '--%s %s' but none was supplied",
                            option->name, option->argument);
        return NULL;
    }
    return p->words[p->at++];
}

/* The next word is the file of an option that may have one, unless it is an option, a program or a directory: those are
 * what the command works on. `--opt=FILE` is never taken for anything else. */
static bool is_value(const Parser *p)
{
    struct stat info;
    const char *word = p->at < p->count ? p->words[p->at] : "-";
    size_t len = strlen(word);
    bool program = len >= 5 && strcmp(word + len - 5, ".ruff") == 0;
    return len > 0 && word[0] != '-' && word[len - 1] != '/' && !program &&
           !(stat(word, &info) == 0 && S_ISDIR(info.st_mode));
}

static int parse_long(Parser *p, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const RfOption *option = find_long(p, word + 2, len - 2);
    if (option == NULL) {
        char *shown = strndup(word, len);
        int code = unknown(p, shown ? shown : word);
        free(shown);
        return code;
    }
    if (option->kind == RF_KIND_NONE) {
        return equals ? rf_args_usage_error(p->args->command, NULL, "unexpected value '%s' for '--%s' found",
                                            equals + 1, option->name)
                      : use(p, option, NULL);
    }
    if (option->kind == RF_KIND_MAYBE && !equals) {
        return use(p, option, is_value(p) ? p->words[p->at++] : NULL);
    }
    const char *value = equals ? equals + 1 : next_value(p, option);
    return value ? use(p, option, value) : 2;
}

/* -abc: each letter an option; the value of one that takes it is the rest of the word or the next word. */
static int parse_letters(Parser *p, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const RfOption *option = find_letter(p, *letter);
        if (option == NULL) {
            size_t width = 1; /* show a whole character */
            while (((unsigned char)letter[width] & 0xC0) == 0x80) {
                width++;
            }
            RfBuf shown = RF_BUF_INIT;
            rf_buf_putc(&shown, '-');
            rf_buf_put(&shown, letter, width);
            int code = unknown(p, rf_buf_cstr(&shown));
            rf_buf_free(&shown);
            return code;
        }
        const char *value = NULL;
        if (option->kind != RF_KIND_NONE) {
            value = letter[1] ? letter + 1 : next_value(p, option);
            if (value == NULL) {
                return 2;
            }
        }
        int code = use(p, option, value);
        if (code >= 0 || value != NULL) {
            return code;
        }
    }
    return -1;
}

static bool is_option_word(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Once the program is known, only words that are options of the command are still looked at; help and further pieces of
 * code after a file belong to the program. */
static bool belongs_to_script(const Parser *p, const char *word)
{
    bool has_file = p->args->operand_count > 0;
    if (!has_file && !rf_args_has(p->args, RF_OPTION_EVAL)) {
        return false;
    }
    if (!is_option_word(word)) {
        return true;
    }
    const char *equals = strchr(word, '=');
    const RfOption *option = strncmp(word, "--", 2) != 0
                                 ? find_letter(p, word[1])
                                 : find_long(p, word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word + 2));
    return option == NULL || option == &rf_options[RF_OPTION_HELP] ||
           (has_file && option == &rf_options[RF_OPTION_EVAL]);
}

static void take_rest(Parser *p)
{
    while (p->at < p->count) {
        p->args->operands[p->args->operand_count++] = p->words[p->at++];
    }
}

static int check_operands(const RfArgs *args)
{
    const RfCommand *command = args->command;
    if (rf_args_has(args, RF_OPTION_HELP)) {
        rf_help_print(command);
        return 0;
    }
    if (args->operand_count < command->least && !rf_args_has(args, RF_OPTION_EVAL)) {
        size_t len = strcspn(command->operands, " |.");
        return rf_args_usage_error(command, NULL, "the following required arguments were not provided: %.*s", (int)len,
                                   command->operands);
    }
    if (command->most >= 0 && args->operand_count > command->most) {
        return rf_args_usage_error(command, NULL, "unexpected argument '%s' found", args->operands[command->most]);
    }
    return -1;
}

int rf_args_parse(RfArgs *args, RfCommandId command, int argc, char *const *argv)
{
    size_t most = (size_t)argc;
    for (int i = 0; i < argc; i++) {
        most += strlen(argv[i]); /* letters of one word may be several options */
    }
    *args = (RfArgs){.command = &rf_commands[command]};
    args->uses = malloc((most + 1) * sizeof *args->uses);
    args->operands = malloc(((size_t)argc + 1) * sizeof *args->operands);
    if (args->uses == NULL || args->operands == NULL) {
        rf_mem_exhausted((most + 1) * sizeof *args->uses);
    }
    Parser p = {args, 1u << command, argv, argc, 0};
    bool script = args->command->most == RF_OPERANDS_SCRIPT;
    while (p.at < p.count) {
        const char *word = p.words[p.at];
        if (strcmp(word, "--") == 0) {
            p.at++;
            take_rest(&p);
            break;
        }
        if (script && belongs_to_script(&p, word)) {
            take_rest(&p);
            break;
        }
        p.at++;
        int code = -1;
        if (!is_option_word(word)) {
            args->operands[args->operand_count++] = word;
        } else {
            code = word[1] == '-' ? parse_long(&p, word) : parse_letters(&p, word);
        }
        if (code >= 0) {
            return code;
        }
    }
    const char *color = rf_args_text(args, RF_OPTION_COLOR);
    if (color) {
        rf_colors_choose(color);
    }
    return check_operands(args);
}

void rf_args_free(RfArgs *args)
{
    free(args->uses);
    free(args->operands);
    *args = (RfArgs){.command = NULL};
}

/* ---- what commands ask ---- */

const char *rf_args_text(const RfArgs *args, RfOptionId option)
{
    for (int i = args->use_count; i-- > 0;) {
        if (args->uses[i].option == option) {
            return args->uses[i].value;
        }
    }
    return NULL;
}

bool rf_args_has(const RfArgs *args, RfOptionId option)
{
    for (int i = 0; i < args->use_count; i++) {
        if (args->uses[i].option == option) {
            return true;
        }
    }
    return false;
}

uint32_t rf_args_number(const RfArgs *args, RfOptionId option, uint32_t fallback)
{
    const char *text = rf_args_text(args, option);
    return text ? (uint32_t)strtoul(text, NULL, 10) : fallback;
}

bool rf_args_conflict(const RfArgs *args, RfOptionId a, RfOptionId b)
{
    if (!rf_args_has(args, a) || !rf_args_has(args, b)) {
        return false;
    }
    rf_args_usage_error(args->command, NULL, "the argument '--%s' cannot be used with '--%s'", rf_options[a].name,
                        rf_options[b].name);
    return true;
}
