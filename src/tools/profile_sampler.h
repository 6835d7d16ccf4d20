/* The state with which one VM is sampled, on its own thread, and what the two files that do it know of each other. */
#ifndef RF_TOOLS_PROFILE_SAMPLER_H
#define RF_TOOLS_PROFILE_SAMPLER_H

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "base/mem.h"
#include "tools/profile.h"
#include "vm/frame.h"

/* A builtin that is running, called from `frame`; lies on the C stack of the wrapper that runs it. */
typedef struct RfActiveBuiltin {
    const RfBuiltin *builtin;
    const RfFrame *frame;
    const struct RfActiveBuiltin *outer; /* the one in whose callback it was called, or NULL */
} RfActiveBuiltin;

#define RF_SITES_MAX 256u /* lines a burst distinguishes */

typedef struct RfSite {
    uint32_t file, line;
    uint64_t count;
} RfSite;

/* What one burst has seen. */
typedef struct RfBurst {
    uint64_t seen;  /* allocations */
    double seconds; /* how long it took; its start while it lasts */
    uint32_t nsites;
    RfSite sites[RF_SITES_MAX];
} RfBurst;

/* Watching allocations for a short while, now and then (profile_sites.c). */
typedef struct RfSites {
    bool on;        /* wanted at all */
    uint32_t left;  /* safepoints until the burst is over; 0: no burst */
    uint32_t steps; /* instructions of the interpreter likewise */
    uint32_t calls; /* allocations that may still be looked at one by one */
    uint64_t since; /* allocations of the thread up to the end of the last burst that saw some */
    uint64_t ticks; /* that could begin a burst */
    bool pending;   /* native code allocates: the next safepoint tells where */
    RfBurst now, before;
    uint32_t last[RF_MEM_CLASSES + 1];   /* by class: site + 1 of the last allocation seen, 0: none, or PENDING */
    uint64_t counts[RF_MEM_CLASSES + 1]; /* by class: allocations accounted for */
} RfSites;

typedef struct RfSampler {
    RfVm *vm;
    RfProf *profile;
    struct RfSampler *next; /* all of the process, under the profile's lock */
    uint32_t thread;
    timer_t timer;
    bool ticking;
    _Atomic bool off;                       /* nothing is recorded any more */
    _Atomic bool busy;                      /* snapshots are being read: the handler keeps off them */
    const RfActiveBuiltin *_Atomic builtin; /* innermost one */
    _Atomic uint32_t deferred;              /* ticks in native code, whose frames only a safepoint makes readable */
    char *snapshots;                        /* SNAPSHOT_BYTES, filled by the handler */
    _Atomic size_t used, last;              /* bytes; offset of the newest one */
    void *levels, *stack;                   /* room for one stack as found, and as recorded */
    double wait_rest;                       /* samples owed for waiting */
    RfProfMap functions;                    /* address of a proto or builtin -> function of the profile */
    RfProfMap files;                        /* address of a module -> file */
    uint64_t allocations, deallocations;
    int64_t live;
    RfSites sites;
} RfSampler;

/* Place of an instruction in the profile. */
typedef struct RfPlace {
    uint32_t file, line;
} RfPlace;
RfPlace rf_sampler_place(RfSampler *s, const RfProto *proto, int64_t pc);
/* The instruction that a frame (complete) is executing. */
static inline int64_t rf_sampler_pc(const RfFrame *f)
{
    const RfProto *p = f->proto; /* the interpreter saves its position late: it may be that of an earlier activation */
    return f->pc > p->code && f->pc <= p->code + p->code_len ? f->pc - p->code - 1 : 0;
}
/* True while a builtin runs that the running frame has called. */
static inline bool rf_sampler_in_builtin(const RfSampler *s)
{
    const RfActiveBuiltin *b = s->builtin;
    return b && b->frame == s->vm->frame;
}

/* ---- profile_sites.c; all on the sampled thread ---- */
void rf_sites_start(RfSampler *s); /* with a first, long burst */
void rf_sites_safepoint(RfSampler *s, bool tick);
void rf_sites_instruction(RfSampler *s);
void rf_sites_end(RfSampler *s);

#endif
