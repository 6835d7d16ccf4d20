/* The parts of making and decoding jobs that share one file's worth of state: internal to job_*.c. */
#ifndef RF_JIT_JOB_CORE_H
#define RF_JIT_JOB_CORE_H

#include "base/arena.h"
#include "jit/job.h"
#include "vm/frame.h"

#define RF_JOB_MAGIC 0x314a4652u /* "RFJ1" */
/* The header has fixed places, so that options can be put in when the job is finished:
 * magic, ABI (4 each), opt (1), cpu (16), stress, seed (4 each), levels */
#define RF_JOB_AT_OPTIONS 8u
#define RF_JOB_HEADER (RF_JOB_AT_OPTIONS + 1u + 16u + 8u + RF_JOB_MAX_UNITS)

/* ---- job_scan.c ---- */
/* What the code of a module does to its globals. */
typedef struct RfJobScan {
    const RfModule *module;
    uint32_t nglobals;
    uint8_t *declares; /* per slot: places that declare it; 2: several, or one that may run more than once */
    uint8_t *stored;   /* per slot: assigned or changed somewhere */
    bool unknown;      /* an import may bind names that are not known yet */
} RfJobScan;
void rf_job_scan_module(RfVm *vm, const RfModule *module, RfJobScan *scan);
void rf_job_scan_free(RfJobScan *scan);
/* The global has its final value: nothing can give it another one. */
bool rf_job_scan_stable(const RfJobScan *scan, uint32_t slot);
/* For each call site the global that straight-line code pushed as its callee, or RF_JOB_NONE; out[proto->ncalls]. */
void rf_job_scan_callees(const RfProto *proto, uint32_t *out);
/* Marks the globals that the unit names: named[module->nglobals]. */
void rf_job_scan_named(const RfProto *proto, uint8_t *named);

/* All functions of the VM's modules by address: an inline cache may name one that is gone. */
typedef struct RfJobLive {
    const RfProto **protos;
    uint32_t count, cap;
} RfJobLive;
void rf_job_live_collect(RfVm *vm, RfJobLive *live);
void rf_job_live_free(RfJobLive *live);
bool rf_job_live_has(const RfJobLive *live, const void *address);

/* ---- making ---- */
/* A function that becomes a unit. */
typedef struct RfJobSource {
    RfProto *proto;
    uint32_t module;
    struct RfJobTarget {
        uint8_t kind;
        RfProto *proto;
        const RfBuiltin *builtin;
        RfProto *met[RF_SITE_KINDS];
        uint64_t foreign;
    } * calls;      /* proto->ncalls */
    uint8_t *named; /* module->nglobals */
    const RfValue
        *slots; /* what its locals hold in the running activation or in one of its generators, nslots; or NULL */
    uint32_t nslots;
} RfJobSource;

/* A job under way. */
typedef struct RfJobMaker {
    RfVm *vm;
    RfBuf *out;
    RfJobSource units[RF_JOB_MAX_UNITS];
    uint32_t nunits, total;
    const RfProto *alone[RF_WORKER_UNITS - RF_JOB_MAX_UNITS]; /* called, but not taken along */
    uint32_t nalone;
    RfJobScan modules[RF_JOB_MAX_UNITS];
    uint32_t nmodules;
    RfJobLive live;
    const RfBuiltin *builtins;
    size_t nbuiltins;
    RfShape **shapes;
    uint32_t nshapes, shapes_cap;
    const RfStruct **seen; /* instances in reach, one per shape */
    uint32_t nseen, seen_cap;
} RfJobMaker;

/* job_make.c */
uint32_t rf_job_unit_number(const RfJobMaker *m, const RfProto *proto); /* or RF_JOB_NONE */
/* The function of a global that needs no captures; NULL when it holds none. */
RfProto *rf_job_global_function(const RfModule *module, uint32_t slot);
/* The site has met (nearly) one shape and its method is still the type's. */
bool rf_job_method_cached(const RfMethodSite *site);
/* The method of the n-th shape that a site without a single one has met, as it can be called directly with argc arguments
 * besides the receiver; NULL: none. */
RfProto *rf_job_method_met(const RfMethodSite *site, uint32_t n);
/* job_put.c */
void rf_job_put32(RfJobMaker *m, uint32_t x);
/* Keeps the first instance of each shape in v: itself, first elements and fields, `levels` deep. */
void rf_job_see(RfJobMaker *m, RfValue v, unsigned levels);
/* frame: NULL, or the running activation: `loop` at its pc, or at its start. entry: its entry is wanted. */
void rf_job_put_unit(RfJobMaker *m, const RfJobSource *u, const RfFrame *frame, bool entry, bool loop);
/* After all units: the shapes that got numbers. */
void rf_job_put_shapes(RfJobMaker *m);

/* ---- job_check.c ---- */
/* Everything about a decoded job that its encoding cannot guarantee; fills in depth of the units. */
bool rf_job_check(RfJob *job, RfArena *arena);

#endif
