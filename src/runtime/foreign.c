/* Pointers into C memory and C functions as objects of the heap. */
#include "runtime/foreign.h"

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/text_walk.h"

/* Never written to: all threads share it. */
static RfExtent unknown = {.limit = UINT64_MAX, .length = UINT64_MAX};

static RfValue make(RfHandle *owner, RfExtent *extent, void *address)
{
    RfPointer *p = rf_mem_alloc(sizeof *p);
    p->obj = (RfObject){.rc = 1, .tag = RF_TAG_POINTER};
    p->extent = extent;
    p->address = address;
    p->owner = owner;
    if (owner) {
        rf_object_retain(owner);
    }
    return rf_obj(p);
}

RfValue rf_pointer_new(RfHandle *owner, RfExtent *extent, void *address)
{
    return make(owner, extent, address);
}

RfValue rf_pointer_offset(const RfPointer *p, int64_t offset)
{
    uint64_t at = (uint64_t)(uintptr_t)p->address + (uint64_t)offset;
    return make(p->owner, p->extent, (void *)(uintptr_t)at);
}

RfValue rf_pointer_from_c(void *address)
{
    return address ? make(NULL, &unknown, address) : rf_null();
}

void rf_pointer_free(RfObject *obj, RfWorklist *work)
{
    RfPointer *p = (RfPointer *)obj;
    rf_worklist_release_object(work, p->owner);
    rf_mem_free(p, sizeof *p);
}

void rf_pointer_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfPointer *p = (RfPointer *)obj;
    if (p->owner) {
        visit(context, rf_obj(p->owner));
    }
}

void rf_pointer_debug(RfObject *obj, RfBuf *out)
{
    (void)obj;
    rf_buf_puts(out, "Pointer");
}

RfForeign *rf_foreign_new(RfString *name, RfHandle *library)
{
    RfForeign *fn = rf_mem_zalloc(sizeof *fn);
    fn->obj = (RfObject){.rc = 1, .tag = RF_TAG_FOREIGN};
    fn->name = name;
    fn->library = library;
    return fn;
}

void rf_foreign_free(RfObject *obj, RfWorklist *work)
{
    RfForeign *fn = (RfForeign *)obj;
    if (fn->drop) {
        fn->drop(fn);
    }
    rf_worklist_release_object(work, fn->name);
    rf_worklist_release_object(work, fn->library);
    rf_mem_free(fn, sizeof *fn);
}

void rf_foreign_text(RfObject *obj, RfBuf *out)
{
    rf_buf_puts(out, "<native function: ");
    rf_text_put_string(out, ((RfForeign *)obj)->name);
    rf_buf_putc(out, '>');
}

void rf_foreign_debug(RfObject *obj, RfBuf *out)
{
    rf_buf_puts(out, "NativeFunction(");
    rf_text_put_string(out, ((RfForeign *)obj)->name);
    rf_buf_putc(out, ')');
}
