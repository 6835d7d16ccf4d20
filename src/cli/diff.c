/* Line diff after Myers ("An O(ND) Difference Algorithm", 1986): a greedy search for the shortest edit script, kept as
 * one snapshot of the frontier per number of edits. Equal heads and tails are cut off first. Texts that differ in more
 * than MAX_EDITS lines are shown as one replacement, which bounds time and memory. */
#include "cli/diff.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define CONTEXT 3u
#define MAX_EDITS 1000

typedef struct Line {
    const char *text;
    size_t len;
} Line;

typedef struct Lines {
    Line *items;
    size_t count;
} Lines;

/* What happens at each step from old to new: ' ' both, '-' old only, '+' new only. */
typedef struct Script {
    char *steps;
    size_t count;
} Script;

static Lines split(const RfBuf *text)
{
    size_t count = text->len > 0 && text->data[text->len - 1] != '\n';
    for (size_t i = 0; i < text->len; i++) {
        count += text->data[i] == '\n';
    }
    Lines lines = {rf_mem_alloc(count * sizeof(Line)), count};
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *end = memchr(text->data + at, '\n', text->len - at);
        size_t len = end ? (size_t)(end - text->data) - at : text->len - at;
        lines.items[i] = (Line){text->data + at, len};
        at += len + 1;
    }
    return lines;
}

static bool same(Line a, Line b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static void add_steps(Script *script, char step, size_t n)
{
    memset(script->steps + script->count, step, n);
    script->count += n;
}

/* Walks the snapshots back from the end and writes the steps in order. v[d] is the frontier before edit d. */
static void trace_back(Script *script, int *const *v, int edits, int n, int m)
{
    char *end = script->steps + script->count + n + m; /* written backwards, then moved to its place */
    char *at = end;
    int x = n, y = m;
    for (int d = edits; d > 0; d--) {
        const int *frontier = v[d] + MAX_EDITS + 1;
        int k = x - y;
        bool down = k == -d || (k != d && frontier[k - 1] < frontier[k + 1]);
        int from_k = down ? k + 1 : k - 1, from_x = frontier[from_k], from_y = from_x - from_k;
        while (x > from_x && y > from_y) {
            *--at = ' ';
            x--;
            y--;
        }
        *--at = down ? '+' : '-';
        x = from_x;
        y = from_y;
    }
    while (x-- > 0) {
        *--at = ' ';
    }
    memmove(script->steps + script->count, at, (size_t)(end - at));
    script->count += (size_t)(end - at);
}

/* Adds the shortest script for a[0..n) to b[0..m). */
static void compare(Script *script, const Line *a, int n, const Line *b, int m)
{
    enum { WIDTH = 2 * MAX_EDITS + 3 };
    static const size_t size = WIDTH * sizeof(int);
    int *v[MAX_EDITS + 2];
    int *current = rf_mem_zalloc(size);
    int kept = 0, edits = -1;
    for (int d = 0; d <= MAX_EDITS && d <= n + m && edits < 0; d++) {
        v[d] = rf_mem_alloc(size);
        memcpy(v[d], current, size);
        kept = d + 1;
        int *frontier = current + MAX_EDITS + 1;
        for (int k = -d; k <= d; k += 2) {
            bool down = k == -d || (k != d && frontier[k - 1] < frontier[k + 1]);
            int x = down ? frontier[k + 1] : frontier[k - 1] + 1, y = x - k;
            while (x < n && y >= 0 && y < m && same(a[x], b[y])) {
                x++;
                y++;
            }
            frontier[k] = x;
            if (x >= n && y >= m) {
                edits = d;
                break;
            }
        }
    }
    if (edits >= 0) {
        trace_back(script, v, edits, n, m);
    } else {
        add_steps(script, '-', (size_t)n);
        add_steps(script, '+', (size_t)m);
    }
    for (int d = 0; d < kept; d++) {
        rf_mem_free(v[d], size);
    }
    rf_mem_free(current, size);
}

static Script make_script(const Lines *a, const Lines *b)
{
    size_t head = 0, tail = 0;
    while (head < a->count && head < b->count && same(a->items[head], b->items[head])) {
        head++;
    }
    while (tail < a->count - head && tail < b->count - head &&
           same(a->items[a->count - 1 - tail], b->items[b->count - 1 - tail])) {
        tail++;
    }
    Script script = {rf_mem_alloc(a->count + b->count + 1), 0};
    add_steps(&script, ' ', head);
    compare(&script, a->items + head, (int)(a->count - head - tail), b->items + head, (int)(b->count - head - tail));
    add_steps(&script, ' ', tail);
    return script;
}

/* End of the hunk that starts at the change `first`: changes closer than two contexts belong together. */
static size_t hunk_end(const Script *script, size_t first)
{
    size_t end = first, quiet = 0;
    for (size_t i = first; i < script->count && quiet <= 2 * CONTEXT; i++) {
        quiet = script->steps[i] == ' ' ? quiet + 1 : 0;
        end = quiet == 0 ? i + 1 : end;
    }
    return end + CONTEXT < script->count ? end + CONTEXT : script->count;
}

/* "12,3": start and length as diff writes them; an empty range names the line before it. */
static void put_range(RfBuf *out, size_t start, size_t count)
{
    rf_buf_printf(out, count == 1 ? "%zu" : "%zu,%zu", count == 0 ? start : start + 1, count);
}

void rf_diff_put(RfBuf *out, const char *indent, const char *old_name, const RfBuf *old_text, const char *new_name,
                 const RfBuf *new_text)
{
    Lines a = split(old_text), b = split(new_text);
    Script script = make_script(&a, &b);
    size_t old_at = 0, new_at = 0, i = 0; /* i counts steps; lines before it have been passed */
    bool headed = false;
    while (true) {
        size_t first = i;
        while (first < script.count && script.steps[first] == ' ') {
            first++;
        }
        if (first == script.count) {
            break;
        }
        size_t lead = first - i > CONTEXT ? first - i - CONTEXT : 0; /* unchanged lines that are not shown */
        old_at += lead;
        new_at += lead;
        i += lead;
        size_t end = hunk_end(&script, first), old_count = 0, new_count = 0;
        for (size_t k = i; k < end; k++) {
            old_count += script.steps[k] != '+';
            new_count += script.steps[k] != '-';
        }
        if (!headed) {
            rf_buf_printf(out, "%s--- %s\n%s+++ %s\n", indent, old_name, indent, new_name);
            headed = true;
        }
        rf_buf_printf(out, "%s@@ -", indent);
        put_range(out, old_at, old_count);
        rf_buf_puts(out, " +");
        put_range(out, new_at, new_count);
        rf_buf_puts(out, " @@\n");
        for (; i < end; i++) {
            char step = script.steps[i];
            Line line = step == '+' ? b.items[new_at] : a.items[old_at];
            old_at += step != '+';
            new_at += step != '-';
            rf_buf_printf(out, "%s%c", indent, step);
            rf_buf_put(out, line.text, line.len);
            rf_buf_putc(out, '\n');
        }
    }
    rf_mem_free(script.steps, a.count + b.count + 1);
    rf_mem_free(a.items, a.count * sizeof(Line));
    rf_mem_free(b.items, b.count * sizeof(Line));
}
