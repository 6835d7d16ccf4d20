/* The index table of dicts and sets: open addressing with linear probing over 32-bit slots. Used by the runtime
 * layer only; tables of dicts (dict_table.h) share the hash.
 *
 * Entries live in a dense array elsewhere; the index has 2^bits slots and says where the entry of a hash is. The hash
 * (an int key, the hash of a string) is multiplied by 2^64 divided by the golden ratio. The top `bits` bits of the
 * product choose the first slot to look at. A slot holds the entry number in its lower `bits` bits and, as a tag, bits
 * of the lower half of the product above: so a probe that meets a foreign entry knows it without touching that entry,
 * except once in 2^(32 - bits) times. Content 0 is a free slot, 1 a removed one; entry e is stored as e + 2, which
 * fits because an index is at most two thirds full. Used slots are never more than entries in use (holes included), so
 * a free slot ends a search.
 *
 * The product spreads most keys in arithmetic progression more evenly than chance would, but for some strides they
 * crowd. So whoever adds an entry learns when a search has become long, and rebuilds the index with RF_INDEX_MIX,
 * which scrambles the hash first, and remains so until its size changes. The form of an index is its `bits` and that
 * flag together; 0 stands for no index. */
#ifndef RF_RUNTIME_INDEX_H
#define RF_RUNTIME_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define RF_INDEX_FREE 0u
#define RF_INDEX_REMOVED 1u
#define RF_INDEX_MIN_BITS 4u
#define RF_INDEX_BITS 63u        /* part of a form */
#define RF_INDEX_MIX 64u         /* part of a form */
#define RF_INDEX_LONG_SEARCH 12u /* slots */

/* Entries that an index of 2^bits slots may have. */
static inline size_t rf_index_room(unsigned bits)
{
    return ((size_t)2 << bits) / 3;
}

/* The smallest index for `cap` entries. */
static inline unsigned rf_index_bits(size_t cap)
{
    unsigned bits = RF_INDEX_MIN_BITS;
    while (rf_index_room(bits) < cap) {
        bits++;
    }
    return bits;
}

/* A search: for (RfProbe p = rf_index_probe(hash, form);; rf_index_step(&p)) look at index[p.slot]. */
typedef struct RfProbe {
    uint32_t slot;
    uint32_t mask;
    uint32_t tag;  /* in its place in the upper part of a slot */
    uint32_t home; /* where the search began */
} RfProbe;

/* The hash spread over 64 bits; the upper ones are the best. */
static inline uint64_t rf_index_product(uint64_t hash, unsigned form)
{
    if (form & RF_INDEX_MIX) {
        unsigned __int128 wide = (unsigned __int128)hash * 0xD6E8FEB86659FD93u;
        hash = (uint64_t)wide ^ (uint64_t)(wide >> 64);
    }
    return hash * 0x9E3779B97F4A7C15u;
}

static inline RfProbe rf_index_probe(uint64_t hash, unsigned form)
{
    uint64_t product = rf_index_product(hash, form);
    uint32_t mask = (uint32_t)(UINT64_MAX >> (-form & 63)); /* -form & 63 is 64 - bits */
    uint32_t slot = (uint32_t)(product >> (-form & 63));
    return (RfProbe){slot, mask, (uint32_t)product & ~mask, slot};
}

/* True when an entry that lies where the search ended should make its owner rebuild the index with RF_INDEX_MIX. */
static inline bool rf_index_crowded(const RfProbe *p, unsigned form)
{
    return ((p->slot - p->home) & p->mask) > RF_INDEX_LONG_SEARCH && !(form & RF_INDEX_MIX);
}

static inline void rf_index_step(RfProbe *p)
{
    p->slot = (p->slot + 1) & p->mask;
}

/* True when a slot's content may be the entry searched for; its number is then in *entry. False for free and removed
 * ones. */
static inline bool rf_index_match(const RfProbe *p, uint32_t content, uint32_t *entry)
{
    *entry = (content ^ p->tag) - 2; /* free and removed slots wrap around or keep foreign upper bits */
    return *entry < p->mask - 1;
}

static inline uint32_t rf_index_content(const RfProbe *p, uint32_t entry)
{
    return p->tag | (entry + 2);
}

/* Adds an entry that is known not to be there. Returns rf_index_crowded. */
static inline bool rf_index_add(uint32_t *index, unsigned form, uint64_t hash, uint32_t entry)
{
    RfProbe p = rf_index_probe(hash, form);
    while (index[p.slot] != RF_INDEX_FREE) {
        rf_index_step(&p);
    }
    index[p.slot] = rf_index_content(&p, entry);
    return rf_index_crowded(&p, form);
}

/* Removes an entry that is known to be there. */
static inline void rf_index_remove(uint32_t *index, unsigned form, uint64_t hash, uint32_t entry)
{
    RfProbe p = rf_index_probe(hash, form);
    uint32_t content = rf_index_content(&p, entry);
    while (index[p.slot] != content) {
        rf_index_step(&p);
    }
    /* Nobody probes past this slot when the next one is free. */
    index[p.slot] = index[(p.slot + 1) & p.mask] == RF_INDEX_FREE ? RF_INDEX_FREE : RF_INDEX_REMOVED;
}

static inline size_t rf_index_bytes(unsigned form)
{
    return sizeof(uint32_t) << (form & RF_INDEX_BITS);
}

/* An empty index for `cap` entries in place of the old one (NULL when *form is 0). Updates *form: RF_INDEX_MIX stays
 * while the size does; with another size the same keys may well spread. */
static inline uint32_t *rf_index_renew(uint32_t *index, uint16_t *form, size_t cap)
{
    uint16_t old = *form;
    *form = (uint16_t)rf_index_bits(cap);
    if ((old & RF_INDEX_BITS) == *form) {
        *form = old;
        memset(index, 0, rf_index_bytes(old));
        return index;
    }
    if (index) {
        rf_mem_free(index, rf_index_bytes(old));
    }
    return rf_mem_use_huge_pages(rf_mem_zalloc(rf_index_bytes(*form)), rf_index_bytes(*form));
}

#endif
