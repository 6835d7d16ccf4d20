/* Interruptions from outside: SIGINT and cancelled tasks. They set a flag in the VM that back edges and calls test. */
#include <stdlib.h>
#include <unistd.h>

#include "vm/async.h"
#include "vm/observe.h"

static RfVm *_Atomic interruptible; /* the main program's VM */
static _Atomic int interrupted;

void rf_safepoint_attach(RfVm *vm)
{
    RfVm *none = NULL;
    atomic_compare_exchange_strong(&interruptible, &none, vm);
}

void rf_safepoint_detach(RfVm *vm)
{
    RfVm *self = vm;
    atomic_compare_exchange_strong(&interruptible, &self, NULL);
}

void rf_vm_interrupt(void)
{
    RfVm *vm = interruptible;
    interrupted = 1;
    if (vm) {
        rf_vm_request(vm);
        rf_inbox_wake(rf_inbox_of(vm)); /* when it is waiting */
    }
}

bool rf_safepoint_interrupted(void)
{
    return interrupted != 0;
}

RfStatus rf_vm_safepoint(RfVm *vm)
{
    if (interrupted && vm == interruptible) {
        return rf_vm_exit(vm, 130);
    }
    if (vm->config.budget > 0) { /* keeps the flag set: every safepoint comes here */
        if (vm->spent++ >= vm->config.budget) {
            vm->stopped = true;
            return rf_raise(rf_rt(vm), "Execution budget exhausted");
        }
        return rf_task_check_cancelled(vm);
    }
    vm->interrupt = 0;
    vm->native_limit = vm->frame_limit;
    if (vm->interrupt) { /* asked again in between */
        vm->native_limit = vm->frames;
    }
    if (vm->config.observer) { /* it may ask for the next safepoint, too */
        vm->config.observer->safepoint(vm);
    }
    return rf_task_check_cancelled(vm);
}
