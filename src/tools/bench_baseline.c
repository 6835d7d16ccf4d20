/* Stored runs: writing them, reading them again, and comparing.
 *
 * A stored run is the JSON report. It is read by the library's JSON parser, which needs a VM for its values. What a file
 * says is believed only as far as it has the expected shape. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/handles.h"
#include "api/source.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "lib/json.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "tools/bench.h"

#define FOLDER ".ruff/bench"
#define SUFFIX ".json"
#define ALPHA 0.05
#define NOISE_FLOOR 1.0 /* percent */

typedef struct Stored { /* a mode of a benchmark */
    char *name;         /* malloc */
    RfBenchModeId mode;
    RfBenchMode samples; /* processes with their samples, pooled */
} Stored;

struct RfBenchBaseline {
    char *name;        /* as shown; malloc */
    char *cpu, *build; /* malloc, or NULL */
    Stored *items;     /* rf_mem */
    size_t count, cap;
};

/* ---- files ---- */

bool rf_bench_baseline_name(const char *name)
{
    return *name != '\0' && *name != '.' && strchr(name, '/') == NULL && strlen(name) <= 128;
}

int rf_bench_write_file(const char *path, const RfBuf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return errno;
    }
    int code = 0;
    for (size_t done = 0; code == 0 && done < text->len;) {
        ssize_t n = write(fd, text->data + done, text->len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            code = errno;
        }
    }
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    return code;
}

/* Under another name first: a reader never sees half a run. */
int rf_bench_store(const char *name, const RfBuf *json)
{
    if ((mkdir(".ruff", 0777) != 0 && errno != EEXIST) || (mkdir(FOLDER, 0777) != 0 && errno != EEXIST)) {
        return errno;
    }
    char path[PATH_MAX], temporary[PATH_MAX];
    snprintf(path, sizeof path, FOLDER "/%s" SUFFIX, name);
    snprintf(temporary, sizeof temporary, FOLDER "/.%s.%d", name, (int)getpid());
    int code = rf_bench_write_file(temporary, json);
    if (code == 0 && rename(temporary, path) != 0) {
        code = errno;
    }
    if (code != 0) {
        unlink(temporary);
    }
    return code;
}

/* 0 or an errno value. */
static int read_file(const char *path, RfBuf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return errno;
    }
    int code = 0;
    for (ssize_t n = 1; n != 0;) {
        rf_buf_reserve(text, 65536);
        n = read(fd, text->data + text->len, text->cap - text->len);
        if (n > 0) {
            text->len += (size_t)n;
        } else if (n < 0 && errno != EINTR) {
            code = errno;
            break;
        }
    }
    close(fd);
    return code;
}

/* ---- reading ---- */

static const RfDict *dict_of(const RfValue *v)
{
    return v && rf_is_dict(*v) ? v->as.dict : NULL;
}

static const RfArray *array_of(const RfValue *v)
{
    return v && rf_is_array(*v) ? v->as.arr : NULL;
}

static const RfValue *member(const RfDict *d, const char *key)
{
    return d ? rf_dict_find_cstr(d, key) : NULL;
}

/* A copy (malloc), or NULL when it is no string. */
static char *text_of(const RfValue *v)
{
    return v && rf_is_string(*v) ? rf_bench_copy(v->as.str->data, v->as.str->len) : NULL;
}

static bool positive(const RfDict *d, const char *key, uint64_t *out)
{
    const RfValue *v = member(d, key);
    bool ok = v && v->tag == RF_TAG_INT && v->as.i > 0;
    *out = ok ? (uint64_t)v->as.i : 0;
    return ok;
}

static bool read_process(const RfArray *from, RfBenchProcess *p)
{
    p->sample_cap = p->sample_count = from->len;
    p->samples = rf_mem_zalloc(from->len * sizeof *p->samples);
    for (size_t i = 0; i < from->len; i++) {
        RfValue v = rf_array_peek(from, i);
        const RfValue *steady = member(dict_of(&v), "steady");
        RfBenchSample *s = &p->samples[i];
        if (!positive(dict_of(&v), "iterations", &s->iterations) || !positive(dict_of(&v), "ns", &s->ns) || !steady ||
            steady->tag != RF_TAG_BOOL) {
            return false;
        }
        s->steady = steady->as.i != 0;
    }
    return from->len > 0;
}

