/* Making and dropping values, and variables that are not where generated code looks for them. */
#include "jit/helpers.h"

/* ---- counts ---- */

void rf_native_release_slots(const RfValue *first, uint64_t count)
{
    for (const RfValue *v = first; v < first + count; v++) {
        rf_release(*v);
    }
}

void rf_native_free(RfObject *obj)
{
    rf_object_free(obj);
}

void rf_native_release(const RfValue *v)
{
    rf_release(*v);
}

/* ---- objects ---- */

RfStruct *rf_native_struct_new(RfShape *shape)
{
    return rf_struct_new(shape);
}

RfArray *rf_native_array_new(RfValue *first, uint64_t count)
{
    return rf_array_from_values(first, count);
}

RfArray *rf_native_array_room(uint64_t kind, uint64_t n)
{
    RfArray *a = rf_array_new_kind((RfElemKind)kind, 0);
    rf_array_reserve(a, n);
    return a;
}

void rf_native_array_unique(RfValue *v)
{
    v->as.arr = rf_array_unique(v->as.arr);
}

void rf_native_dict_unique(RfValue *v)
{
    v->as.dict = rf_dict_unique(v->as.dict);
}

void rf_native_struct_unique(RfValue *v)
{
    v->as.strct = rf_struct_unique(v->as.strct);
}

void rf_native_array_push(RfValue *v, uint64_t tag, int64_t payload)
{
    v->as.arr = rf_array_unique(v->as.arr);
    rf_array_push(v->as.arr, rf_native_value(tag, payload));
}

void rf_native_array_reserve(RfArray *a, uint64_t n)
{
    size_t need = a->len + n;
    if (need > a->cap) {
        size_t grown = a->cap + (size_t)a->cap / 2 + 4;
        rf_array_reserve(a, need > grown ? need : grown);
    }
}

RfCell *rf_native_cell_new(void)
{
    return rf_cell_new(rf_undef());
}

int32_t rf_native_closure(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t number, RfValue *out)
{
    rf_native_sync(vm, frame, where);
    rf_literal_closure(vm, frame->proto->protos[number], out);
    return RF_OK;
}

/* ---- variables ---- */

int32_t rf_native_load_global(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *out)
{
    rf_native_sync(vm, frame, where);
    const RfProto *proto = frame->proto;
    RfInstr in = proto->code[RF_WHERE_PC(where)];
    RfValue *v;
    switch (rf_op_base(in.op)) {
    case RF_OP_LOAD_GLOBAL: return (int32_t)rf_var_load_global(vm, proto->module, in.b, out);
    case RF_OP_LOAD_LOCAL: v = &frame->fp[in.a]; break;
    case RF_OP_LOAD_SHARED: v = &frame->fp[in.a].as.cell->value; break;
    default: v = &frame->fn->cells[in.a]->value;
    }
    if (v->tag == RF_TAG_UNDEF) {
        return (int32_t)rf_var_load_global(vm, proto->module, RF_VARREF_GLOBAL(in.b), out);
    }
    *out = rf_op_base(in.op) == RF_OP_LOAD_LOCAL && in.b & RF_VARREF_MOVE ? rf_take(v) : rf_retain(*v);
    return RF_OK;
}

int32_t rf_native_store_global(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t tag, int64_t payload)
{
    rf_native_sync(vm, frame, where);
    RfModule *m = frame->proto->module;
    RfInstr in = frame->proto->code[RF_WHERE_PC(where)];
    RfValue v = rf_native_value(tag, payload);
    return (int32_t)(rf_op_base(in.op) == RF_OP_STORE_GLOBAL ? rf_var_store_global(vm, m, in.b, in.a, v)
                                                             : rf_var_declare_global(vm, m, in.b, in.a, v));
}
