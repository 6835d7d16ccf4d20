/* Elements and fields: the common cases first, then what the interpreter calls. */
#include "jit/helpers.h"

/* ---- reading ---- */

static RfStatus slow_index(RfVm *vm, RfValue x, RfValue i, RfValue *out)
{
    RfValue found; /* *out may be where an operand lies */
    RfStatus status = rf_access_index(vm, x, i, &found);
    if (status == RF_OK) {
        *out = found;
    }
    return status;
}

int32_t rf_native_index(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, const RfValue *i, RfValue *out)
{
    if (i->tag == RF_TAG_INT) {
        return rf_native_index_int(vm, frame, where, x, i->as.i, out);
    }
    if (i->tag == RF_TAG_STRING && x->tag == RF_TAG_DICT) {
        const RfValue *v = rf_native_dict_find_str(x->as.dict, i->as.str);
        if (v) {
            *out = rf_retain(*v);
            return RF_OK;
        }
    }
    rf_native_sync(vm, frame, where);
    return (int32_t)slow_index(vm, *x, *i, out);
}

RfRet rf_native_view(const RfValue *place, int64_t kind, const RfModule *module, int64_t slot)
{
    if (place->tag != RF_TAG_ARRAY || (int64_t)rf_array_kind(place->as.arr) != kind) {
        return (RfRet){0, 0};
    }
    const RfArray *a = place->as.arr;
    bool writable = a->obj.rc == 1 && (!module || module->info[slot]->kind == RF_GLOBAL_MUT);
    return (RfRet){(uint64_t)(uintptr_t)a->as.data, a->len | (writable ? RF_VIEW_WRITABLE : 0)};
}

int32_t rf_native_peek(const RfValue *place, int64_t i, uint64_t tag, int64_t *out)
{
    RfValue v;
    if (place->tag == RF_TAG_DICT) {
        const RfValue *found = rf_dict_find_int(place->as.dict, i);
        if (!found) {
            return -1;
        }
        v = *found;
    } else if (place->tag == RF_TAG_ARRAY) {
        const RfArray *a = place->as.arr;
        i += i < 0 ? (int64_t)a->len : 0;
        if ((uint64_t)i >= a->len) {
            return -1;
        }
        v = rf_array_peek(a, (size_t)i);
    } else {
        return 0;
    }
    *out = v.as.i;
    return v.tag == tag;
}

int32_t rf_native_index_int(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, int64_t i, RfValue *out)
{
    if (x->tag == RF_TAG_ARRAY && (uint64_t)i < x->as.arr->len) {
        *out = rf_array_get(x->as.arr, (size_t)i);
        return RF_OK;
    }
    if (x->tag == RF_TAG_DICT) {
        const RfValue *v = rf_dict_find_int(x->as.dict, i);
        if (v) {
            *out = rf_retain(*v);
            return RF_OK;
        }
    }
    rf_native_sync(vm, frame, where);
    return (int32_t)slow_index(vm, *x, rf_int(i), out);
}

/* ---- storing ---- */

/* place[i] := v without error and without copying the container; false: nothing has happened. Takes v when true. */
static bool store_quickly(RfValue *place, int64_t i, RfValue v)
{
    if (place->tag == RF_TAG_ARRAY && rf_is_unique(place->as.arr) && (uint64_t)i < place->as.arr->len) {
        rf_array_set(place->as.arr, (size_t)i, v);
        return true;
    }
    if (place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict)) {
        rf_dict_set_int(place->as.dict, i, v);
        return true;
    }
    return false;
}

int32_t rf_native_store_index(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, const RfValue *i,
                              const RfValue *v)
{
    if (i->tag == RF_TAG_INT && store_quickly(place, i->as.i, *v)) {
        return RF_OK;
    }
    if (i->tag == RF_TAG_STRING && place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict)) {
        rf_native_dict_set_str(place->as.dict, i->as.str, v->tag, v->as.i);
        return RF_OK;
    }
    rf_native_sync(vm, frame, where);
    return (int32_t)rf_access_store_index(vm, place, *i, *v);
}

int32_t rf_native_store_index_int(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, int64_t i, uint64_t tag,
                                  int64_t payload)
{
    RfValue v = rf_native_value(tag, payload);
    if (store_quickly(place, i, v)) {
        return RF_OK;
    }
    rf_native_sync(vm, frame, where);
    return (int32_t)rf_access_store_index(vm, place, rf_int(i), v);
}

int32_t rf_native_store_global_index(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t slot, int64_t i, uint64_t tag,
                                     int64_t payload)
{
    rf_native_sync(vm, frame, where);
    RfModule *m = frame->proto->module;
    RfValue v = rf_native_value(tag, payload);
    RfValue *place = &m->globals[slot];
    const RfGlobalInfo *info = m->info[slot];
    if (info->kind == RF_GLOBAL_MUT) {
        return store_quickly(place, i, v) ? RF_OK : (int32_t)rf_access_store_index(vm, place, rf_int(i), v);
    }
    rf_release(v);
    rf_unwind_set_pos(vm, rf_proto_root_pos(frame->proto, RF_WHERE_PC(where)));
    switch (info->kind) {
    case RF_GLOBAL_ABSENT: return (int32_t)rf_var_undefined(vm, info->name);
    case RF_GLOBAL_CONST: return (int32_t)rf_var_raise(vm, RF_RAISE_MUTATE_CONST, info->name);
    default: return (int32_t)rf_var_raise(vm, RF_RAISE_MUTATE_LET, info->name);
    }
}

