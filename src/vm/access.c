/* Reading and writing elements and fields of any value (language.md 4.9, 5.5, 15.1). */
#include "runtime/text.h"
#include "vm/frame.h"

static RfStatus out_of_bounds(RfVm *vm, int64_t i)
{
    return rf_raise(rf_rt(vm), "Index out of bounds: %lld", (long long)i);
}

/* Index of an element counted from either end; false when out of range. */
static bool element(int64_t i, size_t len, size_t *at)
{
    if (i < 0) {
        i += (int64_t)len;
    }
    *at = (size_t)i;
    return i >= 0 && (uint64_t)i < len;
}

static RfStatus missing_key(RfVm *vm, const RfDict *d, RfValue key)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, "Missing map key: ");
    if (key.tag == RF_TAG_INT) {
        rf_buf_printf(&text, "%lld", (long long)key.as.i);
    } else {
        rf_debug_put_quoted(&text, key.as.str->data, key.as.str->len);
    }
    RfStatus status = rf_raise_string(rf_rt(vm), rf_string_new(text.data, text.len));
    rf_buf_free(&text);
    rf_hint_key(vm, d, key);
    return status;
}

static RfStatus index_dict(RfVm *vm, const RfDict *d, RfValue i, RfValue *out)
{
    if (i.tag == RF_TAG_INT) {
        RfValue *v = rf_dict_find_int(d, i.as.i);
        if (v) {
            *out = rf_retain(*v);
            return RF_OK;
        }
        return missing_key(vm, d, i);
    }
    RfValue key;
    if (!rf_dict_make_key(i, &key)) {
        return rf_raise(rf_rt(vm), "Invalid index operation");
    }
    RfValue *v = rf_dict_find(d, key);
    if (v) {
        *out = rf_retain(*v);
        rf_release(key);
        return RF_OK;
    }
    int64_t integral;
    /* the message shows the key as the program wrote it: "5" and 5 are one entry but two spellings */
    RfValue written = key;
    if (i.tag == RF_TAG_STRING) {
        written = i;
    } else if (i.tag == RF_TAG_FLOAT && rf_value_to_index(i, &integral)) {
        written = rf_int(integral);
    }
    RfStatus status = missing_key(vm, d, written);
    rf_release(key);
    return status;
}

RfStatus rf_access_index(RfVm *vm, RfValue x, RfValue i, RfValue *out)
{
    if (x.tag == RF_TAG_DICT) {
        return index_dict(vm, x.as.dict, i, out);
    }
    int64_t number;
    if ((x.tag != RF_TAG_ARRAY && x.tag != RF_TAG_STRING && x.tag != RF_TAG_BYTES) || !rf_value_to_index(i, &number)) {
        return rf_raise(rf_rt(vm), "Invalid index operation");
    }
    size_t at;
    switch (x.tag) {
    case RF_TAG_ARRAY:
        if (!element(number, x.as.arr->len, &at)) {
            return out_of_bounds(vm, number);
        }
        *out = rf_array_get(x.as.arr, at);
        return RF_OK;
    case RF_TAG_BYTES:
        if (!element(number, x.as.bytes->len, &at)) {
            return out_of_bounds(vm, number);
        }
        *out = rf_int(x.as.bytes->data[at]);
        return RF_OK;
    default:
        if (!element(number, x.as.str->count, &at)) {
            return out_of_bounds(vm, number);
        }
        if (x.as.str->obj.flags & RF_STRING_ASCII) {
            RfString *c = rf_rt(vm)->chars[(unsigned char)x.as.str->data[at]];
            rf_object_retain(c);
            *out = rf_obj(c);
        } else {
            *out = rf_obj(rf_string_slice(x.as.str, at, at + 1));
        }
        return RF_OK;
    }
}

RfStatus rf_access_store_index(RfVm *vm, RfValue *place, RfValue i, RfValue v)
{
    int64_t number;
    if (place->tag == RF_TAG_ARRAY && rf_value_to_index(i, &number)) {
        size_t at;
        if (!element(number, place->as.arr->len, &at)) {
            rf_release(v);
            return out_of_bounds(vm, number);
        }
        place->as.arr = rf_array_unique(place->as.arr);
        rf_array_set(place->as.arr, at, v);
        return RF_OK;
    }
    RfValue key;
    if (place->tag == RF_TAG_DICT && rf_dict_make_key(i, &key)) {
        place->as.dict = rf_dict_unique(place->as.dict);
        rf_dict_set(place->as.dict, key, v);
        return RF_OK;
    }
    rf_release(v);
    return rf_raise(rf_rt(vm), "Invalid index assignment");
}

