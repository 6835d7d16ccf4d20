/* Values to C and back, by the type's class. Nothing here knows of calls: arguments, results, memory and callbacks all convert
 * the same way and differ in how their errors begin (RfCRole). */
#include <string.h>

#include "base/mem.h"
#include "ffi/ffi.h"

/* ---- memory of a call ---- */

struct RfScratchBlock {
    struct RfScratchBlock *next;
    size_t size; /* of all */
};

void *rf_scratch_take(RfScratch *s, size_t size)
{
    size_t at = (s->used + 15) & ~(size_t)15;
    if (size <= sizeof s->first && at <= sizeof s->first - size) {
        s->used = at + size;
        return s->first + at;
    }
    struct RfScratchBlock *block = rf_mem_alloc(sizeof *block + size);
    *block = (struct RfScratchBlock){s->blocks, sizeof *block + size};
    s->blocks = block;
    return block + 1;
}

void rf_scratch_free(RfScratch *s)
{
    while (s->blocks) {
        struct RfScratchBlock *block = s->blocks;
        s->blocks = block->next;
        rf_mem_free(block, block->size);
    }
}

/* ---- errors ---- */

static RfStatus raise_text(RfVm *vm, RfBuf *text)
{
    rf_raise_string(rf_rt(vm), rf_string_new(text->data, text->len));
    rf_buf_free(text);
    return RF_ERROR;
}

static void put_role(RfBuf *text, const RfCRole *role)
{
    if (role->index > 0) {
        rf_buf_printf(text, "ffi argument %u of '%s'", role->index, role->name);
    } else {
        rf_buf_puts(text, "ffi callback result");
    }
}

static RfStatus wrong_kind(RfVm *vm, const RfCRole *role, RfCType type, uint32_t count, RfValue v)
{
    RfBuf text = RF_BUF_INIT;
    put_role(&text, role);
    rf_buf_puts(&text, " expects ");
    rf_layout_put_name(&text, type);
    if (count > 0) {
        rf_buf_printf(&text, "[%u]", count);
    }
    rf_buf_printf(&text, ", got %s", rf_value_type_name(v));
    return raise_text(vm, &text);
}

static RfStatus no_fit(RfVm *vm, const RfCRole *role, RfCType type, RfValue v)
{
    RfBuf text = RF_BUF_INIT;
    put_role(&text, role);
    rf_buf_puts(&text, ": value ");
    rf_text_put(&text, v);
    rf_buf_puts(&text, " does not fit ");
    rf_layout_put_name(&text, type);
    return raise_text(vm, &text);
}

/* ---- to C ---- */

static RfStatus store_int(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at)
{
    int64_t i = v.as.i;
    if (v.tag == RF_TAG_FLOAT) {
        bool is_unsigned = rf_ctype_info[type.kind].bytes == 8 && rf_ctype_info[type.kind].class == RF_CCLASS_UNSIGNED;
        double f = v.as.f;
        if (is_unsigned && f >= 9223372036854775808.0 && f < 18446744073709551616.0) {
            i = (int64_t)(uint64_t)f; /* floats this large are integral */
        } else if (!rf_value_to_index(v, &i)) {
            return no_fit(vm, role, type, v);
        }
    } else if (v.tag != RF_TAG_INT && v.tag != RF_TAG_BOOL) {
        return wrong_kind(vm, role, type, 0, v);
    }
    if (!rf_ctype_fits(type.kind, i)) {
        return no_fit(vm, role, type, v);
    }
    memcpy(at, &i, rf_ctype_info[type.kind].bytes); /* little endian */
    return RF_OK;
}

static RfStatus store_float(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at)
{
    if (!rf_is_num(v)) {
        return wrong_kind(vm, role, type, 0, v);
    }
    double d = rf_num(v);
    if (type.kind == RF_C_F64) {
        memcpy(at, &d, sizeof d);
    } else {
        float f = (float)d; /* too large: infinite, as in C */
        memcpy(at, &f, sizeof f);
    }
    return RF_OK;
}

static RfStatus store_string(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at, RfScratch *scratch)
{
    const char *text = NULL;
    if (rf_is_string(v)) {
        if (role->stored) {
            return rf_raise(rf_rt(vm), "%s() cannot store a string as a pointer; use ffi_write_bytes", role->name);
        }
        const RfString *s = v.as.str;
        if (memchr(s->data, '\0', s->len)) {
            RfBuf message = RF_BUF_INIT;
            put_role(&message, role);
            rf_buf_puts(&message, ": string contains a NUL character");
            return raise_text(vm, &message);
        }
        text = s->data;
        if (scratch) { /* what C does to it must not reach the string */
            text = memcpy(rf_scratch_take(scratch, s->len + 1u), s->data, s->len + 1u);
        }
    } else if (!rf_is_null(v)) {
        return wrong_kind(vm, role, type, 0, v);
    }
    memcpy(at, &text, sizeof text);
    return RF_OK;
}

static RfStatus store_pointer(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at)
{
    const void *p = NULL;
    if (v.tag == RF_TAG_POINTER) {
        if (rf_as_pointer(v)->extent->freed) {
            return role->index > 0 ? rf_raise(rf_rt(vm), "%s() use of freed pointer", role->name)
                                   : rf_raise(rf_rt(vm), "ffi callback result: use of freed pointer");
        }
        p = rf_as_pointer(v)->address;
    } else if (v.tag == RF_TAG_BYTES && !role->stored) {
        p = v.as.bytes->data;
    } else if (!rf_is_null(v)) {
        return wrong_kind(vm, role, type, 0, v);
    }
    memcpy(at, &p, sizeof p);
    return RF_OK;
}

