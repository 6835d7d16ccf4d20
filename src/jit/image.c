/* Compiled images in a VM: loading the shared object, filling its table of pointers, looking up entries. */
#include "jit/image.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* A name for the file behind fd that no other load has used: the dynamic linker takes a known name for the library it already
 * has, and descriptors are used again. The number of loads is that of the process, as the linker's list is. */
static uint64_t unique_path(char *path, size_t size, int fd)
{
    static _Atomic uint64_t loads;
    uint64_t serial = atomic_fetch_add(&loads, 1), number = serial;
    size_t at = (size_t)snprintf(path, size, "/proc/self/fd");
    do {
        at += (size_t)snprintf(path + at, size - at, number & 1 ? "/." : "//");
        number >>= 1;
    } while (number > 0);
    snprintf(path + at, size - at, "/%d", fd);
    return serial + 1;
}

/* Address of a data symbol of at least `size` bytes; *have: how many it has. */
static void *data_symbol(void *handle, const char *name, size_t size, size_t *have)
{
    void *at = dlsym(handle, name);
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (!at || !dladdr1(at, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol || symbol->st_size < size) {
        return NULL;
    }
    *have = symbol->st_size;
    return at;
}

static bool read_head(RfImage *image)
{
    size_t have;
    const uint8_t *at = data_symbol(image->handle, "rf_head", 4, &have);
    if (!at) {
        return false;
    }
    uint32_t size = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    return size <= have - 4 && rf_image_head_decode(&image->head, at + 4, size);
}

/* ---- checks against the program ---- */

/* Is what the numbers of an exit name there? */
static bool numbers_fit(const RfImage *image, const RfExit *e, const RfProto *p)
{
    const uint32_t *number = e->numbers;
    bool fit = true;
    for (uint32_t i = 0; i < e->nslots; i++) {
        switch (e->slots[i]) {
        case RF_SLOT_LOCAL:
        case RF_SLOT_MOVED: fit = fit && *number < p->nlocals && *number < e->nslots; break;
        case RF_SLOT_GLOBAL: fit = fit && *number < p->module->nglobals; break;
        case RF_SLOT_CONST: fit = fit && *number < p->nconsts; break;
        case RF_SLOT_UNIT: fit = fit && *number < image->nunits && image->functions[*number]; break;
        case RF_SLOT_BUILTIN:
            fit = fit && *number < image->head.nbinds && image->head.binds[*number].kind == RF_BIND_BUILTIN;
            break;
        default: break;
        }
        number += rf_slot_has_number(e->slots[i]);
    }
    return fit;
}

static bool exit_fits(const RfImage *image, const RfExit *e, const RfProto *p)
{
    bool enough = e->error == RF_EXIT_RAISED || e->nslots >= p->nlocals;
    return e->pc < p->code_len && enough && e->nslots <= (uint32_t)p->nlocals + p->max_stack &&
           numbers_fit(image, e, p);
}

static bool fits(const RfImage *image)
{
    const RfImageHead *head = &image->head;
    for (uint32_t i = 0; i < head->nexits; i++) {
        if (!exit_fits(image, &head->exits[i], image->protos[head->exits[i].unit])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < head->nentries; i++) {
        const RfImageEntry *e = &head->entries[i];
        if ((e->pc >= 0 && (uint32_t)e->pc >= image->protos[e->unit]->code_len) ||
            !rf_image_entry(image, e->unit, e->pc)) {
            return false;
        }
    }
    return true;
}

/* ---- binds ---- */

/* The function value of a unit: what its global holds when there is one, so that code that runs it is the same function to
 * the program. NULL for closures with captures and for code that is no function. New reference. */
static RfFunction *function_of(RfVm *vm, RfProto *p)
{
    if (p->ncaptures > 0 || p->flags & (RF_PROTO_MAIN | RF_PROTO_SPAWN | RF_PROTO_TEST)) {
        return NULL;
    }
    const RfModule *m = p->module;
    for (uint32_t i = 0; i < m->nglobals; i++) {
        RfValue v = m->globals[i];
        if (v.tag == RF_TAG_FUNCTION && v.as.fn->proto == p) {
            rf_object_retain(v.as.fn);
            return v.as.fn;
        }
    }
    unsigned flags = (p->flags & RF_PROTO_LAMBDA ? RF_FN_LAMBDA : 0u) |
                     (p->flags & RF_PROTO_GENERATOR ? RF_FN_GENERATOR : 0u) |
                     (p->flags & RF_PROTO_ASYNC ? RF_FN_ASYNC : 0u);
    return rf_function_new(rf_rt(vm), p, p->name, flags, 0);
}

/* What the bind stands for in this program; NULL: nothing. */
static void *meaning(RfImage *image, const RfBind *b, RfShape **shapes, uint32_t nshapes)
{
    RfProto *p = b->a < image->nunits ? image->protos[b->a] : NULL;
    switch ((RfBindKind)b->kind) {
    case RF_BIND_HELPER: return rf_helper_table[b->a];
    case RF_BIND_PROTO: return p;
    case RF_BIND_CONSTS:
        return p->consts ? (void *)p->consts : (void *)p->code; /* without constants nothing reads it */
    case RF_BIND_MODULE: return p->module;
    case RF_BIND_CODE: return p->code;
    case RF_BIND_SHAPE: return b->a < nshapes ? shapes[b->a] : NULL;
    case RF_BIND_TYPE: return b->a < nshapes && shapes[b->a] ? shapes[b->a]->type : NULL;
    case RF_BIND_BUILTIN: return (void *)rf_builtin_find(b->name, strlen(b->name));
    case RF_BIND_FUNCTION: return image->functions[b->a];
    case RF_BIND_IMAGE: return image;
    case RF_BIND_SERIAL: return (void *)(uintptr_t)image->serial;
    }
    return NULL;
}

static const char *bind_all(RfImage *image, RfShape **shapes, uint32_t nshapes)
{
    uint32_t n = image->head.nbinds;
    size_t have;
    image->bind = data_symbol(image->handle, "rf_bind", n * sizeof(void *), &have);
    if (!image->bind && n > 0) {
        return "no table of pointers";
    }
    if (n > 0 && image->bind[0]) {
        return "the file is loaded already";
    }
    for (uint32_t i = 0; i < n; i++) {
        image->bind[i] = meaning(image, &image->head.binds[i], shapes, nshapes);
        if (!image->bind[i]) {
            return "it wants something the program does not have";
        }
    }
    return NULL;
}

/* ---- life ---- */

RfImage *rf_image_open(RfVm *vm, int fd, RfProto **protos, uint32_t nprotos, RfShape **shapes, uint32_t nshapes,
                       const char **why)
{
    char path[256];
    RfImage *image = rf_mem_zalloc(sizeof *image);
    image->serial = unique_path(path, sizeof path, fd);
    image->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *why = image->handle ? NULL : "no shared object";
    if (!*why && !read_head(image)) {
        *why = "malformed head";
    }
    if (!*why && image->head.nunits != nprotos) {
        *why = "made for another job";
    }
    if (!*why) {
        image->nunits = nprotos;
        image->protos = rf_mem_alloc(sizeof *image->protos * nprotos);
        image->functions = rf_mem_alloc(sizeof *image->functions * nprotos);
        image->exit_counts = rf_mem_zalloc(sizeof *image->exit_counts * image->head.nexits);
        for (uint32_t i = 0; i < nprotos; i++) {
            image->protos[i] = protos[i];
            image->functions[i] = function_of(vm, protos[i]);
        }
        *why = fits(image) ? bind_all(image, shapes, nshapes) : "it does not fit the program";
    }
    if (*why) {
        rf_image_free(image);
        return NULL;
    }
    return image;
}

RfNativeEntry *rf_image_entry(const RfImage *image, uint32_t unit, int32_t pc)
{
    char name[32];
    snprintf(name, sizeof name, pc < 0 ? "u%u" : "o%u_%d", unit, pc);
    return (RfNativeEntry *)dlsym(image->handle, name);
}

void rf_image_free(RfImage *image)
{
    if (!image) {
        return;
    }
    for (uint32_t i = 0; i < image->nunits; i++) {
        if (image->functions[i]) {
            rf_object_release(image->functions[i]);
        }
    }
    rf_mem_free(image->protos, sizeof *image->protos * image->nunits);
    rf_mem_free(image->functions, sizeof *image->functions * image->nunits);
    rf_mem_free(image->exit_counts, image->exit_counts ? sizeof *image->exit_counts * image->head.nexits : 0);
    rf_image_head_free(&image->head);
    if (image->handle) {
        dlclose(image->handle);
    }
    rf_mem_free(image, sizeof *image);
}
