/* Building values: dict and struct literals, interpolation, closures, struct declarations, destructuring. */
#include "base/mem.h"
#include "runtime/text.h"
#include "runtime/text_walk.h"
#include "vm/frame.h"

RfStatus rf_literal_dict(RfVm *vm, uint32_t pairs)
{
    RfValue *item = vm->sp - 2 * (size_t)pairs;
    RfDict *d = rf_dict_new(pairs);
    for (; item < vm->sp; item += 2) { /* DICT_KEY has made the keys */
        rf_dict_set(d, item[0], item[1]);
    }
    vm->sp -= 2 * (size_t)pairs;
    rf_push(vm, rf_obj(d));
    return RF_OK;
}

RfStatus rf_literal_dict_put(RfVm *vm, RfValue *sp)
{
    (void)vm;
    rf_dict_set(sp[-3].as.dict, sp[-2], sp[-1]);
    return RF_OK;
}

RfStatus rf_literal_extend(RfVm *vm, RfValue *sp, bool dict)
{
    RfValue x = sp[-1];
    if (!dict) {
        if (x.tag != RF_TAG_ARRAY) {
            return rf_raise(rf_rt(vm), "Can only spread arrays");
        }
        rf_array_append(sp[-2].as.arr, x.as.arr);
        rf_release(x);
        return RF_OK;
    }
    if (x.tag != RF_TAG_DICT) {
        return rf_raise(rf_rt(vm), "Can only spread dicts");
    }
    RfDict *d = sp[-2].as.dict;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(x.as.dict, &pos, &item);) {
        rf_dict_set(d, rf_retain(item.key), rf_retain(*item.value));
    }
    rf_release(x);
    return RF_OK;
}

RfStatus rf_literal_interp(RfVm *vm, uint32_t count)
{
    RfBuf *text = &vm->scratch;
    rf_buf_clear(text);
    RfValue *item = vm->sp - count;
    for (RfValue *v = item; v < vm->sp; v++) {
        if (v->tag == RF_TAG_STRING) {
            rf_buf_put(text, v->as.str->data, v->as.str->len);
        } else if (v->tag == RF_TAG_INT) {
            rf_text_put_int(text, v->as.i);
        } else {
            rf_text_put(text, *v);
        }
    }
    if (text->len > RF_STRING_MAX) {
        return rf_raise(rf_rt(vm), "Collection size limit of 1073741824 exceeded");
    }
    RfString *s = rf_string_new(text->data, text->len);
    rf_drop(vm, count);
    rf_push(vm, rf_obj(s));
    return RF_OK;
}

RfStatus rf_literal_range(RfVm *vm, RfValue low, RfValue high, bool inclusive, RfValue *out)
{
    if (low.tag != RF_TAG_INT || high.tag != RF_TAG_INT) {
        return rf_raise(rf_rt(vm), "range bounds must be integers");
    }
    uint64_t n = low.as.i > high.as.i ? 0 : (uint64_t)high.as.i - (uint64_t)low.as.i;
    if (low.as.i <= high.as.i && inclusive && n <= RF_COLLECTION_MAX) {
        n++;
    }
    if (n > RF_COLLECTION_MAX) {
        return rf_raise(rf_rt(vm), "Collection size limit of 1073741824 exceeded");
    }
    RfArray *a = rf_array_new_kind(RF_ELEM_INT, n);
    for (size_t i = 0; i < n; i++) {
        a->as.ints[i] = low.as.i + (int64_t)i;
    }
    *out = rf_obj(a);
    return RF_OK;
}

void rf_literal_closure(RfVm *vm, RfProto *proto, RfValue *out)
{
    RfFrame *f = vm->frame;
    unsigned flags = (proto->flags & RF_PROTO_LAMBDA ? RF_FN_LAMBDA : 0u) |
                     (proto->flags & RF_PROTO_GENERATOR ? RF_FN_GENERATOR : 0u) |
                     (proto->flags & RF_PROTO_ASYNC ? RF_FN_ASYNC : 0u);
    RfFunction *fn = rf_function_new(rf_rt(vm), proto, proto->name, flags, proto->ncaptures);
    for (uint32_t i = 0; i < proto->ncaptures; i++) {
        const RfCapture *c = &proto->captures[i];
        switch (c->kind) {
        case RF_CAPTURE_LOCAL: fn->cells[i] = rf_cell_new(rf_retain(f->fp[c->slot])); break;
        case RF_CAPTURE_CELL: fn->cells[i] = rf_cell_new(rf_retain(f->fn->cells[c->slot]->value)); break;
        case RF_CAPTURE_SHARED:
            fn->cells[i] = f->fp[c->slot].as.cell;
            rf_object_retain(fn->cells[i]);
            break;
        case RF_CAPTURE_SHARED_CELL:
            fn->cells[i] = f->fn->cells[c->slot];
            rf_object_retain(fn->cells[i]);
            break;
        }
    }
    *out = rf_obj(fn);
}

