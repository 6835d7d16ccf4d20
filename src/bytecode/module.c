/* Modules: global slots, exports, and the end of all that a compiled file owns. Slots are handed out by the compiler, so that
 * running code finds a global by index; a slot is filled with the builtin of its name until a variable shadows that. */
#include "bytecode/module.h"

#include <string.h>

#include "base/mem.h"
#include "runtime/string.h"

static RfBuiltinLookup *builtin_lookup;

void rf_module_set_builtins(RfBuiltinLookup *lookup)
{
    builtin_lookup = lookup;
}

static char *copy_bytes(const char *bytes, size_t len)
{
    char *copy = rf_mem_alloc(len + 1);
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

RfModule *rf_module_new(RfRuntime *rt, uint32_t id, RfString *name, const char *file, const char *source,
                        size_t source_len)
{
    RfModule *m = rf_mem_zalloc(sizeof *m);
    m->rt = rt;
    m->id = id;
    m->name = name;
    m->file = copy_bytes(file, strlen(file));
    m->file_name = rf_intern_cstr(rt, file);
    if (source) {
        m->source = copy_bytes(source, source_len);
        m->source_len = source_len;
    }
    return m;
}

/* Room in the export list when it has n entries: the next power of two. */
static uint32_t export_cap(uint32_t n)
{
    uint32_t cap = n ? 1 : 0;
    while (cap < n) {
        cap *= 2;
    }
    return cap;
}

void rf_module_free(RfModule *m)
{
    if (!m) {
        return;
    }
    rf_proto_free(m->main);
    HASH_CLEAR(hh, m->by_name);
    for (uint32_t i = 0; i < m->nglobals; i++) {
        rf_release(m->globals[i]);
        rf_mem_free(m->info[i], sizeof *m->info[i]);
    }
    rf_mem_free(m->globals, sizeof *m->globals * m->cap);
    rf_mem_free(m->info, sizeof(RfGlobalInfo *) * m->cap);
    rf_mem_free(m->exports, sizeof *m->exports * export_cap(m->nexports));
    RfStructAlias *alias, *next;
    HASH_ITER(hh, m->aliases, alias, next)
    {
        HASH_DEL(m->aliases, alias);
        rf_mem_free(alias, sizeof *alias);
    }
    for (uint32_t i = 0; i < m->ntests; i++) {
        rf_mem_free(m->tests[i].name, strlen(m->tests[i].name) + 1);
    }
    rf_mem_free(m->tests, sizeof *m->tests * m->ntests);
    rf_mem_free(m->file, strlen(m->file) + 1);
    if (m->source) {
        rf_mem_free(m->source, m->source_len + 1);
    }
    rf_mem_free(m, sizeof *m);
}

int64_t rf_module_find(const RfModule *m, const RfString *name)
{
    RfGlobalInfo *found;
    HASH_FIND_PTR(m->by_name, &name, found);
    return found ? (int64_t)found->slot : -1;
}

static RfValue absent_value(const RfString *name)
{
    RfValue builtin;
    return builtin_lookup && builtin_lookup(name->data, name->len, &builtin) ? builtin : rf_undef();
}

uint32_t rf_module_global(RfModule *m, RfString *name)
{
    RfGlobalInfo *found;
    HASH_FIND_PTR(m->by_name, &name, found);
    if (found) {
        return found->slot;
    }
    if (m->nglobals == m->cap) {
        uint32_t cap = m->cap ? m->cap * 2 : 16;
        m->globals = rf_mem_resize(m->globals, sizeof *m->globals * m->cap, sizeof *m->globals * cap);
        m->info = rf_mem_resize(m->info, sizeof(RfGlobalInfo *) * m->cap, sizeof(RfGlobalInfo *) * cap);
        m->cap = cap;
    }
    RfGlobalInfo *info = rf_mem_zalloc(sizeof *info);
    info->name = name;
    info->slot = m->nglobals;
    info->kind = RF_GLOBAL_ABSENT;
    HASH_ADD_PTR(m->by_name, name, info);
    m->info[m->nglobals] = info;
    m->globals[m->nglobals] = absent_value(name);
    return m->nglobals++;
}

void rf_module_reset_globals(RfModule *m)
{
    for (uint32_t i = 0; i < m->nglobals; i++) {
        m->info[i]->kind = RF_GLOBAL_ABSENT;
        RfValue old = m->globals[i];
        m->globals[i] = absent_value(m->info[i]->name);
        rf_release(old);
    }
}

void rf_module_add_export(RfModule *m, RfString *name, bool is_struct)
{
    uint32_t n = m->nexports, cap = export_cap(n);
    if (n == cap) {
        m->exports = rf_mem_resize(m->exports, sizeof *m->exports * cap, sizeof *m->exports * export_cap(n + 1));
    }
    m->exports[m->nexports++] = (RfExport){name, is_struct};
}
