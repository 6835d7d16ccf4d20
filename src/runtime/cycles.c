/* The cycle collector: frees closures that only keep each other alive.
 *
 * Every cycle of counted references passes through a cell of a function, so the walk starts at the functions with cells
 * and follows everything they hold, counting for each object how many references come from inside the walk. An object
 * with more references than that is held from outside (a variable, a frame, a table) and lives, with all it reaches. Of
 * the functions that are left, the cells are emptied; counting does the rest. This is trial deletion (Christopher 1984;
 * Bacon and Rajan 2001) with the trial counts kept aside, so that an object is written to only when it dies.
 *
 * Called by rf_function_new at a limit that grows with the cost of the last walk, so the price per function is
 * constant. */
#include "base/mem.h"
#include "runtime/kinds.h"
#include "runtime/object.h"
#include "runtime/runtime.h"

#define FEWEST_NEW_CLOSURES 1024u /* between two runs */
#define VISITS_PER_CLOSURE 16u

typedef struct Node {
    RfObject *obj;
    uint32_t inside; /* references found by the walk */
    bool live;
} Node;

/* The objects met, in order of discovery, with a hash index by address. */
typedef struct Walk {
    Node *nodes;
    size_t len;
    size_t cap;
    uint32_t *index; /* node number + 1, 0 = free; 2 * cap slots */
    size_t visits;
    uint32_t *pending; /* second phase: live nodes whose children are still to be marked */
    size_t npending;
} Walk;

#define FIRST_NODES 256u

static void walk_init(Walk *w)
{
    *w = (Walk){.cap = FIRST_NODES};
    w->nodes = rf_mem_alloc(w->cap * sizeof *w->nodes);
    w->index = rf_mem_zalloc(2 * w->cap * sizeof *w->index);
}

static void walk_free(Walk *w)
{
    rf_mem_free(w->nodes, w->cap * sizeof *w->nodes);
    rf_mem_free(w->index, 2 * w->cap * sizeof *w->index);
}

