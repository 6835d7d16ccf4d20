/* What an observer of running programs (the profiler) is told. Without one, vm->config.observer is NULL and nothing here is
 * called; where it is asked for, the slow path of something else is under way already. */
#ifndef RF_VM_OBSERVE_H
#define RF_VM_OBSERVE_H

#include "vm/vm.h"

typedef enum RfObserveKind {
    RF_OBSERVE_INSTALL, /* native code of a function or loop is there */
    RF_OBSERVE_OSR,     /* a running loop was switched to it */
    RF_OBSERVE_DEOPT,   /* native code was left for the VM */
    RF_OBSERVE_REJECT   /* it cannot be compiled */
} RfObserveKind;

typedef struct RfObserveEvent {
    RfObserveKind kind;
    const RfProto *proto;
    int64_t pc;         /* instruction; -1: the function as a whole */
    const char *reason; /* code of jit/reason.h, "" without one; static */
    /* DEOPT by a type guard: classes of values, or ""; REJECT: `expected` is the opcode. Static. */
    const char *expected, *got;
} RfObserveEvent;

typedef struct RfObserver {
    /* A VM of a task was made, or is about to be freed; on its thread. Not called for the VM that the host made. */
    void (*begin)(RfVm *vm);
    void (*end)(RfVm *vm);
    /* vm->interrupt was set; frames are complete and vm->sp is valid. */
    void (*safepoint)(RfVm *vm);
    /* The interpreter is about to run an instruction; only while vm->trace has RF_TRACE_OBSERVER. frame->pc and vm->sp are set. */
    void (*instruction)(RfVm *vm);
    void (*event)(RfVm *vm, const RfObserveEvent *event);
    /* The program has waited for the compiler. */
    void (*waited)(RfVm *vm, double ms);
} RfObserver;

#endif