/* Takes `name`. False: the data is damaged. */
static bool read_mode(RfBenchBaseline *b, char *name, RfBenchModeId mode, const RfDict *from)
{
    const RfArray *processes = array_of(member(from, "samples"));
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 16;
        b->items = rf_mem_resize(b->items, b->cap * sizeof *b->items, cap * sizeof *b->items);
        b->cap = cap;
    }
    Stored *stored = &b->items[b->count++];
    *stored = (Stored){.name = name, .mode = mode};
    if (!name || !processes || processes->len == 0 || processes->len > UINT32_MAX) {
        return false;
    }
    RfBenchMode *m = &stored->samples;
    m->process_count = (uint32_t)processes->len;
    m->processes = rf_mem_zalloc(m->process_count * sizeof *m->processes);
    for (uint32_t i = 0; i < m->process_count; i++) {
        RfValue v = rf_array_peek(processes, i);
        const RfArray *samples = array_of(&v);
        if (!samples || !read_process(samples, &m->processes[i])) {
            return false;
        }
    }
    rf_bench_judge_pool(m);
    return true;
}

static const char *read_run(RfBenchBaseline *b, const RfDict *root)
{
    char *schema = text_of(member(root, "schema"));
    bool known = schema && strcmp(schema, "ruff-bench/1") == 0;
    free(schema);
    if (!known) {
        return "it is no report of schema ruff-bench/1";
    }
    const RfDict *environment = dict_of(member(root, "environment"));
    b->cpu = text_of(member(environment, "cpu"));
    b->build = text_of(member(environment, "ruff_build"));
    const RfArray *items = array_of(member(root, "benchmarks"));
    if (!items) {
        return "it has no list of benchmarks";
    }
    for (size_t i = 0; i < items->len; i++) {
        RfValue item = rf_array_peek(items, i);
        const RfDict *modes = dict_of(member(dict_of(&item), "modes"));
        if (!modes) {
            return "a benchmark has no modes";
        }
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            const RfDict *mode = dict_of(member(modes, rf_bench_mode_names[m]));
            if (mode && !read_mode(b, text_of(member(dict_of(&item), "name")), (RfBenchModeId)m, mode)) {
                return "the samples of a benchmark are damaged";
            }
        }
    }
    return NULL;
}

/* NULL, or what is wrong with the text. */
static const char *parse(RfBenchBaseline *b, const RfBuf *text)
{
    if (text->len == 0 || rf_utf8_validate(text->data, text->len) != text->len) {
        return "it is not JSON";
    }
    RuffConfig config;
    ruff_config_init(&config);
    config.jit = false;
    RuffVM *vm = ruff_vm_new(&config);
    if (!vm) {
        return "no memory to read it";
    }
    RfValue root;
    const char *problem = "it is not JSON";
    if (rf_json_parse(vm->vm, text->data, text->len, &root) == RF_OK) {
        problem = rf_is_dict(root) ? read_run(b, root.as.dict) : "it is no report of schema ruff-bench/1";
        rf_release(root);
    }
    ruff_vm_free(vm);
    return problem;
}

/* A run stored under this name, else the file of this name. */
static void find_path(const char *name, char path[PATH_MAX])
{
    if (rf_bench_baseline_name(name)) {
        snprintf(path, PATH_MAX, FOLDER "/%s" SUFFIX, name);
        if (access(path, F_OK) == 0) {
            return;
        }
    }
    snprintf(path, PATH_MAX, "%s", name);
}

RfBenchBaseline *rf_bench_baseline_open(const char *name, RfBuf *message)
{
    char path[PATH_MAX];
    RfBuf text = RF_BUF_INIT;
    find_path(name, path);
    int code = read_file(path, &text);
    if (code != 0) {
        rf_buf_free(&text);
        if (code == ENOENT || code == ENOTDIR) {
            rf_buf_printf(message, "Baseline not found: %s", name);
        } else {
            rf_buf_printf(message, "Baseline cannot be read: %s: %s", name, rf_source_os_error(code));
        }
        return NULL;
    }
    RfBenchBaseline *b = rf_mem_zalloc(sizeof *b);
    b->name = rf_bench_copy(name, strlen(name));
    const char *problem = parse(b, &text);
    rf_buf_free(&text);
    if (problem) {
        rf_buf_printf(message, "Baseline is damaged: %s: %s", name, problem);
        rf_bench_baseline_free(b);
        return NULL;
    }
    return b;
}

