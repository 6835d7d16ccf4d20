/* Values across the border: handles made, read and changed by the host.
 *
 * A handle owns one reference. Changing an array or dict through its handle follows the language's copy semantics: the
 * handle's own value changes, every other holder keeps what it had. */
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "runtime/runtime.h"
#include "runtime/string.h"
#include "runtime/struct.h"
#include "runtime/text.h"

char *rf_export_text(RfBuf *text, size_t *len)
{
    char *copy = malloc(text->len + 1);
    if (copy == NULL) {
        rf_mem_exhausted(text->len + 1);
    }
    if (text->len > 0) {
        memcpy(copy, text->data, text->len);
    }
    copy[text->len] = '\0';
    if (len) {
        *len = text->len;
    }
    rf_buf_free(text);
    return copy;
}

void ruff_free(void *text)
{
    free(text);
}

/* ---- handles ---- */

RuffValue *rf_convert_wrap(RuffVM *vm, RfValue v)
{
    RuffValue *handle = rf_mem_alloc(sizeof *handle);
    *handle = (RuffValue){vm, v};
    return handle;
}

RuffValue *ruff_null(RuffVM *vm)
{
    return rf_convert_wrap(vm, rf_null());
}

RuffValue *ruff_bool(RuffVM *vm, bool value)
{
    return rf_convert_wrap(vm, rf_bool(value));
}

RuffValue *ruff_int(RuffVM *vm, int64_t value)
{
    return rf_convert_wrap(vm, rf_int(value));
}

RuffValue *ruff_float(RuffVM *vm, double value)
{
    return rf_convert_wrap(vm, rf_float(value));
}

static bool is_text(const char *bytes, size_t len)
{
    return len <= RF_STRING_MAX && rf_utf8_validate(bytes, len) == len;
}

RuffValue *ruff_string(RuffVM *vm, const char *bytes, size_t len)
{
    return is_text(bytes, len) ? rf_convert_wrap(vm, rf_obj(rf_string_new(bytes, len))) : NULL;
}

RuffValue *ruff_array(RuffVM *vm)
{
    return rf_convert_wrap(vm, rf_obj(rf_array_new(0)));
}

RuffValue *ruff_dict(RuffVM *vm)
{
    return rf_convert_wrap(vm, rf_obj(rf_dict_new(0)));
}

RuffValue *ruff_value_copy(const RuffValue *value)
{
    return rf_convert_wrap(value->vm, rf_retain(value->v));
}

void ruff_value_free(RuffValue *value)
{
    if (value) {
        rf_release(value->v);
        rf_mem_free(value, sizeof *value);
    }
}

/* ---- reading ---- */

RuffType ruff_type(const RuffValue *value)
{
    switch (value->v.tag) {
    case RF_TAG_NULL: return RUFF_NULL;
    case RF_TAG_BOOL: return RUFF_BOOL;
    case RF_TAG_INT: return RUFF_INT;
    case RF_TAG_FLOAT: return RUFF_FLOAT;
    case RF_TAG_STRING: return RUFF_STRING;
    case RF_TAG_ARRAY: return RUFF_ARRAY;
    case RF_TAG_DICT: return RUFF_DICT;
    case RF_TAG_STRUCT: return RUFF_STRUCT;
    case RF_TAG_FUNCTION:
    case RF_TAG_FOREIGN:
    case RF_TAG_BUILTIN: return RUFF_FUNCTION;
    default: return RUFF_OTHER;
    }
}

const char *ruff_type_name(const RuffValue *value)
{
    return rf_value_type_name(value->v);
}

bool ruff_get_bool(const RuffValue *value, bool *out)
{
    if (!rf_is_bool(value->v)) {
        return false;
    }
    *out = value->v.as.i != 0;
    return true;
}

bool ruff_get_int(const RuffValue *value, int64_t *out)
{
    if (!rf_is_int(value->v)) {
        return false;
    }
    *out = value->v.as.i;
    return true;
}

bool ruff_get_float(const RuffValue *value, double *out)
{
    if (!rf_is_num(value->v)) {
        return false;
    }
    *out = rf_num(value->v);
    return true;
}

