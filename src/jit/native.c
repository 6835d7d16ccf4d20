/* The ways out of generated code: frames that the VM can look at, exits, and calls of what has no native form. */
#include "jit/helpers.h"

/* ---- frames ---- */

/* A compact frame tells everything by its mark, from the frame below on. */
static void complete(RfFrame *frame)
{
    RfFrame *f = frame;
    while (f->mark != 0) {
        f--;
    }
    RfImage *image = f->owner;
    do {
        RfFrame *caller = f++;
        uint32_t mark = f->mark;
        uint32_t unit = mark >> 26 & (RF_MARK_UNITS - 1);
        caller->pc = caller->proto->code + (mark >> 1 & (RF_MARK_PCS - 1)) + 1;
        f->proto = image->protos[unit];
        f->fp = f->ret = caller->fp + (mark >> 16 & (RF_MARK_SLOTS - 1));
        if (!(mark & 1)) {
            f->fn = image->functions[unit];
        }
        f->mode = RF_FRAME_ENTRY;
        f->native = 1;
        f->mark = 0;
        rf_native_adopt(f, image);
    } while (f < frame);
}

void rf_native_sync(RfVm *vm, RfFrame *frame, uint64_t where)
{
    if (frame->mark != 0) {
        complete(frame);
    }
    frame->pc = frame->proto->code + RF_WHERE_PC(where) + 1;
    vm->frame = frame;
    vm->sp = frame->fp + RF_WHERE_SLOTS(where);
}

/* Runs the frame on top, which a call has just pushed, to its end. */
static RfStatus run_pushed(RfVm *vm)
{
    RfFrame *f = vm->frame;
    if ((char *)__builtin_frame_address(0) < vm->c_limit) {
        while (vm->sp > f->ret) {
            rf_release(*--vm->sp);
        }
        vm->frame = f - 1;
        return rf_call_depth_error(vm, f->proto->name);
    }
    if (f->mode == RF_FRAME_PLAIN) {
        f->mode = RF_FRAME_ENTRY;
    }
    f->native = 0;
    f->mark = 0;
    const RfProto *p = f->proto;
    if (f->mode == RF_FRAME_ENTRY && f->pc == p->code && p->call_count >= p->call_trigger) {
        RfStatus status = rf_tier_call(vm, f); /* mostly into native code, without the interpreter in between */
        return status == RF_ENTER ? rf_interp_go_on(vm, f) : status;
    }
    return rf_interp_run(vm, f);
}

RfStatus rf_native_finish(RfVm *vm, RfFrame *frame, RfValue *first, uint64_t where, RfStatus status)
{
    if (status == RF_ENTER) {
        status = run_pushed(vm); /* RF_SUSPEND: an async function was parked, its promise is the result */
    }
    if (__builtin_expect(status != RF_ERROR, 1)) {
        return RF_OK;
    }
    while (vm->sp > first) {
        rf_release(*--vm->sp);
    }
    first = vm->sp;
    for (RfValue *end = frame->fp + RF_WHERE_SLOTS(where); first < end; first++) {
        *first = rf_null();
    }
    return RF_ERROR;
}

/* ---- errors ---- */

/* The error under way ends the activation. */
static RfRet raised(RfVm *vm, RfFrame *frame, const RfExit *e)
{
    rf_native_sync(vm, frame, RF_WHERE(e->pc, e->nslots));
    rf_unwind_leave_native(vm, frame);
    for (uint32_t i = e->nslots; i-- > 0;) {
        if (e->slots[i] == RF_SLOT_HOME) {
            rf_release(frame->fp[i]);
        }
    }
    vm->frame = frame - 1;
    vm->sp = frame->fp;
    return (RfRet){0, RF_RET_ERROR};
}

RfRet rf_native_catch(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t raw)
{
    rf_native_sync(vm, frame, where);
    RfValue error;
    if (!rf_unwind_catch_native(vm, frame, raw != 0, &error)) {
        return (RfRet){0, RF_RET_ERROR};
    }
    return (RfRet){(uint64_t)error.as.i, error.tag};
}

/* ---- exits ---- */

#define EXIT_WINDOW 400 /* instructions profiled after a failed guard */

/* Completes the homes of an exit. */
static void take_home(const RfImage *image, const RfExit *e, RfValue *fp)
{
    const RfProto *proto = image->protos[e->unit];
    for (uint32_t i = 0; i < e->nslots; i++) { /* first, because others may be copies of these */
        if (e->slots[i] == RF_SLOT_ELEM) {
            fp[i] = rf_retain(*(const RfValue *)(uintptr_t)fp[i].as.i);
        } else if (e->slots[i] == RF_SLOT_BORROWED) {
            rf_retain(fp[i]);
        }
    }
    const uint32_t *number = e->numbers + e->nnumbers;
    for (uint32_t i = e->nslots; i-- > 0;) { /* operands before locals: they may have taken their values over */
        number -= rf_slot_has_number(e->slots[i]);
        switch ((RfSlotState)e->slots[i]) {
        case RF_SLOT_HOME:
        case RF_SLOT_ELEM:
        case RF_SLOT_BORROWED: break;
        case RF_SLOT_INT: fp[i].tag = RF_TAG_INT; break;
        case RF_SLOT_FLOAT: fp[i].tag = RF_TAG_FLOAT; break;
        case RF_SLOT_BOOL: fp[i].tag = RF_TAG_BOOL; break;
        case RF_SLOT_LOCAL: fp[i] = rf_retain(fp[*number]); break;
        case RF_SLOT_MOVED: fp[i] = fp[*number]; break;
        case RF_SLOT_GLOBAL: fp[i] = rf_retain(proto->module->globals[*number]); break;
        case RF_SLOT_CONST: fp[i] = rf_retain(proto->consts[*number]); break;
        case RF_SLOT_UNIT: fp[i] = rf_retain(rf_obj(image->functions[*number])); break;
        case RF_SLOT_BUILTIN: fp[i] = rf_builtin_value(image->bind[*number]); break;
        case RF_SLOT_UNDEF: fp[i] = rf_undef(); break;
        default: fp[i] = rf_null();
        }
    }
}

