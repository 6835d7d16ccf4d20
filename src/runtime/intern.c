/* The intern table of a runtime: one string for each name, and the one-character strings.
 *
 * The table owns a reference to each string in it, so an interned string is never unique while a program sees it and
 * lives as long as the runtime. Names of fields, methods, globals and members are interned by the compiler. */
#include "base/mem.h"

#define uthash_malloc(size) rf_mem_alloc(size)
#define uthash_free(block, size) rf_mem_free((block), (size))
#include <uthash.h>

#include "runtime/runtime.h"
#include "runtime/string.h"

typedef struct RfInternEntry {
    RfString *string;
    UT_hash_handle hh; /* the key is the string's text, the hash value the string's own */
} RfInternEntry;

RfString *rf_intern(RfRuntime *rt, const char *bytes, size_t len)
{
    uint32_t hash = rf_hash_bytes(bytes, len);
    RfInternEntry *entry = NULL;
    HASH_FIND_BYHASHVALUE(hh, rt->interned, bytes, (unsigned)len, hash, entry);
    if (!entry) {
        RfString *s = rf_string_new(bytes, len);
        s->hash = hash;
        s->obj.flags |= RF_STRING_INTERNED;
        entry = rf_mem_alloc(sizeof *entry);
        entry->string = s;
        HASH_ADD_KEYPTR_BYHASHVALUE(hh, rt->interned, s->data, (unsigned)len, hash, entry);
    }
    return entry->string;
}

RfString *rf_intern_cstr(RfRuntime *rt, const char *cstr)
{
    return rf_intern(rt, cstr, strlen(cstr));
}

RfString *rf_string_char(RfRuntime *rt, uint32_t code_point)
{
    if (code_point < 128) {
        rf_object_retain(rt->chars[code_point]);
        return rt->chars[code_point];
    }
    return rf_string_from_code_point(code_point);
}

void rf_intern_init(RfRuntime *rt)
{
    rt->interned = NULL;
    rt->empty = rf_intern(rt, "", 0);
    for (unsigned i = 0; i < 128; i++) {
        rt->chars[i] = rf_intern(rt, &(char){(char)i}, 1);
    }
}

void rf_intern_free(RfRuntime *rt)
{
    RfInternEntry *entry, *next;
    HASH_ITER(hh, rt->interned, entry, next)
    {
        HASH_DELETE(hh, rt->interned, entry);
        rf_object_release(entry->string);
        rf_mem_free(entry, sizeof *entry);
    }
    memset(rt->chars, 0, sizeof rt->chars);
    rt->empty = NULL;
}
