/* Result and Option builtins: is_ok is_err is_some is_none unwrap unwrap_or ok_or map_ok. */
#include "lib/args.h"
#include "lib/builtins.h"

static bool is_variant(RfValue v, RfVariantKind kind)
{
    return v.tag == RF_TAG_VARIANT && rf_variant_kind(v.as.variant) == kind;
}
static bool is_option(RfValue v)
{
    return v.tag == RF_TAG_NONE || is_variant(v, RF_VARIANT_SOME);
}
static bool is_result_or_option(RfValue v)
{
    return v.tag == RF_TAG_VARIANT || v.tag == RF_TAG_NONE;
}
/* Ok or Some: there is a payload to go on with. */
static bool is_good(RfValue v)
{
    return v.tag == RF_TAG_VARIANT && rf_variant_kind(v.as.variant) != RF_VARIANT_ERR;
}

static RfStatus check(RfVm *vm, const RfBuiltin *self, RfValue v)
{
    return is_result_or_option(v) ? RF_OK : rf_args_raise_named(vm, self, "requires a Result or Option argument");
}

RfStatus rf_lib_is_ok(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    *out = rf_bool(is_variant(argv[0], RF_VARIANT_OK));
    return RF_OK;
}

RfStatus rf_lib_is_err(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    *out = rf_bool(is_variant(argv[0], RF_VARIANT_ERR));
    return RF_OK;
}

RfStatus rf_lib_is_some(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    *out = rf_bool(is_variant(argv[0], RF_VARIANT_SOME));
    return RF_OK;
}

RfStatus rf_lib_is_none(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm;
    (void)self;
    (void)argc;
    *out = rf_bool(argv[0].tag == RF_TAG_NONE);
    return RF_OK;
}

/* Raises for Err and None. */
static RfStatus raise_unwrap(RfVm *vm, RfValue v, const RfValue *message)
{
    RfRuntime *rt = rf_rt(vm);
    if (message != NULL) {
        return rf_raise_string(rt, rf_text_string(rt, *message));
    }
    if (v.tag == RF_TAG_NONE) {
        return rf_raise(rt, "unwrap() called on None");
    }
    RfString *payload = rf_text_string(rt, v.as.variant->payload);
    RfStatus status = rf_args_raise_quoting(vm, "unwrap() called on Err: ", payload, "");
    rf_object_release(payload);
    return status;
}

RfStatus rf_lib_unwrap(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (check(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!is_good(argv[0])) {
        return raise_unwrap(vm, argv[0], argc == 2 ? &argv[1] : NULL);
    }
    *out = rf_retain(argv[0].as.variant->payload);
    return RF_OK;
}

RfStatus rf_lib_unwrap_or(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    *out = is_good(argv[0]) ? rf_retain(argv[0].as.variant->payload) : rf_take(&argv[1]);
    return RF_OK;
}

RfStatus rf_lib_ok_or(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!is_option(argv[0])) {
        return rf_args_raise_named(vm, self, "requires an Option argument");
    }
    if (is_good(argv[0])) {
        *out = rf_variant_new(RF_VARIANT_OK, rf_retain(argv[0].as.variant->payload));
    } else {
        *out = rf_variant_new(RF_VARIANT_ERR, rf_take(&argv[1]));
    }
    return RF_OK;
}

RfStatus rf_lib_map_ok(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!rf_is_callable(argv[1])) {
        return rf_args_raise_named(vm, self, "requires a function as second argument");
    }
    if (!is_good(argv[0])) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    RfVariantKind kind = rf_variant_kind(argv[0].as.variant);
    RfValue args[1] = {rf_retain(argv[0].as.variant->payload)};
    RfValue mapped;
    if (rf_vm_call(vm, argv[1], 1, args, &mapped) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_variant_new(kind, mapped);
    return RF_OK;
}
