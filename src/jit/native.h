/* The contract between generated code and the program that runs it: registers of a native call, compact frames, exits,
 * and the image (one shared object with the code of several functions).
 *
 * Generated code is pointer-free. Whatever it needs of this process it finds in its own data symbol `rf_bind`, an array of
 * pointers that rf_image_open fills in from the list of binds in the image's head.
 *
 * A function of the image has two forms:
 *   entry   RfRet uN(RfVm *, RfFrame *, RfValue *fp)            arguments in fp[]; called by the interpreter and by helpers
 *   direct  RfRet dN(RfVm *, RfFrame *, RfValue *fp, raw...)    scalars of known type raw (int64_t, double), everything else in
 *                                                              fp[i] as owned values or by address; called by code of the same
 *                                                              image, which knows what each of them takes (UnitInfo)
 * and one more for each loop that was running when it was compiled:
 *   loop    RfRet oN_PC(RfVm *, RfFrame *, RfValue *fp)         locals in fp[], operand stack empty, starts at the header PC
 *
 * Where values live: slot i of an activation (locals, then operands) has its home at fp[i], as in the interpreter. Ints,
 * floats, bools and null of known type live in registers and their home holds garbage; everything else lives in its home.
 *
 * Frames: frame is this activation's RfFrame. A direct call writes only frame[1].mark (and frame[1].fn for closures with
 * captures): a compact frame. When the callee is quiet (UnitInfo.quiet), it does so itself, before the first call that it makes and
 * before every helper that gets its frame; until then its mark is garbage, and nobody looks. rf_native_sync completes all
 * compact frames below and including `frame`; every helper that can raise or look at the VM does it first. To complete a frame
 * again changes nothing. The caller has compared frame with vm->frame_limit. A frame that is entered through an entry or loop
 * is complete and has been given to its image (rf_native_adopt). */
#ifndef RF_JIT_NATIVE_H
#define RF_JIT_NATIVE_H

#include "jit/reason.h"
#include "vm/tier.h"

#define RF_JIT_ABI 6u /* part of the cache key: grows with every change of this file, helpers.def or an object layout */

/* ---- mark of a compact frame ---- */
/* bit 31 set | unit (5 bits) << 26 | distance of its fp from the caller's fp in slots (10) << 16 | pc of the call in the
 * caller (15) << 1 | 1 when frame->fn has been written: one store of a constant. 0: the frame is complete. */
#define RF_MARK(unit, slots, pc, has_fn) \
    (UINT32_C(1) << 31 | (uint32_t)(unit) << 26 | (uint32_t)(slots) << 16 | (uint32_t)(pc) << 1 | (uint32_t)(has_fn))
#define RF_MARK_UNITS 32u
#define RF_MARK_SLOTS 1024u
#define RF_MARK_PCS 32768u

/* ---- where: first argument of helpers that may raise or look at the VM, after vm and frame ---- */
/* pc of the instruction, and the number of valid slots (locals + operands) from fp: vm->sp = fp + slots */
#define RF_WHERE(pc, slots) ((uint64_t)(slots) << 32 | (uint32_t)(pc))
#define RF_WHERE_LEAVES (UINT64_C(1) << 63) /* for helper safepoint: the exit can also go on */
#define RF_WHERE_PC(where) ((uint32_t)(where))
#define RF_WHERE_SLOTS(where) ((uint32_t)((where) >> 32))

/* Result of helper `view`: tag is the length, with this bit when the array is unshared. */
#define RF_VIEW_WRITABLE (UINT64_C(1) << 63)

