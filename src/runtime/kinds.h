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

void rf_queue_free(RfObject *obj, RfWorklist *work); /* queue.c */
void rf_queue_trace(RfObject *obj, RfVisit *visit, void *context);

void rf_bytes_free(RfObject *obj, RfWorklist *work); /* bytes.c */

#endif
