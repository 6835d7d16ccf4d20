/* The error under way: raising, taking it out, handing it to a handler. */
#include "runtime/error.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"
#include "runtime/object.h"
#include "runtime/runtime.h"
#include "runtime/text.h"

#define FIRST_TRACE 8u

void rf_error_init(RfError *e)
{
    *e = (RfError){.cause = rf_undef(), .origin_stack = rf_undef()};
}

static void release_string(RfString *s)
{
    if (s) {
        rf_object_release(s);
    }
}

void rf_error_clear(RfError *e)
{
    release_string(e->message);
    release_string(e->hint);
    release_string(e->rejected_at);
    rf_release(e->cause);
    rf_release(e->origin_stack);
    for (uint32_t i = 0; i < e->trace_len; i++) {
        release_string(e->trace[i].function);
        release_string(e->trace[i].file);
    }
    rf_mem_free(e->trace, e->trace_cap * sizeof *e->trace);
    rf_error_init(e);
}

RfStatus rf_raise(RfRuntime *rt, const char *format, ...)
{
    RfBuf text = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&text, format, args);
    va_end(args);
    RfString *message = rf_string_new(rf_buf_cstr(&text), text.len);
    rf_buf_free(&text);
    return rf_raise_string(rt, message);
}

RfStatus rf_raise_string(RfRuntime *rt, RfString *message)
{
    rf_error_clear(&rt->error);
    rt->error.message = message;
    return RF_ERROR;
}

/* A thrown struct `Error` with an int `line` and an array `stack` is a caught error thrown again. */
static void keep_origin(RfRuntime *rt, RfError *e, RfStruct *s)
{
    const RfValue *line = rf_struct_find(s, rt->names.line);
    const RfValue *stack = rf_struct_find(s, rt->names.stack);
    if (line && stack && rf_is_int(*line) && rf_is_array(*stack) && s->shape->type->name == rt->names.error) {
        e->has_origin = true;
        e->origin_line = line->as.i;
        e->origin_stack = rf_retain(*stack);
    }
}

static void describe_struct(RfRuntime *rt, RfError *e, RfStruct *s)
{
    const RfValue *message = rf_struct_find(s, rt->names.message);
    if (message && rf_is_string(*message)) {
        e->message = rf_retain(*message).as.str;
        const RfValue *cause = rf_struct_find(s, rt->names.cause);
        if (cause) {
            e->cause = rf_retain(*cause);
        }
    } else {
        rf_object_retain(s->shape->type->name);
        e->message = rf_string_append_bytes(s->shape->type->name, " error", 6);
    }
    keep_origin(rt, e, s);
}

RfStatus rf_raise_value(RfRuntime *rt, RfValue v)
{
    if (rf_is_string(v)) {
        return rf_raise_string(rt, v.as.str);
    }
    RfError e;
    rf_error_init(&e);
    if (rf_is_struct(v)) {
        describe_struct(rt, &e, v.as.strct);
    } else {
        e.message = rf_debug_string(v);
    }
    rf_release(v);
    return rf_error_put(rt, &e);
}

RfError rf_error_take(RfRuntime *rt)
{
    RfError e = rt->error;
    rf_error_init(&rt->error);
    return e;
}

RfStatus rf_error_put(RfRuntime *rt, RfError *e)
{
    rf_error_clear(&rt->error);
    rt->error = *e;
    rf_error_init(e);
    return RF_ERROR;
}

void rf_error_push_trace(RfError *e, RfTraceEntry entry)
{
    if (e->trace_len == e->trace_cap) {
        uint32_t cap = e->trace_cap ? e->trace_cap * 2 : FIRST_TRACE;
        e->trace = rf_mem_resize(e->trace, e->trace_cap * sizeof *e->trace, cap * sizeof *e->trace);
        e->trace_cap = cap;
    }
    e->trace[e->trace_len++] = entry;
}

static RfShape *shape_of_caught(RfRuntime *rt, bool cause)
{
    if (!rt->caught[cause]) {
        RfShape *shape = rf_struct_type(rt, 0, rt->names.error)->root;
        shape = rf_shape_add(rt, shape, rt->names.message);
        shape = rf_shape_add(rt, shape, rt->names.stack);
        shape = rf_shape_add(rt, shape, rt->names.line);
        rt->caught[cause] = cause ? rf_shape_add(rt, shape, rt->names.cause) : shape;
    }
    return rt->caught[cause];
}

RfValue rf_error_to_value(RfRuntime *rt, const RfError *e, RfValue stack, int64_t line)
{
    if (e->has_origin) {
        line = e->origin_line;
        rf_release(stack);
        stack = rf_retain(e->origin_stack);
    }
    bool cause = !rf_is_undef(e->cause);
    RfStruct *s = rf_struct_new(shape_of_caught(rt, cause));
    rf_object_retain(e->message);
    s->fields[0] = rf_obj(e->message);
    s->fields[1] = stack;
    s->fields[2] = rf_int(line);
    if (cause) {
        s->fields[3] = rf_retain(e->cause);
    }
    return rf_obj(s);
}
