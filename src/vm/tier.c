/* Between the interpreter and native code: what happens at a trigger, how native code is entered, the profile. Steps and the
 * way back into the interpreter are in interp.c, beside the loop they share. */
#include "vm/tier.h"

#include "base/mem.h"

/* ---- entering native code ---- */

/* An await in a plain function parks the whole async call around it, native frames cannot be parked: so in programs that have
 * such an await, what an async call calls stays interpreted. C code in between (mode ENTRY) would be waited in anyway. */
static bool could_be_parked(const RfVm *vm, const RfFrame *f)
{
    if (!vm->plain_await) {
        return false;
    }
    while (f->mode != RF_FRAME_ENTRY && f->mode != RF_FRAME_DRAW) {
        if (f->mode == RF_FRAME_ASYNC || f->mode == RF_FRAME_TASK) {
            return true;
        }
        f--;
    }
    return false;
}

static bool may_be_native(const RfVm *vm, const RfFrame *frame)
{
    return (frame->mode == RF_FRAME_PLAIN || frame->mode == RF_FRAME_ENTRY) &&
           !(frame->proto->flags & (RF_PROTO_ASYNC | RF_PROTO_GENERATOR)) && !could_be_parked(vm, frame) &&
           (char *)__builtin_frame_address(0) >= vm->c_limit; /* interpreted frames need no C stack */
}

void rf_tier_mark(RfFrame *frame)
{
    frame->mode = RF_FRAME_ENTRY;
    frame->native = 1;
    frame->mark = 0;
}

int rf_tier_draw(RfVm *vm, RfGenerator *g, RfValue *out)
{
    RfProto *p = g->fn->proto;
    RfResume *native = p->resume;
    RfValue *below = vm->sp;
    RfFrame *frame = vm->frame;
    if (!native || g->state != RF_GEN_READY || frame >= vm->frame_limit ||
        below + p->nlocals + p->max_stack + 2 > vm->stack_end || (char *)__builtin_frame_address(0) < vm->c_limit ||
        could_be_parked(vm, frame)) {
        return 2;
    }
    below->tag = RF_TAG_GENERATOR; /* not counted: the caller has it */
    below->as.ptr = g;
    *++frame = (RfFrame){.pc = g->pc,
                         .fp = below + 1,
                         .ret = below + 1,
                         .proto = p,
                         .fn = g->fn,
                         .owner = native->image,
                         .mode = RF_FRAME_ENTRY,
                         .native = 1};
    vm->frame = frame;
    g->state = RF_GEN_RUNNING;
    native->entered++;
    RfRet result = native->entry(vm, frame, below + 1);
    vm->frame = frame - 1;
    vm->sp = below;
    return rf_generator_drawn(g, result, out);
}

/* What a generator's frame that was interpreted first has drawn goes where its mode wants it. */
static void deliver(RfVm *vm, RfFrame *below, RfFrameMode mode, bool got, RfValue item)
{
    if (mode == RF_FRAME_DRAW) {
        rf_push(vm, got ? item : rf_undef());
    } else if (mode == RF_FRAME_NEXT) {
        rf_push(vm, got ? rf_variant_new(RF_VARIANT_SOME, item) : rf_none());
    } else if (got) {
        const RfInstr *loop = below->pc - 1;
        rf_push(vm, item);
        if (mode == RF_FRAME_FOR2) {
            rf_push(vm, rf_int(below->fp[loop->a + 1].as.i++));
        }
        below->pc = loop + (int32_t)loop->b;
    }
}

