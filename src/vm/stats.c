/* What jit_status() and vm_stats() tell (stdlib.md 4). */
#include "base/mem.h"
#include "runtime/foreign.h"
#include "vm/tier.h"

static void put(RfDict *d, const char *key, RfValue v)
{
    rf_dict_set_cstr(d, key, v);
}

static RfValue text(const char *s)
{
    return rf_obj(rf_string_from_cstr(s));
}

RfStatus rf_vm_jit_status(RfVm *vm, RfValue fn, RfValue *out)
{
    if (!rf_is_callable(fn)) {
        return rf_raise(rf_rt(vm), "jit_status() requires a function argument");
    }
    const RfProto *p = fn.tag == RF_TAG_FUNCTION ? fn.as.fn->proto : NULL;
    RfDict *d = rf_dict_new(8);
    put(d, "tier", text(p ? "vm" : "native"));
    put(d, "calls", rf_int(p ? p->call_count : 0));
    put(d, "entries", rf_int(0));
    put(d, "deopts", rf_int(0));
    put(d, "compiles", rf_int(0));
    put(d, "name",
        p                          ? text(p->name->data)
        : fn.tag == RF_TAG_FOREIGN ? rf_retain(rf_obj(rf_as_foreign(fn)->name))
                                   : text(fn.as.builtin->name));
    put(d, "loops", rf_int(p ? p->loop_count : 0));
    put(d, "reason", rf_null());
    if (p && vm->tier && vm->tier->status) {
        vm->tier->status(vm, p, d);
    }
    *out = rf_obj(d);
    return RF_OK;
}

static int64_t count_functions(const RfProto *p)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < p->nprotos; i++) {
        n += count_functions(p->protos[i]);
    }
    return n;
}

/* The frame array starts zeroed and is used from the bottom: the last frame ever pushed is found by bisection. */
static int64_t deepest_frame(const RfVm *vm)
{
    size_t low = 0, high = (size_t)(vm->frame_limit - vm->frames) + 2;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (vm->frames[middle].proto) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (int64_t)low;
}

void rf_vm_stats(RfVm *vm, RfValue *out)
{
    int64_t functions = 0;
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        functions += vm->modules[i]->main ? count_functions(vm->modules[i]->main) : 0;
    }
    RfDict *d = rf_dict_new(16);
    put(d, "functions", rf_int(functions));
    put(d, "compiled", rf_int(0));
    put(d, "entries", rf_int(0));
    put(d, "deopts", rf_int(0));
    put(d, "rejects", rf_int(0));
    put(d, "compile_ms", rf_int(0));
    put(d, "cache_hits", rf_int(0));
    put(d, "cache_stores", rf_int(0));
    put(d, "heap_bytes", rf_int(rf_mem_live_bytes()));
    put(d, "frames_max", rf_int(deepest_frame(vm)));
    put(d, "jit", rf_bool(false));
    if (vm->tier && vm->tier->stats) {
        vm->tier->stats(vm, d);
    }
    *out = rf_obj(d);
}
