/* Questions about values and about the running VM. */
#include "lib/args.h"
#include "lib/builtins.h"

RfStatus rf_lib_type(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc;
    RfString *word = rf_intern_cstr(rf_rt(vm), rf_value_type_name(argv[0]));
    *out = rf_retain(rf_obj(word));
    return RF_OK;
}

/* A function of one argument that asks `condition` about v and cannot fail. */
#define KIND_TEST(name, condition)                                                                                     \
    RfStatus rf_lib_##name(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)                     \
    {                                                                                                                  \
        (void)vm, (void)self, (void)argc;                                                                              \
        RfValue v = argv[0];                                                                                           \
        *out = rf_bool(condition);                                                                                     \
        return RF_OK;                                                                                                  \
    }

KIND_TEST(is_truthy, rf_truthy(v))
KIND_TEST(is_int, rf_is_int(v))
KIND_TEST(is_float, rf_is_float(v))
KIND_TEST(is_string, rf_is_string(v))
KIND_TEST(is_bool, rf_is_bool(v))
KIND_TEST(is_array, rf_is_array(v))
KIND_TEST(is_dict, rf_is_dict(v))
KIND_TEST(is_null, rf_is_null(v))
KIND_TEST(is_function, rf_is_callable(v))

RfStatus rf_lib_deep_equal(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)vm, (void)self, (void)argc;
    *out = rf_bool(rf_value_equal(argv[0], argv[1]));
    return RF_OK;
}

RfStatus rf_lib_jit_status(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_callable(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a function argument");
    }
    return rf_vm_jit_status(vm, argv[0], out);
}

RfStatus rf_lib_vm_stats(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)argc, (void)argv;
    rf_vm_stats(vm, out);
    return RF_OK;
}
