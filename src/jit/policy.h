/* The JIT's own state: what it knows of each function and loop, and the jobs under way. One RfJit per VM; the workers, the
 * cache and the list of jobs are shared by the VMs of the process (queue.c). */
#ifndef RF_JIT_POLICY_H
#define RF_JIT_POLICY_H

#include "jit/cache.h"
#include "jit/image.h"
#include "jit/job.h"
#include "jit/native.h"
#include "jit/settings.h"
#include "jit/worker.h"
#include "vm/frame.h"

#define RF_UNIT_LOOPS_MAX 64
#define RF_PROFILE_WINDOW 3000u /* instructions */
#define RF_COUNT_NEVER UINT64_MAX
#define RF_STEP_FIRST 16u /* counts until a queued target looks at the answers, doubling */

/* Counts of an event, of this VM. */
typedef struct RfJitCounts {
    uint64_t compiled, installed, entered, osr, guards, deopts, invalidated, rejected, cache_hits, cache_stores;
    uint64_t cache_misses, recompiled; /* looked for without success; installed for a function that had lost its code */
    double compile_ms;
} RfJitCounts;

typedef enum RfTargetState {
    RF_TARGET_COLD,
    RF_TARGET_QUEUED, /* a job is under way */
    RF_TARGET_NATIVE,
    RF_TARGET_REJECTED /* for now, or for good when `next` is RF_COUNT_NEVER */
} RfTargetState;

/* A function's start or one of its loops: what native code can be entered at. */
typedef struct RfTarget {
    RfNativeEntry *entry; /* NULL: none */
    RfImage *image;       /* of entry */
    int32_t pc;           /* -1: start of the function */
    uint8_t state;        /* RfTargetState */
    bool traced;          /* its `osr` line is out */
    uint64_t count;       /* back edges seen (loops) */
    uint64_t next;        /* count (calls for a function) at which it is compiled next */
    uint32_t step;        /* while queued: counts until the next look at the answers */
    /* A loop whose code is left soon after it is entered, again and again: it rests until `count` is `rest`. */
    uint32_t returns, exits; /* `exits`: those of the unit when it was entered */
    uint64_t entered_at, rest;
} RfTarget;

typedef struct RfUnit {
    /* what the interpreter enters at once. NULL also while there is code, but its entering is to be traced: see `fn` */
    RfNativeEntry *entry;
    uint64_t entries; /* times native code was entered by the interpreter, loops included */
    RfResume resume;  /* a generator's, published as proto->resume while fn has code */
    RfProto *proto;
    RfTarget fn;
    RfTarget *loops; /* rf_mem, nloops of loops_cap */
    uint32_t nloops, loops_cap;
    uint32_t loop_mark; /* proto->loop_count at the last look */
    uint64_t patience;  /* thresholds are multiplied by this: grows with each reject */
    uint32_t compiles;  /* times native code was installed */
    uint32_t deopts;    /* guards that failed */
    uint32_t exits;     /* times native code was left for the VM */
    uint32_t invalidations;
    uint8_t level;       /* for the next job that contains the unit (RfJobUnit.level) */
    bool warm;           /* its profiling window has been opened */
    bool entered;        /* its `enter` line is out */
    RfReason reason;     /* of the last reject or deopt */
    struct RfUnit *next; /* all units of the VM */
} RfUnit;

/* A job handed to the workers. */
typedef struct RfPending {
    uint32_t id;
    struct RfJit *owner; /* NULL: its VM has ended; the code is only worth storing */
    RfUnit *unit;        /* NULL: forgotten */
    int32_t pc;          /* of the target */
    bool cancelled;      /* nobody minds when it is not compiled */
    bool sought;         /* in the cache, without success: the answer is stored there */
    char key[RF_KEY_SIZE];
    char *name;
    RfJobLinks links;
    bool done; /* the answer is there */
    RfWorkerAnswer answer;
    struct RfPending *next;
} RfPending;

typedef struct RfJit {
    const RfJitSettings *settings;
    uint32_t threshold, loop_threshold;
    bool sync;        /* wait for every compile */
    bool cached;      /* may use the cache */
    bool task;        /* of a thread of the program: says nothing at its start and end */
    bool off;         /* only here to say so (DEBUG_JIT) */
    bool left;        /* the stats line is out */
    uint32_t pending; /* jobs under way for this VM */
    RfJitCounts counts;
    RfUnit *units;
    RfImage *images; /* every one loaded, until the VM ends: frames may still run in a withdrawn one */
} RfJit;

