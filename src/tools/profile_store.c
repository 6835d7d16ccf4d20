/* The profile's data: interning, the tree of stacks, lines, orders. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tools/profile.h"

const char *const rf_prof_tier_name[RF_TIER_COUNT] = {"vm", "jit", "builtin", "compile"};

/* ---- storage ---- */

static void *grown(void *items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap ? *cap * 2 : 64;
    items = realloc(items, *cap * size);
    if (!items) {
        rf_mem_exhausted(*cap * size);
    }
    return items;
}

/* Makes room for one more in the array `field`, zeroed, and gives its address. */
#define NEW_ITEM(p, field)                                                                                             \
    ((p)->field = grown((p)->field, &(p)->field##_cap, (p)->n##field, sizeof *(p)->field),                             \
     memset(&(p)->field[(p)->n##field], 0, sizeof *(p)->field), &(p)->field[(p)->n##field++])

static char *copied(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy) {
        rf_mem_exhausted(len + 1);
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void rf_prof_init(RfProf *p, uint32_t hz)
{
    *p = (RfProf){.hz = hz};
    pthread_mutex_init(&p->lock, NULL);
    NEW_ITEM(p, nodes)->function = RF_PROF_NONE; /* the root */
}

void rf_prof_free(RfProf *p)
{
    for (size_t i = 0; i < p->nfiles; i++) {
        free(p->files[i].name);
        free(p->files[i].source);
    }
    for (size_t i = 0; i < p->nfunctions; i++) {
        free(p->functions[i].name);
    }
    free(p->files);
    free(p->functions);
    free(p->nodes);
    free(p->runs);
    free(p->lines);
    free(p->notes);
    rf_prof_map_free(&p->line_map);
    pthread_mutex_destroy(&p->lock);
}

/* ---- map ---- */

static size_t slot_of(const RfProfMap *map, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (map->cap - 1);
    while (map->keys[at] != 0 && map->keys[at] != key) {
        at = (at + 1) & (map->cap - 1);
    }
    return at;
}

uint32_t rf_prof_map_get(const RfProfMap *map, uint64_t key)
{
    if (map->cap == 0) {
        return RF_PROF_NONE;
    }
    size_t at = slot_of(map, key);
    return map->keys[at] == key ? map->values[at] : RF_PROF_NONE;
}

void rf_prof_map_put(RfProfMap *map, uint64_t key, uint32_t value)
{
    if (map->count * 2 >= map->cap) {
        RfProfMap larger = {.cap = map->cap ? map->cap * 2 : 64};
        larger.keys = calloc(larger.cap, sizeof *larger.keys);
        larger.values = calloc(larger.cap, sizeof *larger.values);
        if (!larger.keys || !larger.values) {
            rf_mem_exhausted(larger.cap * sizeof *larger.keys);
        }
        for (size_t i = 0; i < map->cap; i++) {
            if (map->keys[i] != 0) {
                rf_prof_map_put(&larger, map->keys[i], map->values[i]);
            }
        }
        rf_prof_map_free(map);
        *map = larger;
    }
    size_t at = slot_of(map, key);
    map->count += map->keys[at] == 0;
    map->keys[at] = key;
    map->values[at] = value;
}

void rf_prof_map_free(RfProfMap *map)
{
    free(map->keys);
    free(map->values);
    *map = (RfProfMap){.cap = 0};
}

/* ---- adding ---- */

uint32_t rf_prof_file(RfProf *p, const char *name, const char *source, size_t len)
{
    pthread_mutex_lock(&p->lock);
    uint32_t i = 0;
    while (i < p->nfiles && strcmp(p->files[i].name, name) != 0) {
        i++;
    }
    if (i == p->nfiles && p->closed) { /* somebody reads it, maybe on another thread */
        i = RF_PROF_NONE;
    } else if (i == p->nfiles) {
        RfProfFile *file = NEW_ITEM(p, files);
        file->name = copied(name, strlen(name));
        file->source = source ? copied(source, len) : NULL;
        file->len = len;
    }
    pthread_mutex_unlock(&p->lock);
    return i;
}

uint32_t rf_prof_function(RfProf *p, const char *name, uint32_t file, uint32_t line)
{
    pthread_mutex_lock(&p->lock);
    uint32_t i = 0;
    while (i < p->nfunctions &&
           (p->functions[i].file != file || p->functions[i].line != line || strcmp(p->functions[i].name, name) != 0)) {
        i++;
    }
    if (i == p->nfunctions && p->closed) {
        i = RF_PROF_NONE;
    } else if (i == p->nfunctions) {
        RfProfFunction *f = NEW_ITEM(p, functions);
        f->name = copied(name, strlen(name));
        f->file = file;
        f->line = line;
    }
    pthread_mutex_unlock(&p->lock);
    return i;
}

/* The line's record; only under the lock, valid until the next one is made. */
static RfProfLine *line_record(RfProf *p, uint32_t file, uint32_t line)
{
    uint64_t key = (uint64_t)(file + 1) << 32 | line;
    uint32_t i = rf_prof_map_get(&p->line_map, key);
    if (i == RF_PROF_NONE) {
        i = (uint32_t)p->nlines;
        RfProfLine *l = NEW_ITEM(p, lines);
        l->file = file;
        l->line = line;
        l->events = RF_PROF_NONE;
        rf_prof_map_put(&p->line_map, key, i);
    }
    return &p->lines[i];
}

static uint32_t child_of(RfProf *p, uint32_t parent, uint32_t function)
{
    uint32_t i = p->nodes[parent].child;
    while (i != 0 && p->nodes[i].function != function) {
        i = p->nodes[i].sibling;
    }
    if (i == 0) {
        i = (uint32_t)p->nnodes;
        RfProfNode *node = NEW_ITEM(p, nodes);
        node->function = function;
        node->parent = parent;
        node->sibling = p->nodes[parent].child;
        p->nodes[parent].child = i;
    }
    return i;
}

static void count_function(RfProf *p, const RfProfEntry *e, uint32_t weight)
{
    RfProfFunction *f = &p->functions[e->function];
    if (f->mark != p->stacks) { /* once a stack, however deep it recurs */
        f->mark = p->stacks;
        f->total += weight;
        f->tiers[e->tier] += weight;
    }
}

static void add_run(RfProf *p, uint32_t thread, uint32_t node, uint32_t weight)
{
    RfProfRun *last = p->nruns ? &p->runs[p->nruns - 1] : NULL;
    if (last && last->thread == thread && last->node == node && last->weight < UINT32_MAX - weight) {
        last->weight += weight;
        return;
    }
    *NEW_ITEM(p, runs) = (RfProfRun){node, weight, thread};
}

void rf_prof_add(RfProf *p, uint32_t thread, const RfProfEntry *stack, size_t depth, uint32_t file, uint32_t line,
                 RfProfTier line_tier, uint32_t weight)
{
    pthread_mutex_lock(&p->lock);
    if (!p->closed && depth > 0) {
        uint32_t node = 0;
        p->stacks++;
        p->samples += weight;
        p->nodes[0].total += weight;
        for (size_t i = 0; i < depth; i++) {
            node = child_of(p, node, stack[i].function);
            p->nodes[node].total += weight;
            p->nodes[node].tiers[stack[i].tier] += weight;
        }
        for (size_t i = depth; i-- > 0;) { /* the innermost activation says what a function ran as */
            count_function(p, &stack[i], weight);
        }
        p->nodes[node].self += weight;
        p->functions[stack[depth - 1].function].self += weight;
        add_run(p, thread, node, weight);
        if (file != RF_PROF_NONE) {
            line_record(p, file, line)->samples[line_tier] += weight;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void rf_prof_add_event(RfProf *p, uint32_t file, uint32_t line, const RfObserveEvent *event)
{
    pthread_mutex_lock(&p->lock);
    if (!p->closed) {
        RfProfLine *l = line_record(p, file, line);
        uint32_t *at = &l->events;
        while (*at != RF_PROF_NONE) {
            RfProfNote *n = &p->notes[*at];
            if (n->kind == event->kind && n->reason == event->reason && n->expected == event->expected &&
                n->got == event->got) {
                n->count++;
                pthread_mutex_unlock(&p->lock);
                return;
            }
            at = &n->next;
        }
        *at = (uint32_t)p->nnotes; /* before the notes move */
        *NEW_ITEM(p, notes) = (RfProfNote){event->kind, event->reason, event->expected, event->got, 1, RF_PROF_NONE};
    }
    pthread_mutex_unlock(&p->lock);
}

void rf_prof_add_allocations(RfProf *p, uint32_t file, uint32_t line, double count)
{
    pthread_mutex_lock(&p->lock);
    if (!p->closed) {
        line_record(p, file, line)->allocations += count;
    }
    pthread_mutex_unlock(&p->lock);
}

void rf_prof_add_memory(RfProf *p, uint64_t allocations, uint64_t deallocations, int64_t growth)
{
    pthread_mutex_lock(&p->lock);
    if (!p->closed) {
        p->allocations += allocations;
        p->deallocations += deallocations;
        p->live += growth;
        p->peak = p->live > p->peak ? p->live : p->peak;
    }
    pthread_mutex_unlock(&p->lock);
}

void rf_prof_add_jit(RfProf *p, const RfJitCounts *from)
{
    pthread_mutex_lock(&p->lock);
    RfJitCounts *to = &p->jit;
    to->compiled += from->compiled;
    to->installed += from->installed;
    to->entered += from->entered;
    to->osr += from->osr;
    to->guards += from->guards;
    to->deopts += from->deopts;
    to->invalidated += from->invalidated;
    to->rejected += from->rejected;
    to->cache_hits += from->cache_hits;
    to->cache_stores += from->cache_stores;
    to->cache_misses += from->cache_misses;
    to->recompiled += from->recompiled;
    to->compile_ms += from->compile_ms;
    pthread_mutex_unlock(&p->lock);
}

/* ---- reading ---- */

RfProfTier rf_prof_main_tier(const uint64_t tiers[RF_TIER_COUNT])
{
    RfProfTier best = RF_TIER_VM;
    for (int i = 1; i < RF_TIER_COUNT; i++) {
        best = tiers[i] > tiers[best] ? (RfProfTier)i : best;
    }
    return best;
}

uint64_t rf_prof_line_samples(const RfProfLine *line)
{
    uint64_t sum = 0;
    for (int i = 0; i < RF_TIER_COUNT; i++) {
        sum += line->samples[i];
    }
    return sum;
}

double rf_prof_percent(const RfProf *p, uint64_t samples)
{
    return p->samples ? 100.0 * (double)samples / (double)p->samples : 0.0;
}

static const RfProf *sorted; /* for the comparisons; writers run on one thread */

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_functions(const void *a, const void *b)
{
    const RfProfFunction *x = &sorted->functions[*(const uint32_t *)a], *y = &sorted->functions[*(const uint32_t *)b];
    int order = by_number(y->self, x->self);
    order = order ? order : by_number(y->total, x->total);
    order = order ? order : strcmp(x->name, y->name);
    return order ? order : by_number(x->line, y->line);
}

static int compare_places(const RfProfLine *x, const RfProfLine *y)
{
    int order = x->file == y->file ? 0 : strcmp(sorted->files[x->file].name, sorted->files[y->file].name);
    return order ? order : by_number(x->line, y->line);
}

static int compare_lines(const void *a, const void *b)
{
    return compare_places(&sorted->lines[*(const uint32_t *)a], &sorted->lines[*(const uint32_t *)b]);
}

static int compare_sites(const void *a, const void *b)
{
    const RfProfLine *x = &sorted->lines[*(const uint32_t *)a], *y = &sorted->lines[*(const uint32_t *)b];
    return x->allocations != y->allocations ? (x->allocations < y->allocations ? 1 : -1) : compare_places(x, y);
}

static uint32_t *numbers(size_t most)
{
    uint32_t *list = malloc((most + 1) * sizeof *list);
    if (!list) {
        rf_mem_exhausted((most + 1) * sizeof *list);
    }
    return list;
}

uint32_t *rf_prof_sorted_functions(const RfProf *p, size_t *count)
{
    uint32_t *list = numbers(p->nfunctions);
    *count = 0;
    for (uint32_t i = 0; i < p->nfunctions; i++) {
        if (p->functions[i].total > 0) {
            list[(*count)++] = i;
        }
    }
    sorted = p;
    qsort(list, *count, sizeof *list, compare_functions);
    return list;
}

uint32_t *rf_prof_sorted_lines(const RfProf *p, size_t *count)
{
    uint32_t *list = numbers(p->nlines);
    *count = 0;
    for (uint32_t i = 0; i < p->nlines; i++) {
        if (p->lines[i].events != RF_PROF_NONE || rf_prof_line_samples(&p->lines[i]) > 0) {
            list[(*count)++] = i;
        }
    }
    sorted = p;
    qsort(list, *count, sizeof *list, compare_lines);
    return list;
}

uint32_t *rf_prof_sorted_sites(const RfProf *p, size_t *count)
{
    uint32_t *list = numbers(p->nlines);
    *count = 0;
    for (uint32_t i = 0; i < p->nlines; i++) {
        if (p->lines[i].allocations >= 0.5) {
            list[(*count)++] = i;
        }
    }
    sorted = p;
    qsort(list, *count, sizeof *list, compare_sites);
    return list;
}

const char *rf_prof_source_line(const RfProf *p, uint32_t file, uint32_t line, size_t *len)
{
    const RfProfFile *f = &p->files[file];
    if (!f->source || line == 0) {
        return NULL;
    }
    const char *at = f->source, *end = f->source + f->len;
    while (--line > 0) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) {
            return NULL;
        }
        at = stop + 1;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    stop = stop ? stop : end;
    while (at < stop && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ')) {
        stop--;
    }
    *len = (size_t)(stop - at);
    return at;
}

void rf_prof_put_function(RfBuf *out, const RfProf *p, uint32_t function)
{
    const RfProfFunction *f = &p->functions[function];
    rf_buf_puts(out, f->name);
    if (f->file != RF_PROF_NONE) {
        rf_buf_printf(out, " (%s:%u)", p->files[f->file].name, f->line);
    }
}

double rf_prof_guard_rate(const RfProf *p)
{
    double entered = (double)p->jit.entered, failed = (double)p->jit.guards;
    return entered + failed > 0 ? 100.0 * entered / (entered + failed) : 100.0;
}

double rf_prof_cache_rate(const RfProf *p)
{
    double hits = (double)p->jit.cache_hits, all = hits + (double)p->jit.cache_misses;
    return all > 0 ? 100.0 * hits / all : 0.0;
}