/* Methods of a type about to be redeclared may be running: their functions live on until the VM ends. */
static void retire_methods(RfVm *vm, RfStructType *type)
{
    for (RfMethod *m = type->methods; m; m = m->hh.next) {
        if (!vm->retired) {
            vm->retired = rf_array_new(0);
        }
        rf_array_push(vm->retired, rf_retain(m->function));
    }
}

/* ---- struct literals ---- */

/* Fills the site's cache: type, shape and where each written field goes. Declared fields keep declaration order, so that all
 * literals of a complete struct share one shape whatever the order they are written in. */
static void resolve_struct(RfVm *vm, RfStructSite *site)
{
    RfRuntime *rt = rf_rt(vm);
    RfModule *m = vm->frame->proto->module;
    RfStructAlias *alias = NULL;
    HASH_FIND_PTR(m->aliases, &site->name, alias);
    RfStructType *type = alias ? alias->type : rf_struct_type(rt, m->id, site->name);
    RfShape *shape = type->root;
    bool plain = true;
    for (uint32_t d = 0; d < type->nfields; d++) {
        bool written = false;
        for (uint32_t i = 0; i < site->count; i++) {
            written = written || site->fields[i] == type->field_names[d];
        }
        if (written || type->defaults[d].tag != RF_TAG_UNDEF) {
            plain = plain && written;
            shape = rf_shape_add(rt, shape, type->field_names[d]);
        }
    }
    for (uint32_t i = 0; i < site->count; i++) {
        if (rf_shape_find(shape, site->fields[i]) < 0) {
            shape = rf_shape_add(rt, shape, site->fields[i]);
        }
    }
    if (!site->order && site->count > 0) {
        site->order = rf_mem_alloc(sizeof *site->order * site->count);
    }
    for (uint32_t i = 0; i < site->count; i++) {
        site->order[i] = (uint32_t)rf_shape_find(shape, site->fields[i]);
        for (uint32_t j = 0; j < i; j++) {
            plain = plain && site->order[j] != site->order[i];
        }
    }
    site->type = type;
    site->version = type->version;
    site->alias_version = m->alias_version;
    site->shape = shape;
    site->plain = plain;
}

RfStatus rf_literal_struct(RfVm *vm, RfStructSite *site)
{
    if (!site->type || site->version != site->type->version ||
        site->alias_version != vm->frame->proto->module->alias_version) {
        resolve_struct(vm, site);
    }
    RfStructType *type = site->type;
    RfShape *shape = site->shape;
    RfStruct *s = rf_struct_new(shape);
    for (uint32_t i = 0; i < shape->nfields; i++) {
        s->fields[i] = rf_undef();
    }
    RfValue *values = vm->sp - site->count;
    for (uint32_t i = 0; i < site->count; i++) {
        rf_assign(&s->fields[site->order[i]], values[i]);
    }
    vm->sp = values;
    rf_push(vm, rf_obj(s)); /* held by the stack while defaults run */
    for (uint32_t d = 0; d < type->nfields; d++) {
        int at = type->defaults[d].tag == RF_TAG_UNDEF ? -1 : rf_shape_find(shape, type->field_names[d]);
        if (at < 0 || s->fields[at].tag != RF_TAG_UNDEF) {
            continue;
        }
        RfValue v;
        RfValue fn = rf_retain(type->defaults[d]);
        RfStatus status = rf_vm_call(vm, fn, 0, NULL, &v);
        rf_release(fn);
        if (status != RF_OK) {
            for (uint32_t i = 0; i < shape->nfields; i++) { /* UNDEF never reaches a program */
                if (s->fields[i].tag == RF_TAG_UNDEF) {
                    s->fields[i] = rf_null();
                }
            }
            rf_drop(vm, 1);
            return status;
        }
        s->fields[at] = v;
    }
    return RF_OK;
}

/* One function made twice by the same code: nobody can tell the two apart. */
static bool same_function(RfValue a, RfValue b)
{
    return a.tag == RF_TAG_FUNCTION && b.tag == RF_TAG_FUNCTION && a.as.fn->proto == b.as.fn->proto &&
           a.as.fn->ncells == 0 && b.as.fn->ncells == 0;
}

/* Whether the declaration that stands is this one. Then it stays, and with it all that inline caches and native code know of
 * the type: a program may be run again in its module, a declaration may stand in a function. */
