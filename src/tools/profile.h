/* What a profile consists of, however it was measured: functions, the tree of stacks, source lines, memory. profile_sample.c
 * fills it in, the writers (profile_report.c, profile_json.c, profile_stacks.c, profile_flame.c) show it.
 *
 * Several threads add to one profile; every function that adds locks it. Storage comes from malloc, so that the program's own
 * allocations can be counted while it grows. Counts are samples: each stands for 1 / hz seconds of CPU time. */
#ifndef RF_TOOLS_PROFILE_H
#define RF_TOOLS_PROFILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "jit/policy.h"
#include "vm/observe.h"

typedef enum RfProfTier { RF_TIER_VM, RF_TIER_JIT, RF_TIER_BUILTIN, RF_TIER_COMPILE, RF_TIER_COUNT } RfProfTier;
extern const char *const rf_prof_tier_name[RF_TIER_COUNT]; /* "vm", "jit", "builtin", "compile" */

#define RF_PROF_NONE UINT32_MAX
#define RF_PROF_HZ                                                                                                     \
    997u /* samples a second unless asked for otherwise; a prime, so as not to beat with what a program does */

typedef struct RfProfFile {
    char *name;
    char *source; /* copy; NULL when not available */
    size_t len;
} RfProfFile;

/* A function, builtin ("[builtin NAME]", no file) or other thing that time is spent in. */
typedef struct RfProfFunction {
    char *name;
    uint32_t file; /* number, or RF_PROF_NONE */
    uint32_t line; /* of the definition; 0 without a file */
    uint64_t total, self;
    uint64_t tiers[RF_TIER_COUNT]; /* of total: what it ran as */
    uint64_t mark;                 /* last stack that counted it */
} RfProfFunction;

/* A function called from a certain stack. Node 0 is the root, which stands for the program and has no function. */
typedef struct RfProfNode {
    uint32_t function, parent;
    uint32_t child, sibling; /* first child, next child of the parent; 0: none */
    uint64_t total, self;
    uint64_t tiers[RF_TIER_COUNT]; /* of total */
} RfProfNode;

/* A run of equal samples, in order of time. */
typedef struct RfProfRun {
    uint32_t node, weight, thread;
} RfProfRun;

typedef struct RfProfLine {
    uint32_t file, line;
    uint64_t samples[RF_TIER_COUNT];
    double allocations; /* an estimate */
    uint32_t events;    /* first one, or RF_PROF_NONE */
} RfProfLine;

typedef struct RfProfNote { /* an event of the JIT at a line */
    RfObserveKind kind;
    const char *reason, *expected, *got; /* static; see RfObserveEvent */
    uint64_t count;
    uint32_t next;
} RfProfNote;

/* Open addressing: 64-bit key (not 0) to number. */
typedef struct RfProfMap {
    uint64_t *keys;
    uint32_t *values;
    size_t count, cap;
} RfProfMap;

typedef struct RfProf {
    pthread_mutex_t lock;
    bool closed; /* what still arrives is dropped */
    uint32_t hz;
    uint64_t samples;
    uint64_t stacks;   /* stacks added so far */
    uint32_t nthreads; /* threads that were sampled */
    RfProfFile *files;
    RfProfFunction *functions;
    RfProfNode *nodes;
    RfProfRun *runs;
    RfProfLine *lines;
    RfProfNote *notes;
    size_t nfiles, nfunctions, nnodes, nruns, nlines, nnotes;
    size_t files_cap, functions_cap, nodes_cap, runs_cap, lines_cap, notes_cap;
    RfProfMap line_map;
    uint64_t allocations, deallocations;
    int64_t live, peak; /* bytes of all threads */
    RfJitCounts jit;
    double seconds; /* wall clock */
} RfProf;

/* One level of a stack, outermost first. */
typedef struct RfProfEntry {
    uint32_t function;
    RfProfTier tier;
} RfProfEntry;

