/* Generators in native code: what their entries (tier.h) leave to C. */
#include <string.h>

#include "base/mem.h"
#include "jit/helpers.h"

static bool suits(RfValue v, uint32_t want, void *const *bind)
{
    switch (want & 0xff) {
    case RF_WANT_TAG: return v.tag == want >> 8;
    case RF_WANT_VALUE: return v.tag != RF_TAG_UNDEF;
    case RF_WANT_SHAPE: return v.tag == RF_TAG_STRUCT && v.as.strct->shape == bind[want >> 8];
    default: return true;
    }
}

static void make_room(RfGenerator *g, uint32_t room)
{
    if (g->cap < room) {
        g->slots = rf_mem_resize(g->slots, g->cap * sizeof(RfValue), room * sizeof(RfValue));
        g->cap = room;
    }
    for (uint32_t i = g->nslots; i < g->cap; i++) {
        g->slots[i] = rf_null();
    }
}

int64_t rf_native_gen_adopt(RfGenerator *g, const uint32_t *table, void *const *bind)
{
    const RfProto *p = g->fn->proto;
    const uint32_t pc = (uint32_t)(g->pc - p->code), *row = table + 1;
    uint32_t left = *table;
    while (left > 0 && *row != pc) {
        row += 4 + row[3];
        left--;
    }
    if (left == 0) {
        return -2;
    }
    uint32_t target = row[1], exit = row[2], count = row[3];
    const uint32_t *wants = row + 4;
    if (g->nslots != count + (pc != target)) {
        return -2;
    }
    if (pc != target) {
        rf_release(g->slots[--g->nslots]);
        g->pc = p->code + target;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!suits(g->slots[i], wants[i], bind)) {
            return (int64_t)exit;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if ((wants[i] & 0xff) == RF_WANT_DEAD) {
            RfValue v = g->slots[i];
            g->slots[i] = rf_null();
            rf_release(v);
        }
    }
    make_room(g, (uint32_t)p->nlocals + p->max_stack);
    return -1;
}

RfRet rf_native_gen_other(RfVm *vm, RfFrame *frame, RfValue *fp, int64_t answer)
{
    RfGenerator *g = fp[-1].as.ptr;
    uint32_t pc = (uint32_t)(g->pc - g->fn->proto->code), count = g->nslots;
    if (count > 0) {
        memcpy(fp, g->slots, count * sizeof(RfValue));
        g->nslots = 0;
    }
    if (answer >= 0) {
        return rf_native_exit(vm, frame, fp, (uint64_t)answer);
    }
    rf_native_sync(vm, frame, RF_WHERE(pc, count));
    return rf_interp_resume(vm, frame, pc, false);
}

void rf_native_gen_end(RfGenerator *g)
{
    g->state = RF_GEN_DONE;
    rf_generator_finish(g);
}