RfRet rf_native_exit(RfVm *vm, RfFrame *frame, RfValue *fp, uint64_t number)
{
    if (frame->mark != 0) {
        complete(frame);
    }
    RfImage *image = frame->owner;
    const RfExit *e = &image->head.exits[number];
    if (e->error == RF_EXIT_RAISED) {
        return raised(vm, frame, e);
    }
    take_home(image, e, fp);
    rf_native_sync(vm, frame, RF_WHERE(e->pc, e->nslots));
    image->exit_counts[number]++;
    if (e->guard) { /* the next compilation knows the class that surprised this one */
        RfProto *proto = frame->proto;
        bool operand = e->nslots > proto->nlocals;
        RfProfile *profile = rf_profile_of(proto);
        profile->tos[e->pc] |= (uint16_t)(RF_CLASS_SEEN | (operand ? rf_value_class(fp[e->nslots - 1]) : 0));
        for (uint32_t i = 0; e->pc == 0 && i < proto->nparams; i++) {
            profile->params[i] |= rf_value_class(fp[i]);
        }
        if (vm->profile_left < EXIT_WINDOW) { /* and what follows from it */
            vm->profile_left = EXIT_WINDOW;
        }
    }
    bool stopped = e->stopped_at && !image->leaving, error = stopped || e->error != RF_EXIT_NO_ERROR;
    uint32_t pc = stopped ? e->stopped_at - 1 : e->pc;
    image->leaving = false;
    if (image->on_exit && !stopped) {
        image->on_exit(vm, image, (uint32_t)number);
    }
    if (frame->proto->flags & RF_PROTO_ASYNC && !(frame->proto->flags & RF_PROTO_GENERATOR)) { /* see RF_RET_LEFT */
        frame->pc = frame->proto->code + pc + (error ? 1 : 0);
        return (RfRet){0, error ? RF_RET_LEFT_ERROR : RF_RET_LEFT};
    }
    return rf_interp_resume(vm, frame, pc, error);
}

/* ---- small ones ---- */

static bool is_as(RfSlotState wanted, RfTag tag)
{
    switch (wanted) {
    case RF_SLOT_NULL: return tag == RF_TAG_NULL;
    case RF_SLOT_UNDEF: return tag == RF_TAG_UNDEF;
    case RF_SLOT_INT: return tag == RF_TAG_INT;
    case RF_SLOT_FLOAT: return tag == RF_TAG_FLOAT;
    case RF_SLOT_BOOL: return tag == RF_TAG_BOOL;
    case RF_SLOT_HOME: return tag != RF_TAG_UNDEF;
    default: return true;
    }
}

int32_t rf_native_enter(RfFrame *frame, RfValue *fp, uint64_t number)
{
    const RfImage *image = frame->owner;
    const RfExit *e = &image->head.exits[number];
    for (uint32_t i = 0; i < e->nslots; i++) {
        if (!is_as((RfSlotState)e->slots[i], fp[i].tag)) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < e->nslots; i++) {
        if (e->slots[i] == RF_SLOT_DEAD) {
            rf_release(fp[i]);
            fp[i] = rf_null();
        }
    }
    return 1;
}

int32_t rf_native_safepoint(RfVm *vm, RfFrame *frame, uint64_t where)
{
    rf_native_sync(vm, frame, where & ~RF_WHERE_LEAVES);
    RfStatus status = rf_vm_safepoint(vm);
    RfImage *image = frame->owner;
    image->leaving = status == RF_OK && image->withdrawn && (where & RF_WHERE_LEAVES);
    return image->leaving ? RF_SUSPEND : (int32_t)status;
}

int32_t rf_native_call_limit(RfVm *vm, RfFrame *frame, uint64_t where, const RfProto *proto)
{
    rf_native_sync(vm, frame, where);
    if (frame >= vm->frame_limit) {
        return (int32_t)rf_call_depth_error(vm, proto->name);
    }
    RfStatus status = rf_vm_safepoint(vm);
    if (((RfImage *)frame->owner)->withdrawn) {
        vm->interrupt = 1; /* it was for the back edge that comes */
    }
    return (int32_t)status;
}

RfValue *rf_native_homes(RfFrame *frame)
{
    if (frame->mark != 0) {
        complete(frame);
    }
    return frame->fp;
}

int32_t rf_native_step(RfVm *vm, RfFrame *frame, uint64_t where)
{
    rf_native_sync(vm, frame, where);
    RfStatus status = rf_interp_step(vm, frame, RF_WHERE_PC(where));
    if (__builtin_expect(status == RF_OK, 1)) {
        return RF_OK;
    }
    int pops, pushes, at_target;
    rf_op_effect(frame->proto, frame->proto->code[RF_WHERE_PC(where)], &pops, &pushes, &at_target);
    return (int32_t)rf_native_finish(vm, frame, frame->fp + RF_WHERE_SLOTS(where) - pops, where, status);
}

/* ---- the table ---- */

void *const rf_helper_table[] = {
#define HELPER(name, result, params) (void *)rf_native_##name,
#include "jit/helpers.def"
#undef HELPER
};
