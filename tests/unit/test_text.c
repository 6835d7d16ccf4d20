/* Text, debug and verbose forms; the names of kinds; truth. */
#include "runtime_fixture.h"

static const struct {
    const char *name, *canonical;
} println_builtin = {"println", "print"};
#define BUILTIN(b) rf_builtin_value((const RfBuiltin *)(const void *)&(b))

typedef void PutForm(RfBuf *out, RfValue v);

/* Takes v. */
static void check(PutForm *put, RfValue v, const char *expected)
{
    RfBuf out = RF_BUF_INIT;
    put(&out, v);
    assert_string_equal(rf_buf_cstr(&out), expected);
    rf_buf_free(&out);
    rf_release(v);
}

static RfValue dict(const char *k1, RfValue v1, const char *k2, RfValue v2)
{
    RfDict *d = rf_dict_new(2);
    rf_dict_set_cstr(d, k1, v1);
    rf_dict_set_cstr(d, k2, v2);
    return rf_obj(d);
}

static RfValue point(RfValue x, RfValue y)
{
    return rf_struct_make(&rt, "P", 2, (const char *[]){"y", "x"}, (RfValue[]){y, x});
}

static RfValue stack_of(RfValue v)
{
    v.as.arr->obj.tag = RF_TAG_STACK;
    return rf_obj(v.as.arr);
}

static RfValue queue_of(RfValue a, RfValue b)
{
    RfQueue *q = rf_queue_new(2);
    rf_queue_push(q, a);
    rf_queue_push(q, b);
    return rf_obj(q);
}

static RfValue tagged(const char *e, const char *v, RfValue *payload, size_t n)
{
    return rf_tagged_new(rf_intern_cstr(&rt, e), rf_intern_cstr(&rt, v), payload, n);
}

static RfValue function(const char *name, unsigned flags)
{
    return rf_obj(rf_function_new(&rt, NULL, rf_intern_cstr(&rt, name), flags, 0));
}

static const RfHandleType pointer_type = {.type_name = "pointer", .debug_name = "Pointer"};
static void put_image(RfHandle *h, RfBuf *out)
{
    (void)h;
    rf_buf_puts(out, "Image(format: png)");
}
static const RfHandleType image_type = {.type_name = "image", .debug_name = "Image", .verbose = put_image};

static void print_form(void **state)
{
    (void)state;
    check(rf_text_put, rf_null(), "null");
    check(rf_text_put, rf_bool(true), "true");
    check(rf_text_put, rf_int(-12), "-12");
    check(rf_text_put, rf_float(5.0), "5");
    check(rf_text_put, str("a\"b"), "a\"b");
    check(rf_text_put, rf_none(), "None");
    check(rf_text_put, rf_obj(rf_array_new(0)), "[]");
    check(rf_text_put, ARRAY(rf_int(1), str("a"), ARRAY(str("x"), rf_float(2.5)), rf_null()), "[1, a, [x, 2.5], null]");
    check(rf_text_put, ARRAY(rf_bool(true), rf_bool(false)), "[true, false]");
    check(rf_text_put, dict("z", str("text"), "a", rf_int(1)), "{\"a\": 1, \"z\": text}");
    check(rf_text_put, dict("10", rf_int(1), "9", rf_int(2)), "{\"9\": 2, \"10\": 1}");
    check(rf_text_put, rf_obj(rf_dict_new(0)), "{}");
    check(rf_text_put, point(rf_int(1), str("q")), "P { x: 1, y: q }");
    check(rf_text_put, rf_struct_make(&rt, "Empty", 0, NULL, NULL), "Empty {  }");
    check(rf_text_put, rf_variant_new(RF_VARIANT_OK, rf_int(5)), "Ok(5)");
    check(rf_text_put, rf_variant_new(RF_VARIANT_ERR, str("bad")), "Err(bad)");
    check(rf_text_put, rf_variant_new(RF_VARIANT_SOME, ARRAY(rf_int(1))), "Some([1])");
    check(rf_text_put, tagged("Color", "Red", NULL, 0), "Color::Red");
    check(rf_text_put, tagged("Shape", "Circle", (RfValue[]){rf_int(5), rf_int(2)}, 2), "Shape::Circle(5, 2)");
    check(rf_text_put, function("f", 0), "<function f>");
    check(rf_text_put, function("S.m", RF_FN_ASYNC), "<function S.m>");
    check(rf_text_put, function("g", RF_FN_GENERATOR), "<generator function g>");
    check(rf_text_put, function("<lambda>", RF_FN_LAMBDA), "<lambda>");
    check(rf_text_put, function("<lambda>", RF_FN_LAMBDA | RF_FN_GENERATOR), "<generator function <lambda>>");
    check(rf_text_put, BUILTIN(println_builtin), "<native function: println>");
    check(rf_text_put, SET(rf_int(1), str("b")), "Set[1, b]");
    check(rf_text_put, queue_of(rf_int(1), rf_int(2)), "Queue[1, 2]");
    check(rf_text_put, stack_of(ARRAY(rf_int(1), rf_int(2))), "Stack[1, 2]");
    check(rf_text_put, rf_obj(rf_bytes_new("\x01\xff", 2)), "Bytes[1, 255]");
    check(rf_text_put, rf_module_value_new(rf_string_from_cstr("m"), rf_dict_new(0)), "<module m>");
    check(rf_text_put, rf_handle_new(&pointer_type, NULL), "<pointer>");
}

