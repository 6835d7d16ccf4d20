/* Diagnostics as text and as JSON.
 *
 * Nothing is looked up here: an error object carries its source lines. Colour is used in runtime blocks only. */
#include "api/render.h"

#include "api/handles.h"

#define SHOWN_FRAMES 64u /* longer call stacks show their first 32 and last 31 frames */
#define SHOWN_FIRST 32u
#define SHOWN_LAST 31u

#define STYLE_HEADER "\033[1;31m"
#define STYLE_PLACE "\033[34m"
#define STYLE_CARET "\033[31m"
#define STYLE_END "\033[0m"

typedef struct Painter {
    RfBuf *out;
    bool color;
} Painter;

static void begin(const Painter *p, const char *style)
{
    if (p->color) {
        rf_buf_puts(p->out, style);
    }
}

static void end(const Painter *p)
{
    begin(p, STYLE_END);
}

static void put_spaces(RfBuf *out, size_t n)
{
    while (n-- > 0) {
        rf_buf_putc(out, ' ');
    }
}

/* Width of the line-number column. */
static size_t gutter_width(uint32_t line)
{
    size_t width = 2;
    for (uint32_t rest = line / 100; rest > 0; rest /= 10) {
        width++;
    }
    return width;
}

static void put_excerpt(const Painter *p, const RfReport *report, size_t width)
{
    RfBuf *out = p->out;
    begin(p, STYLE_PLACE);
    put_spaces(out, width + 1);
    rf_buf_puts(out, "|");
    end(p);
    rf_buf_puts(out, "\n");
    begin(p, STYLE_PLACE);
    rf_buf_printf(out, "%*u |", (int)width, report->excerpt_line);
    end(p);
    rf_buf_puts(out, " ");
    for (size_t i = 0; i < report->excerpt_len; i++) {
        rf_buf_putc(out, report->excerpt[i] == '\t' ? ' ' : report->excerpt[i]);
    }
    rf_buf_puts(out, "\n");
    begin(p, STYLE_PLACE);
    put_spaces(out, width + 1);
    rf_buf_puts(out, "|");
    end(p);
    put_spaces(out, report->excerpt_column > 0 ? report->excerpt_column : 1);
    begin(p, STYLE_CARET);
    rf_buf_puts(out, "^");
    end(p);
    rf_buf_puts(out, "\n");
}

/* "= LABEL TEXT AFTER" under the excerpt; nothing when there is no text. */
static void put_note(RfBuf *out, size_t indent, const char *label, const char *text, const char *after)
{
    if (text) {
        put_spaces(out, indent);
        rf_buf_puts(out, "= ");
        rf_buf_puts(out, label);
        rf_buf_puts(out, text);
        rf_buf_puts(out, after);
        rf_buf_putc(out, '\n');
    }
}

static void put_place(RfBuf *out, const char *file, uint32_t line, uint32_t column)
{
    rf_buf_printf(out, "%s:%u:%u", file ? file : "<unknown>", line, column);
}

static void put_block(const Painter *p, const RuffError *error, const RfReport *report)
{
    RfBuf *out = p->out;
    bool runtime = error->status == RUFF_ERROR_RUNTIME;
    begin(p, STYLE_HEADER);
    rf_buf_printf(out, "[%s] [%s] %s: ", report->diag.code, report->diag.subsystem,
                  runtime ? "Runtime Error" : "error");
    rf_buf_put(out, report->diag.message, report->diag.message_len);
    end(p);
    rf_buf_putc(out, '\n');
    size_t indent = 2;
    if (report->diag.line > 0) {
        begin(p, STYLE_PLACE);
        rf_buf_puts(out, "  --> ");
        put_place(out, report->diag.file, report->diag.line, report->diag.column);
        end(p);
        rf_buf_putc(out, '\n');
    }
    if (report->excerpt) {
        size_t width = gutter_width(report->excerpt_line);
        put_excerpt(p, report, width);
        indent = width + 1;
    }
    put_note(out, indent, "help: ", report->diag.help, "");
    put_note(out, indent, "Did you mean '", error->did_you_mean, "'?");
    put_note(out, indent, "note: caused by: ", error->caused_by, "");
    put_note(out, indent, "note: rejected at ", error->rejected_at, "");
}

