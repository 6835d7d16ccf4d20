/* Byte strings: a length and the bytes in one block. They never change after their maker has filled them. */
#include <string.h>

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"

RfBytes *rf_bytes_new(const void *data, size_t len)
{
    RfBytes *b = rf_mem_alloc(sizeof *b + len);
    b->obj = (RfObject){.rc = 1, .tag = RF_TAG_BYTES};
    b->len = (uint32_t)len;
    if (data) {
        memcpy(b->data, data, len);
    }
    return b;
}

void rf_bytes_free(RfObject *obj, RfWorklist *work)
{
    (void)work;
    RfBytes *b = (RfBytes *)obj;
    rf_mem_free(b, sizeof *b + b->len);
}