static void debug_form(void **state)
{
    (void)state;
    check(rf_debug_put, rf_null(), "Null");
    check(rf_debug_put, rf_bool(false), "Bool(false)");
    check(rf_debug_put, rf_int(5), "Int(5)");
    check(rf_debug_put, rf_float(1.0), "Float(1)");
    check(rf_debug_put, rf_float(1.5), "Float(1.5)");
    check(rf_debug_put, str("a\"\\\n\t\r\x1b\x7f\xc3\xa9\xc2\x85z"),
          "Str(\"a\\\"\\\\\\n\\t\\r\\u{1b}\\u{7f}\xc3\xa9\\u{85}z\")");
    check(rf_debug_put, rf_obj(rf_string_new("\0", 1)), "Str(\"\\0\")");
    check(rf_debug_put, ARRAY(rf_int(1), rf_int(2), rf_int(3)), "Array[3]");
    check(rf_debug_put, dict("a", rf_int(1), "b", rf_int(1)), "Dict{2 keys}");
    check(rf_debug_put, SET(rf_int(1), rf_int(2), rf_int(3)), "Set{3 items}");
    check(rf_debug_put, queue_of(rf_int(1), rf_int(2)), "Queue(2 items)");
    check(rf_debug_put, stack_of(ARRAY(rf_int(1))), "Stack(1 items)");
    check(rf_debug_put, rf_obj(rf_bytes_new("abcd", 4)), "Bytes(4 bytes)");
    check(rf_debug_put, rf_variant_new(RF_VARIANT_OK, rf_variant_new(RF_VARIANT_SOME, rf_int(1))), "Ok(Some(Int(1)))");
    check(rf_debug_put, rf_none(), "None");
    check(rf_debug_put, tagged("Color", "Red", NULL, 0), "Color::Red");
    check(rf_debug_put, tagged("Shape", "Circle", (RfValue[]){rf_int(5), rf_null()}, 2), "Shape::Circle(Int(5), Null)");
    check(rf_debug_put, point(rf_int(1), rf_null()), "Struct { name: \"P\", fields: {\"x\": Int(1), \"y\": Null} }");
    check(rf_debug_put, rf_struct_make(&rt, "E", 0, NULL, NULL), "Struct { name: \"E\", fields: {} }");
    check(rf_debug_put, BUILTIN(println_builtin), "NativeFunction(println)");
    check(rf_debug_put, function("<lambda>", RF_FN_LAMBDA), "BytecodeFunction(<lambda>)");
    check(rf_debug_put, rf_module_value_new(rf_string_from_cstr("m"), rf_dict_new(0)), "Module(m)");
    check(rf_debug_put, rf_handle_new(&pointer_type, NULL), "Pointer");
}

static void verbose_form(void **state)
{
    (void)state;
    check(rf_debug_put_verbose, str("a\"\n"), "String(\"a\"\n\")");
    check(rf_debug_put_verbose, ARRAY(rf_int(1), ARRAY(rf_float(2.5))), "Array[Int(1), Array[Float(2.5)]]");
    check(rf_debug_put_verbose, dict("k", rf_int(1), "a", rf_null()), "Dict{a: Null, k: Int(1)}");
    check(rf_debug_put_verbose, SET(rf_int(1)), "Set{Int(1)}");
    check(rf_debug_put_verbose, queue_of(rf_int(1), rf_bool(true)), "Queue[Int(1), Bool(true)]");
    check(rf_debug_put_verbose, stack_of(ARRAY(rf_int(1))), "Stack[Int(1)]");
    check(rf_debug_put_verbose, point(rf_int(1), rf_null()), "Struct(P)");
    check(rf_debug_put_verbose, rf_variant_new(RF_VARIANT_ERR, ARRAY(rf_int(1))), "Err(Array[Int(1)])");
    check(rf_debug_put_verbose, rf_none(), "None");
    check(rf_debug_put_verbose, rf_obj(rf_bytes_new("abc", 3)), "Bytes(3 bytes)");
    check(rf_debug_put_verbose, BUILTIN(println_builtin), "NativeFunction(println)");
    check(rf_debug_put_verbose, rf_handle_new(&image_type, NULL), "Image(format: png)");
    check(rf_debug_put_verbose, rf_handle_new(&pointer_type, NULL), "Pointer");
}

/* A kind as the VM registers one: an object that holds one value. */
typedef struct Box {
    RfObject obj;
    RfValue inside;
} Box;

static void box_free(RfObject *obj, RfWorklist *work)
{
    rf_worklist_release(work, ((Box *)obj)->inside);
    rf_mem_free(obj, sizeof(Box));
}

static void box_text(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "<promise>");
}

