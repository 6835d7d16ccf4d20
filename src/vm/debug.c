/* DEBUG_VM: one line per executed instruction. */
#include <stdio.h>

#include "bytecode/super.h"
#include "vm/frame.h"

void rf_debug_trace_instr(RfVm *vm, const RfInstr *pc)
{
    const RfFrame *f = vm->frame;
    char line[512];
    int n = snprintf(line, sizeof line, "VM: %s pc=%u op=%s stack=%d\n", f->proto->name->data,
                     (unsigned)(pc - f->proto->code), rf_op_info[rf_op_base(pc->op)].name,
                     (int)(vm->sp - f->fp) - f->proto->nlocals);
    if (n > 0) {
        rf_vm_write_error(vm, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    }
}
