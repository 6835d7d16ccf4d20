/* The VM's own state: frames, stacks, and the protocol between the interpreter loop and its helpers. */
#ifndef RF_VM_FRAME_H
#define RF_VM_FRAME_H

#include <pthread.h>

#include "base/buf.h"
#include "bytecode/module.h"
#include "vm/foreign.h"
#include "vm/program.h"
#include "vm/vm.h"

/* How a frame goes back when it returns. */
typedef enum RfFrameMode {
    RF_FRAME_PLAIN, /* to the script frame below, result at `ret` */
    RF_FRAME_ENTRY, /* to the C code that called rf_interp_run */
    RF_FRAME_FOR,   /* generator resumed by FOR_LOOP of the frame below */
    RF_FRAME_FOR2,  /* generator resumed by FOR_LOOP2 */
    RF_FRAME_NEXT,  /* generator resumed by .next(): result is Some(v) or None */
    RF_FRAME_DRAW,  /* generator resumed by C (rf_generator_next) */
    RF_FRAME_ASYNC, /* first frame of an async call made by the frame below: result becomes a promise */
    RF_FRAME_TASK   /* first frame of an async call resumed by the scheduler */
} RfFrameMode;

typedef struct RfFrame {
    /* next instruction; while the frame is not the running one, the instruction before is the call it makes */
    const RfInstr *pc;
    RfValue *fp;  /* local 0 */
    RfValue *ret; /* where the result goes; everything from here up belongs to the frame */
    RfProto *proto;
    RfFunction *fn; /* NULL for module code; kept alive by the stack below fp, a struct type, or the frame's owner */
    void *owner; /* by mode: RfGenerator (owned reference), RfPromise of an async frame; the tier's own while native */
    uint32_t mode;   /* RfFrameMode */
    uint32_t native; /* 1: native code runs this activation (mode is ENTRY); errors stop here (rf_unwind) */
    uint32_t mark;   /* native code's own (jit/native.h): 0, the frame is complete; not set for others */
    uint32_t unused;
} RfFrame;
_Static_assert(sizeof(RfFrame) == 64, "a frame is a cache line");

/* What native code returns: a value in two registers. tag RF_RET_ERROR: it failed, the error is in the runtime, the frame is
 * gone (its values released, its trace entry added). */
typedef struct RfRet {
    uint64_t payload;
    uint64_t tag;
} RfRet;
#define RF_RET_ERROR 64u
/* Only from loops of async functions, which the interpreter must be able to park: their code is left without ending the
 * activation. The frame is complete (vm->frame, vm->sp, its pc) and is to be interpreted from its pc; LEFT_ERROR: an error is
 * under way, raised by the instruction before pc. */
#define RF_RET_LEFT 65u
#define RF_RET_LEFT_ERROR 66u

/* Runs the activation `frame` (complete: fp, ret, proto, fn, pc set, mode RF_FRAME_ENTRY, native 1, mark 0; arguments in
 * fp[0..nparams), other locals null; vm->frame == frame, vm->sp at the end of the locals) from its start, or from a loop header,
 * to its end. Every local and operand from fp up has been released afterwards; frame->ret up to fp is the caller's business. The
 * caller drops the frame: vm->frame and vm->sp need not be restored. frame->owner is what the hook that returned the entry has
 * put there, else garbage. An error that leaves: rf_unwind_leave_native, or rf_interp_resume, has added the trace entry. */
typedef RfRet RfNativeEntry(RfVm *vm, RfFrame *frame, RfValue *fp);

#define RF_TRACE_DEBUG 1u   /* DEBUG_VM */
#define RF_TRACE_OBSERVER 2u /* RfObserver.instruction; seen after a safepoint */

typedef struct RfScheduler RfScheduler;
typedef struct RfImports RfImports;
typedef struct RfGenerator RfGenerator;