/* ---- exits ---- */
/* State of one slot at an exit. */
typedef enum RfSlotState {
    RF_SLOT_NULL = 'n',  /* dead or null: the helper stores null */
    RF_SLOT_UNDEF = 'u', /* the helper stores UNDEF */
    RF_SLOT_INT = 'i',   /* the home holds the payload only: the helper stores the tag */
    RF_SLOT_FLOAT = 'f',
    RF_SLOT_BOOL = 'b',
    RF_SLOT_HOME = 'm',     /* the home holds the owned (or scalar) value */
    RF_SLOT_BORROWED = 'w', /* the home holds a value that the caller owns: it is counted */
    RF_SLOT_ELEM = 'e',     /* the payload is the address of a value, which is copied and counted */
    /* Nothing lies in the home, and a number says which value is wanted (RfExit.numbers): */
    RF_SLOT_LOCAL = 'l',   /* a copy of this local's */
    RF_SLOT_MOVED = 'v',   /* this local's, which the local gives up: its own state is NULL */
    RF_SLOT_GLOBAL = 'g',  /* a copy of this global's of the unit's module */
    RF_SLOT_CONST = 'c',   /* this constant of the unit */
    RF_SLOT_UNIT = 'p',    /* the function of this unit (RF_BIND_FUNCTION) */
    RF_SLOT_BUILTIN = 'B', /* the builtin of this bind */
    /* In the records that helper `enter` compares with, n u i f b mean exactly that, m anything set, and there are */
    RF_SLOT_ANY = 'a',  /* anything, unset as well */
    RF_SLOT_DEAD = 'd', /* anything: nobody reads it, to be released */
} RfSlotState;

/* Is an error under way at an exit? */
typedef enum RfExitError {
    RF_EXIT_NO_ERROR,
    RF_EXIT_HANDLED, /* yes, and the interpreter runs the activation's handler */
    RF_EXIT_RAISED   /* yes, and it leaves the activation: `slots` tells what to release, the others are garbage */
} RfExitError;

typedef struct RfExit {
    uint32_t unit;     /* whose activation */
    uint32_t pc;       /* instruction to resume at, or the one that failed */
    uint32_t nslots;   /* locals + operands present; RAISED: the first ones, up to the last to be released */
    uint8_t error;     /* RfExitError */
    uint8_t reason;    /* RfReason */
    uint8_t guard;     /* failed speculation: counts; the class of the top operand joins the profile */
    uint16_t expected; /* RF_CLASS_* that a type guard wanted, 0: not known (DEBUG_JIT) */
    /* After a safepoint: 0, or 1 + the pc of the error that it has raised; without an error the code was withdrawn, and the
     * interpreter goes on at pc. */
    uint32_t stopped_at;
    const char *slots; /* nslots RfSlotState */
    uint32_t nnumbers;
    const uint32_t *numbers; /* of the slots whose states want one, in their order */
} RfExit;

static inline bool rf_slot_has_number(char state)
{
    return state == RF_SLOT_LOCAL || state == RF_SLOT_MOVED || state == RF_SLOT_GLOBAL || state == RF_SLOT_CONST ||
           state == RF_SLOT_UNIT || state == RF_SLOT_BUILTIN;
}

/* ---- generators ---- */
/* What the native code of a generator's body wants of a saved value: one of these, and above 8 bits an argument. */
#define RF_WANT_DEAD 0u  /* nothing; it is released */
#define RF_WANT_TAG 1u   /* this tag */
#define RF_WANT_VALUE 2u /* any value but UNDEF */
#define RF_WANT_ANY 3u
#define RF_WANT_SHAPE 4u /* a struct of the shape that is this bind */
/* Tables of them are arrays of numbers: how many places, and for each the pc at which a generator may stand, the pc at which
 * native code goes on (the same, or the one behind its POP), the exit that leaves there, and count and wants of the values. */

