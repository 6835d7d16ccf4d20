/* The start and the end of what the values of one VM share. */
#include "runtime/runtime.h"

/* The collector looks for dead rings of closures when there are this many functions with cells, or more. */
#define FIRST_CLOSURE_LIMIT 1024u

void rf_runtime_init(RfRuntime *rt)
{
    *rt = (RfRuntime){.closure_limit = FIRST_CLOSURE_LIMIT};
    rf_error_init(&rt->error);
    rf_intern_init(rt);
    rt->names.message = rf_intern_cstr(rt, "message");
    rt->names.stack = rf_intern_cstr(rt, "stack");
    rt->names.line = rf_intern_cstr(rt, "line");
    rt->names.cause = rf_intern_cstr(rt, "cause");
    rt->names.error = rf_intern_cstr(rt, "Error");
    rt->names.self = rf_intern_cstr(rt, "self");
    rt->names.next = rf_intern_cstr(rt, "next");
    rt->names.lambda = rf_intern_cstr(rt, "<lambda>");
    rt->names.main = rf_intern_cstr(rt, "<main>");
}

/* The order matters: methods may be closures, closures may hold structs, structs need their shapes to be freed. */
void rf_runtime_free(RfRuntime *rt)
{
    rf_error_clear(&rt->error);
    rf_struct_release_values(rt);
    rf_cycles_break_all(rt);
    rf_struct_free_types(rt);
    rf_intern_free(rt);
}