static bool is_declared(const RfStructType *type, const RfDeclSite *site, const RfValue *functions)
{
    if (!type->declared || type->nfields != site->nfields || HASH_COUNT(type->methods) != site->nmethods) {
        return false;
    }
    const RfValue *next = functions;
    for (uint32_t i = 0; i < site->nfields; i++) {
        bool has_default = type->defaults[i].tag != RF_TAG_UNDEF;
        if (type->field_names[i] != site->fields[i] || has_default != (site->has_default[i] != 0) ||
            (has_default && !same_function(type->defaults[i], *next++))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < site->nmethods; i++) {
        const RfMethod *method = rf_struct_method(type, site->methods[i]);
        if (!method || method->has_self != (site->has_self[i] != 0) || !same_function(method->function, *next++)) {
            return false;
        }
    }
    return true;
}

void rf_literal_declare_struct(RfVm *vm, const RfDeclSite *site)
{
    RfRuntime *rt = rf_rt(vm);
    RfModule *m = vm->frame->proto->module;
    uint32_t ndefaults = 0;
    for (uint32_t i = 0; i < site->nfields; i++) {
        ndefaults += site->has_default[i];
    }
    RfValue *functions = vm->sp - ndefaults - site->nmethods;
    RfStructType *type = rf_struct_type(rt, m->id, site->name);
    RfStructAlias *alias = NULL;
    HASH_FIND_PTR(m->aliases, &site->name, alias);
    if (!alias && is_declared(type, site, functions)) {
        rf_drop(vm, ndefaults + site->nmethods);
        return;
    }
    RfValue *defaults = rf_mem_alloc(sizeof(RfValue) * (site->nfields + 1));
    RfMethod *methods = rf_mem_zalloc(sizeof(RfMethod) * (site->nmethods + 1));
    RfValue *next = functions;
    for (uint32_t i = 0; i < site->nfields; i++) {
        defaults[i] = site->has_default[i] ? *next++ : rf_undef();
    }
    for (uint32_t i = 0; i < site->nmethods; i++) {
        methods[i].name = site->methods[i];
        methods[i].function = *next++;
        methods[i].has_self = site->has_self[i];
    }
    vm->sp = functions;
    /* a declaration makes the name mean this module's struct, also after an import of that name */
    if (alias) {
        HASH_DEL(m->aliases, alias);
        rf_mem_free(alias, sizeof *alias);
        m->alias_version++;
    }
    retire_methods(vm, type);
    rf_struct_declare(rt, type, site->nfields, site->fields, defaults, site->nmethods, methods);
    rf_mem_free(defaults, sizeof(RfValue) * (site->nfields + 1));
    rf_mem_free(methods, sizeof(RfMethod) * (site->nmethods + 1));
}

/* ---- destructuring ---- */

void rf_literal_destruct_array(RfVm *vm, uint32_t count, bool rest)
{
    RfValue x = rf_pop(vm);
    RfArray *a = x.tag == RF_TAG_ARRAY ? x.as.arr : NULL;
    if (rest) {
        rf_push(vm, rf_obj(a && a->len > count ? rf_array_slice(a, count, a->len) : rf_array_new(0)));
    }
    for (uint32_t i = count; i-- > 0;) {
        rf_push(vm, a && i < a->len ? rf_array_get(a, i) : rf_null());
    }
    rf_release(x);
}

static RfValue named_part(RfValue x, const RfString *name)
{
    RfValue *v = NULL;
    if (x.tag == RF_TAG_STRUCT) {
        v = rf_struct_find(x.as.strct, name);
    } else if (x.tag == RF_TAG_DICT) {
        RfValue key, n = {RF_TAG_STRING, {.str = (RfString *)name}};
        rf_dict_make_key(n, &key);
        v = rf_dict_find(x.as.dict, key);
        rf_release(key);
    }
    return v ? rf_retain(*v) : rf_null();
}

static RfDict *other_parts(RfValue x, const RfDictPattern *p)
{
    RfDict *rest;
    if (x.tag == RF_TAG_DICT) {
        rest = rf_dict_copy(x.as.dict);
    } else {
        rest = rf_dict_new(0);
        for (uint32_t i = 0; x.tag == RF_TAG_STRUCT && i < x.as.strct->shape->nfields; i++) {
            RfValue name = {RF_TAG_STRING, {.str = x.as.strct->shape->names[i]}};
            RfValue key;
            rf_dict_make_key(name, &key);
            rf_dict_set(rest, key, rf_retain(x.as.strct->fields[i]));
        }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        RfValue name = {RF_TAG_STRING, {.str = p->names[i]}};
        RfValue key, gone;
        rf_dict_make_key(name, &key);
        if (rf_dict_remove(rest, key, &gone)) {
            rf_release(gone);
        }
        rf_release(key);
    }
    return rest;
}

void rf_literal_destruct_dict(RfVm *vm, const RfDictPattern *p)
{
    RfValue x = rf_pop(vm);
    if (p->has_rest) {
        rf_push(vm, rf_obj(other_parts(x, p)));
    }
    for (uint32_t i = p->count; i-- > 0;) {
        rf_push(vm, named_part(x, p->names[i]));
    }
    rf_release(x);
}
