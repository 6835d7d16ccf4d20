/* Generators: a saved frame. Resuming copies its values onto the VM stack above the consumer's, yielding copies them back. */
#include <string.h>

#include "base/mem.h"
#include "vm/frame.h"

static void save_slots(RfGenerator *g, RfValue *from, RfValue *to)
{
    uint32_t n = (uint32_t)(to - from);
    if (n > g->cap) {
        g->slots = rf_mem_resize(g->slots, g->cap * sizeof(RfValue), n * sizeof(RfValue));
        g->cap = n;
    }
    if (n > 0) {
        memcpy(g->slots, from, n * sizeof(RfValue));
    }
    g->nslots = n;
}

void rf_generator_save(RfVm *vm, RfGenerator *g, const RfFrame *frame)
{
    g->pc = frame->pc;
    g->native = NULL;
    save_slots(g, frame->fp, vm->sp);
}

static RfGenerator *new_generator(RfFunction *fn)
{
    RfGenerator *g = rf_mem_zalloc(sizeof *g);
    g->obj = (RfObject){.rc = 1, .tag = RF_TAG_GENERATOR};
    g->fn = fn;
    rf_object_retain(fn);
    g->state = RF_GEN_READY;
    return g;
}

void rf_generator_call(RfVm *vm, RfFunction *fn, RfValue *ret, RfValue *fp, uint32_t argc)
{
    RfGenerator *g = new_generator(fn);
    const RfProto *p = fn->proto;
    g->pc = p->code + 1;
    g->cap = (uint32_t)p->nlocals + p->max_stack;
    g->nslots = p->nlocals;
    g->slots = rf_mem_alloc(g->cap * sizeof(RfValue));
    memcpy(g->slots, fp, argc * sizeof(RfValue));
    for (uint32_t i = argc; i < g->nslots; i++) {
        g->slots[i] = rf_null();
    }
    vm->sp = fp;
    while (vm->sp > ret) {
        rf_release(*--vm->sp);
    }
    rf_push(vm, rf_obj(g));
}

RfStatus rf_generator_start(RfVm *vm)
{
    RfFrame *f = vm->frame;
    RfGenerator *g = new_generator(f->fn);
    rf_generator_save(vm, g, f);
    vm->sp = f->fp;
    while (vm->sp > f->ret) { /* the callee below the locals */
        rf_release(*--vm->sp);
    }
    RfFrameMode mode = (RfFrameMode)f->mode;
    vm->frame = f - 1;
    rf_push(vm, rf_obj(g));
    return mode == RF_FRAME_ENTRY ? RF_SUSPEND : RF_ENTER;
}

RfStatus rf_generator_resume(RfVm *vm, RfGenerator *g, RfFrameMode mode, RfValue *ret)
{
    RfProto *proto = g->fn->proto;
    if (g->state == RF_GEN_RUNNING) {
        return rf_raise(rf_rt(vm), "Generator is already running");
    }
    if (vm->frame >= vm->frame_limit || ret + proto->nlocals + proto->max_stack + 1 > vm->stack_end) {
        return rf_call_depth_error(vm, proto->name);
    }
    rf_object_retain(g);
    g->state = RF_GEN_RUNNING;
    RfFrame *f = ++vm->frame;
    f->pc = g->pc;
    f->fp = ret;
    f->ret = ret;
    f->proto = proto;
    f->fn = g->fn;
    f->owner = g;
    f->mode = mode;
    f->native = 0;
    if (g->nslots > 0) {
        memcpy(ret, g->slots, g->nslots * sizeof(RfValue));
    }
    vm->sp = ret + g->nslots;
    g->nslots = 0;
    return RF_ENTER;
}

void rf_generator_park(RfVm *vm)
{
    RfFrame *f = vm->frame;
    RfGenerator *g = f->owner;
    g->state = RF_GEN_READY;
    rf_generator_save(vm, g, f);
    vm->sp = f->ret;
    vm->frame = f - 1;
    rf_object_release(g);
}

int rf_generator_next(RfVm *vm, RfGenerator *g, RfValue *out)
{
    if (g->state == RF_GEN_DONE) {
        return 0;
    }
    int got = rf_tier_draw(vm, g, out);
    if (got < 2) {
        return got;
    }
    if ((char *)__builtin_frame_address(0) < vm->c_limit) {
        rf_call_depth_error(vm, g->fn->name);
        return -1;
    }
    if (rf_generator_resume(vm, g, RF_FRAME_DRAW, vm->sp) != RF_ENTER || rf_interp_run(vm, vm->frame) != RF_OK) {
        return -1;
    }
    *out = rf_pop(vm);
    return out->tag != RF_TAG_UNDEF;
}

int rf_generator_drawn(RfGenerator *g, RfRet result, RfValue *out)
{
    if (__builtin_expect(result.tag != RF_TAG_UNDEF && result.tag != RF_RET_ERROR, 1)) {
        *out = (RfValue){.tag = result.tag, .as.i = (int64_t)result.payload};
        return 1;
    }
    g->state = RF_GEN_DONE;
    rf_generator_finish(g);
    return result.tag == RF_RET_ERROR ? -1 : 0;
}

void rf_generator_finish(RfGenerator *g)
{
    for (uint32_t i = 0; i < g->nslots; i++) {
        rf_release(g->slots[i]);
    }
    rf_mem_free(g->slots, g->cap * sizeof(RfValue));
    g->slots = NULL;
    g->nslots = g->cap = 0;
}

static void free_generator(RfObject *obj, RfWorklist *work)
{
    RfGenerator *g = (RfGenerator *)obj;
    for (uint32_t i = 0; i < g->nslots; i++) {
        rf_worklist_release(work, g->slots[i]);
    }
    rf_mem_free(g->slots, g->cap * sizeof(RfValue));
    rf_worklist_release(work, rf_obj(g->fn));
    rf_mem_free(g, sizeof *g);
}

static void trace_generator(RfObject *obj, RfVisit *visit, void *context)
{
    RfGenerator *g = (RfGenerator *)obj;
    visit(context, rf_obj(g->fn));
    for (uint32_t i = 0; i < g->nslots; i++) {
        visit(context, g->slots[i]);
    }
}

static void text_generator(RfObject *obj, RfBuf *out)
{
    rf_buf_printf(out, "<generator %s>", ((RfGenerator *)obj)->fn->name->data);
}

static void debug_generator(RfObject *obj, RfBuf *out)
{
    rf_buf_printf(out, "Generator(%s)", ((RfGenerator *)obj)->fn->name->data);
}

void rf_generator_register(void)
{
    static const RfKindOps ops = {"generator", free_generator, trace_generator, text_generator, debug_generator, NULL};
    rf_object_register(RF_TAG_GENERATOR, &ops);
}
