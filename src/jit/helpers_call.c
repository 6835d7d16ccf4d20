/* Calls and `for` steps made by generated code. */
#include "jit/helpers.h"

static bool interrupted(RfVm *vm)
{
    return __builtin_expect(vm->interrupt != 0, 0) && rf_vm_safepoint(vm) != RF_OK;
}

int32_t rf_native_call(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t argc)
{
    rf_native_sync(vm, frame, where);
    RfValue *callee = vm->sp - argc - 1;
    RfStatus status = interrupted(vm) ? RF_ERROR : rf_call_value(vm, (uint32_t)argc, NULL);
    return (int32_t)rf_native_finish(vm, frame, callee, where, status);
}

/* Calls b with the argc values above `ret` or from it on (argv). A site that has called b before has checked it. */
static RfStatus call_builtin(RfVm *vm, const RfBuiltin *b, uint32_t argc, RfValue *argv, RfValue *ret, bool checked,
                             uint32_t place)
{
    if (!checked || place) {
        return rf_call_builtin(vm, b, argc, argv, ret, place);
    }
    RfValue out;
    RfStatus status = b->fn(vm, b, (int)argc, argv, &out);
    while (vm->sp > argv) {
        rf_release(*--vm->sp);
    }
    if (status == RF_OK) {
        *ret = out;
    }
    return status;
}

static RfStatus call_function(RfVm *vm, uint32_t argc, RfCallSite *site)
{
    RfValue *callee = vm->sp - argc - 1;
    if (interrupted(vm)) {
        return RF_ERROR;
    }
    if (callee->tag == RF_TAG_FUNCTION && callee->as.fn->proto == site->callee) {
        site->hits++;
        return rf_call_enter(vm, callee->as.fn, callee, callee + 1, argc, false);
    }
    if (callee->tag == RF_TAG_BUILTIN && callee->as.builtin == site->callee) {
        site->hits++;
        return call_builtin(vm, callee->as.builtin, argc, callee + 1, callee, true, site->place);
    }
    return rf_call_value(vm, argc, site);
}

static RfStatus call_method(RfVm *vm, uint32_t argc, RfMethodSite *site)
{
    RfValue *recv = vm->sp - argc - 1;
    if (interrupted(vm)) {
        return RF_ERROR;
    }
    if (recv->tag == RF_TAG_STRUCT && recv->as.strct->shape == site->shape &&
        site->version == site->shape->type->version) {
        site->hits++;
        return rf_call_enter(vm, site->method, recv, recv, argc + 1, true);
    }
    if (recv->tag == RF_TAG_GENERATOR && site->name == rf_rt(vm)->names.next && argc == 0) {
        /* rf_call_method would push a frame that goes back to an interpreted one */
        RfValue item;
        int got = rf_generator_next(vm, (RfGenerator *)recv->as.ptr, &item);
        if (got < 0) {
            return RF_ERROR;
        }
        rf_release(*recv);
        *recv = got > 0 ? rf_variant_new(RF_VARIANT_SOME, item) : rf_none();
        return RF_OK;
    }
    return rf_call_method(vm, argc, site);
}

int32_t rf_native_call_site(RfVm *vm, RfFrame *frame, uint64_t where)
{
    rf_native_sync(vm, frame, where);
    RfProto *proto = frame->proto;
    RfInstr in = proto->code[RF_WHERE_PC(where)];
    RfValue *first = vm->sp - in.a - 1;
    RfStatus status = rf_op_base(in.op) == RF_OP_CALL ? call_function(vm, in.a, &proto->calls[in.b])
                                                      : call_method(vm, in.a, &proto->methods[in.b]);
    return (int32_t)rf_native_finish(vm, frame, first, where, status);
}

int32_t rf_native_call_builtin(RfVm *vm, RfFrame *frame, uint64_t where, const RfBuiltin *b)
{
    rf_native_sync(vm, frame, where);
    RfProto *proto = frame->proto;
    RfInstr in = proto->code[RF_WHERE_PC(where)];
    RfValue *first = vm->sp - in.a - 1;
    RfStatus status;
    if (rf_op_base(in.op) == RF_OP_CALL) {
        RfCallSite *site = &proto->calls[in.b];
        *first = rf_builtin_value(b);
        site->hits++;
        status = call_builtin(vm, b, in.a, first + 1, first, site->callee == b, site->place);
    } else {
        RfMethodSite *site = &proto->methods[in.b];
        site->hits++;
        status = call_builtin(vm, b, in.a + 1u, first, first, false, site->place);
    }
    return (int32_t)rf_native_finish(vm, frame, first, where, status);
}

int32_t rf_native_call_simple(RfVm *vm, RfFrame *frame, uint64_t where, const RfBuiltin *b, uint64_t argc)
{
    rf_native_sync(vm, frame, where);
    RfValue *argv = vm->sp - argc, *first = argv - 1;
    *first = rf_null();
    RfValue out;
    RfStatus status = b->fn(vm, b, (int)argc, argv, &out);
    if (__builtin_expect(status != RF_OK, 0)) {
        return (int32_t)rf_native_finish(vm, frame, first, where, status);
    }
    for (RfValue *v = vm->sp; v > argv;) {
        rf_release(*--v);
    }
    first->tag = out.tag; /* in two halves, as it was written (value.h) */
    first->as.i = out.as.i;
    return RF_OK;
}

int32_t rf_native_higher_rest(RfVm *vm, RfFrame *frame, uint64_t where, int64_t what, int64_t i, uint64_t tag, int64_t payload)
{
    rf_native_sync(vm, frame, where);
    uint32_t argc = frame->proto->code[RF_WHERE_PC(where)].a;
    RfValue *first = vm->sp - argc - 1;
    const RfArray *source = first[1].as.arr;
    RfValue value = rf_native_value(tag, payload), result = rf_null();
    RfCallback callback;
    rf_callback_init(vm, &callback, first[argc]);
    if (what == 0) {
        result = rf_take(first);
        rf_array_push(result.as.arr, value);
    } else {
        *first = first[2] = rf_null();
        result = value;
    }
    RfStatus status = RF_OK;
    for (size_t n = (size_t)i; status == RF_OK && n < source->len; n++) {
        RfValue item = rf_array_get(source, n);
        if (what == 0) {
            status = rf_callback_call(&callback, 1, &item, &value);
            if (status == RF_OK) {
                rf_array_push(result.as.arr, value);
            }
        } else {
            RfValue args[2] = {result, item};
            result = rf_null();
            status = rf_callback_call(&callback, 2, args, &result);
        }
    }
    if (status != RF_OK) {
        rf_release(result);
        return (int32_t)rf_native_finish(vm, frame, first, where, RF_ERROR);
    }
    while (vm->sp > first) {
        rf_release(*--vm->sp);
    }
    *first = result;
    return RF_OK;
}

/* ---- for ---- */

static int32_t next(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *it, bool two)
{
    rf_native_sync(vm, frame, where);
    if (it->tag != RF_TAG_GENERATOR) {
        return rf_iterate_next(vm, it, two);
    }
    RfValue *sp = vm->sp;
    RfValue item;
    int got = rf_generator_next(vm, (RfGenerator *)it->as.ptr, &item);
    if (got > 0) {
        sp[0] = item;
        if (two) {
            sp[1] = rf_int(it[1].as.i++);
        }
    }
    return got;
}

int32_t rf_native_iter_next(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *it)
{
    return next(vm, frame, where, it, false);
}

int32_t rf_native_iter_next2(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *it)
{
    return next(vm, frame, where, it, true);
}