struct RfVm {
    RfRuntime rt;         /* first: rf_rt() */
    RfFrame *frame;       /* the running frame */
    RfFrame *frames;      /* frames[0] is never a script frame */
    RfFrame *frame_limit; /* last frame that may be pushed */
    RfValue *sp;          /* first free stack slot, valid whenever C code outside the loop runs */
    RfValue *stack, *stack_end;
    _Atomic int interrupt; /* set, also by other threads: the next safepoint calls rf_vm_safepoint (rf_vm_request) */
    _Atomic(RfFrame *) native_limit; /* calls of native code compare with this: frame_limit, or `frames` when interrupt is set */
    uint64_t spent;        /* safepoints passed, when there is a budget */
    bool stopped;          /* budget spent, task cancelled, exit() called: no handler catches the error under way */
    uint32_t max_depth;
    uint32_t trace;        /* every instruction is shown or told: RF_TRACE_ bits */
    uint32_t profile_left; /* instructions that the interpreter is still to profile */
    char *c_limit;         /* C stack below this address: depth error */
    RfModule **modules;    /* all loaded ones; [0] main script */
    uint32_t nmodules, modules_cap;
    uint32_t next_module_id;
    size_t stack_bytes, frames_bytes;
    RfVmConfig config;
    char *entry_dir;
    struct {
        char *data;
        size_t len;
        bool line_buffered; /* stdout is a terminal */
        bool failed;        /* writing failed: output is dropped */
        int error;          /* errno of that failure */
    } out;
    RfBuf scratch; /* for builtins that build text */
    RfScheduler *scheduler;
    struct RfImports *imports;  /* modules found by imports (import.c) */
    struct RfFuture *self_task; /* outcome of the task this VM runs on another thread, or NULL; borrowed */
    RfArray *retired;           /* methods of redeclared structs, kept until the VM ends; NULL when none */
    RfPos error_pos;            /* line 0: the error is where its instruction is */
    bool trace_has_frame;       /* the error's trace already lists the running frame (RETHROW) */
    const struct RfTier *tier;  /* the native compiler (tier.h), or NULL */
    void *jit;                  /* its state */
    RfNativeEntry *reenter;     /* rf_tier_loop to rf_interp_resume: native code that goes on with the activation */
    char *c_reenter;            /* C stack address below which rf_tier_loop does not do that */
    RfForeignState foreign;     /* calls of C functions */
    bool plain_await;           /* some function that is not async awaits: see rf_tier_call */
    void *observed;               /* what the observer of config.observer keeps here */
};

/* Statuses between the loop and its helpers, beyond RfStatus. */
#define RF_ENTER ((RfStatus)3) /* a frame was pushed: continue there */
#define RF_LEFT ((RfStatus)4)  /* rf_tier_loop: native code has moved the frame on: continue at its pc */
#define RF_LEFT_ERROR ((RfStatus)5) /* likewise, with an error under way */

/* ---- interp.c ---- */
/* Runs the frame on top (vm->frame == base) until it has returned or failed. On RF_OK the result is at base's `ret`
 * (vm->sp just above it); on RF_ERROR the frame is gone and the error is in the runtime; RF_SUSPEND: the frame belonged to a
 * task that was parked (only for RF_FRAME_TASK bases). */
RfStatus rf_interp_run(RfVm *vm, RfFrame *base);
/* As rf_interp_run for a frame whose triggers have been looked at, or that native code has left. */
RfStatus rf_interp_go_on(RfVm *vm, RfFrame *base);

/* ---- tier.c ---- */
/* The call counter of the function just entered in `frame` (pushed, complete, vm->sp set) is at its trigger. RF_ENTER: to be
 * interpreted. RF_OK: native code has run it; the frame is gone, the result at its `ret` with vm->sp above it. RF_ERROR: it
 * failed; the frame is gone, vm->sp is its `ret`. */
RfStatus rf_tier_call(RfVm *vm, RfFrame *frame);
/* The same for the loop counter: frame->pc is the loop's header. RF_SUSPEND, only with `resumed`: vm->reenter is to be called.
 * RF_LEFT and RF_LEFT_ERROR in async functions. */
RfStatus rf_tier_loop(RfVm *vm, RfFrame *frame, bool resumed);
/* Draws one value from g in native code: 1 item, 0 end, -1 error; 2: there is none that can be entered here, nothing has
 * happened. vm->sp is where the body's values may go, and is the same afterwards. g is kept alive by the caller. */
int rf_tier_draw(RfVm *vm, RfGenerator *g, RfValue *out);
/* Marks the frame as run by native code. */
void rf_tier_mark(RfFrame *frame);
/* Notes the classes that instruction `pc` of `frame` meets; sp as before it. */
void rf_tier_profile(RfVm *vm, RfFrame *frame, const RfInstr *pc, const RfValue *sp);
/* A module was compiled / is about to be freed. */
void rf_tier_prepare(RfVm *vm, RfModule *module);
void rf_tier_forget(RfVm *vm, RfModule *module);

/* ---- call.c ---- */
/* Prepares the call of sp[-argc-1] with the argc values above it (vm->sp and frame->pc set). RF_OK: a builtin ran, result
 * pushed in place of callee and arguments, vm->sp adjusted. RF_ENTER: frame pushed. `site` may be NULL. */
