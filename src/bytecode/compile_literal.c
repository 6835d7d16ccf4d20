/* Array, dict, struct and enum literals, and interpolation. Long literals are built piecewise, so that the operand stack a
 * function needs stays small. */
#include "bytecode/compile.h"

#include <string.h>

#include "runtime/string.h"

#define PIECE 256u /* values on the stack at once */

void rf_compile_interp(RfFuncState *fs, const RfExpr *e)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < e->as.interp.count; i++) {
        const RfInterpPart *part = &e->as.interp.parts[i];
        if (part->expr) {
            rf_compile_expr(fs, part->expr);
        } else if (part->text.len == 0) {
            continue;
        } else {
            RfString *s = rf_string_new(part->text.bytes, part->text.len);
            rf_emit_const(fs, rf_obj(s), e->pos);
        }
        if (++waiting == PIECE) {
            rf_emit(fs, RF_OP_INTERP, 0, waiting, e->pos);
            waiting = 1;
        }
    }
    rf_emit(fs, RF_OP_INTERP, 0, waiting, e->pos);
}

void rf_compile_array(RfFuncState *fs, const RfExpr *e)
{
    uint32_t waiting = 0;
    bool started = false; /* the array lies on the stack */
    for (uint32_t i = 0; i < e->as.array.count; i++) {
        const RfElement *item = &e->as.array.items[i];
        if (!started && (item->spread || waiting == PIECE)) {
            rf_emit(fs, RF_OP_ARRAY, 0, waiting, e->pos);
            started = true;
        }
        rf_compile_expr(fs, item->value);
        if (item->spread) {
            rf_emit(fs, RF_OP_ARRAY_EXTEND, 0, 0, item->spread_pos);
        } else if (started) {
            rf_emit(fs, RF_OP_ARRAY_PUSH, 0, 0, e->pos);
        } else {
            waiting++;
        }
    }
    if (!started) {
        rf_emit(fs, RF_OP_ARRAY, 0, waiting, e->pos);
    }
}

/* Keys lie on the stack in stored form: a canonical decimal string is the int. */
static void compile_key(RfFuncState *fs, const RfDictPair *item)
{
    const RfExpr *key = item->key;
    if (key->kind == RF_EXPR_STRING) {
        int64_t number;
        RfString *s = rf_compile_intern(fs->c, key->as.text);
        if (rf_string_as_canonical_int(s, &number)) {
            rf_emit_const(fs, rf_int(number), key->pos);
        } else {
            rf_emit(fs, RF_OP_CONST, 0, rf_emit_name_const(fs, s), key->pos);
        }
        return;
    }
    rf_compile_expr(fs, key);
    if (key->kind != RF_EXPR_INT) {
        rf_emit(fs, RF_OP_DICT_KEY, 0, 0, item->pos);
    }
}

void rf_compile_dict(RfFuncState *fs, const RfExpr *e)
{
    uint32_t waiting = 0;
    bool started = false;
    for (uint32_t i = 0; i < e->as.dict.count; i++) {
        const RfDictPair *item = &e->as.dict.items[i];
        if (!started && (!item->key || waiting == PIECE)) {
            rf_emit(fs, RF_OP_DICT, 0, waiting, e->pos);
            started = true;
        }
        if (!item->key) {
            rf_compile_expr(fs, item->value);
            rf_emit(fs, RF_OP_DICT_EXTEND, 0, 0, item->pos);
            continue;
        }
        compile_key(fs, item);
        rf_compile_expr(fs, item->value);
        if (started) {
            rf_emit(fs, RF_OP_DICT_PUT, 0, 0, e->pos);
        } else {
            waiting++;
        }
    }
    if (!started) {
        rf_emit(fs, RF_OP_DICT, 0, waiting, e->pos);
    }
}

void rf_compile_struct_literal(RfFuncState *fs, const RfExpr *e)
{
    uint32_t count = e->as.strct.count;
    RfString **fields = count ? rf_mem_alloc(sizeof *fields * count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        fields[i] = rf_compile_intern(fs->c, e->as.strct.fields[i].name.text);
        rf_compile_expr(fs, e->as.strct.fields[i].value);
    }
    RfStructSite *site = rf_vec_push(&fs->structs, sizeof *site);
    site->name = rf_compile_intern(fs->c, e->as.strct.name.text);
    site->count = count;
    site->fields = fields;
    rf_emit(fs, RF_OP_STRUCT, 0, fs->structs.len - 1, e->pos);
}

static bool text_is(RfText text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

/* Result and Option variants with a wrong number of payload values arrive as enum values (language.md 9). */
static bool builtin_variant(RfFuncState *fs, const RfExpr *e)
{
    RfText type = e->as.enum_value.enum_name.text, variant = e->as.enum_value.variant.text;
    bool result = text_is(type, "Result"), option = text_is(type, "Option");
    int which = result && text_is(variant, "Ok")     ? 0
                : result && text_is(variant, "Err")  ? 1
                : option && text_is(variant, "Some") ? 2
                : option && text_is(variant, "None") ? 3
                                                     : -1;
    const RfExprList *args = &e->as.enum_value.args;
    if (which < 0) {
        return false;
    }
    if (which == 3) {
        if (args->count > 0) {
            rf_compile_error(fs->c, e->pos, "Option::None takes no arguments");
        }
        rf_emit_const(fs, rf_none(), e->pos);
        return true;
    }
    if (args->count != 1) {
        rf_compile_error(fs->c, e->pos, "%s::%s(...) requires exactly one argument", type.bytes, variant.bytes);
        rf_emit_null(fs, e->pos);
        return true;
    }
    rf_compile_expr(fs, args->items[0]);
    rf_emit(fs, RF_OP_VARIANT, (uint32_t)which, 0, e->pos);
    return true;
}

void rf_compile_enum_value(RfFuncState *fs, const RfExpr *e)
{
    if (builtin_variant(fs, e)) {
        return;
    }
    const RfExprList *args = &e->as.enum_value.args;
    for (uint32_t i = 0; i < args->count; i++) {
        rf_compile_expr(fs, args->items[i]);
    }
    RfEnumSite *site = rf_vec_push(&fs->enums, sizeof *site);
    site->enum_name = rf_compile_intern(fs->c, e->as.enum_value.enum_name.text);
    site->variant = rf_compile_intern(fs->c, e->as.enum_value.variant.text);
    rf_emit(fs, RF_OP_ENUM, args->count, fs->enums.len - 1, e->pos);
}
