/* Queue builtins. Queues are values: enqueue and dequeue change a queue that nobody else holds in place. */
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/seq.h"

static RfStatus check_queue(RfVm *vm, const RfBuiltin *self, const RfValue *argv)
{
    if (argv[0].tag != RF_TAG_QUEUE) {
        return rf_raise(rf_rt(vm), "%s requires a Queue argument", self->arity_name);
    }
    return RF_OK;
}

RfStatus rf_lib_Queue(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (argc == 0) {
        *out = rf_obj(rf_queue_new(0));
        return RF_OK;
    }
    if (!rf_is_array(argv[0])) {
        return rf_raise(rf_rt(vm), "Queue constructor requires an array argument");
    }
    const RfArray *array = argv[0].as.arr;
    RfQueue *queue = rf_queue_new(array->len);
    for (size_t i = 0; i < array->len; i++) {
        rf_queue_push(queue, rf_array_get(array, i));
    }
    *out = rf_obj(queue);
    return RF_OK;
}

RfStatus rf_lib_queue_enqueue(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    if (argv[0].as.queue->len == RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfQueue *queue = rf_queue_unique(rf_take(&argv[0]).as.queue);
    rf_queue_push(queue, rf_take(&argv[1]));
    *out = rf_obj(queue);
    return RF_OK;
}

RfStatus rf_lib_queue_dequeue(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    RfQueue *queue = rf_queue_unique(rf_take(&argv[0]).as.queue);
    RfValue front = rf_queue_pop(queue);
    *out = rf_seq_pair(rf_obj(queue), front);
    return RF_OK;
}

RfStatus rf_lib_queue_peek(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    const RfQueue *queue = argv[0].as.queue;
    *out = queue->len > 0 ? rf_retain(rf_queue_peek(queue, 0)) : rf_null();
    return RF_OK;
}

RfStatus rf_lib_queue_size(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_int(argv[0].as.queue->len);
    return RF_OK;
}

RfStatus rf_lib_queue_is_empty(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_bool(argv[0].as.queue->len == 0);
    return RF_OK;
}

RfStatus rf_lib_queue_to_array(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_queue(vm, self, argv) != RF_OK) {
        return RF_ERROR;
    }
    return rf_iter_collect(vm, rf_take(&argv[0]), out);
}