/* ---- steps of paths, as rf_path_store goes them: nothing is copied, widened or raised ---- */

RfValue *rf_native_path_step_int(const RfValue *place, int64_t i)
{
    if (place->tag == RF_TAG_ARRAY) {
        RfArray *a = place->as.arr;
        i += i < 0 ? (int64_t)a->len : 0;
        bool there = rf_is_unique(a) && rf_array_kind(a) == RF_ELEM_ANY && (uint64_t)i < a->len;
        return there ? &a->as.values[i] : NULL;
    }
    return place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict) ? rf_dict_find_int(place->as.dict, i) : NULL;
}

RfValue *rf_native_path_step(const RfValue *place, const RfValue *index)
{
    if (index->tag == RF_TAG_INT) {
        return rf_native_path_step_int(place, index->as.i);
    }
    bool dict = index->tag == RF_TAG_STRING && place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict);
    return dict ? rf_native_dict_find_str(place->as.dict, index->as.str) : NULL;
}

RfValue *rf_native_path_field(const RfValue *place, const RfProto *proto, int64_t number)
{
    const RfFieldSite *site = &proto->fields[number];
    if (place->tag == RF_TAG_STRUCT && rf_is_unique(place->as.strct)) {
        RfStruct *s = place->as.strct;
        return s->shape == site->shape ? &s->fields[site->offset] : rf_struct_find(s, site->name);
    }
    if (place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict)) {
        RfValue *v = rf_dict_guess(place->as.dict, site->entry, site->name);
        return v ? v : rf_native_dict_find_str(place->as.dict, site->name);
    }
    return NULL;
}

/* ---- dicts ---- */

RfValue *rf_native_dict_find_int(const RfDict *d, int64_t key)
{
    return rf_dict_find_int(d, key);
}

void rf_native_dict_set_int(RfDict *d, int64_t key, uint64_t tag, int64_t payload)
{
    rf_dict_set_int(d, key, rf_native_value(tag, payload));
}

RfValue *rf_native_dict_find_str(const RfDict *d, RfString *key)
{
    int64_t number;
    return rf_string_as_canonical_int(key, &number) ? rf_dict_find_int(d, number) : rf_dict_find_str(d, key);
}

void rf_native_dict_set_str(RfDict *d, RfString *key, uint64_t tag, int64_t payload)
{
    int64_t number;
    RfValue v = rf_native_value(tag, payload);
    if (rf_string_as_canonical_int(key, &number)) {
        rf_dict_set_int(d, number, v);
    } else {
        rf_dict_set_str(d, key, v);
    }
}

const RfValue *rf_native_dict_member(RfDict *d, RfProto *proto, int64_t number)
{
    static const RfValue absent = {.tag = RF_TAG_NULL};
    const RfValue *v = rf_access_member(d, &proto->fields[number]);
    return v ? v : &absent;
}

int32_t rf_native_has_key(const RfValue *dict, const RfValue *key)
{
    if (dict->tag == RF_TAG_DICT && key->tag == RF_TAG_STRING) {
        return rf_native_dict_find_str(dict->as.dict, key->as.str) != NULL;
    }
    if (dict->tag == RF_TAG_DICT && key->tag == RF_TAG_INT) {
        return rf_dict_find_int(dict->as.dict, key->as.i) != NULL;
    }
    return -1;
}

/* ---- fields ---- */

int32_t rf_native_field(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, uint64_t number, RfValue *out)
{
    rf_native_sync(vm, frame, where); /* a compact frame has no proto */
    RfFieldSite *site = &frame->proto->fields[number];
    if (x->tag == RF_TAG_STRUCT && x->as.strct->shape == site->shape) {
        *out = rf_retain(x->as.strct->fields[site->offset]);
        return RF_OK;
    }
    const RfValue *guess = x->tag == RF_TAG_DICT ? rf_dict_guess(x->as.dict, site->entry, site->name) : NULL;
    if (guess) {
        *out = rf_retain(*guess);
        return RF_OK;
    }
    RfValue found;
    RfStatus status = rf_access_field(vm, *x, site, false, &found);
    if (status == RF_OK) {
        *out = found;
    }
    return (int32_t)status;
}

int32_t rf_native_store_field(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, uint64_t number, uint64_t tag,
                              int64_t payload)
{
    rf_native_sync(vm, frame, where);
    RfFieldSite *site = &frame->proto->fields[number];
    RfValue v = rf_native_value(tag, payload);
    if (place->tag == RF_TAG_STRUCT && rf_is_unique(place->as.strct) && place->as.strct->shape == site->shape) {
        rf_assign(&place->as.strct->fields[site->offset], v);
        return RF_OK;
    }
    if (place->tag == RF_TAG_DICT && rf_is_unique(place->as.dict)) {
        RfValue *old = rf_dict_guess(place->as.dict, site->entry, site->name);
        if (old) {
            rf_assign(old, v);
            return RF_OK;
        }
    }
    return (int32_t)rf_access_store_field(vm, place, site, v);
}
