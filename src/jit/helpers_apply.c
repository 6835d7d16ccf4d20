/* Instructions that touch nothing but their operands: as the interpreter does them, without entering it. */
#include <string.h>

#include "jit/helpers.h"
#include "runtime/text.h"

static bool is_word(RfValue v, const RfString *word)
{
    if (v.tag == RF_TAG_STRING) {
        return rf_string_equal(v.as.str, word);
    }
    if (v.tag != RF_TAG_FLOAT) {
        return false;
    }
    char text[RF_FLOAT_TEXT_MAX];
    size_t len = rf_float_to_text(v.as.f, text);
    return len == word->len && memcmp(text, word->data, len) == 0;
}

static bool has_field(RfValue v, RfString *name)
{
    return v.tag == RF_TAG_STRUCT   ? rf_struct_find(v.as.strct, name) != NULL
           : v.tag == RF_TAG_MODULE ? rf_dict_find_str(v.as.module->members, name) != NULL
                                    : false;
}

int32_t rf_native_match(const RfValue *v, int64_t pc, const RfProto *proto)
{
    RfInstr in = proto->code[pc];
    switch (rf_op_base(in.op)) {
    case RF_OP_MATCH_EQUAL: return rf_value_equal(*v, proto->consts[in.b]);
    case RF_OP_HAS_FIELD: return has_field(*v, proto->consts[in.b].as.str);
    case RF_OP_MATCH_WORD: return is_word(*v, proto->consts[in.b].as.str);
    default: { /* MATCH_ENUM */
        const RfEnumSite *site = &proto->enums[in.b];
        if (v->tag != RF_TAG_TAGGED || v->as.tagged->enum_name != site->enum_name ||
            v->as.tagged->variant_name != site->variant) {
            return 0;
        }
        uint32_t count = v->as.tagged->count;
        return in.a == 0 || (in.a == 1 ? count >= 1 : count == in.a);
    }
    }
}

void rf_native_payload(const RfValue *v, int64_t n, RfValue *out)
{
    if (v->tag == RF_TAG_VARIANT && n == 0) {
        *out = rf_retain(v->as.variant->payload);
    } else if (v->tag == RF_TAG_TAGGED && n < (int64_t)v->as.tagged->count) {
        *out = rf_retain(v->as.tagged->payload[n]);
    } else {
        *out = rf_null();
    }
}

static RfStatus dict_key(RfVm *vm, RfValue *v)
{
    RfValue key;
    if (!rf_dict_make_key(*v, &key)) {
        return rf_raise(rf_rt(vm), "Invalid dict key");
    }
    rf_release(*v);
    *v = key;
    return RF_OK;
}

static RfStatus range(RfVm *vm, RfValue *low, bool inclusive)
{
    RfValue out;
    RfStatus status = rf_literal_range(vm, low[0], low[1], inclusive, &out);
    if (status == RF_OK) {
        *low = out;
    }
    return status;
}

static RfStatus field(RfVm *vm, RfValue *x, RfFieldSite *site)
{
    RfValue out;
    RfStatus status = rf_access_field(vm, *x, site, true, &out);
    if (status == RF_OK) {
        rf_release(*x);
        *x = out;
    }
    return status;
}

int32_t rf_native_apply(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t pops)
{
    rf_native_sync(vm, frame, where);
    RfProto *proto = frame->proto;
    RfInstr in = proto->code[RF_WHERE_PC(where)];
    in.op = (uint16_t)rf_op_base(in.op);
    RfValue *sp = vm->sp;
    RfStatus status = RF_OK;
    switch ((RfOp)in.op) {
    case RF_OP_INTERP: status = rf_literal_interp(vm, in.b); break;
    case RF_OP_ARRAY_PUSH: rf_array_push(sp[-2].as.arr, sp[-1]); break;
    case RF_OP_ARRAY_EXTEND: status = rf_literal_extend(vm, sp, false); break;
    case RF_OP_DICT: status = rf_literal_dict(vm, in.b); break;
    case RF_OP_DICT_PUT: status = rf_literal_dict_put(vm, sp); break;
    case RF_OP_DICT_EXTEND: status = rf_literal_extend(vm, sp, true); break;
    case RF_OP_DICT_KEY: status = dict_key(vm, sp - 1); break;
    case RF_OP_VARIANT: sp[-1] = rf_variant_new((RfVariantKind)in.a, sp[-1]); break;
    case RF_OP_ENUM: {
        const RfEnumSite *site = &proto->enums[in.b];
        sp[-(int)in.a] = rf_tagged_new(site->enum_name, site->variant, sp - in.a, in.a);
        break;
    }
    case RF_OP_RANGE: status = range(vm, sp - 2, in.a != 0); break;
    case RF_OP_DESTRUCT_ARRAY: rf_literal_destruct_array(vm, in.a, in.b != 0); break;
    case RF_OP_DESTRUCT_DICT: rf_literal_destruct_dict(vm, &proto->dictpats[in.b]); break;
    case RF_OP_GET_FIELD_OPT: status = field(vm, sp - 1, &proto->fields[in.b]); break;
    case RF_OP_TEST_GLOBAL: *sp = rf_bool(proto->module->info[in.b]->kind != RF_GLOBAL_ABSENT); break;
    case RF_OP_LOAD_PATH: status = rf_path_load(vm, &proto->paths[in.b]); break;
    case RF_OP_STORE_PATH: status = rf_path_store(vm, &proto->paths[in.b], in.a != 0); break;
    case RF_OP_RAISE: status = rf_var_raise(vm, in.a, proto->consts[in.b].as.str); break;
    case RF_OP_THROW:
        vm->sp--;
        status = rf_raise_value(rf_rt(vm), *vm->sp);
        break;
    case RF_OP_RETHROW:
        vm->sp--;
        rf_unwind_rethrow(vm, *vm->sp);
        status = RF_ERROR;
        break;
    default: break;
    }
    return (int32_t)rf_native_finish(vm, frame, frame->fp + RF_WHERE_SLOTS(where) - pops, where, status);
}
