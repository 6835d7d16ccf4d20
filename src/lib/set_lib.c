/* Set builtins: the constructor, set_add set_remove set_has set_union set_intersect set_difference set_to_array. */
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/seq.h"

/* Checks that the first `count` arguments are sets. */
static RfStatus check_sets(RfVm *vm, const RfBuiltin *self, const RfValue *argv, int count)
{
    for (int i = 0; i < count; i++) {
        if (argv[i].tag != RF_TAG_SET) {
            return rf_raise(rf_rt(vm), "%s requires a Set argument", self->arity_name);
        }
    }
    return RF_OK;
}

RfStatus rf_lib_Set(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (argc == 0) {
        *out = rf_obj(rf_set_new(0));
        return RF_OK;
    }
    if (!rf_is_seq(argv[0]) || argv[0].tag == RF_TAG_BYTES) {
        return rf_raise(rf_rt(vm), "Set constructor requires an array argument");
    }
    if (argv[0].tag == RF_TAG_SET) {
        *out = rf_take(&argv[0]);
        return RF_OK;
    }
    RfSeq seq;
    if (rf_seq_init(vm, &seq, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    RfSet *set = rf_set_new(0); /* grows with its members, not with the duplicates */
    RfStatus status = RF_OK;
    RfValue item;
    int more = 0;
    while (status == RF_OK && (more = rf_seq_next(&seq, &item)) > 0) {
        rf_set_add(set, item);
        if (set->len > RF_COLLECTION_MAX) {
            status = rf_raise_too_large(vm, self->arity_name);
        }
    }
    rf_seq_end(&seq);
    if (status != RF_OK || more < 0) {
        rf_object_release(set);
        return RF_ERROR;
    }
    *out = rf_obj(set);
    return RF_OK;
}

RfStatus rf_lib_set_add(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 1) != RF_OK) {
        return RF_ERROR;
    }
    if (argv[0].as.set->len == RF_COLLECTION_MAX && !rf_set_has(argv[0].as.set, argv[1])) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    /* A shared set is copied only when there is something to add. */
    if (rf_is_unique(argv[0].as.set) || !rf_set_has(argv[0].as.set, argv[1])) {
        RfSet *set = rf_set_unique(rf_take(&argv[0]).as.set);
        rf_set_add(set, rf_take(&argv[1]));
        *out = rf_obj(set);
    } else {
        *out = rf_take(&argv[0]);
    }
    return RF_OK;
}

RfStatus rf_lib_set_remove(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 1) != RF_OK) {
        return RF_ERROR;
    }
    if (rf_is_unique(argv[0].as.set) || rf_set_has(argv[0].as.set, argv[1])) {
        RfSet *set = rf_set_unique(rf_take(&argv[0]).as.set);
        rf_set_remove(set, argv[1]);
        *out = rf_obj(set);
    } else {
        *out = rf_take(&argv[0]);
    }
    return RF_OK;
}

RfStatus rf_lib_set_has(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 1) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_bool(rf_set_has(argv[0].as.set, argv[1]));
    return RF_OK;
}

RfStatus rf_lib_set_union(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 2) != RF_OK) {
        return RF_ERROR;
    }
    const RfSet *other = argv[1].as.set;
    if ((uint64_t)argv[0].as.set->len + other->len > RF_COLLECTION_MAX) {
        return rf_raise_too_large(vm, self->arity_name);
    }
    RfSet *set = rf_take(&argv[0]).as.set;
    if (other->len > 0 && other != set) {
        set = rf_set_unique(set);
        size_t pos = 0;
        for (const RfValue *item; (item = rf_set_next(other, &pos)) != NULL;) {
            rf_set_add(set, rf_retain(*item));
        }
    }
    *out = rf_obj(set);
    return RF_OK;
}

/* The members of `left` of which `right` has (wanted) or has not (not wanted) an equal one. */
static RfSet *select_members(const RfSet *left, const RfSet *right, bool wanted)
{
    RfSet *set = rf_set_new(0);
    size_t pos = 0;
    for (const RfValue *item; (item = rf_set_next(left, &pos)) != NULL;) {
        if (rf_set_has(right, *item) == wanted) {
            rf_set_add(set, rf_retain(*item));
        }
    }
    return set;
}

RfStatus rf_lib_set_intersect(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 2) != RF_OK) {
        return RF_ERROR;
    }
    *out = rf_obj(select_members(argv[0].as.set, argv[1].as.set, true));
    return RF_OK;
}

RfStatus rf_lib_set_difference(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 2) != RF_OK) {
        return RF_ERROR;
    }
    const RfSet *right = argv[1].as.set;
    if (!rf_is_unique(argv[0].as.set) || right->len >= argv[0].as.set->len) {
        *out = rf_obj(select_members(argv[0].as.set, right, false));
        return RF_OK;
    }
    /* A few members are taken out of a set nobody else holds. Equality of floats has a tolerance, so one member of
     * the right side may equal two of the left. */
    RfSet *set = rf_take(&argv[0]).as.set;
    size_t pos = 0;
    for (const RfValue *item; (item = rf_set_next(right, &pos)) != NULL;) {
        while (rf_set_remove(set, *item)) {
        }
    }
    *out = rf_obj(set);
    return RF_OK;
}

RfStatus rf_lib_set_to_array(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_sets(vm, self, argv, 1) != RF_OK) {
        return RF_ERROR;
    }
    return rf_iter_collect(vm, rf_take(&argv[0]), out);
}
