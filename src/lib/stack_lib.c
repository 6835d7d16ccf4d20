/* Stack builtins. A stack is an array object under another tag, its top at the end: turning one into the other is a
 * change of the tag when nobody else holds the object. */
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/seq.h"

static RfStatus check_stack(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (argv[0].tag != RF_TAG_STACK) {
        return rf_raise(rf_rt(vm), "%s requires a Stack argument", self->arity_name);
    }
    return RF_OK;
}

/* The items of `items` (taken) as a value of the other kind. */
static RfValue retag(RfArray *items, RfTag tag)
{
    items = rf_array_unique(items);
    items->obj.tag = (uint8_t)tag;
    return rf_obj(items);
}

RfStatus rf_lib_Stack(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (argc == 0) {
        *out = retag(rf_array_new(0), RF_TAG_STACK);
        return RF_OK;
    }
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "Stack constructor requires an array argument");
    }
    *out = retag(rf_take(&argv[0]).as.arr, RF_TAG_STACK);
    return RF_OK;
}

RfStatus rf_lib_stack_push(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    if (argv[0].as.stack->len == RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfArray *stack = rf_array_unique(rf_take(&argv[0]).as.stack);
    rf_array_push(stack, rf_take(&argv[1]));
    *out = rf_obj(stack);
    return RF_OK;
}

RfStatus rf_lib_stack_pop(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    RfArray *stack = rf_array_unique(rf_take(&argv[0]).as.stack);
    RfValue top = stack->len > 0 ? rf_array_remove(stack, stack->len - 1) : rf_null();
    *out = rf_seq_pair(rf_obj(stack), top);
    return RF_OK;
}

RfStatus rf_lib_stack_peek(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    const RfArray *stack = argv[0].as.stack;
    *out = stack->len > 0 ? rf_array_get(stack, stack->len - 1) : rf_null();
    return RF_OK;
}

RfStatus rf_lib_stack_size(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_int(argv[0].as.stack->len);
    return RF_OK;
}

RfStatus rf_lib_stack_is_empty(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_bool(argv[0].as.stack->len == 0);
    return RF_OK;
}

RfStatus rf_lib_stack_to_array(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_stack(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    *out = retag(rf_take(&argv[0]).as.stack, RF_TAG_ARRAY);
    return RF_OK;
}
