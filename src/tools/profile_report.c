/* The profile as text (cli.md 6.2) and the tier report (6.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/explain.h"
#include "tools/profile.h"

#define MEGABYTE 1048576.0
#define SITES 5u
#define RULE "===================================\n" /* 35 */

static double seconds(const RfProf *p, uint64_t samples)
{
    return (double)samples / p->hz;
}

/* Characters, not bytes, are what columns are made of. */
static void put_padded(RfBuf *out, const char *text, size_t len, size_t width)
{
    size_t shown = 0;
    for (size_t i = 0; i < len; i++) {
        shown += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    rf_buf_put(out, text, len);
    for (; shown < width; shown++) {
        rf_buf_putc(out, ' ');
    }
}

static void put_cpu(RfBuf *out, const RfProf *p, uint32_t top)
{
    rf_buf_printf(out, "CPU Profile:\n  Total Time: %.3fs\n  Samples: %llu\n  Top Hot Functions:\n",
                  seconds(p, p->samples), (unsigned long long)p->samples);
    size_t count;
    uint32_t *order = rf_prof_sorted_functions(p, &count);
    for (size_t i = 0; i < count && i < top; i++) {
        const RfProfFunction *f = &p->functions[order[i]];
        rf_buf_printf(out, "    %zu. ", i + 1);
        put_padded(out, f->name, strlen(f->name), 30);
        rf_buf_printf(out, " %8.3fs (%5.1f%%) self %.1f%% %s\n", seconds(p, f->total), rf_prof_percent(p, f->total),
                      rf_prof_percent(p, f->self), rf_prof_tier_name[rf_prof_main_tier(f->tiers)]);
    }
    free(order);
}

static void put_memory(RfBuf *out, const RfProf *p)
{
    rf_buf_printf(out,
                  "Memory Profile:\n  Peak Memory: %.2f MB\n  Current Memory: %.2f MB\n  Total Allocations: %llu\n"
                  "  Total Deallocations: %llu\n",
                  (double)p->peak / MEGABYTE, (double)p->live / MEGABYTE, (unsigned long long)p->allocations,
                  (unsigned long long)p->deallocations);
    size_t count;
    uint32_t *order = rf_prof_sorted_sites(p, &count);
    RfBuf place = RF_BUF_INIT;
    for (size_t i = 0; i < count && i < SITES; i++) {
        const RfProfLine *l = &p->lines[order[i]];
        rf_buf_clear(&place);
        rf_buf_printf(&place, "%s:%u", p->files[l->file].name, l->line);
        rf_buf_printf(out, "  %zu. ", i + 1);
        put_padded(out, place.data, place.len, 40);
        rf_buf_printf(out, " %6.0f allocs\n", l->allocations);
    }
    rf_buf_free(&place);
    free(order);
}

static void put_jit(RfBuf *out, const RfProf *p)
{
    const RfJitCounts *c = &p->jit;
    rf_buf_printf(out,
                  "JIT Statistics:\n  Functions Compiled: %llu\n  Loops Entered (OSR): %llu\n  Recompilations: %llu\n"
                  "  Total Compile Time: %.3fs\n  Cache Hit Rate: %.1f%%\n  Guard Success Rate: %.1f%%\n"
                  "  Deoptimisations: %llu\n",
                  (unsigned long long)c->compiled, (unsigned long long)c->osr, (unsigned long long)c->recompiled,
                  c->compile_ms / 1000.0, rf_prof_cache_rate(p), rf_prof_guard_rate(p), (unsigned long long)c->deopts);
}

/* ---- lines ---- */

static const char *const kind_names[] = {[RF_OBSERVE_INSTALL] = "install",
                                         [RF_OBSERVE_OSR] = "osr",
                                         [RF_OBSERVE_DEOPT] = "deopt",
                                         [RF_OBSERVE_REJECT] = "reject"};

const char *rf_prof_kind_name(RfObserveKind kind)
{
    return kind_names[kind];
}

void rf_prof_put_detail(RfBuf *out, const RfProfNote *note)
{
    if (note->kind == RF_OBSERVE_REJECT) {
        for (const char *c = note->expected; *c; c++) { /* names of opcodes read as words */
            rf_buf_putc(out, (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c == '_' ? ' ' : *c));
        }
    } else if (*note->expected) {
        rf_buf_printf(out, "expected %s, got %s", note->expected, *note->got ? note->got : "something else");
    } else if (*note->got) {
        rf_buf_printf(out, "got %s", note->got);
    }
}

static void put_note(RfBuf *out, const RfProfNote *note)
{
    rf_buf_printf(out, "  ^ %s", kind_names[note->kind]);
    if (*note->reason) {
        rf_buf_printf(out, " %s", note->reason);
    }
    if (note->count > 1 || note->kind == RF_OBSERVE_DEOPT) {
        rf_buf_printf(out, " x%llu", (unsigned long long)note->count);
    }
    RfBuf detail = RF_BUF_INIT;
    rf_prof_put_detail(&detail, note);
    if (detail.len) {
        rf_buf_printf(out, ": %s", rf_buf_cstr(&detail));
    }
    rf_buf_free(&detail);
    rf_buf_putc(out, '\n');
    const RfExplanation *e = *note->reason ? rf_explain_find(note->reason) : NULL;
    if (e && e->advice) {
        rf_buf_printf(out, "    %s\n", e->advice);
    }
}

static void put_line(RfBuf *out, const RfProf *p, const RfProfLine *l, int width)
{
    uint64_t samples = rf_prof_line_samples(l);
    size_t len = 0;
    const char *source = rf_prof_source_line(p, l->file, l->line, &len);
    rf_buf_printf(out, "%*u | %5.1f%% | %-7s |", width, l->line, rf_prof_percent(p, samples),
                  samples ? rf_prof_tier_name[rf_prof_main_tier(l->samples)] : "-");
    if (len) {
        rf_buf_putc(out, ' ');
        rf_buf_put(out, source, len);
    }
    rf_buf_putc(out, '\n');
    for (uint32_t n = l->events; n != RF_PROF_NONE; n = p->notes[n].next) {
        put_note(out, &p->notes[n]);
    }
}

void rf_prof_report_lines(RfBuf *out, const RfProf *p)
{
    size_t count;
    uint32_t *order = rf_prof_sorted_lines(p, &count);
    uint32_t last = 1;
    for (size_t i = 0; i < count; i++) {
        last = p->lines[order[i]].line > last ? p->lines[order[i]].line : last;
    }
    int width = snprintf(NULL, 0, "%u", last);
    uint32_t file = RF_PROF_NONE;
    for (size_t i = 0; i < count; i++) {
        const RfProfLine *l = &p->lines[order[i]];
        if (l->file != file) {
            file = l->file;
            rf_buf_printf(out, "%s:\n", p->files[file].name);
        }
        put_line(out, p, l, width < 4 ? 4 : width);
    }
    free(order);
}

void rf_prof_report(RfBuf *out, const RfProf *p, const RfProfSections *sections)
{
    rf_buf_puts(out, "\n=== Performance Profile Report ===\n");
    if (sections->cpu) {
        put_cpu(out, p, sections->top);
    }
    if (sections->memory) {
        put_memory(out, p);
    }
    if (sections->jit) {
        put_jit(out, p);
    }
    if (sections->lines) {
        rf_buf_puts(out, "Source Lines:\n");
        rf_prof_report_lines(out, p);
    }
    rf_buf_printf(out, RULE "Total execution time: %.3fs\n", p->seconds);
}
