/* User functions and the cells they capture.
 *
 * Copies of a function share its cells, and a function may capture itself, so cells are the one place where objects can
 * keep each other alive in a ring. Every function with cells is in its runtime's list; cycles.c looks there. */
#include <string.h>

#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"
#include "runtime/runtime.h"

RfCell *rf_cell_new(RfValue value)
{
    RfCell *c = rf_mem_alloc(sizeof *c);
    c->obj = (RfObject){.rc = 1, .tag = RF_TAG_CELL};
    c->value = value;
    return c;
}

void rf_cell_free(RfObject *obj, RfWorklist *work)
{
    RfCell *c = (RfCell *)obj;
    rf_worklist_release(work, c->value);
    rf_mem_free(c, sizeof *c);
}

void rf_cell_trace(RfObject *obj, RfVisit *visit, void *context)
{
    visit(context, ((RfCell *)obj)->value);
}

static size_t function_size(size_t ncells)
{
    return sizeof(RfFunction) + ncells * sizeof(RfCell *);
}

RfFunction *rf_function_new(RfRuntime *rt, RfProto *proto, RfString *name, unsigned flags, size_t ncells)
{
    if (ncells > 0 && rt->closure_count >= rt->closure_limit) {
        rf_cycles_collect(rt);
    }
    RfFunction *f = rf_mem_alloc(function_size(ncells));
    f->obj = (RfObject){.rc = 1, .tag = RF_TAG_FUNCTION, .flags = (uint8_t)flags};
    f->proto = proto;
    f->name = name;
    f->rt = NULL;
    f->prev = NULL;
    f->next = NULL;
    f->ncells = (uint32_t)ncells;
    if (ncells > 0) {
        memset(f->cells, 0, ncells * sizeof(RfCell *));
        f->rt = rt;
        f->next = rt->closures;
        if (f->next) {
            f->next->prev = f;
        }
        rt->closures = f;
        rt->closure_count++;
    }
    return f;
}

static void unlink_closure(RfFunction *f)
{
    if (f->prev) {
        f->prev->next = f->next;
    } else {
        f->rt->closures = f->next;
    }
    if (f->next) {
        f->next->prev = f->prev;
    }
    f->rt->closure_count--;
}

void rf_function_free(RfObject *obj, RfWorklist *work)
{
    RfFunction *f = (RfFunction *)obj;
    if (f->ncells > 0) {
        unlink_closure(f);
    }
    for (size_t i = f->ncells; i-- > 0;) {
        rf_worklist_release_object(work, f->cells[i]);
    }
    rf_mem_free(f, function_size(f->ncells));
}

void rf_function_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfFunction *f = (RfFunction *)obj;
    for (size_t i = 0; i < f->ncells; i++) {
        if (f->cells[i]) {
            visit(context, rf_obj(f->cells[i]));
        }
    }
}