/* The slot of the index that holds `obj`, or the free one where it belongs. */
static uint32_t *slot_of(const Walk *w, const RfObject *obj)
{
    size_t mask = 2 * w->cap - 1;
    size_t i = (((uintptr_t)obj >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
    while (w->index[i] && w->nodes[w->index[i] - 1].obj != obj) {
        i = (i + 1) & mask;
    }
    return &w->index[i];
}

static void walk_grow(Walk *w)
{
    rf_mem_free(w->index, 2 * w->cap * sizeof *w->index);
    w->nodes = rf_mem_resize(w->nodes, w->cap * sizeof *w->nodes, 2 * w->cap * sizeof *w->nodes);
    w->cap *= 2;
    w->index = rf_mem_zalloc(2 * w->cap * sizeof *w->index);
    for (size_t i = 0; i < w->len; i++) {
        *slot_of(w, w->nodes[i].obj) = (uint32_t)(i + 1);
    }
}

static Node *add_node(Walk *w, RfObject *obj)
{
    uint32_t *slot = slot_of(w, obj);
    if (*slot == 0) {
        if (w->len == w->cap) {
            walk_grow(w);
            slot = slot_of(w, obj);
        }
        w->nodes[w->len++] = (Node){.obj = obj};
        *slot = (uint32_t)w->len;
    }
    return &w->nodes[*slot - 1];
}

/* Objects that hold no others need not be followed. */
static bool is_leaf(RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: return rf_array_kind(v.as.arr) != RF_ELEM_ANY;
    case RF_TAG_FUNCTION: return v.as.fn->ncells == 0;
    case RF_TAG_HANDLE: return v.as.handle->type->trace == NULL;
    default: {
        const RfKindOps *ops = rf_is_heap(v) ? rf_object_ops((RfTag)v.tag) : NULL;
        return !ops || !ops->trace;
    }
    }
}

static void trace(RfObject *obj, RfVisit *visit, void *context)
{
    const RfKindOps *ops = rf_object_ops((RfTag)obj->tag);
    if (ops && ops->trace) {
        ops->trace(obj, visit, context);
    }
}

/* First phase: counts one reference from inside. */
static void count_reference(void *context, RfValue child)
{
    Walk *w = context;
    w->visits++;
    if (!is_leaf(child)) {
        add_node(w, child.as.obj)->inside++;
    }
}

/* Second phase. */
static void mark_node(Walk *w, uint32_t n)
{
    if (!w->nodes[n].live) {
        w->nodes[n].live = true;
        w->pending[w->npending++] = n;
    }
}

static void mark_reference(void *context, RfValue child)
{
    Walk *w = context;
    if (!is_leaf(child)) {
        mark_node(w, *slot_of(w, child.as.obj) - 1);
    }
}

static void find_live(Walk *w)
{
    w->pending = rf_mem_alloc(w->len * sizeof *w->pending); /* each node is put there once */
    for (size_t i = 0; i < w->len; i++) {
        if (w->nodes[i].obj->rc > w->nodes[i].inside) {
            mark_node(w, (uint32_t)i);
        }
    }
    while (w->npending > 0) {
        trace(w->nodes[w->pending[--w->npending]].obj, mark_reference, w);
    }
    rf_mem_free(w->pending, w->len * sizeof *w->pending);
}

/* Cells to be emptied, each held once so that none goes away under our hands. */
typedef struct Cells {
    RfCell **items;
    size_t len;
    size_t cap;
} Cells;

static void hold_cells(Cells *cells, const RfFunction *f)
{
    for (size_t i = 0; i < f->ncells; i++) {
        if (!f->cells[i]) {
            continue;
        }
        if (cells->len == cells->cap) {
            size_t cap = cells->cap ? 2 * cells->cap : 64;
            cells->items = rf_mem_resize(cells->items, cells->cap * sizeof *cells->items, cap * sizeof *cells->items);
            cells->cap = cap;
        }
        rf_object_retain(f->cells[i]);
        cells->items[cells->len++] = f->cells[i];
    }
}

static void empty_cells(Cells *cells)
{
    for (size_t i = 0; i < cells->len; i++) {
        rf_assign(&cells->items[i]->value, rf_null());
    }
    for (size_t i = 0; i < cells->len; i++) {
        rf_object_release(cells->items[i]);
    }
    rf_mem_free(cells->items, cells->cap * sizeof *cells->items);
}

void rf_cycles_collect(RfRuntime *rt)
{
    Walk w;
    walk_init(&w);
    for (RfFunction *f = rt->closures; f; f = f->next) {
        add_node(&w, &f->obj);
    }
    for (size_t i = 0; i < w.len; i++) { /* w.len grows on the way */
        trace(w.nodes[i].obj, count_reference, &w);
    }
    find_live(&w);
    Cells dead = {NULL, 0, 0};
    for (size_t i = 0; i < w.len; i++) {
        if (!w.nodes[i].live && w.nodes[i].obj->tag == RF_TAG_FUNCTION) {
            hold_cells(&dead, (RfFunction *)w.nodes[i].obj);
        }
    }
    size_t visits = w.visits;
    walk_free(&w);
    empty_cells(&dead);

    size_t more = rt->closure_count;
    if (more < FEWEST_NEW_CLOSURES) {
        more = FEWEST_NEW_CLOSURES;
    }
    if (more < visits / VISITS_PER_CLOSURE) {
        more = visits / VISITS_PER_CLOSURE;
    }
    rt->closure_limit = rt->closure_count + more;
}

void rf_cycles_break_all(RfRuntime *rt)
{
    Cells all = {NULL, 0, 0};
    for (const RfFunction *f = rt->closures; f; f = f->next) {
        hold_cells(&all, f);
    }
    empty_cells(&all);
}