static const char *box_verbose(RfObject *obj, RfBuf *out, RfValue *child)
{
    if (rf_is_null(((Box *)obj)->inside)) {
        rf_buf_puts(out, "Promise(Pending)");
        return NULL;
    }
    rf_buf_puts(out, "Promise(Resolved: ");
    *child = ((Box *)obj)->inside;
    return ")";
}

static RfValue box(RfValue inside)
{
    Box *b = rf_mem_alloc(sizeof *b);
    b->obj = (RfObject){.rc = 1, .tag = RF_TAG_PROMISE};
    b->inside = inside;
    return rf_obj(b);
}

static void registered_kind(void **state)
{
    (void)state;
    static const RfKindOps ops = {.type_name = "promise", .free = box_free, .text = box_text, .verbose = box_verbose};
    rf_object_register(RF_TAG_PROMISE, &ops);
    RfValue v = box(rf_null());
    assert_string_equal(rf_value_type_name(v), "promise");
    check(rf_text_put, rf_retain(v), "<promise>");
    check(rf_debug_put_verbose, v, "Promise(Pending)");
    check(rf_debug_put_verbose, box(ARRAY(box(rf_int(1)), rf_int(2))),
          "Promise(Resolved: Array[Promise(Resolved: Int(1)), Int(2)])");
}

static void as_strings(void **state)
{
    (void)state;
    RfValue s = str("x");
    RfString *same = rf_text_string(&rt, s);
    assert_ptr_equal(same, s.as.str);
    rf_object_release(same);
    rf_release(s);
    static const struct {
        RfValue v;
        const char *text;
    } cases[] = {{{.tag = RF_TAG_INT, .as.i = 7}, "7"},
                 {{.tag = RF_TAG_INT, .as.i = -70}, "-70"},
                 {{.tag = RF_TAG_FLOAT, .as.f = 0.5}, "0.5"},
                 {{.tag = RF_TAG_NULL}, "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RfString *t = rf_text_string(&rt, cases[i].v);
        assert_string_equal(t->data, cases[i].text);
        rf_object_release(t);
    }
    RfString *d = rf_debug_string(rf_int(1));
    assert_string_equal(d->data, "Int(1)");
    rf_object_release(d);
}

static void check_names(RfValue v, const char *type, const char *operand, bool truthy)
{
    assert_string_equal(rf_value_type_name(v), type);
    assert_string_equal(rf_value_operand_name(v), operand);
    assert_int_equal(rf_truthy(v), truthy);
    rf_release(v);
}

static void names_and_truth(void **state)
{
    (void)state;
    check_names(rf_null(), "null", "null", false);
    check_names(rf_bool(true), "bool", "bool", true);
    check_names(rf_int(0), "int", "int", false);
    check_names(rf_float(-0.0), "float", "float", false);
    check_names(rf_float(__builtin_nan("")), "float", "float", true);
    check_names(str(""), "string", "string", false);
    check_names(str("0"), "string", "string", true);
    check_names(rf_obj(rf_array_new(0)), "array", "array", false);
    check_names(ARRAY(rf_int(0)), "array", "array", true);
    check_names(rf_obj(rf_dict_new(0)), "dict", "dict", false);
    check_names(rf_struct_make(&rt, "E", 0, NULL, NULL), "struct", "struct", true);
    check_names(rf_none(), "option", "value", true);
    check_names(rf_variant_new(RF_VARIANT_SOME, rf_null()), "option", "value", true);
    check_names(rf_variant_new(RF_VARIANT_ERR, rf_null()), "result", "value", true);
    check_names(tagged("A", "B", NULL, 0), "tagged", "value", true);
    check_names(function("f", 0), "function", "function", true);
    check_names(BUILTIN(println_builtin), "function", "native_function", true);
    check_names(rf_obj(rf_set_new(0)), "set", "value", true);
    check_names(rf_obj(rf_queue_new(0)), "queue", "value", true);
    check_names(stack_of(rf_obj(rf_array_new(0))), "stack", "value", true);
    check_names(rf_obj(rf_bytes_new("", 0)), "bytes", "value", true);
    check_names(rf_module_value_new(rf_string_from_cstr("m"), rf_dict_new(0)), "module", "value", true);
    check_names(rf_handle_new(&pointer_type, NULL), "pointer", "value", true);
}

static void deep_text(void **state)
{
    (void)state;
    RfValue v = nest(DEEP, 7);
    RfBuf out = RF_BUF_INIT;
    rf_text_put(&out, v);
    assert_true(out.len > 3 * DEEP);
    rf_buf_clear(&out);
    rf_debug_put_verbose(&out, v);
    rf_buf_free(&out);
    rf_release(v);
    v = rf_int(7);
    for (int i = 0; i < DEEP; i++) {
        v = wrap(v, 2 + i % 3); /* what the debug form shows inside */
    }
    rf_debug_put(&out, v);
    assert_true(out.len > 3 * DEEP);
    rf_buf_free(&out);
    rf_release(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNTIME_TEST(print_form),      RUNTIME_TEST(debug_form), RUNTIME_TEST(verbose_form),
        RUNTIME_TEST(registered_kind), RUNTIME_TEST(as_strings), RUNTIME_TEST(names_and_truth),
        RUNTIME_TEST(deep_text),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
