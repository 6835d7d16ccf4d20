/* Assertions and debug(). An assertion that holds gives true; one that fails raises. */
#include "lib/args.h"
#include "lib/array_find.h"
#include "lib/builtins.h"
#include "lib/dict_key.h"

RfStatus rf_lib_assert(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (!rf_truthy(argv[0])) {
        if (argc == 2 && rf_is_string(argv[1])) {
            return rf_raise_string(rf_rt(vm), rf_retain(argv[1]).as.str);
        }
        return rf_raise(rf_rt(vm), "Assertion failed");
    }
    *out = rf_bool(true);
    return RF_OK;
}

/* Raises BEFORE DBG(a) BETWEEN DBG(b). */
static RfStatus raise_two(RfVm *vm, const char *before, RfValue a, const char *between, RfValue b)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, before);
    rf_debug_put(&text, a);
    rf_buf_puts(&text, between);
    rf_debug_put(&text, b);
    RfString *message = rf_string_new(text.data, text.len);
    rf_buf_free(&text);
    return rf_raise_string(rf_rt(vm), message);
}

RfStatus rf_lib_assert_equal(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_value_equal(argv[0], argv[1])) {
        return raise_two(vm, "Assertion failed: expected ", argv[1], ", got ", argv[0]);
    }
    *out = rf_bool(true);
    return RF_OK;
}

static RfStatus assert_bool(RfVm *vm, const RfBuiltin *self, RfValue v, bool expected, RfValue *out)
{
    if (!rf_is_bool(v)) {
        return rf_raise(rf_rt(vm), "%s requires a boolean argument", self->arity_name);
    }
    if ((v.as.i != 0) != expected) {
        return rf_raise(rf_rt(vm), "Assertion failed: expected %s, got %s", expected ? "true" : "false",
                        expected ? "false" : "true");
    }
    *out = rf_bool(true);
    return RF_OK;
}

RfStatus rf_lib_assert_true(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return assert_bool(vm, self, argv[0], true, out);
}

RfStatus rf_lib_assert_false(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return assert_bool(vm, self, argv[0], false, out);
}

/* ---- assert_contains ---- */
static bool string_contains(const RfString *s, RfValue part)
{
    if (!rf_is_string(part)) {
        return false;
    }
    return part.as.str->len == 0 || rf_args_find(s->data, s->len, part.as.str->data, part.as.str->len) != NULL;
}

RfStatus rf_lib_assert_contains(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    bool found;
    switch ((RfTag)argv[0].tag) {
    case RF_TAG_ARRAY: found = rf_array_find(argv[0].as.arr, argv[1]) >= 0; break;
    case RF_TAG_STRING: found = string_contains(argv[0].as.str, argv[1]); break;
    case RF_TAG_DICT: found = rf_dict_key_ok(argv[1]) && rf_dict_key_find(argv[0].as.dict, argv[1]) != NULL; break;
    case RF_TAG_SET: found = rf_set_has(argv[0].as.set, argv[1]); break;
    default: return rf_raise(rf_rt(vm), "%s requires an array, string, or dict as first argument", self->arity_name);
    }
    if (!found) {
        return raise_two(vm, "Assertion failed: ", argv[0], " does not contain ", argv[1]);
    }
    *out = rf_bool(true);
    return RF_OK;
}

/* ---- debug ---- */
RfStatus rf_lib_debug(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    RfBuf line = RF_BUF_INIT;
    rf_buf_puts(&line, "[DEBUG] ");
    for (int i = 0; i < argc; i++) {
        if (i > 0) {
            rf_buf_putc(&line, ' ');
        }
        rf_debug_put_verbose(&line, argv[i]);
    }
    rf_buf_putc(&line, '\n');
    rf_vm_write(vm, line.data, line.len);
    rf_buf_free(&line);
    *out = rf_null();
    return RF_OK;
}
