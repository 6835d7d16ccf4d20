/* Calls that the loop's fast paths do not take: first call of a site, builtins, arity errors, methods, uniform calls. */
#include <string.h>

#include "vm/frame.h"

RfStatus rf_call_depth_error(RfVm *vm, const RfString *name)
{
    return rf_raise(rf_rt(vm), "Maximum VM call stack depth of %u exceeded while calling %s", vm->max_depth,
                    name->data);
}

RfStatus rf_call_not_callable(RfVm *vm)
{
    return rf_raise(rf_rt(vm),
                    "Cannot call non-function; the value being called is not callable. Pass a function, closure, "
                    "or imported callable value instead.");
}

RfStatus rf_call_arity_error(RfVm *vm, const RfProto *proto, uint32_t argc, bool method)
{
    uint32_t hidden = method ? 1 : 0;
    uint32_t low = proto->nrequired - hidden, high = proto->nparams - hidden;
    argc -= hidden;
    if (low == high) {
        return rf_raise(rf_rt(vm), "%s expects %u arguments, got %u", proto->name->data, low, argc);
    }
    return rf_raise(rf_rt(vm), "%s expects %u to %u arguments, got %u", proto->name->data, low, high, argc);
}

RfStatus rf_call_enter(RfVm *vm, RfFunction *fn, RfValue *ret, RfValue *fp, uint32_t argc, bool method)
{
    RfProto *proto = fn->proto;
    if (argc < proto->nrequired || argc > proto->nparams) {
        return rf_call_arity_error(vm, proto, argc, method);
    }
    RfValue *top = fp + proto->nlocals;
    if (vm->frame >= vm->frame_limit || top + proto->max_stack > vm->stack_end) {
        return rf_call_depth_error(vm, proto->name);
    }
    proto->call_count++;
    if (proto->flags & RF_PROTO_GENERATOR && rf_op_base(proto->code->op) == RF_OP_GEN_START &&
        proto->call_count < proto->call_trigger && (vm->trace | vm->profile_left) == 0) {
        rf_generator_call(vm, fn, ret, fp, argc); /* nobody wants to see the frame */
        return RF_OK;
    }
    RfFrame *frame = ++vm->frame;
    frame->pc = proto->code;
    frame->fp = fp;
    frame->ret = ret;
    frame->proto = proto;
    frame->fn = fn;
    frame->owner = NULL;
    frame->mode =
        proto->flags & RF_PROTO_ASYNC && !(proto->flags & RF_PROTO_GENERATOR) ? RF_FRAME_ASYNC : RF_FRAME_PLAIN;
    frame->native = 0;
    RfValue *slot = fp + argc;
    for (; slot < fp + proto->nparams; slot++) {
        *slot = rf_undef();
    }
    for (; slot < top; slot++) {
        *slot = rf_null();
    }
    vm->sp = top;
    return RF_ENTER;
}

static RfStatus denied(RfVm *vm, const RfBuiltin *b, RfCapability cap)
{
    return rf_raise(rf_rt(vm), "Capability denied: %s required for %s; rerun with %s", rf_capability_name(cap),
                    b->canonical, rf_capability_flag(cap));
}

/* Rules 1 and 2 of stdlib.md 1.2. */
static RfStatus check_builtin(RfVm *vm, const RfBuiltin *b, uint32_t argc)
{
    if (b->capability && !rf_vm_allows(vm, (RfCapability)b->capability)) {
        return denied(vm, b, (RfCapability)b->capability);
    }
    if (b->capability2 && !rf_vm_allows(vm, (RfCapability)b->capability2)) {
        return denied(vm, b, (RfCapability)b->capability2);
    }
    if (b->family != RF_ARITY_OPEN && ((int)argc < b->min_args || (b->max_args >= 0 && (int)argc > b->max_args))) {
        return rf_builtin_arity_error(vm, b, (int)argc);
    }
    return RF_OK;
}

/* May the place of the call give up its reference to the first argument? */
static bool gives(RfVm *vm, const RfBuiltin *b, RfValue first, uint32_t place)
{
    if (!(b->flags & RF_BUILTIN_REUSES) || !rf_is_heap(first)) {
        return false;
    }
    unsigned pair = RF_BUILTIN_PAIR | (first.tag == RF_TAG_DICT ? RF_BUILTIN_PAIR_OF_DICT : 0u);
    return !vm->frame->proto->paths[place - 1].pair || (b->flags & pair);
}

RfStatus rf_call_builtin(RfVm *vm, const RfBuiltin *b, uint32_t argc, RfValue *argv, RfValue *ret, uint32_t place)
{
    RfValue out = rf_null();
    RfStatus status = check_builtin(vm, b, argc);
    if (status == RF_OK) {
        RfValue *given = NULL;
        if (place && argc > 0 && gives(vm, b, argv[0], place)) {
            given = rf_path_give(vm, place, argv[0]);
        }
        status = b->fn(vm, b, (int)argc, argv, &out);
        if (status != RF_OK && given) {
            *given = rf_retain(argv[0]); /* a failed call leaves its arguments whole */
        }
    }
    while (vm->sp > ret) {
        rf_release(*--vm->sp);
    }
    if (status == RF_OK) {
        rf_push(vm, out);
    }
    return status;
}

