/* Dict builtins: keys values items has_key get get_default merge invert. Dicts are shown in sorted order
 * (language.md 3.5). */
#include "base/mem.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/dict_key.h"
#include "lib/seq.h"

/* ---- keys, values, items ---- */
typedef RfValue ItemToValue(const RfDictItem *item);

static RfValue item_key(const RfDictItem *item)
{
    return rf_obj(rf_dict_key_string(item->key));
}
static RfValue item_value(const RfDictItem *item)
{
    return rf_retain(*item->value);
}
static RfValue item_pair(const RfDictItem *item)
{
    return rf_seq_pair(item_key(item), item_value(item));
}

static RfStatus list(RfVm *vm, const RfBuiltin *self, const RfValue *argv, ItemToValue *convert, RfValue *out)
{
    if (!rf_is_dict(argv[0])) {
        return rf_args_raise_named(vm, self, "requires a dict argument");
    }
    const RfDict *dict = argv[0].as.dict;
    size_t len = dict->len;
    RfArray *result = rf_array_new(len);
    if (len > 0) {
        RfDictItem *items = rf_dict_sorted(dict);
        for (size_t i = 0; i < len; i++) {
            rf_array_push(result, convert(&items[i]));
        }
        rf_mem_free(items, len * sizeof *items);
    }
    *out = rf_obj(result);
    return RF_OK;
}

RfStatus rf_lib_keys(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return list(vm, self, argv, item_key, out);
}

RfStatus rf_lib_values(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return list(vm, self, argv, item_value, out);
}

RfStatus rf_lib_items(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return list(vm, self, argv, item_pair, out);
}

/* ---- has_key, get, get_default ---- */
RfStatus rf_lib_has_key(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_dict(argv[0]) || !rf_dict_key_ok(argv[1])) {
        return rf_args_raise_named(vm, self, "requires a dict and a string or int key");
    }
    *out = rf_int(rf_dict_key_find(argv[0].as.dict, argv[1]) != NULL); /* 1 or 0, not a bool */
    return RF_OK;
}

/* The value under argv[1], else the third argument, else null. */
static RfValue value_or_default(int argc, RfValue *argv)
{
    const RfValue *value = rf_dict_key_find(argv[0].as.dict, argv[1]);
    if (value != NULL) {
        return rf_retain(*value);
    }
    return argc == 3 ? rf_take(&argv[2]) : rf_null();
}

RfStatus rf_lib_get(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_dict(argv[0]) || !rf_dict_key_ok(argv[1])) {
        return rf_args_raise_named(vm, self, "requires a dict and a string or int key");
    }
    *out = value_or_default(argc, argv);
    return RF_OK;
}

RfStatus rf_lib_get_default(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_dict(argv[0]) || !rf_dict_key_ok(argv[1])) {
        return rf_args_raise_usage(vm, self);
    }
    *out = value_or_default(argc, argv);
    return RF_OK;
}

/* ---- merge, invert ---- */
RfStatus rf_lib_merge(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_dict(argv[0]) || !rf_is_dict(argv[1])) {
        return rf_args_raise_named(vm, self, "requires two dict arguments");
    }
    const RfDict *other = argv[1].as.dict;
    if ((uint64_t)argv[0].as.dict->len + other->len > RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    if (argv[0].as.dict->len == 0) {
        *out = rf_take(&argv[1]);
        return RF_OK;
    }
    RfDict *dict = rf_take(&argv[0]).as.dict;
    if (other->len > 0 && other != dict) {
        dict = rf_dict_unique(dict);
        RfDictItem item;
        for (size_t pos = 0; rf_dict_next(other, &pos, &item);) {
            rf_dict_set(dict, rf_retain(item.key), rf_retain(*item.value));
        }
    }
    *out = rf_obj(dict);
    return RF_OK;
}

RfStatus rf_lib_invert(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_dict(argv[0])) {
        return rf_args_raise_usage(vm, self);
    }
    const RfDict *dict = argv[0].as.dict;
    size_t len = dict->len;
    RfDict *result = rf_dict_new(len);
    if (len > 0) {
        RfDictItem *items = rf_dict_sorted(dict);
        for (size_t i = 0; i < len; i++) {
            RfValue key;
            if (rf_dict_make_key(*items[i].value, &key)) {
                rf_dict_set(result, key, item_key(&items[i]));
            }
        }
        rf_mem_free(items, len * sizeof *items);
    }
    *out = rf_obj(result);
    return RF_OK;
}