RfStatus rf_call_value(RfVm *vm, uint32_t argc, RfCallSite *site);
/* As rf_call_value for a receiver in sp[-argc-1]. */
RfStatus rf_call_method(RfVm *vm, uint32_t argc, RfMethodSite *site);
/* Pushes a frame for fn with `argc` arguments starting at fp; ret as given. Checks arity and depth; RF_ENTER or RF_ERROR.
 * RF_OK: a call of a generator function, *ret is the generator, vm->sp above it. */
RfStatus rf_call_enter(RfVm *vm, RfFunction *fn, RfValue *ret, RfValue *fp, uint32_t argc, bool method);
/* Runs builtin b on argc values at argv, releases them, stores the result at *ret and sets vm->sp above it. */
RfStatus rf_call_builtin(RfVm *vm, const RfBuiltin *b, uint32_t argc, RfValue *argv, RfValue *ret, uint32_t place);
RfStatus rf_call_depth_error(RfVm *vm, const RfString *name);
RfStatus rf_call_not_callable(RfVm *vm);
/* "NAME expects ..." */
RfStatus rf_call_arity_error(RfVm *vm, const RfProto *proto, uint32_t argc, bool method);

/* ---- operators.c: operands in sp[-2], sp[-1]; result replaces them (vm->sp is set to the caller's sp before) ---- */
RfStatus rf_op_binary(RfVm *vm, RfOp op, RfValue *sp, uint32_t place);
RfStatus rf_op_compare(RfVm *vm, RfOp op, RfValue *sp);
RfStatus rf_op_unary(RfVm *vm, RfOp op, RfValue *sp);
/* The RF_FEEDBACK_ bit for two operands that are not both ints. */
static inline uint16_t rf_op_feedback(RfValue x, RfValue y)
{
    return x.tag == RF_TAG_STRING && y.tag == RF_TAG_STRING ? RF_FEEDBACK_STRING
           : rf_is_num(x) && rf_is_num(y)                   ? (x.tag == y.tag ? RF_FEEDBACK_FLOAT : RF_FEEDBACK_MIXED)
                                                            : RF_FEEDBACK_OTHER;
}

/* ---- access.c ---- */
/* x[i]; borrows both; *out new reference. */
RfStatus rf_access_index(RfVm *vm, RfValue x, RfValue i, RfValue *out);
/* place[i] := v in place, making the container unique first. Takes v; borrows i. */
RfStatus rf_access_store_index(RfVm *vm, RfValue *place, RfValue i, RfValue v);
/* Where the value of d.name lies, or NULL; through the site's cache. Borrowed. */
RfValue *rf_access_member(const RfDict *d, RfFieldSite *site);
RfStatus rf_access_store_field(RfVm *vm, RfValue *place, RfFieldSite *site, RfValue v);
/* x.name; borrows x. `optional`: ?. semantics. */
RfStatus rf_access_field(RfVm *vm, RfValue x, RfFieldSite *site, bool optional, RfValue *out);

/* ---- path.c ---- */
/* Stores: the value and the index values lie on the stack as STORE_PATH says; all are consumed. */
RfStatus rf_path_store(RfVm *vm, const RfPath *path, bool value_on_top);
RfStatus rf_path_load(RfVm *vm, const RfPath *path); /* pushes */
/* Gives up the reference that the variable of `place` holds to the very object `v`. Returns where it was (now null), or NULL. */
RfValue *rf_path_give(RfVm *vm, uint32_t place, RfValue v);

/* ---- variable.c ---- */
RfStatus rf_var_undefined(RfVm *vm, RfString *name);
RfStatus rf_var_load_global(RfVm *vm, RfModule *m, uint32_t slot, RfValue *out);
RfStatus rf_var_store_global(RfVm *vm, RfModule *m, uint32_t slot, int mode, RfValue v);   /* takes v */
RfStatus rf_var_declare_global(RfVm *vm, RfModule *m, uint32_t slot, int kind, RfValue v); /* takes v */
RfStatus rf_var_raise(RfVm *vm, int kind, RfString *name);

/* ---- literal.c ---- */
RfStatus rf_literal_dict(RfVm *vm, uint32_t pairs); /* pops 2*pairs, pushes */
RfStatus rf_literal_dict_put(RfVm *vm, RfValue *sp);
RfStatus rf_literal_extend(RfVm *vm, RfValue *sp, bool dict); /* pops one */
RfStatus rf_literal_interp(RfVm *vm, uint32_t count);
RfStatus rf_literal_struct(RfVm *vm, RfStructSite *site);
RfStatus rf_literal_range(RfVm *vm, RfValue low, RfValue high, bool inclusive, RfValue *out);
void rf_literal_closure(RfVm *vm, RfProto *proto, RfValue *out);
void rf_literal_declare_struct(RfVm *vm, const RfDeclSite *site);
void rf_literal_destruct_array(RfVm *vm, uint32_t count, bool rest);
void rf_literal_destruct_dict(RfVm *vm, const RfDictPattern *pattern);