/* Notes a callee among those that a site has met. */
static void meet(const void **met, const void *callee)
{
    uint32_t i = 0;
    while (i <= RF_SITE_KINDS && met[i] != callee) {
        if (!met[i]) {
            met[i] = callee;
            return;
        }
        i++;
    }
}

/* The site has called a C function of this key. */
static void note_foreign(RfCallSite *site, uint64_t key)
{
    if (!site->callee && site->foreign == key) {
        site->hits++;
    } else {
        site->misses++;
        site->callee = NULL;
        site->foreign = key;
    }
}

RfStatus rf_call_value(RfVm *vm, uint32_t argc, RfCallSite *site)
{
    RfValue *callee = vm->sp - argc - 1;
    if (callee->tag == RF_TAG_FUNCTION) {
        RfFunction *fn = callee->as.fn;
        if (site) {
            site->misses++;
            bool simple = !(fn->proto->flags & (RF_PROTO_SLOW_CALL | RF_PROTO_ASYNC)) && fn->proto->nparams == argc &&
                          fn->proto->nrequired == argc;
            site->callee = simple ? fn->proto : NULL;
            if (simple) {
                meet(site->met, fn->proto);
            }
        }
        return rf_call_enter(vm, fn, callee, callee + 1, argc, false);
    }
    if (callee->tag == RF_TAG_BUILTIN) {
        const RfBuiltin *b = callee->as.builtin;
        if (!site) {
            return rf_call_builtin(vm, b, argc, callee + 1, callee, 0);
        }
        RfStatus status = rf_call_builtin(vm, b, argc, callee + 1, callee, site->place);
        if (status == RF_OK) { /* capability and count are the same next time */
            if (site->callee == b) {
                site->hits++;
            } else {
                site->misses++;
                site->callee = b;
            }
        }
        return status;
    }
    if (callee->tag == RF_TAG_FOREIGN) {
        RfForeign *fn = rf_as_foreign(*callee);
        if (site) {
            note_foreign(site, fn->key);
        }
        return rf_foreign_call(vm, fn, argc, callee + 1, callee);
    }
    return rf_call_not_callable(vm);
}

/* Replaces the receiver by the function to call: `x.name(args)` where x holds a callable under that name. */
static RfStatus call_member(RfVm *vm, uint32_t argc, RfValue member)
{
    RfValue *recv = vm->sp - argc - 1;
    RfValue old = *recv;
    *recv = rf_retain(member);
    rf_release(old);
    return rf_call_value(vm, argc, NULL);
}

static RfStatus call_struct_method(RfVm *vm, uint32_t argc, RfMethodSite *site, RfMethod *method)
{
    RfValue *recv = vm->sp - argc - 1;
    RfStruct *s = recv->as.strct;
    RfFunction *fn = method->function.as.fn;
    RfProto *proto = fn->proto;
    site->misses++;
    if (!(proto->flags & (RF_PROTO_SLOW_CALL | RF_PROTO_ASYNC)) && proto->nparams == argc + 1 &&
        proto->nrequired == argc + 1) {
        meet((const void **)site->met, s->shape);
        site->shape = s->shape;
        site->version = s->shape->type->version;
        site->method = fn;
    }
    return rf_call_enter(vm, fn, recv, recv, argc + 1, true);
}

/* The function `name` as seen from the call, skipping what is not callable (language.md 15.2.5). Borrowed; UNDEF: none. */
static RfValue find_uniform(RfVm *vm, const RfMethodSite *site)
{
    const RfFrame *f = vm->frame;
    for (uint32_t i = 0; i < site->ncandidates; i++) {
        const RfCandidate *c = &site->candidates[i];
        RfValue v = rf_undef();
        switch (c->kind) {
        case RF_ROOT_LOCAL: v = f->fp[c->slot]; break;
        case RF_ROOT_CELL: v = f->fn->cells[c->slot]->value; break;
        case RF_ROOT_SHARED: v = f->fp[c->slot].as.cell->value; break;
        case RF_CANDIDATE_FIELD: {
            RfValue owner = f->fp[c->slot];
            RfValue *found = owner.tag == RF_TAG_STRUCT   ? rf_struct_find(owner.as.strct, site->name)
                             : owner.tag == RF_TAG_MODULE ? rf_dict_find_str(owner.as.module->members, site->name)
                                                          : NULL;
            v = found ? *found : rf_undef();
            break;
        }
        default: break;
        }
        if (rf_is_callable(v)) {
            return v;
        }
    }
    RfValue v = f->proto->module->globals[site->global];
    if (rf_is_callable(v)) {
        return v;
    }
    const RfBuiltin *b = rf_builtin_find(site->name->data, site->name->len);
    return b ? rf_builtin_value(b) : rf_undef();
}

