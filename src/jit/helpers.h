/* The helpers of generated code (helpers.def says what they do) and what their files share. */
#ifndef RF_JIT_HELPERS_H
#define RF_JIT_HELPERS_H

#include "jit/native.h"

/* clang-format off */
/* native.c */
RfRet rf_native_exit(RfVm *vm, RfFrame *frame, RfValue *fp, uint64_t exit);
int32_t rf_native_enter(RfFrame *frame, RfValue *fp, uint64_t exit);
RfRet rf_native_catch(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t raw);
int32_t rf_native_safepoint(RfVm *vm, RfFrame *frame, uint64_t where);
int32_t rf_native_call_limit(RfVm *vm, RfFrame *frame, uint64_t where, const RfProto *proto);
RfValue *rf_native_homes(RfFrame *frame);
int32_t rf_native_step(RfVm *vm, RfFrame *frame, uint64_t where);
/* helpers_call.c */
int32_t rf_native_call(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t argc);
int32_t rf_native_call_site(RfVm *vm, RfFrame *frame, uint64_t where);
int32_t rf_native_call_builtin(RfVm *vm, RfFrame *frame, uint64_t where, const RfBuiltin *builtin);
int32_t rf_native_higher_rest(RfVm *vm, RfFrame *frame, uint64_t where, int64_t what, int64_t i, uint64_t tag, int64_t payload);
int32_t rf_native_iter_next(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *it);
int32_t rf_native_iter_next2(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *it);
/* helpers_generator.c */
int64_t rf_native_gen_adopt(RfGenerator *g, const uint32_t *table, void *const *bind);
RfRet rf_native_gen_other(RfVm *vm, RfFrame *frame, RfValue *fp, int64_t answer);
void rf_native_gen_end(RfGenerator *g);
/* helpers_operator.c */
int32_t rf_native_binary(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t op);
int32_t rf_native_unary(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t op);
int32_t rf_native_truthy(const RfValue *v);
double rf_native_fmod(double x, double y);
int32_t rf_native_equal(const RfValue *x, const RfValue *y);
int32_t rf_native_string_equal(const RfString *x, const RfString *y);
int32_t rf_native_string_compare(const RfString *x, const RfString *y);
double rf_native_math(int64_t function, double x);
double rf_native_math2(int64_t function, double x, double y);
int64_t rf_native_float_to_int(double x);
/* helpers_apply.c */
int32_t rf_native_match(const RfValue *v, int64_t pc, const RfProto *proto);
void rf_native_payload(const RfValue *v, int64_t n, RfValue *out);
int32_t rf_native_apply(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t pops);
/* helpers_element.c */
int32_t rf_native_has_key(const RfValue *dict, const RfValue *key);
int32_t rf_native_index(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, const RfValue *i, RfValue *out);
RfRet rf_native_view(const RfValue *place, int64_t kind, const RfModule *module, int64_t slot);
int32_t rf_native_peek(const RfValue *place, int64_t i, uint64_t tag, int64_t *out);
int32_t rf_native_index_int(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, int64_t i, RfValue *out);
int32_t rf_native_store_index(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, const RfValue *i, const RfValue *v);
int32_t rf_native_store_index_int(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, int64_t i, uint64_t tag, int64_t payload);
int32_t rf_native_store_global_index(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t slot, int64_t i, uint64_t tag, int64_t payload);
RfValue *rf_native_path_step(const RfValue *place, const RfValue *index);
RfValue *rf_native_path_step_int(const RfValue *place, int64_t index);
RfValue *rf_native_path_field(const RfValue *place, const RfProto *proto, int64_t site);
const RfValue *rf_native_dict_member(RfDict *d, RfProto *proto, int64_t site);
RfValue *rf_native_dict_find_int(const RfDict *d, int64_t key);
void rf_native_dict_set_int(RfDict *d, int64_t key, uint64_t tag, int64_t payload);
RfValue *rf_native_dict_find_str(const RfDict *d, RfString *key);
void rf_native_dict_set_str(RfDict *d, RfString *key, uint64_t tag, int64_t payload);
int32_t rf_native_field(RfVm *vm, RfFrame *frame, uint64_t where, const RfValue *x, uint64_t site, RfValue *out);
int32_t rf_native_store_field(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *place, uint64_t site, uint64_t tag, int64_t payload);
/* helpers_make.c */
void rf_native_release_slots(const RfValue *first, uint64_t count);
void rf_native_free(RfObject *obj);
void rf_native_release(const RfValue *v);
RfStruct *rf_native_struct_new(RfShape *shape);
RfArray *rf_native_array_new(RfValue *first, uint64_t count);
RfArray *rf_native_array_room(uint64_t kind, uint64_t n);
void rf_native_array_unique(RfValue *v);
void rf_native_dict_unique(RfValue *v);
void rf_native_struct_unique(RfValue *v);
void rf_native_array_push(RfValue *v, uint64_t tag, int64_t payload);
void rf_native_array_reserve(RfArray *a, uint64_t n);
RfCell *rf_native_cell_new(void);
int32_t rf_native_closure(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t number, RfValue *out);
int32_t rf_native_load_global(RfVm *vm, RfFrame *frame, uint64_t where, RfValue *out);
int32_t rf_native_store_global(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t tag, int64_t payload);
int32_t rf_native_foreign_raise(RfVm *vm, RfFrame *frame, uint64_t where);
int32_t rf_native_foreign_too_large(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t value);
int32_t rf_native_foreign_object(RfVm *vm, RfFrame *frame, uint64_t where, uint64_t kind, void *address, RfValue *out);
/* clang-format on */

/* The value in two registers. */
static inline RfValue rf_native_value(uint64_t tag, int64_t payload)
{
    return (RfValue){.tag = tag, .as.i = payload};
}

/* After a function of the VM that consumes the slots of `where` from `first` on, leaves its result in *first, and may have
 * pushed a frame (status RF_ENTER): runs that frame. On error clears what is left of those slots. native.c */
RfStatus rf_native_finish(RfVm *vm, RfFrame *frame, RfValue *first, uint64_t where, RfStatus status);

#endif
