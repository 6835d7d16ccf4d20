/* Stacks for other programs: folded lines, which flame graph tools read, and the file format of speedscope.app. */
#include <stdlib.h>
#include <string.h>

#include "api/json_out.h"
#include "base/mem.h"
#include "tools/profile.h"

/* ---- folded ---- */

/* In a name the characters that the format is made of would end a frame or a line. */
static void put_frame(RfBuf *out, const RfProf *p, uint32_t function)
{
    size_t from = out->len;
    rf_prof_put_function(out, p, function);
    for (size_t i = from; i < out->len; i++) {
        out->data[i] = out->data[i] == ';' ? ':' : out->data[i] == '\n' ? ' ' : out->data[i];
    }
}

/* Functions on the way to a node, outermost first. `path` has room for all levels of the tree. */
static size_t path_to(const RfProf *p, uint32_t node, uint32_t *path)
{
    size_t depth = 0;
    for (uint32_t n = node; n != 0; n = p->nodes[n].parent) {
        depth++;
    }
    size_t at = depth;
    for (uint32_t n = node; n != 0; n = p->nodes[n].parent) {
        path[--at] = p->nodes[n].function;
    }
    return depth;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void rf_prof_folded(RfBuf *out, const RfProf *p)
{
    uint32_t *path = rf_mem_alloc(p->nnodes * sizeof *path);
    char **rows = rf_mem_alloc(p->nnodes * sizeof *rows);
    size_t count = 0;
    for (uint32_t n = 1; n < p->nnodes; n++) {
        if (p->nodes[n].self == 0) {
            continue;
        }
        RfBuf row = RF_BUF_INIT;
        size_t depth = path_to(p, n, path);
        for (size_t i = 0; i < depth; i++) {
            rf_buf_puts(&row, i ? ";" : "");
            put_frame(&row, p, path[i]);
        }
        rf_buf_printf(&row, " %llu\n", (unsigned long long)p->nodes[n].self);
        rows[count] = strdup(rf_buf_cstr(&row));
        if (!rows[count++]) {
            rf_mem_exhausted(row.len);
        }
        rf_buf_free(&row);
    }
    qsort(rows, count, sizeof *rows, compare_text);
    for (size_t i = 0; i < count; i++) {
        rf_buf_puts(out, rows[i]);
        free(rows[i]);
    }
    rf_mem_free(rows, p->nnodes * sizeof *rows);
    rf_mem_free(path, p->nnodes * sizeof *path);
}

/* ---- speedscope ---- */

static void put_frames(RfJson *json, const RfProf *p)
{
    rf_json_key(json, "shared");
    rf_json_object(json);
    rf_json_key(json, "frames");
    rf_json_array(json);
    for (uint32_t i = 0; i < p->nfunctions; i++) {
        const RfProfFunction *f = &p->functions[i];
        rf_json_object(json);
        if (f->file != RF_PROF_NONE) {
            rf_json_key_cstr(json, "file", p->files[f->file].name);
            rf_json_key_int(json, "line", f->line);
        }
        rf_json_key_cstr(json, "name", f->name);
        rf_json_object_end(json);
    }
    rf_json_array_end(json);
    rf_json_object_end(json);
}

/* One thread. Rows of numbers are written on one line each: the writer's indentation would make the file ten times as long. */
static void put_thread(RfBuf *out, const RfProf *p, uint32_t thread, uint32_t *path)
{
    double each = 1.0 / p->hz, total = 0;
    RfBuf samples = RF_BUF_INIT, weights = RF_BUF_INIT;
    for (size_t i = 0; i < p->nruns; i++) {
        const RfProfRun *run = &p->runs[i];
        if (run->thread != thread) {
            continue;
        }
        rf_buf_puts(&samples, samples.len ? ",\n        [" : "\n        [");
        size_t depth = path_to(p, run->node, path);
        for (size_t k = 0; k < depth; k++) {
            rf_buf_printf(&samples, k ? ", %u" : "%u", path[k]);
        }
        rf_buf_putc(&samples, ']');
        rf_buf_printf(&weights, weights.len ? ", %.6f" : "%.6f", run->weight * each);
        total += run->weight * each;
    }
    rf_buf_printf(out, "    {\n      \"endValue\": %.6f,\n      \"name\": \"%s %u\",\n      \"samples\": [", total,
                  thread ? "task" : "main", thread);
    rf_buf_put(out, samples.data, samples.len);
    rf_buf_puts(out,
                "\n      ],\n      \"startValue\": 0,\n      \"type\": \"sampled\",\n      \"unit\": \"seconds\",\n"
                "      \"weights\": [");
    rf_buf_put(out, weights.data, weights.len);
    rf_buf_puts(out, "]\n    }");
    rf_buf_free(&samples);
    rf_buf_free(&weights);
}

static bool has_runs(const RfProf *p, uint32_t thread)
{
    for (size_t i = 0; i < p->nruns; i++) {
        if (p->runs[i].thread == thread) {
            return true;
        }
    }
    return false;
}

void rf_prof_speedscope(RfBuf *out, const RfProf *p, const char *title)
{
    RfJson json = rf_json_start(out);
    rf_json_object(&json);
    rf_json_key_cstr(&json, "$schema", "https://www.speedscope.app/file-format-schema.json");
    rf_json_key_int(&json, "activeProfileIndex", 0);
    rf_json_key_cstr(&json, "exporter", "ruff " RUFF_VERSION);
    rf_json_key_cstr(&json, "name", title);
    rf_json_key(&json, "profiles");
    rf_json_array(&json);
    uint32_t *path = rf_mem_alloc(p->nnodes * sizeof *path);
    bool any = false;
    for (uint32_t t = 0; t < p->nthreads; t++) {
        if (t == 0 || has_runs(p, t)) {
            rf_buf_puts(out, any ? ",\n" : "\n");
            put_thread(out, p, t, path);
            any = true;
        }
    }
    rf_mem_free(path, p->nnodes * sizeof *path);
    json.filled = any;
    rf_json_array_end(&json);
    put_frames(&json, p);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}