static RfStatus call_uniform(RfVm *vm, uint32_t argc, RfMethodSite *site)
{
    RfValue *recv = vm->sp - argc - 1;
    RfValue callee = find_uniform(vm, site);
    if (callee.tag == RF_TAG_BUILTIN) {
        site->hits++;
        return rf_call_builtin(vm, callee.as.builtin, argc + 1, recv, recv, site->place);
    }
    if (callee.tag == RF_TAG_FUNCTION) {
        site->hits++;
        /* make room for the callee below the receiver, so that the frame keeps it alive */
        memmove(recv + 1, recv, sizeof(RfValue) * (argc + 1));
        *recv = rf_retain(callee);
        vm->sp++;
        return rf_call_enter(vm, callee.as.fn, recv, recv + 1, argc + 1, false);
    }
    if (callee.tag == RF_TAG_FOREIGN) {
        site->hits++;
        rf_retain(callee); /* a callback may change the variable that holds it */
        RfStatus status = rf_foreign_call(vm, rf_as_foreign(callee), argc + 1, recv, recv);
        rf_release(callee);
        return status;
    }
    if (recv->tag == RF_TAG_STRUCT || recv->tag == RF_TAG_MODULE) {
        rf_raise(rf_rt(vm), "Field not found: %s", site->name->data);
    } else if (recv->tag == RF_TAG_CHANNEL) {
        rf_raise(rf_rt(vm), "Channel has no method '%s'", site->name->data);
    } else {
        rf_raise(rf_rt(vm), "Cannot access field or method '%s' on non-struct value", site->name->data);
    }
    rf_hint_field(vm, *recv, site->name);
    return RF_ERROR;
}

/* Methods that belong to the kind of value itself. *found false: not one of them. */
static RfStatus call_kind_method(RfVm *vm, uint32_t argc, RfMethodSite *site, bool *found)
{
    RfValue *recv = vm->sp - argc - 1;
    *found = true;
    if (recv->tag == RF_TAG_GENERATOR && site->name == rf_rt(vm)->names.next) {
        if (argc != 0) {
            return rf_raise(rf_rt(vm), "Generator.next expects 0 arguments, got %u", argc);
        }
        RfGenerator *g = (RfGenerator *)recv->as.ptr; /* its reference passes to the frame */
        RfValue item;
        int got = rf_tier_draw(vm, g, &item);
        if (got < 0) {
            return RF_ERROR;
        }
        vm->sp = recv;
        if (got < 2) {
            rf_object_release(g);
            rf_push(vm, got > 0 ? rf_variant_new(RF_VARIANT_SOME, item) : rf_none());
            return RF_OK;
        }
        if (g->state == RF_GEN_DONE) {
            rf_object_release(g);
            rf_push(vm, rf_none());
            return RF_OK;
        }
        RfStatus status = rf_generator_resume(vm, g, RF_FRAME_NEXT, recv);
        rf_object_release(g);
        return status;
    }
    if (recv->tag == RF_TAG_CHANNEL || recv->tag == RF_TAG_POINTER || recv->tag == RF_TAG_HANDLE) {
        RfValue out = rf_null();
        RfStatus status =
            recv->tag == RF_TAG_CHANNEL   ? rf_channel_method(vm, *recv, site->name, (int)argc, recv + 1, &out, found)
            : recv->tag == RF_TAG_POINTER ? rf_pointer_method(vm, *recv, site->name, (int)argc, recv + 1, &out, found)
            : recv->as.handle->type->call
                ? recv->as.handle->type->call(vm, recv->as.handle, site->name, (int)argc, recv + 1, &out, found)
                : (*found = false, RF_OK);
        if (status != RF_OK || !*found) {
            return status;
        }
        while (vm->sp > recv) {
            rf_release(*--vm->sp);
        }
        rf_push(vm, out);
        return RF_OK;
    }
    *found = false;
    return RF_OK;
}

RfStatus rf_call_method(RfVm *vm, uint32_t argc, RfMethodSite *site)
{
    RfValue *recv = vm->sp - argc - 1;
    switch (recv->tag) {
    case RF_TAG_STRUCT: {
        RfValue *field = rf_struct_find(recv->as.strct, site->name);
        if (field) {
            return call_member(vm, argc, *field);
        }
        RfMethod *method = rf_struct_method(recv->as.strct->shape->type, site->name);
        if (method) {
            return call_struct_method(vm, argc, site, method);
        }
        break;
    }
    case RF_TAG_DICT: {
        int64_t number;
        RfValue *member = rf_string_as_canonical_int(site->name, &number) ? rf_dict_find_int(recv->as.dict, number)
                                                                          : rf_dict_find_str(recv->as.dict, site->name);
        if (member) {
            return call_member(vm, argc, *member);
        }
        break;
    }
    case RF_TAG_MODULE: {
        RfValue *member = rf_dict_find_str(recv->as.module->members, site->name);
        if (member) {
            return call_member(vm, argc, *member);
        }
        break;
    }
    case RF_TAG_GENERATOR:
    case RF_TAG_CHANNEL:
    case RF_TAG_POINTER:
    case RF_TAG_HANDLE: {
        bool found;
        RfStatus status = call_kind_method(vm, argc, site, &found);
        if (found || status != RF_OK) {
            return status;
        }
        break;
    }
    default: break;
    }
    return call_uniform(vm, argc, site);
}