/* A loop of a generator's body is hot: the generator is parked at its header and resumed natively. */
static RfStatus enter_generator(RfVm *vm, RfFrame *frame, bool resumed)
{
    RfGenerator *g = frame->owner;
    RfFrameMode mode = (RfFrameMode)frame->mode;
    RfNativeEntry *entry = vm->tier->loop(vm, frame);
    if (!entry) {
        return RF_ENTER;
    }
    rf_generator_save(vm, g, frame);
    if (resumed) {
        vm->reenter = entry;
        return RF_SUSPEND;
    }
    RfValue *ret = frame->ret, item = rf_undef();
    *ret = rf_obj(g);
    frame->fp = frame->ret = ret + 1;
    rf_tier_mark(frame);
    RfRet result = entry(vm, frame, frame->fp);
    vm->frame = frame - 1;
    vm->sp = ret;
    int got = rf_generator_drawn(g, result, &item);
    rf_object_release(g);
    if (got < 0) {
        return RF_ERROR;
    }
    deliver(vm, frame - 1, mode, got > 0, item);
    return RF_OK;
}

/* A loop of an async function runs natively until it wants to return or to await: then the interpreter has the frame back. */
static RfStatus enter_async(RfVm *vm, RfFrame *frame)
{
    void *promise = frame->owner;
    uint32_t mode = frame->mode;
    RfNativeEntry *entry = vm->tier->loop(vm, frame);
    if (!entry) {
        return RF_ENTER;
    }
    rf_tier_mark(frame);
    RfRet result = entry(vm, frame, frame->fp);
    frame->mode = mode;
    frame->owner = promise;
    frame->native = 0;
    return result.tag == RF_RET_LEFT_ERROR ? RF_LEFT_ERROR : RF_LEFT;
}

static RfStatus enter(RfVm *vm, RfFrame *frame, RfNativeEntry *entry)
{
    RfValue *ret = frame->ret, *fp = frame->fp;
    rf_tier_mark(frame);
    RfRet r = entry(vm, frame, fp);
    vm->frame = frame - 1;
    for (vm->sp = fp; vm->sp > ret;) {
        rf_release(*--vm->sp);
    }
    if (r.tag == RF_RET_ERROR) {
        return RF_ERROR;
    }
    vm->sp = ret + 1;
    ret->tag = r.tag;
    ret->as.i = (int64_t)r.payload;
    return RF_OK;
}

/* A count that comes up to "never" stays just below it; false: no trigger was meant. */
static bool is_trigger(const RfVm *vm, uint32_t *count, uint32_t trigger)
{
    if (*count == RF_TRIGGER_NEVER) {
        --*count;
    }
    return vm->tier && trigger != RF_TRIGGER_NEVER;
}

RfStatus rf_tier_call(RfVm *vm, RfFrame *frame)
{
    RfProto *p = frame->proto;
    if (!is_trigger(vm, &p->call_count, p->call_trigger)) {
        return RF_ENTER;
    }
    RfNativeEntry *entry = vm->tier->call(vm, frame);
    return entry && may_be_native(vm, frame) ? enter(vm, frame, entry) : RF_ENTER;
}

RfStatus rf_tier_loop(RfVm *vm, RfFrame *frame, bool resumed)
{
    RfProto *p = frame->proto;
    if (!is_trigger(vm, &p->loop_count, p->loop_trigger) || frame->native ||
        (char *)__builtin_frame_address(0) < (resumed ? vm->c_reenter : vm->c_limit) || could_be_parked(vm, frame)) {
        return RF_ENTER;
    }
    switch ((RfFrameMode)frame->mode) {
    case RF_FRAME_FOR:
    case RF_FRAME_FOR2:
    case RF_FRAME_NEXT:
    case RF_FRAME_DRAW: return enter_generator(vm, frame, resumed);
    case RF_FRAME_ASYNC:
    case RF_FRAME_TASK: return enter_async(vm, frame);
    default: break;
    }
    RfNativeEntry *entry = vm->tier->loop(vm, frame);
    if (entry && resumed) {
        vm->reenter = entry;
        return RF_SUSPEND;
    }
    return entry ? enter(vm, frame, entry) : RF_ENTER;
}

/* ---- profile ---- */