static void free_stored(Stored *s)
{
    RfBenchMode *m = &s->samples;
    free(s->name);
    for (uint32_t i = 0; i < m->process_count; i++) {
        rf_mem_free(m->processes[i].samples, m->processes[i].sample_cap * sizeof(RfBenchSample));
    }
    rf_mem_free(m->processes, m->process_count * sizeof *m->processes);
    rf_mem_free(m->values, m->value_count * sizeof *m->values);
    rf_mem_free(m->sizes, m->group_count * sizeof *m->sizes);
}

void rf_bench_baseline_free(RfBenchBaseline *b)
{
    if (!b) {
        return;
    }
    for (size_t i = 0; i < b->count; i++) {
        free_stored(&b->items[i]);
    }
    rf_mem_free(b->items, b->cap * sizeof *b->items);
    free(b->name);
    free(b->cpu);
    free(b->build);
    rf_mem_free(b, sizeof *b);
}

/* ---- comparing ---- */

static const RfBenchMode *find(const RfBenchBaseline *b, const char *name, RfBenchModeId mode)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].mode == mode && strcmp(b->items[i].name, name) == 0) {
            return &b->items[i].samples;
        }
    }
    return NULL;
}

static void compare(RfBenchMode *now, const RfBenchMode *then)
{
    RfGroups a = {now->values, now->sizes, now->group_count}, b = {then->values, then->sizes, then->group_count};
    now->compare.there = true;
    now->compare.ratio = rf_stats_ratio(&a, &b);
    now->compare.p = rf_stats_mann_whitney(now->values, now->value_count, then->values, then->value_count);
}

static RfBenchVerdict judge(const RfBenchCompare *c, double threshold)
{
    double limit = 1 + (threshold < NOISE_FLOOR ? NOISE_FLOOR : threshold) / 100;
    return c->p >= ALPHA                  ? RF_BENCH_UNCHANGED
           : c->ratio.ci_low > limit      ? RF_BENCH_REGRESSION
           : c->ratio.ci_high < 1 / limit ? RF_BENCH_IMPROVEMENT
                                          : RF_BENCH_UNCHANGED;
}

void rf_bench_baseline_compare(RfBenchRun *run, const RfBenchBaseline *b)
{
    size_t most = run->count * RF_BENCH_MODES, n = 0;
    double *p = rf_mem_alloc(most * sizeof *p);
    RfBenchCompare **tests = rf_mem_alloc(most * sizeof *tests);
    run->baseline = rf_bench_copy(b->name, strlen(b->name));
    for (size_t i = 0; i < run->count; i++) {
        for (int m = 0; m < RF_BENCH_MODES; m++) {
            RfBenchmark *item = &run->items[i];
            const RfBenchMode *then = find(b, item->name, (RfBenchModeId)m);
            if (then && rf_bench_has(item, (RfBenchModeId)m)) {
                compare(&item->modes[m], then);
                tests[n] = &item->modes[m].compare;
                p[n] = tests[n]->p;
                n++;
            }
        }
    }
    rf_stats_holm(p, n);
    for (size_t i = 0; i < n; i++) {
        tests[i]->p = p[i];
        tests[i]->verdict = judge(tests[i], run->options.threshold);
    }
    rf_mem_free(p, most * sizeof *p);
    rf_mem_free(tests, most * sizeof *tests);
    RfBenchEnvironment *e = &run->environment;
    if (b->cpu && strcmp(b->cpu, rf_buf_cstr(&e->cpu)) != 0) {
        rf_bench_warn_run(run, "baseline %s comes from another CPU: %s", b->name, b->cpu);
    }
    if (b->build && strcmp(b->build, e->build) != 0) {
        rf_bench_warn_run(run, "baseline %s comes from another Ruff build: %s", b->name, b->build);
    }
    if (n == 0) {
        rf_bench_warn_run(run, "baseline %s has none of these benchmarks", b->name);
    }
}