static inline RfJit *rf_jit_of(RfVm *vm)
{
    return vm->jit;
}

/* ---- policy.c ---- */
/* RfTier.call and .loop */
RfNativeEntry *rf_policy_call(RfVm *vm, RfFrame *frame);
RfNativeEntry *rf_policy_loop(RfVm *vm, RfFrame *frame);
/* State of a function, made when there is none. */
RfUnit *rf_unit_of(RfVm *vm, RfProto *proto);
/* Its loop with this header; NULL when it is not known (make: then it is made, if there is room). */
RfTarget *rf_unit_loop(RfUnit *unit, int32_t pc, bool make);
/* The target of a pc; NULL when not known. */
RfTarget *rf_unit_target(RfUnit *unit, int32_t pc);
/* Sets the function's triggers after a change of its targets. */
void rf_unit_arm(RfVm *vm, RfUnit *unit);
/* Whether the switches of 5.2 let the function's start be compiled. */
bool rf_unit_function_allowed(const RfJit *jit, const RfProto *proto);
bool rf_unit_loops_allowed(const RfJit *jit, const RfProto *proto);
/* Takes the code of an image from all targets that have it; true when there was one. For the function that lost some:
 * withdrawn(vm, unit, pc of a target, context); may be NULL. */
bool rf_unit_withdraw(RfVm *vm, const RfImage *image, void (*withdrawn)(RfVm *, RfUnit *, int32_t, void *),
                      void *context);

/* ---- install.c ---- */
/* Compiles the target: from the cache at once, else through the queue (waiting for it when the VM is synchronous).
 * frame: running activation for a loop, else NULL. */
void rf_install_request(RfVm *vm, RfUnit *unit, RfTarget *target, RfFrame *frame);
/* Installs what the workers have answered for this VM; cheap when there is nothing. */
void rf_install_answers(RfVm *vm);
/* What is still there when the program ends: counted and stored, not installed. */
void rf_install_rest(RfJit *jit);

/* ---- deopt.c ---- */
/* RfImage.on_exit */
void rf_deopt_exit(RfVm *vm, RfImage *image, uint32_t exit);

/* ---- queue.c: shared by all VMs of the process, locked inside ---- */
/* task: the VM runs on a thread that the program started. program: RfJitConfig.worker; of the first VM that names one. */
void rf_queue_attach(bool task, const char *program);
/* Jobs of this VM lose their owner; with the last VM the workers and the cache go. */
void rf_queue_detach(RfJit *jit);
/* Something is nearly hot: starts a worker in the background. */
void rf_queue_warm(void);
/* As rf_cache_load; *enabled: there is a cache at all. */
int rf_queue_cache_load(const char *key, RfReason *reason, bool *enabled);
/* Borrowed text, "off" without a cache. */
const char *rf_queue_cache_directory(void);
/* Hands a job over. Takes p (by rf_mem_zalloc, everything but id set); *pending: jobs under way with this one. False: the
 * process is ending, p has been freed. */
bool rf_queue_submit(RfPending *p, const RfBuf *job, uint32_t *pending);
/* The job of this target, when it is under way, is no longer needed: it may still be answered with code. */
void rf_queue_cancel(RfJit *jit, const RfUnit *unit, int32_t pc);
/* The next finished job of this VM, unlinked (the caller frees it by rf_pending_free); NULL: none. wait: blocks until one is
 * there; NULL then only when none is under way. */
RfPending *rf_queue_take(RfJit *jit, bool wait);
/* The object of a finished job into the cache; false when there is no cache or it cannot be written. */
bool rf_queue_store(const RfPending *p);
void rf_pending_free(RfPending *p);
/* The unit is going away: what comes back for it is only stored. */
void rf_queue_forget(RfJit *jit, const RfUnit *unit);
/* Adds to the counts of all VMs that have ended, and gives them. */
void rf_queue_add_counts(RfJitCounts *counts);
/* The process ends: no workers any more until a VM of another program is attached. */
void rf_queue_close(void);

/* ---- recent.c ---- */
/* Keeps a copy of the descriptor. */
void rf_recent_put(const char *key, int fd, size_t size);
/* A memory file of its own with the object of that key (the caller closes it), or -1. */
int rf_recent_get(const char *key);
void rf_recent_clear(void);

/* ---- status.c ---- */
void rf_status_function(RfVm *vm, const RfProto *proto, RfDict *out);
void rf_status_vm(RfVm *vm, RfDict *out);
/* Counts of this VM, `entered` included. */
RfJitCounts rf_status_counts(const RfJit *jit);

#endif
