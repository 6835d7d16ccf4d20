/* How each built-in kind of object frees itself and shows what it holds. Internal to the runtime layer: object.c
 * gathers these functions in its table of operations (RfKindOps in object.h); a kind without a trace function
 * holds no values. Each is defined in the file of its kind. */
#ifndef RF_RUNTIME_KINDS_H
#define RF_RUNTIME_KINDS_H

#include "runtime/object.h"

void rf_string_free(RfObject *obj, RfWorklist *work); /* string.c */

void rf_array_free(RfObject *obj, RfWorklist *work); /* array.c; arrays and stacks */
void rf_array_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_dict_free(RfObject *obj, RfWorklist *work); /* dict.c */
void rf_dict_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_set_free(RfObject *obj, RfWorklist *work); /* set.c */
void rf_set_trace(RfObject *obj, RfVisit *visit, void *context);
/* Walks the members of `s` whose hash is `hash`: start with *probe = 0, it is not 0 after that; NULL at the end. The
 * caller compares: equal.c has to interrupt a comparison of sets to descend into their members. Borrowed pointer. */
const RfValue *rf_set_candidate(const RfSet *s, uint32_t hash, uint32_t *probe);

void rf_queue_free(RfObject *obj, RfWorklist *work); /* queue.c */
void rf_queue_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_bytes_free(RfObject *obj, RfWorklist *work); /* bytes.c */

void rf_struct_free(RfObject *obj, RfWorklist *work); /* struct.c */
void rf_struct_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_variant_free(RfObject *obj, RfWorklist *work); /* variant.c */
void rf_variant_trace(RfObject *obj, RfVisit *visit, void *context);
void rf_tagged_free(RfObject *obj, RfWorklist *work);
void rf_tagged_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_function_free(RfObject *obj, RfWorklist *work); /* function.c */
void rf_function_trace(RfObject *obj, RfVisit *visit, void *context);
void rf_cell_free(RfObject *obj, RfWorklist *work);
void rf_cell_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_handle_free(RfObject *obj, RfWorklist *work); /* object.c */
void rf_handle_trace(RfObject *obj, RfVisit *visit, void *context);
void rf_module_value_free(RfObject *obj, RfWorklist *work);
void rf_module_value_trace(RfObject *obj, RfVisit *visit, void *context);


void rf_pointer_free(RfObject *obj, RfWorklist *work); /* foreign.c */
void rf_pointer_trace(RfObject *obj, RfVisit *visit, void *context);
void rf_pointer_debug(RfObject *obj, RfBuf *out);
void rf_foreign_free(RfObject *obj, RfWorklist *work);
void rf_foreign_text(RfObject *obj, RfBuf *out);
void rf_foreign_debug(RfObject *obj, RfBuf *out);

#endif
