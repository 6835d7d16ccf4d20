/* Generators in native code: what their entries (tier.h) leave to C. */
#include <string.h>

#include "base/mem.h"
#include "jit/helpers.h"

void rf_native_gen_open(RfGenerator *g, RfValue *fp)
{
    const RfProto *p = g->fn->proto;
    uint32_t room = (uint32_t)p->nlocals + p->max_stack;
    if (g->nslots > 0) {
        memcpy(fp, g->slots, g->nslots * sizeof(RfValue));
        g->nslots = 0;
    }
    if (g->cap < room) {
        g->slots = rf_mem_resize(g->slots, g->cap * sizeof(RfValue), room * sizeof(RfValue));
        g->cap = room;
    }
    for (uint32_t i = 0; i < g->cap; i++) {
        g->slots[i] = rf_null();
    }
}

RfRet rf_native_gen_other(RfVm *vm, RfFrame *frame, RfValue *fp)
{
    RfGenerator *g = fp[-1].as.ptr;
    uint32_t pc = (uint32_t)(g->pc - g->fn->proto->code), count = g->nslots;
    rf_native_gen_open(g, fp);
    rf_native_sync(vm, frame, RF_WHERE(pc, count));
    return rf_interp_resume(vm, frame, pc, false);
}

void rf_native_gen_end(RfGenerator *g)
{
    g->state = RF_GEN_DONE;
    rf_generator_finish(g);
}