/* ---- profile_store.c ---- */
void rf_prof_init(RfProf *p, uint32_t hz);
void rf_prof_free(RfProf *p);
/* Numbers of a file and a function, made when new (RF_PROF_NONE when the profile is closed by now). `source` may be NULL and is copied. */
uint32_t rf_prof_file(RfProf *p, const char *name, const char *source, size_t len);
uint32_t rf_prof_function(RfProf *p, const char *name, uint32_t file, uint32_t line);
/* `weight` samples of a stack; the innermost script code was at this line (file RF_PROF_NONE: unknown). */
void rf_prof_add(RfProf *p, uint32_t thread, const RfProfEntry *stack, size_t depth, uint32_t file, uint32_t line,
                 RfProfTier line_tier, uint32_t weight);
void rf_prof_add_event(RfProf *p, uint32_t file, uint32_t line, const RfObserveEvent *event);
void rf_prof_add_allocations(RfProf *p, uint32_t file, uint32_t line, double count);
/* What a thread allocated and freed since it told last, and by how many bytes its heap has grown. */
void rf_prof_add_memory(RfProf *p, uint64_t allocations, uint64_t deallocations, int64_t growth);
void rf_prof_add_jit(RfProf *p, const RfJitCounts *counts);

uint32_t rf_prof_map_get(const RfProfMap *map, uint64_t key); /* RF_PROF_NONE: not there */
void rf_prof_map_put(RfProfMap *map, uint64_t key, uint32_t value);
void rf_prof_map_free(RfProfMap *map);

/* ---- reading; no lock, after the program has ended ---- */
/* The tier with most samples. */
RfProfTier rf_prof_main_tier(const uint64_t tiers[RF_TIER_COUNT]);
uint64_t rf_prof_line_samples(const RfProfLine *line);
/* samples / all samples in percent */
double rf_prof_percent(const RfProf *p, uint64_t samples);
/* Functions with samples: most time of their own first. Numbers for the caller to free(); *count of them. */
uint32_t *rf_prof_sorted_functions(const RfProf *p, size_t *count);
/* Lines with samples or events, by file and line; likewise. */
uint32_t *rf_prof_sorted_lines(const RfProf *p, size_t *count);
/* Lines with allocations, most first; likewise. */
uint32_t *rf_prof_sorted_sites(const RfProf *p, size_t *count);
/* A line of source without indentation and line end; NULL when there is none. */
const char *rf_prof_source_line(const RfProf *p, uint32_t file, uint32_t line, size_t *len);
/* "NAME (FILE:LINE)", or the name alone for what has no file. */
void rf_prof_put_function(RfBuf *out, const RfProf *p, uint32_t function);
/* "deopt"; and what is to be said of an event beyond its kind and reason ("expected int, got float"), or nothing. */
const char *rf_prof_kind_name(RfObserveKind kind);
void rf_prof_put_detail(RfBuf *out, const RfProfNote *note);
/* Percentages of the report, 0..100. */
double rf_prof_guard_rate(const RfProf *p);
double rf_prof_cache_rate(const RfProf *p);

/* ---- profile_sample.c ---- */
/* Before the VM is made: builtins are charged from then on. Once a process. */
void rf_prof_prepare(void);
/* Starts to observe the VM (whose thread this is) and the tasks it will start, with a profile for what is seen. memory: also
 * find out which lines allocate. One at a time; `p` must live until rf_prof_stop. */
void rf_prof_start(RfProf *p, RfVm *vm, bool memory);
/* Ends it, on whatever thread. A second call does nothing. */
void rf_prof_stop(RfProf *p);
/* Stops, ends what the JIT of the main VM has under way (rf_vm_leave), and takes its counts. */
void rf_prof_end(RfProf *p, RfVm *vm);

/* ---- writers ---- */
typedef struct RfProfSections {
    bool cpu, memory, jit, lines;
    uint32_t top;
} RfProfSections;
void rf_prof_report(RfBuf *out, const RfProf *p, const RfProfSections *sections);
/* The tier report alone (cli.md 6.3). */
void rf_prof_report_lines(RfBuf *out, const RfProf *p);
void rf_prof_json(RfBuf *out, const RfProf *p, const RfProfSections *sections);
void rf_prof_folded(RfBuf *out, const RfProf *p);
void rf_prof_speedscope(RfBuf *out, const RfProf *p, const char *title);
void rf_prof_flame(RfBuf *out, const RfProf *p, const char *title);

#endif