/* ---- iterate.c: the iterator of a `for` lies in three locals: source, position, count left ---- */
RfStatus rf_iterate_prep(RfVm *vm, RfValue *it, RfValue source); /* takes source */
RfStatus rf_iterate_range(RfVm *vm, RfValue *it, RfValue low, RfValue high, bool inclusive);
void rf_iterate_step(RfValue *it, int64_t start, int64_t stop, int64_t step);
/* 1: item pushed (two: item, then index or key); 0: end; -1 error; 2: a generator frame was pushed. */
int rf_iterate_next(RfVm *vm, RfValue *it, bool two);

/* ---- unwind.c ---- */
/* Finds the handler of the error in the runtime, from vm->frame down to `base`. RF_OK: vm->frame is ready to go on (pc, vm->sp
 * set); RF_ERROR: no handler, frames down to base are gone - or a native frame is on top now, untouched: the error is its. */
RfStatus rf_unwind(RfVm *vm, RfFrame *base);
/* The error under way is shown at `pos` instead of at its instruction's place (a step inside a path). */
void rf_unwind_set_pos(RfVm *vm, RfPos pos);
/* Function names active now (outermost first), for e.stack. */
RfValue rf_unwind_stack_names(RfVm *vm);
/* RETHROW: raises the kept error again (takes the box). */
void rf_unwind_rethrow(RfVm *vm, RfValue box);
RfPos rf_frame_pos(const RfFrame *f);
/* The handler of the native frame f (vm->frame) gets the error under way: *out is the value it is given, see RfHandler.raw. false:
 * nobody may catch it. */
bool rf_unwind_catch_native(RfVm *vm, const RfFrame *f, bool raw, RfValue *out);
/* The error under way leaves the native frame f (vm->frame), which has no handler for it: adds its trace entry. */
void rf_unwind_leave_native(RfVm *vm, const RfFrame *f);
/* Adds the frame to the call stack of the error in the runtime, as being at `pos`. */
void rf_unwind_add_trace(RfVm *vm, const RfFrame *f, RfPos pos);

/* ---- generator.c ---- */
typedef enum RfGenState { RF_GEN_READY, RF_GEN_RUNNING, RF_GEN_DONE } RfGenState;
struct RfGenerator {
    RfObject obj;
    RfFunction *fn; /* owned */
    const RfInstr *pc;
    RfGenState state;
    uint32_t nslots; /* saved values: locals and operands */
    uint32_t cap;
    RfValue *slots;
    void *native; /* mark of the native code that has saved the slots, in the way it wants them; NULL: anybody else has */
};
/* Calls the generator function fn, whose code begins with GEN_START, with the argc arguments at fp: *ret becomes the generator, all
 * that was there is released or moved, vm->sp is above it. */
void rf_generator_call(RfVm *vm, RfFunction *fn, RfValue *ret, RfValue *fp, uint32_t argc);
/* GEN_START: makes the generator from the running frame, pops it, stores the generator as its result. */
RfStatus rf_generator_start(RfVm *vm);
/* Pushes the generator's frame; mode says who consumes. Takes a reference to g for the frame. RF_ENTER or RF_ERROR. */
RfStatus rf_generator_resume(RfVm *vm, RfGenerator *g, RfFrameMode mode, RfValue *ret);
/* YIELD: parks the running generator frame, whose value the caller hands on. Pops the frame. */
void rf_generator_park(RfVm *vm);
/* Takes the values of the running frame up to vm->sp, which is to go on at frame->pc. */
void rf_generator_save(RfVm *vm, RfGenerator *g, const RfFrame *frame);
/* Draws one value from C: 1 item, 0 end, -1 error. */
int rf_generator_next(RfVm *vm, RfGenerator *g, RfValue *out);
/* What native code of the body has returned (tier.h), likewise; at the end and after an error the generator is finished. */
int rf_generator_drawn(RfGenerator *g, RfRet result, RfValue *out);
void rf_generator_finish(RfGenerator *g); /* drops what it holds; DONE */
void rf_generator_register(void);

/* ---- debug.c ---- */
void rf_debug_trace_instr(RfVm *vm, const RfInstr *pc); /* one "VM: ..." line on stderr */

/* ---- channel.c ---- */
RfStatus rf_channel_method(RfVm *vm, RfValue channel, RfString *name, int argc, RfValue *argv, RfValue *out,
                           bool *found);