/* A stack is worth showing unless the error was raised directly in the main script. */
static bool has_call_stack(const RuffError *error)
{
    return error->frame_count > 1 || (error->frame_count == 1 && error->frames[0].is_function);
}

static void put_call_stack(RfBuf *out, const RuffError *error)
{
    rf_buf_puts(out, "\nCall stack:\n");
    size_t n = error->frame_count;
    for (size_t i = 0; i < n; i++) {
        if (n > SHOWN_FRAMES && i == SHOWN_FIRST) {
            rf_buf_printf(out, "  ... %zu more frames ...\n", n - SHOWN_FIRST - SHOWN_LAST);
            i = n - SHOWN_LAST;
        }
        const RuffFrame *frame = &error->frames[i];
        rf_buf_printf(out, "  %zu at %s (", i, frame->function ? frame->function : "<unknown>");
        put_place(out, frame->file, frame->line, frame->column);
        rf_buf_puts(out, ")\n");
    }
}

void rf_render_human(RfBuf *out, const RuffError *error, bool color)
{
    bool runtime = error->status == RUFF_ERROR_RUNTIME;
    Painter p = {out, color && runtime};
    for (size_t i = 0; i < error->count; i++) {
        if (i > 0) {
            rf_buf_putc(out, '\n');
        }
        put_block(&p, error, &error->reports[i]);
    }
    if (error->dropped > 0) {
        rf_buf_printf(out, "\n%zu more errors not shown\n", error->dropped);
    }
    if (runtime) {
        if (has_call_stack(error)) {
            put_call_stack(out, error);
        }
        rf_buf_putc(out, '\n');
    }
}

void rf_render_diagnostic(RfJson *json, const RuffError *error, size_t index)
{
    const RuffDiagnostic *diag = &error->reports[index].diag;
    rf_json_object(json);
    rf_json_key_cstr(json, "code", diag->code);
    rf_json_key_int(json, "column", diag->column);
    rf_json_key_cstr(json, "file", diag->file);
    rf_json_key(json, "help");
    if (diag->help == NULL && error->did_you_mean != NULL) {
        RfBuf text = RF_BUF_INIT;
        rf_buf_printf(&text, "Did you mean '%s'?", error->did_you_mean);
        rf_json_text(json, text.data, text.len);
        rf_buf_free(&text);
    } else {
        rf_json_cstr(json, diag->help);
    }
    rf_json_key_int(json, "line", diag->line);
    rf_json_key(json, "message");
    rf_json_text(json, diag->message, diag->message_len);
    rf_json_key_cstr(json, "severity", "error");
    rf_json_key_cstr(json, "subsystem", diag->subsystem);
    rf_json_object_end(json);
}

void rf_render_diagnostics(RfJson *json, const RuffError *error)
{
    rf_json_array(json);
    for (size_t i = 0; i < error->count; i++) {
        rf_render_diagnostic(json, error, i);
    }
    rf_json_array_end(json);
}

void rf_render_call_stack(RfJson *json, const RuffError *error)
{
    rf_json_array(json);
    for (size_t i = error->frame_count; i-- > 0;) {
        const RuffFrame *frame = &error->frames[i];
        if (frame->is_function) {
            rf_json_object(json);
            rf_json_key_int(json, "column", frame->column);
            rf_json_key_cstr(json, "file", frame->file);
            rf_json_key_cstr(json, "function", frame->function);
            rf_json_key_int(json, "line", frame->line);
            rf_json_object_end(json);
        }
    }
    rf_json_array_end(json);
}

char *ruff_render_error(const RuffError *error, RuffRender format, unsigned flags)
{
    RfBuf text = RF_BUF_INIT;
    if (format == RUFF_RENDER_HUMAN) {
        rf_render_human(&text, error, (flags & RUFF_RENDER_COLOR) != 0);
    } else {
        RfJson json = rf_json_start(&text);
        rf_json_object(&json);
        rf_json_key(&json, "call_stack");
        rf_render_call_stack(&json, error);
        rf_json_key(&json, "diagnostics");
        rf_render_diagnostics(&json, error);
        rf_json_key_int(&json, "exit_code", ruff_exit_code(error->status));
        rf_json_object_end(&json);
        rf_json_finish(&json);
    }
    return rf_export_text(&text, NULL);
}