uint16_t rf_value_class(RfValue v)
{
    switch (v.tag) {
    case RF_TAG_UNDEF: return RF_CLASS_UNDEF;
    case RF_TAG_NULL: return RF_CLASS_NULL;
    case RF_TAG_BOOL: return RF_CLASS_BOOL;
    case RF_TAG_INT: return RF_CLASS_INT;
    case RF_TAG_FLOAT: return RF_CLASS_FLOAT;
    case RF_TAG_STRING: return RF_CLASS_STRING;
    case RF_TAG_ARRAY:
        switch (rf_array_kind(v.as.arr)) {
        case RF_ELEM_INT: return RF_CLASS_INTS;
        case RF_ELEM_FLOAT: return RF_CLASS_FLOATS;
        case RF_ELEM_BOOL: return RF_CLASS_BOOLS;
        default: return RF_CLASS_VALUES;
        }
    case RF_TAG_DICT: return RF_CLASS_DICT;
    case RF_TAG_STRUCT: return RF_CLASS_STRUCT;
    case RF_TAG_FUNCTION: return RF_CLASS_FUNCTION;
    case RF_TAG_BUILTIN: return RF_CLASS_BUILTIN;
    default: return RF_CLASS_OTHER;
    }
}

static size_t profile_size(const RfProto *p)
{
    return sizeof(RfProfile) + sizeof(uint16_t) * ((size_t)p->code_len + p->nparams + p->ncaptures);
}

RfProfile *rf_profile_of(RfProto *proto)
{
    if (!proto->profile) { /* one block: the three arrays follow */
        RfProfile *profile = rf_mem_zalloc(profile_size(proto));
        profile->tos = (uint16_t *)(profile + 1);
        profile->params = profile->tos + proto->code_len;
        profile->cells = profile->params + proto->nparams;
        proto->profile = profile;
    }
    return proto->profile;
}

void rf_profile_free(RfProto *proto)
{
    if (proto->profile) {
        rf_mem_free(proto->profile, profile_size(proto));
        proto->profile = NULL;
    }
}

void rf_tier_profile(RfVm *vm, RfFrame *frame, const RfInstr *pc, const RfValue *sp)
{
    RfProto *proto = frame->proto;
    RfProfile *profile = rf_profile_of(proto);
    vm->profile_left--;
    if (pc == proto->code) {
        for (uint32_t i = 0; i < proto->nparams; i++) {
            profile->params[i] |= rf_value_class(frame->fp[i]);
        }
        for (uint32_t i = 0; frame->fn && i < proto->ncaptures; i++) {
            profile->cells[i] |= rf_value_class(frame->fn->cells[i]->value);
        }
    }
    bool empty = sp <= frame->fp + proto->nlocals;
    profile->tos[pc - proto->code] |= (uint16_t)(RF_CLASS_SEEN | (empty ? 0u : rf_value_class(sp[-1])));
}

/* ---- modules come and go ---- */

static bool has_plain_await(const RfProto *p)
{
    bool awaits_alone = p->flags & RF_PROTO_ASYNC && !(p->flags & RF_PROTO_GENERATOR);
    if (!awaits_alone && !(p->flags & (RF_PROTO_MAIN | RF_PROTO_SPAWN | RF_PROTO_TEST))) {
        for (uint32_t pc = 0; pc < p->code_len; pc++) {
            if (p->code[pc].op == RF_OP_AWAIT) { /* no superinstruction starts with it */
                return true;
            }
        }
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        if (has_plain_await(p->protos[i])) {
            return true;
        }
    }
    return false;
}

void rf_tier_prepare(RfVm *vm, RfModule *module)
{
    if (vm->tier) {
        vm->plain_await = vm->plain_await || has_plain_await(module->main);
        if (vm->tier->prepare) {
            vm->tier->prepare(vm, module);
        }
    }
}

static void free_profiles(RfProto *p)
{
    rf_profile_free(p);
    for (uint32_t i = 0; i < p->nprotos; i++) {
        free_profiles(p->protos[i]);
    }
}

void rf_tier_forget(RfVm *vm, RfModule *module)
{
    if (module->main) {
        if (vm->tier && vm->tier->forget) {
            vm->tier->forget(vm, module);
        }
        free_profiles(module->main);
    }
}