const char *ruff_get_string(const RuffValue *value, size_t *len)
{
    if (!rf_is_string(value->v)) {
        return NULL;
    }
    if (len) {
        *len = value->v.as.str->len;
    }
    return value->v.as.str->data;
}

char *ruff_value_text(const RuffValue *value, size_t *len)
{
    RfBuf text = RF_BUF_INIT;
    rf_text_put(&text, value->v);
    return rf_export_text(&text, len);
}

bool ruff_value_equal(const RuffValue *a, const RuffValue *b)
{
    return rf_value_equal(a->v, b->v);
}

size_t ruff_length(const RuffValue *value)
{
    switch (value->v.tag) {
    case RF_TAG_ARRAY: return value->v.as.arr->len;
    case RF_TAG_DICT: return value->v.as.dict->len;
    case RF_TAG_STRUCT: return value->v.as.strct->shape->nfields;
    default: return 0;
    }
}

/* ---- arrays ---- */

RuffValue *ruff_array_get(const RuffValue *array, size_t index)
{
    if (!rf_is_array(array->v) || index >= array->v.as.arr->len) {
        return NULL;
    }
    return rf_convert_wrap(array->vm, rf_array_get(array->v.as.arr, index));
}

bool ruff_array_push(RuffValue *array, const RuffValue *item)
{
    if (!rf_is_array(array->v) || array->vm != item->vm || array->v.as.arr->len >= RF_COLLECTION_MAX) {
        return false;
    }
    RfValue value = rf_retain(item->v); /* first: the item may be the array itself */
    array->v.as.arr = rf_array_unique(array->v.as.arr);
    rf_array_push(array->v.as.arr, value);
    return true;
}

bool ruff_array_set(RuffValue *array, size_t index, const RuffValue *item)
{
    if (!rf_is_array(array->v) || array->vm != item->vm || index >= array->v.as.arr->len) {
        return false;
    }
    RfValue value = rf_retain(item->v);
    array->v.as.arr = rf_array_unique(array->v.as.arr);
    rf_array_set(array->v.as.arr, index, value);
    return true;
}

/* ---- dicts and structs ---- */

/* The stored form of a key (an int when the text spells one); a new reference. */
static RfValue make_key(const char *bytes, size_t len)
{
    RfValue text = rf_obj(rf_string_new(bytes, len));
    RfValue key = rf_null();
    (void)rf_dict_make_key(text, &key); /* a string always makes a key */
    rf_release(text);
    return key;
}

RuffValue *ruff_dict_get(const RuffValue *dict, const char *key, size_t len)
{
    if (!rf_is_dict(dict->v) || !is_text(key, len)) {
        return NULL;
    }
    RfValue stored = make_key(key, len);
    const RfValue *found = rf_dict_find(dict->v.as.dict, stored);
    rf_release(stored);
    return found ? rf_convert_wrap(dict->vm, rf_retain(*found)) : NULL;
}

bool ruff_dict_set(RuffValue *dict, const char *key, size_t len, const RuffValue *item)
{
    if (!rf_is_dict(dict->v) || dict->vm != item->vm || !is_text(key, len)) {
        return false;
    }
    RfValue value = rf_retain(item->v);
    dict->v.as.dict = rf_dict_unique(dict->v.as.dict);
    rf_dict_set(dict->v.as.dict, make_key(key, len), value);
    return true;
}

bool ruff_dict_next(const RuffValue *dict, size_t *position, RuffValue **key, RuffValue **item)
{
    RfDictItem found;
    if (!rf_is_dict(dict->v) || !rf_dict_next(dict->v.as.dict, position, &found)) {
        return false;
    }
    if (key) {
        *key = rf_convert_wrap(dict->vm, rf_obj(rf_dict_key_string(found.key)));
    }
    if (item) {
        *item = rf_convert_wrap(dict->vm, rf_retain(*found.value));
    }
    return true;
}

RuffValue *ruff_struct_get(const RuffValue *value, const char *field)
{
    if (!rf_is_struct(value->v)) {
        return NULL;
    }
    const RfString *name = rf_intern_cstr(rf_rt(value->vm->vm), field);
    const RfValue *found = rf_struct_find(value->v.as.strct, name);
    return found ? rf_convert_wrap(value->vm, rf_retain(*found)) : NULL;
}