/* ---- images ---- */
typedef enum RfBindKind {
    RF_BIND_HELPER,   /* a: number in helpers.def */
    RF_BIND_PROTO,    /* a: unit number -> RfProto * */
    RF_BIND_CONSTS,   /* a: unit -> RfValue *consts */
    RF_BIND_MODULE,   /* a: unit -> RfModule * */
    RF_BIND_CODE,     /* a: unit -> RfInstr *code */
    RF_BIND_SHAPE,    /* a: shape number of the job -> RfShape * */
    RF_BIND_TYPE,     /* a: shape number -> RfStructType * (version check) */
    RF_BIND_BUILTIN,  /* name -> const RfBuiltin * */
    RF_BIND_FUNCTION, /* a: unit -> RfFunction *, the function value of a proto without captures (kept alive) */
    RF_BIND_IMAGE,    /* RfImage * */
    RF_BIND_SERIAL    /* number of the image, of no other one in the process: RfGenerator.native */
} RfBindKind;
typedef struct RfBind {
    uint32_t kind, a, b;
    const char *name; /* RF_BIND_BUILTIN: its name; else NULL */
} RfBind;

typedef struct RfImageEntry {
    uint32_t unit;
    int32_t pc; /* -1: function entry, else header of a loop */
} RfImageEntry;

/* Everything about compiled code but the code: encoded into the data symbol `rf_head` of the shared object. */
typedef struct RfImageHead {
    uint32_t nunits, nentries, nexits, nbinds;
    RfImageEntry *entries; /* symbol names: "u%u" of unit, or "o%u_%d" of unit and pc */
    RfExit *exits;
    RfBind *binds;
} RfImageHead;

/* A loaded image; owned by the VM's JIT (several units may refer to it). */
typedef struct RfImage {
    RfImageHead head;
    void *handle; /* dlopen */
    uint64_t serial; /* from 1; no other image in the process has it */
    uint32_t nunits;
    RfProto **protos;       /* by unit */
    RfFunction **functions; /* by unit: see RF_BIND_FUNCTION; owned references or NULL */
    uint32_t *exit_counts;  /* by exit */
    void **bind;
    /* When not NULL: told of every exit taken, after the frame is complete and before it is interpreted. */
    void (*on_exit)(RfVm *vm, struct RfImage *image, uint32_t exit);
    void *context; /* of whoever set on_exit */
    bool withdrawn; /* loops that run in it leave at their next back edge after an exit */
    bool leaving;   /* such a loop is about to */
    struct RfImage *next;
} RfImage;

/* For the hook that returns an entry (tier.h): frame, whose mode is PLAIN or ENTRY, is about to run code of the image. Whoever
 * enters then sets native and clears mark; until that happens the frame may still be interpreted. */
static inline void rf_native_adopt(RfFrame *frame, RfImage *image)
{
    frame->owner = image;
}

/* head <-> bytes (rf_mem block of *size bytes). The symbol `rf_head` holds their number (32 bits, little-endian), then the
 * bytes. Decoding checks all numbers against each other and against the tables of this build: false when malformed (*head is
 * then empty). */
uint8_t *rf_image_head_encode(const RfImageHead *head, size_t *size);
bool rf_image_head_decode(RfImageHead *head, const uint8_t *data, size_t size);
void rf_image_head_free(RfImageHead *head); /* of one made by decoding */

/* ---- runtime side of generated code ---- */
/* Completes frame and the compact ones below it; sets frame->pc (as after the instruction `where`), vm->frame and vm->sp. */
void rf_native_sync(RfVm *vm, RfFrame *frame, uint64_t where);

/* First argument of helpers math and math2. */
typedef enum RfMath {
    RF_MATH_floor, RF_MATH_ceil, RF_MATH_round, RF_MATH_trunc, RF_MATH_sin, RF_MATH_cos, RF_MATH_tan, RF_MATH_atan,
    RF_MATH_exp, RF_MATH_cbrt, RF_MATH_log, RF_MATH_log2, RF_MATH_log10, RF_MATH_pow, RF_MATH_min, RF_MATH_max,
    RF_MATH_atan2, RF_MATH_hypot
} RfMath;

/* The helper table: one function pointer per line of helpers.def, in its order. */
extern void *const rf_helper_table[];
typedef enum RfHelper {
#define HELPER(name, result, params) RF_HELPER_##name,
#include "jit/helpers.def"
#undef HELPER
    RF_HELPER_COUNT
} RfHelper;

#endif