/* `for` over a channel: 1 item (new reference), 0 closed and empty, -1 error. */
int rf_channel_next(RfVm *vm, RfValue channel, RfValue *item);

/* ---- safepoint.c ---- */
/* Asks for a safepoint; from any thread or signal handler. */
static inline void rf_vm_request(RfVm *vm)
{
    vm->native_limit = vm->frames;
    vm->interrupt = 1;
}
RfStatus
rf_vm_safepoint(RfVm *vm); /* called when vm->interrupt is set: exits after SIGINT, raises in a cancelled task */
void rf_safepoint_attach(RfVm *vm); /* the first VM attached is the one rf_vm_interrupt stops */
void rf_safepoint_detach(RfVm *vm);
bool rf_safepoint_interrupted(void); /* SIGINT has come: blocking calls give up and call rf_vm_safepoint */

/* ---- program.c ---- */
void rf_program_add_module(RfVm *vm, RfModule *m);
/* Parses, compiles, verifies (assertion builds) and fuses a module whose source is set. */
RfLoadResult rf_program_compile(RfVm *vm, RfModule *m, RfDiagList *diags, size_t *statements, size_t *instructions);
/* Runs top-level code in a frame of its own. */
RfStatus rf_program_run_top(RfVm *vm, RfProto *proto);
/* Starts run(arg) on a thread with a large C stack (less when addresses are short); false when there is no thread to be had. */
bool rf_program_big_thread(pthread_t *thread, void *(*run)(void *), void *arg);

/* ---- io.c ---- */
void rf_io_init(RfVm *vm);
void rf_io_free(RfVm *vm);

/* ---- kinds of this layer register what object.h wants ---- */
void rf_async_register(void); /* promises */
void rf_channel_register(void);
void rf_task_register(void); /* task handles */

/* ---- async.c ---- */
/* AWAIT on sp[-1]: RF_OK value in place; RF_ERROR; RF_SUSPEND: the running task was parked and its frames removed, vm->frame is
 * the frame that goes on (a promise was pushed for it), or the task's base was reached. */
RfStatus rf_async_await(RfVm *vm, RfFrame *base);
/* An async frame returns `v` (taken) / fails with the runtime's error: *out is the promise for its caller. */
void rf_async_return(RfVm *vm, RfFrame *frame, RfValue v, RfValue *out);
void rf_async_fail(RfVm *vm, RfFrame *frame, RfValue *out);
RfStatus rf_async_drain(RfVm *vm); /* end of the main script: run what is suspended */
void rf_async_init(RfVm *vm);
void rf_async_free(RfVm *vm);

/* ---- task.c ---- */
RfStatus rf_task_spawn(RfVm *vm, RfProto *proto, RfValue *out); /* SPAWN */
RfStatus
rf_task_check_cancelled(RfVm *vm); /* at a safepoint: RF_ERROR with a raised error when this VM's task was cancelled */

/* ---- import.c ---- */
RfStatus rf_import_module(RfVm *vm, const RfImportSite *site, RfValue *out);         /* IMPORT: namespace */
RfStatus rf_import_all(RfVm *vm, const RfImportSite *site, RfValue namespace_value); /* takes the namespace */
RfStatus rf_import_name(RfVm *vm, const RfImportSite *site, RfValue namespace_value, RfValue *out); /* borrows it */

void rf_import_free(RfVm *vm);
/* Where an imported module came from (borrowed); false for the main script. And: makes a module that was compiled elsewhere
 * count as imported from there. */
bool rf_import_origin(RfVm *vm, const RfModule *m, const char **real_path, const char **root);
void rf_import_adopt(RfVm *vm, RfModule *m, const char *real_path, const char *root);
/* Calls visit with each search root ("" is the current directory) in order until it returns true. */
bool rf_import_each_root(RfVm *vm, const RfModule *importer, bool (*visit)(void *context, const char *root),
                         void *context);

/* ---- hint.c: did-you-mean ---- */
void rf_hint_module(RfVm *vm, const RfString *name);
void rf_hint_variable(RfVm *vm, const RfString *name);
void rf_hint_field(RfVm *vm, RfValue owner, const RfString *name);
void rf_hint_key(RfVm *vm, const RfDict *dict, RfValue key);

/* ---- small helpers of the loop and its helpers ---- */
static inline void rf_push(RfVm *vm, RfValue v)
{
    *vm->sp++ = v;
}
static inline RfValue rf_pop(RfVm *vm)
{
    return *--vm->sp;
}
static inline void rf_drop(RfVm *vm, uint32_t n)
{
    while (n-- > 0) {
        rf_release(*--vm->sp);
    }
}

#endif
