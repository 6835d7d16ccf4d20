/* What the interpreter and a native compiler above it know of each other: counters that trigger, the profile that the
 * interpreter records on request, native entries, and single steps. Without a compiler vm->tier is NULL and no trigger fires. */
#ifndef RF_VM_TIER_H
#define RF_VM_TIER_H

#include "vm/frame.h"

/* ---- profile: classes of values that were on top of the operand stack before each instruction ---- */
/* clang-format off */
#define RF_CLASS_UNDEF      0x0001u
#define RF_CLASS_NULL       0x0002u
#define RF_CLASS_BOOL       0x0004u
#define RF_CLASS_INT        0x0008u
#define RF_CLASS_FLOAT      0x0010u
#define RF_CLASS_STRING     0x0020u
#define RF_CLASS_INTS       0x0040u /* array with element kind INT */
#define RF_CLASS_FLOATS     0x0080u
#define RF_CLASS_BOOLS      0x0100u
#define RF_CLASS_VALUES     0x0200u /* array of any values; a new empty array is one of ints (array.h) */
#define RF_CLASS_DICT       0x0400u
#define RF_CLASS_STRUCT     0x0800u
#define RF_CLASS_FUNCTION   0x1000u
#define RF_CLASS_BUILTIN    0x2000u
#define RF_CLASS_OTHER      0x4000u
#define RF_CLASS_SEEN       0x8000u /* the instruction has run (also with an empty operand stack) */
/* clang-format on */
uint16_t rf_value_class(RfValue v);

typedef struct RfProfile {
    uint16_t *tos;    /* per instruction: classes of the top of the stack before it | RF_CLASS_SEEN */
    uint16_t *params; /* per parameter: classes at entry */
    uint16_t *cells;  /* per captured variable: classes at entry */
} RfProfile;

/* ---- generators ---- */

/* Native code of a generator's body. The entry runs the body from where g stands, up to its next YIELD or its end. Before: fp[-1]
 * holds the generator g (not counted), which is RUNNING and still has its values in g->slots; the frame is complete, its pc
 * does not matter. The result is the value handed out (g is READY again and has its values), a value with the tag RF_TAG_UNDEF
 * when the body has ended, or RF_RET_ERROR; after these two it is the caller who finishes g (rf_generator_drawn). */
typedef struct RfResume {
    RfNativeEntry *entry;
    void *image;      /* frame->owner */
    uint64_t entered; /* times it was called by C code of the VM */
} RfResume;

/* ---- hooks ---- */
typedef struct RfTier {
    /* The call counter of frame->proto reached its trigger; the frame is pushed, nothing of it has run. Returns native code
     * to enter, or NULL. Sets the next trigger: 0 to be asked at every call. May start profiling (vm->profile_left). Also asked
     * for async functions and generators and where native code cannot be entered; the entry is then not used. */
    RfNativeEntry *(*call)(RfVm *vm, RfFrame *frame);
    /* The loop counter reached its trigger at a back edge; frame->pc is the loop header (not yet run), vm->sp is set. Returns
     * native code for this loop or NULL. The header is the target of the LOOP.. instruction; for FOR_LOOP and FOR_LOOP2 it is that
     * instruction itself, before it draws an item, because that is where such a loop needs no operand.
     * In a generator's frame the code is that of RfResume; that of an async function returns RF_RET_LEFT. frame->owner is set only
     * with code. */
    RfNativeEntry *(*loop)(RfVm *vm, RfFrame *frame);
    /* All functions of a freshly compiled module: sets their triggers. */
    void (*prepare)(RfVm *vm, RfModule *module);
    /* A module and its functions are about to be freed (prepared or not). */
    void (*forget)(RfVm *vm, RfModule *module);
    /* jit_status() and vm_stats(): adds or replaces entries of the dict. */
    void (*status)(RfVm *vm, const RfProto *proto, RfDict *out);
    void (*stats)(RfVm *vm, RfDict *out);
    /* A callback from C that native code called directly: completes the frames (RfForeignState.frame, where). */
    void (*sync)(RfVm *vm, RfFrame *frame, uint64_t where);
    /* rf_vm_leave */
    void (*leave)(RfVm *vm);
} RfTier;

/* Profile of a function, made when it is first wanted; freed with the function. */
RfProfile *rf_profile_of(RfProto *proto);
void rf_profile_free(RfProto *proto);
/* The number of instructions still to be profiled by the interpreter: set vm->profile_left and the loop follows at the next
 * trigger, call from C, or native exit. */

/* Runs exactly one instruction, the one at code[pc] in its plain form, of the native frame (complete, vm->frame == frame,
 * vm->sp valid), with everything it calls. RF_OK: vm->sp is as after the instruction, frame->pc is the next instruction (jumps
 * taken). RF_ERROR: the error is in the runtime, the frame still there, vm->sp somewhere between the frame's locals and its
 * top: what lies between is owned and must be released; vm->error_pos and vm->trace_has_frame belong to the error. Frames that
 * the instruction pushes are run to their end at full speed, nested on the C stack. RETURN, GEN_START and YIELD are never
 * stepped. */
RfStatus rf_interp_step(RfVm *vm, RfFrame *frame, uint32_t pc);

/* Ends native execution of `frame` and interprets it from code[pc] to its end, that of a generator to its next YIELD; frame complete, vm->sp set. The result, or
 * RF_RET_ERROR. The frame has been dropped (vm->frame is the one below), everything from frame->fp up released; a result is in
 * the return value, not on the stack. error: an error is under way at pc instead: this frame's handlers are looked for; without
 * one its trace entry is added. Slots from fp to vm->sp are owned and valid, all locals present. When a loop of the activation
 * has a native entry (hook `loop`), the rest runs there: call this last (`return rf_interp_resume(..)`), so that a loop that is
 * left and entered again and again needs no more C stack each time. */
RfRet rf_interp_resume(RfVm *vm, RfFrame *frame, uint32_t pc, bool error);

#endif
