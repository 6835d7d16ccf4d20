/* Fills public error objects: from diagnostics of the front end, from runtime errors, from complaints of the driver.
 *
 * Source lines for excerpts are copied at once, so an error stays complete when its program is gone. */
#include "api/failure.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "runtime/runtime.h"
#include "runtime/text.h"

void rf_failure_init(RuffError *error)
{
    *error = (RuffError){.status = RUFF_OK, .arena = RF_ARENA_INIT};
}

void rf_failure_free(RuffError *error)
{
    rf_arena_free(&error->arena);
    rf_failure_init(error);
}

/* Empties the error and gives it room for `count` reports. */
static void start(RuffError *error, RuffStatus status, size_t count)
{
    rf_failure_free(error);
    error->status = status;
    error->reports = RF_ARENA_ARRAY(&error->arena, RfReport, count);
    error->count = count;
}

static const char *copy(RuffError *error, const char *text)
{
    return text ? rf_arena_strdup(&error->arena, text, strlen(text)) : NULL;
}

static const char *copy_string(RuffError *error, const RfString *s)
{
    return s ? rf_arena_strdup(&error->arena, s->data, s->len) : NULL;
}

static void set_message(RuffError *error, RfReport *report, const char *bytes, size_t len)
{
    report->diag.message = rf_arena_strdup(&error->arena, bytes, len);
    report->diag.message_len = len;
}

static void set_va(RuffError *error, RuffStatus status, RuffDiagnostic diag, const char *format, va_list args)
{
    RfBuf text = RF_BUF_INIT; /* built before the old contents go: arguments may point into them */
    rf_buf_vprintf(&text, format, args);
    RfBuf file = RF_BUF_INIT;
    if (diag.file) {
        rf_buf_puts(&file, diag.file);
    }
    start(error, status, 1);
    error->reports[0].diag = diag;
    set_message(error, &error->reports[0], rf_buf_cstr(&text), text.len);
    if (diag.file) {
        error->reports[0].diag.file = rf_arena_strdup(&error->arena, file.data, file.len);
    }
    rf_buf_free(&text);
    rf_buf_free(&file);
}

void rf_failure_set(RuffError *error, RuffStatus status, const char *code, const char *subsystem, const char *file,
                    RfPos pos, const char *help, const char *format, ...)
{
    RuffDiagnostic diag = {
        .code = code, .subsystem = subsystem, .file = file, .line = pos.line, .column = pos.column, .help = help};
    va_list args;
    va_start(args, format);
    set_va(error, status, diag, format, args);
    va_end(args);
}

void rf_failure_set_cli(RuffError *error, RuffStatus status, const char *format, ...)
{
    RuffDiagnostic diag = {.code = "RUFCLI001", .subsystem = "cli"};
    va_list args;
    va_start(args, format);
    set_va(error, status, diag, format, args);
    va_end(args);
}

/* ---- source lines ---- */

typedef struct Lines {
    const char *source;
    size_t len;
    size_t at; /* start of line number `line` */
    uint32_t line;
} Lines;

/* End of the line that starts at `at`: the index of its terminator or of the end of the source. */
static size_t line_end(const Lines *lines, size_t at)
{
    while (at < lines->len && lines->source[at] != '\n' && lines->source[at] != '\r') {
        at++;
    }
    return at;
}

/* Start of the line after the terminator at `end` (CRLF counts once). */
static size_t after_terminator(const Lines *lines, size_t end)
{
    bool crlf = lines->source[end] == '\r' && end + 1 < lines->len && lines->source[end + 1] == '\n';
    return end + (crlf ? 2 : 1);
}

/* Moves to `line`; false when the source has fewer lines. Diagnostics come in order, so the walk usually goes on from
 * the line before. */
static bool seek_line(Lines *lines, uint32_t line)
{
    if (line < lines->line) {
        lines->at = 0;
        lines->line = 1;
    }
    while (lines->line < line) {
        size_t end = line_end(lines, lines->at);
        if (end == lines->len) {
            return false;
        }
        lines->at = after_terminator(lines, end);
        lines->line++;
    }
    return true;
}

static void set_excerpt(RuffError *error, RfReport *report, const char *line, size_t len, uint32_t number,
                        uint32_t column)
{
    report->excerpt = rf_arena_strdup(&error->arena, line, len);
    report->excerpt_len = len;
    report->excerpt_line = number;
    report->excerpt_column = column;
}

/* A position at the end of the file is shown after the last line that has text. */
static void set_excerpt_at_end(RuffError *error, RfReport *report, Lines *lines)
{
    size_t end = lines->len;
    while (end > 0 && (lines->source[end - 1] == '\n' || lines->source[end - 1] == '\r')) {
        end--;
    }
    if (end == 0) {
        return;
    }
    uint32_t number = 1;
    size_t begin = 0;
    for (size_t stop = line_end(lines, 0); stop < end; stop = line_end(lines, begin)) {
        begin = after_terminator(lines, stop);
        number++;
    }
    uint32_t column = (uint32_t)rf_utf8_count(lines->source + begin, end - begin) + 1;
    set_excerpt(error, report, lines->source + begin, end - begin, number, column);
}

static void find_excerpt(RuffError *error, RfReport *report, Lines *lines)
{
    uint32_t line = report->diag.line;
    if (lines->source == NULL || line == 0 || !seek_line(lines, line)) {
        return;
    }
    size_t end = line_end(lines, lines->at);
    if (end > lines->at) {
        set_excerpt(error, report, lines->source + lines->at, end - lines->at, line, report->diag.column);
    } else if (end == lines->len) {
        set_excerpt_at_end(error, report, lines);
    }
}