static RfValue member_key(RfString *name)
{
    int64_t number;
    return rf_string_as_canonical_int(name, &number) ? rf_int(number)
                                                     : rf_retain((RfValue){RF_TAG_STRING, {.str = name}});
}

RfValue *rf_access_member(const RfDict *d, RfFieldSite *site)
{
    RfValue *v = rf_dict_guess(d, site->entry, site->name);
    int64_t number;
    if (v) {
        return v;
    }
    if (rf_string_as_canonical_int(site->name, &number)) {
        return rf_dict_find_int(d, number);
    }
    v = rf_dict_find_str(d, site->name);
    site->entry = v ? (uint32_t)((RfDictEntry *)((char *)v - offsetof(RfDictEntry, value)) - d->entries) : 0;
    return v;
}

RfStatus rf_access_store_field(RfVm *vm, RfValue *place, RfFieldSite *site, RfValue v)
{
    if (place->tag == RF_TAG_STRUCT) {
        RfStruct *s = rf_struct_unique(place->as.strct);
        s = rf_struct_set(rf_rt(vm), s, site->name, v);
        place->as.strct = s;
        int offset = rf_shape_find(s->shape, site->name);
        site->shape = s->shape;
        site->offset = (uint32_t)offset;
        return RF_OK;
    }
    if (place->tag == RF_TAG_DICT) {
        RfDict *d = place->as.dict = rf_dict_unique(place->as.dict);
        RfValue *old = rf_access_member(d, site);
        if (old) {
            rf_assign(old, v);
        } else {
            rf_dict_set(d, member_key(site->name), v);
        }
        return RF_OK;
    }
    rf_release(v);
    return rf_raise(rf_rt(vm), "Cannot set field on non-struct");
}

static RfStatus field_error(RfVm *vm, RfValue x, const RfString *name)
{
    if (x.tag == RF_TAG_STRUCT || x.tag == RF_TAG_MODULE) {
        rf_raise(rf_rt(vm), "Field not found: %s", name->data);
    } else {
        rf_raise(rf_rt(vm), "Cannot access field or method '%s' on non-struct value", name->data);
    }
    rf_hint_field(vm, x, name);
    return RF_ERROR;
}

RfStatus rf_access_field(RfVm *vm, RfValue x, RfFieldSite *site, bool optional, RfValue *out)
{
    *out = rf_null();
    switch (x.tag) {
    case RF_TAG_STRUCT: {
        RfStruct *s = x.as.strct;
        int offset = rf_shape_find(s->shape, site->name);
        if (offset >= 0) {
            site->misses++;
            site->shape = s->shape;
            site->offset = (uint32_t)offset;
            *out = rf_retain(s->fields[offset]);
            return RF_OK;
        }
        RfMethod *m = rf_struct_method(s->shape->type, site->name);
        if (m) {
            *out = rf_retain(m->function);
            return RF_OK;
        }
        break;
    }
    case RF_TAG_DICT: {
        const RfValue *v = rf_access_member(x.as.dict, site);
        if (v) {
            *out = rf_retain(*v);
        }
        return RF_OK;
    }
    case RF_TAG_MODULE: {
        RfValue *v = rf_dict_find_str(x.as.module->members, site->name);
        if (v) {
            *out = rf_retain(*v);
            return RF_OK;
        }
        break;
    }
    case RF_TAG_HANDLE: {
        const RfHandleType *type = x.as.handle->type;
        bool found = false;
        if (type->get) {
            RfStatus status = type->get(vm, x.as.handle, site->name, out, &found);
            if (found || status != RF_OK) {
                return status;
            }
        }
        break;
    }
    case RF_TAG_POINTER:
        if (rf_pointer_member(rf_as_pointer(x), site->name, out)) {
            return RF_OK;
        }
        break;
    default: break;
    }
    return optional ? RF_OK : field_error(vm, x, site->name);
}
