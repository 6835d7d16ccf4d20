/* Loading and running programs: what the API layer uses. */
#ifndef RF_VM_PROGRAM_H
#define RF_VM_PROGRAM_H

#include "bytecode/module.h"
#include "front/diag.h"
#include "vm/vm.h"

typedef struct RfVmConfig {
    uint32_t capabilities;         /* bit (1u << RfCapability) set = allowed */
    uint32_t max_call_depth;       /* 0: default 100000 */
    uint32_t scheduler_timeout_ms; /* 0: default 120000 */
    uint32_t stack_mb;             /* addresses reserved for the value stack; 0: default 2048 */
    uint64_t budget;         /* safepoints (calls, back edges) until the program is stopped for good; 0: no limit */
    bool jit;                /* may compile hot code */
    bool jit_cache;          /* ... and keep it in the code cache */
    uint32_t jit_threshold;  /* calls before a function is compiled; 0: default */
    const char *jit_worker;  /* executable that compiles, or NULL; borrowed until the first VM is made */
    bool task;               /* the VM of a task that the program runs on another thread */
    bool verify;             /* check all bytecode before it may run, also in builds without assertions */
    int argc;                /* script arguments: what args() gives */
    const char *const *argv; /* borrowed for the VM's life */
    /* Called at the end of rf_vm_new and, when the modules are forgotten, before rf_vm_free frees them: a native compiler comes
     * and goes (tier.h). The VMs of tasks on other threads get copies of this configuration, so they call them too. */
    void (*attach)(RfVm *vm, void *context);
    void (*detach)(RfVm *vm, void *context);
    void *attach_context;
    const char *entry_dir; /* directory of the entry script (module search), NULL when there is none; copied */
    /* Program output; NULL: file descriptors 1 and 2. Called with whole buffered pieces. */
    void (*write_out)(void *context, const char *bytes, size_t len);
    void (*write_err)(void *context, const char *bytes, size_t len);
    void *write_context;
    /* Shows the runtime block of an error in a task nobody awaits; set by the API layer. Borrows the error. */
    void (*report)(RfVm *vm, const RfError *error, void *context);
    void *report_context;
    /* What happens when the program asks to end (rf_vm_exit), instead of exit(code). `lost` is the errno value with which
     * writing its output has failed, 0 when all is well. Called on the thread that asks. */
    void (*on_exit)(void *context, int code, int lost);
    void *exit_context;
    const struct RfObserver *observer; /* an observer (observe.h) of this VM and of the tasks it starts; NULL: none */
} RfVmConfig;

#define RF_CAPABILITIES_ALL ((1u << RF_CAP_COUNT) - 1u)

/* A VM with its heap, globals and scheduler; belongs to the calling thread. NULL when there is no address space for its stacks. */
RfVm *rf_vm_new(const RfVmConfig *config);
/* Releases everything. Spawned threads still running are not waited for. */
void rf_vm_free(RfVm *vm);

typedef enum RfLoadResult { RF_LOAD_OK, RF_LOAD_SYNTAX, RF_LOAD_COMPILE } RfLoadResult;

/* Lexes, parses and compiles a main script called `file` in diagnostics. `source` is valid UTF-8 of at most RF_SOURCE_MAX bytes
 * (copied). Failures are in *diags (initialised by the caller). *module is owned by the VM.
 * *statements, *instructions (may be NULL) receive the counts `ruff check --verbose` prints. */
RfLoadResult rf_program_load(RfVm *vm, const char *source, size_t len, const char *file, RfDiagList *diags,
                             RfModule **module, size_t *statements, size_t *instructions);
/* Runs the module's top level, then all suspended async functions to their end, closes channels, flushes stdout.
 * On RF_ERROR the error is in rf_rt(vm)->error with its whole trace (innermost first; trace[0] is the place of the error). */
RfStatus rf_program_run(RfVm *vm, RfModule *module);
/* Runs one function proto of the module's test list (or its setup/teardown) to its end. */
RfStatus rf_program_run_proto(RfVm *vm, RfModule *module, RfProto *proto);
/* Value of a global by name; UNDEF when absent. Borrowed. */
RfValue rf_program_global(RfVm *vm, RfModule *module, const char *name);

/* Source text of a loaded file (for excerpts); NULL when not available. */
const char *rf_program_source(RfVm *vm, const char *file, size_t *len);

/* Runs fn(arg) on a thread with the large stack the interpreter needs, waits for it and returns its result. Scripts must be run
 * inside (the CLI's main does so once). */
int rf_program_on_big_stack(int (*fn)(void *arg), void *arg);

/* The process is about to end without rf_vm_free: what is under way outside this thread is left to itself.
 * Called by rf_vm_exit too; a second call does nothing. */
void rf_vm_leave(RfVm *vm);

/* Asks a running VM to stop at its next safepoint with exit code 130 (async-signal-safe). */
void rf_vm_interrupt(void);

#endif
