/* libgccjit, opened at run time: it is GPL and its loading takes milliseconds, so only the compile worker ever does it. */
#ifndef RF_JIT_GCC_H
#define RF_JIT_GCC_H

#include <libgccjit.h>

/* clang-format off */
#define RF_GCC_FUNCTIONS(F) \
    F(context_acquire) F(context_release) F(context_set_int_option) F(context_set_bool_option) F(context_set_str_option) \
    F(context_add_command_line_option) F(context_compile_to_file) F(context_dump_to_file) \
    F(context_get_first_error) F(context_set_bool_print_errors_to_stderr) F(context_set_bool_allow_unreachable_blocks) \
    F(context_get_type) F(type_get_pointer) F(type_get_volatile) F(type_get_const) F(type_get_aligned) F(context_new_field) F(context_new_struct_type) F(struct_as_type) \
    F(context_new_array_type) F(context_new_function_ptr_type) \
    F(context_new_param) F(param_as_rvalue) F(param_as_lvalue) F(context_new_function) F(function_new_block) F(function_new_local) \
    F(context_new_global) F(global_set_initializer) F(lvalue_as_rvalue) F(lvalue_get_address) F(context_get_builtin_function) \
    F(context_new_rvalue_from_long) F(context_new_rvalue_from_int) F(context_new_rvalue_from_double) F(context_new_rvalue_from_ptr) \
    F(context_new_unary_op) F(context_new_binary_op) F(context_new_comparison) F(context_new_call) \
    F(context_new_call_through_ptr) F(context_new_cast) F(context_new_bitcast) F(context_new_array_access) \
    F(rvalue_dereference) F(rvalue_dereference_field) F(rvalue_access_field) F(lvalue_access_field) \
    F(block_add_eval) F(block_add_assignment) F(block_end_with_conditional) F(block_end_with_jump) F(block_end_with_return) \
    F(context_new_location)
/* clang-format on */

typedef struct RfGcc {
#define RF_GCC_MEMBER(name) __typeof__(gcc_jit_##name) *name;
    RF_GCC_FUNCTIONS(RF_GCC_MEMBER)
#undef RF_GCC_MEMBER
} RfGcc;

/* Opens the library once per process. NULL: there; else a text that says what is missing. */
const char *rf_gcc_open(void);
extern RfGcc rf_gcc;

#endif