static RfStatus store_struct(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at, RfScratch *scratch)
{
    const RfLayout *l = rf_layout_of(type);
    if (!rf_is_dict(v) || v.as.dict->len != l->nfields) {
        return wrong_kind(vm, role, type, 0, v);
    }
    memset(at, 0, l->size); /* padding too */
    for (uint32_t i = 0; i < l->nfields; i++) {
        const RfCField *field = &l->fields[i];
        int64_t number;
        const RfValue *item = rf_string_as_canonical_int(field->name, &number)
                                  ? rf_dict_find_int(v.as.dict, number)
                                  : rf_dict_find_str(v.as.dict, field->name);
        if (!item) {
            return wrong_kind(vm, role, type, 0, v);
        }
        uint8_t *to = (uint8_t *)at + field->offset;
        if (field->count == 0) {
            if (rf_convert_store(vm, role, field->type, *item, to, scratch) != RF_OK) {
                return RF_ERROR;
            }
            continue;
        }
        if (!rf_is_array(*item) || item->as.arr->len != field->count) {
            return wrong_kind(vm, role, field->type, field->count, *item);
        }
        size_t size = rf_layout_size(field->type);
        for (uint32_t j = 0; j < field->count; j++) {
            RfValue element = rf_array_peek(item->as.arr, j);
            if (rf_convert_store(vm, role, field->type, element, to + j * size, scratch) != RF_OK) {
                return RF_ERROR;
            }
        }
    }
    return RF_OK;
}

RfStatus rf_convert_store(RfVm *vm, const RfCRole *role, RfCType type, RfValue v, void *at, RfScratch *scratch)
{
    if (type.kind == RF_C_STRUCT) {
        return store_struct(vm, role, type, v, at, scratch);
    }
    switch ((RfCClass)rf_ctype_info[type.kind].class) {
    case RF_CCLASS_VOID: return RF_OK;
    case RF_CCLASS_BOOL:
        if (!rf_is_bool(v)) {
            return wrong_kind(vm, role, type, 0, v);
        }
        *(uint8_t *)at = v.as.i != 0;
        return RF_OK;
    case RF_CCLASS_SIGNED:
    case RF_CCLASS_UNSIGNED: return store_int(vm, role, type, v, at);
    case RF_CCLASS_FLOAT: return store_float(vm, role, type, v, at);
    case RF_CCLASS_STRING: return store_string(vm, role, type, v, at, scratch);
    case RF_CCLASS_POINTER: break;
    }
    return store_pointer(vm, role, type, v, at);
}

/* ---- from C ---- */

static RfStatus load_int(RfVm *vm, RfCType type, const void *at, RfValue *out)
{
    unsigned bytes = rf_ctype_info[type.kind].bytes;
    uint64_t u = 0;
    memcpy(&u, at, bytes);
    if (rf_ctype_info[type.kind].class == RF_CCLASS_SIGNED) {
        unsigned unused = 64 - 8 * bytes;
        *out = rf_int((int64_t)(u << unused) >> unused);
        return RF_OK;
    }
    if (u > INT64_MAX) {
        return rf_foreign_too_large(vm, u);
    }
    *out = rf_int((int64_t)u);
    return RF_OK;
}

/* A new reference in *out also when it fails: the elements so far. */
static RfStatus load_elements(RfVm *vm, const RfCField *field, const uint8_t *at, RfValue *out)
{
    RfArray *a = rf_array_new(field->count);
    size_t size = rf_layout_size(field->type);
    *out = rf_obj(a);
    for (uint32_t i = 0; i < field->count; i++) {
        RfValue item;
        if (rf_convert_load(vm, field->type, at + i * size, &item) != RF_OK) {
            return RF_ERROR;
        }
        rf_array_push(a, item);
    }
    return RF_OK;
}

static RfStatus load_struct(RfVm *vm, RfCType type, const uint8_t *at, RfValue *out)
{
    const RfLayout *l = rf_layout_of(type);
    RfDict *d = rf_dict_new(l->nfields);
    for (uint32_t i = 0; i < l->nfields; i++) {
        const RfCField *field = &l->fields[i];
        RfValue item = rf_null();
        RfStatus status = field->count > 0 ? load_elements(vm, field, at + field->offset, &item)
                                           : rf_convert_load(vm, field->type, at + field->offset, &item);
        if (status != RF_OK) {
            rf_release(item);
            rf_object_release(d);
            return status;
        }
        RfValue key;
        rf_dict_make_key(rf_obj(field->name), &key);
        rf_dict_set(d, key, item);
    }
    *out = rf_obj(d);
    return RF_OK;
}

RfStatus rf_convert_load(RfVm *vm, RfCType type, const void *at, RfValue *out)
{
    if (type.kind == RF_C_STRUCT) {
        return load_struct(vm, type, at, out);
    }
    void *p;
    switch ((RfCClass)rf_ctype_info[type.kind].class) {
    case RF_CCLASS_VOID: *out = rf_null(); return RF_OK;
    case RF_CCLASS_BOOL: *out = rf_bool(*(const uint8_t *)at != 0); return RF_OK;
    case RF_CCLASS_SIGNED:
    case RF_CCLASS_UNSIGNED: return load_int(vm, type, at, out);
    case RF_CCLASS_FLOAT: {
        double d;
        float f;
        if (type.kind == RF_C_F64) {
            memcpy(&d, at, sizeof d);
        } else {
            memcpy(&f, at, sizeof f);
            d = f;
        }
        *out = rf_float(d);
        return RF_OK;
    }
    case RF_CCLASS_STRING: memcpy(&p, at, sizeof p); return rf_foreign_string(vm, p, out);
    case RF_CCLASS_POINTER: break;
    }
    memcpy(&p, at, sizeof p);
    *out = rf_pointer_from_c(p);
    return RF_OK;
}