/* ---- front end ---- */

static RuffDiagnostic describe(const RfDiag *diag, const char *file)
{
    bool lexer = diag->kind < RF_DIAG_PARSE;
    bool compile = diag->kind == RF_DIAG_COMPILE;
    return (RuffDiagnostic){
        .code = rf_diag_code(diag->kind),
        .subsystem = lexer     ? "lexer"
                     : compile ? "vm"
                               : "parser",
        .file = file,
        .line = diag->pos.line,
        .column = diag->pos.column,
        .help = lexer     ? "Fix the lexical error in source and run again."
                : compile ? NULL
                          : "Fix the parse error and rerun Ruff.",
    };
}

void rf_failure_set_diags(RuffError *error, const RfDiagList *diags, const char *file, const char *source, size_t len)
{
    bool compile = diags->len > 0 && diags->items[0].kind == RF_DIAG_COMPILE;
    start(error, compile ? RUFF_ERROR_COMPILE : RUFF_ERROR_SYNTAX, diags->len);
    error->dropped = diags->dropped;
    Lines lines = {source, len, 0, 1};
    file = copy(error, file);
    for (size_t i = 0; i < diags->len; i++) {
        RfReport *report = &error->reports[i];
        report->diag = describe(&diags->items[i], file);
        if (compile) {
            RfBuf text = RF_BUF_INIT;
            rf_buf_printf(&text, "Compilation error: %s", diags->items[i].message);
            set_message(error, report, text.data, text.len);
            rf_buf_free(&text);
        } else {
            set_message(error, report, diags->items[i].message, strlen(diags->items[i].message));
        }
        find_excerpt(error, report, &lines);
    }
}

/* ---- runtime errors ---- */

/* The message of a cause: its field `message` when that is a string, else its text form. */
static const char *describe_cause(RuffError *error, RfValue cause)
{
    if (rf_is_struct(cause)) {
        const RfShape *shape = cause.as.strct->shape;
        for (uint32_t i = 0; i < shape->nfields; i++) {
            RfValue field = cause.as.strct->fields[i];
            if (rf_is_string(field) && strcmp(shape->names[i]->data, "message") == 0) {
                return copy_string(error, field.as.str);
            }
        }
    }
    RfBuf text = RF_BUF_INIT;
    rf_text_put(&text, cause);
    const char *result = rf_arena_strdup(&error->arena, text.len > 0 ? text.data : "", text.len);
    rf_buf_free(&text);
    return result;
}

static void copy_frames(RuffError *error, const RfError *from)
{
    error->frames = RF_ARENA_ARRAY(&error->arena, RuffFrame, from->trace_len);
    error->frame_count = from->trace_len;
    const RfString *last_file = NULL, *last_function = NULL; /* deep recursion repeats them: share the copies */
    for (uint32_t i = 0; i < from->trace_len; i++) {
        const RfTraceEntry *entry = &from->trace[i];
        RuffFrame *frame = &error->frames[i];
        *frame = (RuffFrame){.line = entry->line, .column = entry->column, .is_function = entry->is_function};
        frame->file = i > 0 && entry->file == last_file ? error->frames[i - 1].file : copy_string(error, entry->file);
        frame->function = i > 0 && entry->function == last_function ? error->frames[i - 1].function
                                                                    : copy_string(error, entry->function);
        last_file = entry->file;
        last_function = entry->function;
    }
}

void rf_failure_set_runtime(RuffError *error, const RfError *from, RfSourceLookup *lookup, void *context)
{
    start(error, RUFF_ERROR_RUNTIME, 1);
    copy_frames(error, from);
    RfReport *report = &error->reports[0];
    report->diag = (RuffDiagnostic){.code = "RUFVM001", .subsystem = "vm", .help = copy(error, from->help)};
    set_message(error, report, from->message ? from->message->data : "", from->message ? from->message->len : 0);
    error->did_you_mean = copy_string(error, from->hint);
    error->caused_by = rf_is_undef(from->cause) ? NULL : describe_cause(error, from->cause);
    error->rejected_at = copy_string(error, from->rejected_at);
    if (error->frame_count > 0) {
        const RuffFrame *place = &error->frames[0];
        report->diag.file = place->file;
        report->diag.line = place->line;
        report->diag.column = place->column;
        Lines lines = {NULL, 0, 0, 1};
        lines.source = place->file ? lookup(context, place->file, &lines.len) : NULL;
        find_excerpt(error, report, &lines);
    }
}

/* ---- what hosts may ask ---- */

int ruff_exit_code(RuffStatus status)
{
    static const int codes[] = {
        [RUFF_OK] = 0,
        [RUFF_ERROR_USAGE] = 2,
        [RUFF_ERROR_SYNTAX] = 3,
        [RUFF_ERROR_COMPILE] = 4,
        [RUFF_ERROR_RUNTIME] = 4,
        [RUFF_ERROR_IO] = 5,
        [RUFF_ERROR_INTERNAL] = 6,
    };
    return codes[status];
}

RuffStatus ruff_error_status(const RuffError *error)
{
    return error->status;
}

size_t ruff_error_count(const RuffError *error)
{
    return error->count;
}

RuffDiagnostic ruff_error_diagnostic(const RuffError *error, size_t index)
{
    return index < error->count ? error->reports[index].diag : (RuffDiagnostic){.message = ""};
}

size_t ruff_error_frame_count(const RuffError *error)
{
    return error->frame_count;
}

RuffFrame ruff_error_frame(const RuffError *error, size_t index)
{
    return index < error->frame_count ? error->frames[index] : (RuffFrame){.function = ""};
}
