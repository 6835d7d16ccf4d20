/* Dicts as wholes: making, copying, freeing, clearing, visiting their values.
 * Called by everybody who makes dicts, and through the table of kinds (kinds.h). */
#include "base/mem.h"
#include "runtime/dict_form.h"
#include "runtime/kinds.h"

/* The places where live entries may lie. Those of a grid or a table are visited as they lie: faster than in insertion
 * order, and not many more than live ones (SPARSE_CAP in dict.c). */
static inline uint32_t walk_start(const RfDict *d)
{
    return rf_dict_is_ordered(d) ? 0 : d->first;
}

static inline uint32_t walk_end(const RfDict *d)
{
    return rf_dict_is_ordered(d) ? d->cap : d->used;
}

RfDict *rf_dict_new(size_t cap)
{
    RfDict *d = rf_mem_alloc(sizeof *d);
    *d = (RfDict){.obj = {.rc = 1, .tag = RF_TAG_DICT}};
    if (cap) {
        rf_dict_reserve(d, cap);
    }
    return d;
}

RfDict *rf_dict_copy(const RfDict *d)
{
    RfDict *copy = rf_mem_alloc(sizeof *copy);
    *copy = *d;
    copy->obj.rc = 1;
    if (rf_dict_is_ordered(d)) {
        size_t bytes = rf_dict_entries_bytes(d);
        char *block = rf_mem_use_huge_pages(rf_mem_alloc(bytes), bytes);
        memcpy(block, rf_dict_entries_block(d), bytes);
        copy->entries = (RfDictEntry *)(void *)(block + ((char *)d->entries - (char *)rf_dict_entries_block(d)));
        copy->order = rf_mem_alloc(rf_dict_room(d) * sizeof *d->order);
        memcpy(copy->order, d->order, d->used * sizeof *d->order);
    } else if (d->entries) {
        copy->entries = rf_mem_alloc(d->cap * sizeof *d->entries);
        memcpy(copy->entries, d->entries, d->used * sizeof *d->entries);
    }
    if (rf_dict_is_indexed(d)) {
        copy->index = rf_mem_alloc(rf_index_bytes(d->obj.aux));
        memcpy(copy->index, d->index, rf_index_bytes(d->obj.aux));
    }
    if (d->is_string) {
        copy->is_string = rf_mem_alloc(d->cap);
        memcpy(copy->is_string, d->is_string, d->used);
    }
    for (uint32_t e = walk_start(d), end = walk_end(d); e < end; e++) {
        if (!rf_dict_is_hole(d, e)) {
            rf_retain(*rf_dict_value(d, e));
            if (rf_dict_is_string_entry(d, e)) {
                rf_object_retain(d->entries[e].key.str);
            }
        }
    }
    return copy;
}

RfDict *rf_dict_unique(RfDict *d)
{
    if (rf_is_unique(d)) {
        return d;
    }
    RfDict *copy = rf_dict_copy(d);
    rf_object_release(d);
    return copy;
}

void rf_dict_free_tables(RfDict *d)
{
    if (rf_dict_is_ordered(d)) {
        rf_mem_free(d->order, rf_dict_room(d) * sizeof *d->order);
    } else if (d->index) {
        rf_mem_free(d->index, rf_index_bytes(d->obj.aux));
    }
    rf_mem_free(d->is_string, d->is_string ? d->cap : 0);
    rf_mem_free(rf_dict_entries_block(d), rf_dict_entries_bytes(d));
}

void rf_dict_free(RfObject *obj, RfWorklist *work)
{
    RfDict *d = (RfDict *)obj;
    bool strings = (d->obj.flags & RF_DICT_STRINGS) != 0;
    for (uint32_t e = walk_start(d), end = walk_end(d); e < end; e++) {
        RfValue value = *rf_dict_value(d, e);
        if (value.tag == RF_TAG_UNDEF) {
            continue;
        }
        if (rf_is_heap(value)) {
            rf_worklist_release(work, value);
        }
        if (strings && rf_dict_is_string_entry(d, e)) {
            rf_object_release(d->entries[e].key.str);
        }
    }
    rf_dict_free_tables(d);
    rf_mem_free(d, sizeof *d);
}

void rf_dict_trace(RfObject *obj, RfVisit *visit, void *context)
{
    RfDict *d = (RfDict *)obj;
    for (uint32_t e = walk_start(d), end = walk_end(d); e < end; e++) { /* keys are leaves */
        if (!rf_dict_is_hole(d, e)) {
            visit(context, *rf_dict_value(d, e));
        }
    }
}

void rf_dict_clear(RfDict *d)
{
    RfDict old = *d;
    *d = (RfDict){.obj = {.rc = d->obj.rc, .tag = RF_TAG_DICT}};
    for (uint32_t e = walk_start(&old), end = walk_end(&old); e < end; e++) {
        if (!rf_dict_is_hole(&old, e)) {
            rf_release(*rf_dict_value(&old, e));
            if (rf_dict_is_string_entry(&old, e)) {
                rf_object_release(old.entries[e].key.str);
            }
        }
    }
    rf_dict_free_tables(&old);
}
