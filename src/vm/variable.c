/* Global variables: reading, assigning, declaring, and the errors of bindings (language.md 5). */
#include "vm/frame.h"

RfStatus rf_var_undefined(RfVm *vm, RfString *name)
{
    rf_raise(rf_rt(vm), "Undefined variable: %s", name->data);
    rf_hint_variable(vm, name);
    return RF_ERROR;
}

RfStatus rf_var_raise(RfVm *vm, int kind, RfString *name)
{
    static const char help[] = "Declare it with 'mut' to allow changes.";
    RfRuntime *rt = rf_rt(vm);
    switch (kind) {
    case RF_RAISE_REASSIGN_LET:
        rf_raise(rt, "Cannot reassign immutable let binding: %s", name->data);
        rt->error.help = help;
        break;
    case RF_RAISE_MUTATE_LET:
        rf_raise(rt, "Cannot mutate immutable let binding: %s", name->data);
        rt->error.help = help;
        break;
    case RF_RAISE_REASSIGN_CONST: rf_raise(rt, "Cannot reassign const binding: %s", name->data); break;
    case RF_RAISE_MUTATE_CONST: rf_raise(rt, "Cannot mutate const binding: %s", name->data); break;
    case RF_RAISE_DUPLICATE: rf_raise(rt, "Duplicate declaration in the same scope: %s", name->data); break;
    case RF_RAISE_YIELD_OUTSIDE: rf_raise(rt, "Yield can only be used inside generator functions"); break;
    default: return rf_var_undefined(vm, name);
    }
    return RF_ERROR;
}

RfStatus rf_var_load_global(RfVm *vm, RfModule *m, uint32_t slot, RfValue *out)
{
    if (m->globals[slot].tag == RF_TAG_UNDEF) {
        return rf_var_undefined(vm, m->info[slot]->name);
    }
    *out = rf_retain(m->globals[slot]);
    return RF_OK;
}

RfStatus rf_var_store_global(RfVm *vm, RfModule *m, uint32_t slot, int mode, RfValue v)
{
    RfGlobalInfo *info = m->info[slot];
    switch (info->kind) {
    case RF_GLOBAL_ABSENT: info->kind = mode == RF_STORE_BARE ? RF_GLOBAL_BARE : RF_GLOBAL_MUT; break;
    case RF_GLOBAL_MUT: break;
    case RF_GLOBAL_BARE:
        if (mode == RF_STORE_BARE) {
            break;
        }
        rf_release(v);
        return rf_var_raise(vm, RF_RAISE_REASSIGN_LET, info->name);
    default:
        rf_release(v);
        return rf_var_raise(vm, info->kind == RF_GLOBAL_LET ? RF_RAISE_REASSIGN_LET : RF_RAISE_REASSIGN_CONST,
                            info->name);
    }
    rf_assign(&m->globals[slot], v);
    return RF_OK;
}

RfStatus rf_var_declare_global(RfVm *vm, RfModule *m, uint32_t slot, int kind, RfValue v)
{
    RfGlobalInfo *info = m->info[slot];
    bool replaces = (kind & RF_DECL_REPLACE) != 0;
    kind &= ~RF_DECL_REPLACE;
    replaces = replaces || kind == RF_DECL_FUNC || kind == RF_DECL_IMPORT || kind == RF_DECL_MATCH;
    if (info->kind != RF_GLOBAL_ABSENT && !replaces) {
        rf_release(v);
        return rf_var_raise(vm, RF_RAISE_DUPLICATE, info->name);
    }
    info->kind = kind == RF_DECL_LET ? RF_GLOBAL_LET : kind == RF_DECL_CONST ? RF_GLOBAL_CONST : RF_GLOBAL_MUT;
    rf_assign(&m->globals[slot], v);
    return RF_OK;
}
