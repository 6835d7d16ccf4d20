/* Ok(v) Err(v) Some(v), and the values of enums: a name with payload. Immutable once made. */
#include <string.h>

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"

RfValue rf_variant_new(RfVariantKind kind, RfValue payload)
{
    RfVariant *v = rf_mem_alloc(sizeof *v);
    v->obj = (RfObject){.rc = 1, .tag = RF_TAG_VARIANT, .aux = (uint16_t)kind};
    v->payload = payload;
    return rf_obj(v);
}

void rf_variant_free(RfObject *obj, RfWorklist *work)
{
    RfVariant *v = (RfVariant *)obj;
    rf_worklist_release(work, v->payload);
    rf_mem_free(v, sizeof *v);
}

void rf_variant_trace(RfObject *obj, RfVisit *visit, void *context)
{
    visit(context, ((RfVariant *)obj)->payload);
}

static size_t tagged_size(size_t count)
{
    return sizeof(RfTagged) + count * sizeof(RfValue);
}

RfValue rf_tagged_new(RfString *enum_name, RfString *variant_name, RfValue *payload, size_t count)
{
    RfTagged *t = rf_mem_alloc(tagged_size(count));
    t->obj = (RfObject){.rc = 1, .tag = RF_TAG_TAGGED};
    t->count = (uint32_t)count;
    t->enum_name = enum_name;
    t->variant_name = variant_name;
    if (count > 0) {
        memcpy(t->payload, payload, count * sizeof *payload);
    }
    return rf_obj(t);
}

void rf_tagged_free(RfObject *obj, RfWorklist *work)
{
    RfTagged *t = (RfTagged *)obj;
    for (size_t i = t->count; i-- > 0;) {
        rf_worklist_release(work, t->payload[i]);
    }
    rf_mem_free(t, tagged_size(t->count));
}

void rf_tagged_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfTagged *t = (RfTagged *)obj;
    for (size_t i = 0; i < t->count; i++) {
        visit(context, t->payload[i]);
    }
}
