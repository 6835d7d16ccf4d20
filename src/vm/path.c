/* Assignment to paths (v.f, v[i], a[0][1].x): language.md 5.5. The value held by the root variable is changed in place; every
 * container on the way that somebody else also holds is copied first. Nothing changes when an error is raised, because reading
 * a step checks it before the copy, and a copy is not observable. */
#include "vm/frame.h"

/* The variable a path starts at; NULL with a raised error when it is missing, or immutable and about to be written. */
static RfValue *find_root(RfVm *vm, const RfPath *path, bool writing)
{
    RfFrame *f = vm->frame;
    uint32_t global = path->slot;
    switch (path->root) {
    case RF_ROOT_LOCAL:
        if (f->fp[path->slot].tag != RF_TAG_UNDEF) {
            return &f->fp[path->slot];
        }
        if (!(path->varref & RF_VARREF_MAYBE)) {
            rf_var_undefined(vm, path->name);
            return NULL;
        }
        global = RF_VARREF_GLOBAL(path->varref);
        break;
    case RF_ROOT_CELL: {
        RfValue *v = &f->fn->cells[path->slot]->value;
        if (v->tag != RF_TAG_UNDEF) {
            return v;
        }
        if (!(path->varref & RF_VARREF_MAYBE)) {
            rf_var_undefined(vm, path->name);
            return NULL;
        }
        global = RF_VARREF_GLOBAL(path->varref);
        break;
    }
    case RF_ROOT_SHARED: {
        RfValue *v = &f->fp[path->slot].as.cell->value;
        if (v->tag != RF_TAG_UNDEF) {
            return v;
        }
        rf_var_undefined(vm, path->name);
        return NULL;
    }
    default: break;
    }
    RfModule *m = f->proto->module;
    switch (m->info[global]->kind) {
    case RF_GLOBAL_ABSENT: rf_var_undefined(vm, path->name); return NULL;
    case RF_GLOBAL_MUT: break;
    default:
        if (writing) {
            rf_var_raise(vm, m->info[global]->kind == RF_GLOBAL_CONST ? RF_RAISE_MUTATE_CONST : RF_RAISE_MUTATE_LET,
                         path->name);
            return NULL;
        }
    }
    return &m->globals[global];
}

/* An error of the variable itself is shown at its name. */
static RfValue *root_place(RfVm *vm, const RfPath *path, bool writing)
{
    RfValue *place = find_root(vm, path, writing);
    if (!place) {
        rf_unwind_set_pos(vm, path->root_pos);
    }
    return place;
}

/* A failing step is shown at its own place: the instruction's position is that of the last step. */
static RfStatus step_error(RfVm *vm, const RfStep *step)
{
    rf_unwind_set_pos(vm, step->pos);
    return RF_ERROR;
}

/* Through the site's cache; -1: there is no such field. */
static int64_t field_offset(RfShape *shape, RfFieldSite *site)
{
    if (site->shape == shape) {
        return site->offset;
    }
    int64_t offset = rf_shape_find(shape, site->name);
    if (offset >= 0) {
        site->misses += site->shape && site->misses < UINT32_MAX;
        site->shape = shape;
        site->offset = (uint32_t)offset;
    }
    return offset;
}

/* Where the value of one step lies inside the container at `place`, which is made unique. An array of raw elements is
 * widened only when a deeper step needs a place inside it (its elements are scalars, so that step fails anyway): such reads go
 * to *temp. NULL: error raised. */
static RfValue *step_into(RfVm *vm, RfValue *place, const RfStep *step, RfValue index, RfValue *temp)
{
    RfFrame *f = vm->frame;
    if (step->kind == RF_STEP_FIELD) {
        RfFieldSite *site = &f->proto->fields[step->slot];
        int64_t offset = place->tag == RF_TAG_STRUCT ? field_offset(place->as.strct->shape, site) : -1;
        if (offset >= 0) {
            place->as.strct = rf_struct_unique(place->as.strct);
            return &place->as.strct->fields[offset];
        }
        RfValue v;
        if (rf_access_field(vm, *place, site, false, &v) != RF_OK) {
            return NULL;
        }
        rf_release(v);
        if (place->tag == RF_TAG_DICT) {
            place->as.dict = rf_dict_unique(place->as.dict);
            RfValue key, name = {RF_TAG_STRING, {.str = site->name}};
            rf_dict_make_key(name, &key);
            RfValue *found = rf_dict_find(place->as.dict, key);
            rf_release(key);
            if (found) {
                return found;
            }
        }
        *temp = rf_null(); /* absent dict member (null) or a method: cannot be changed */
        return temp;
    }
    if (place->tag == RF_TAG_ARRAY && index.tag == RF_TAG_INT && rf_array_kind(place->as.arr) == RF_ELEM_ANY &&
        (uint64_t)index.as.i < place->as.arr->len) { /* as below, without a look at the element */
        place->as.arr = rf_array_unique(place->as.arr);
        return &place->as.arr->as.values[index.as.i];
    }
    RfValue v;
    if (rf_access_index(vm, *place, index, &v) != RF_OK) {
        return NULL;
    }
    rf_release(v);
    if (place->tag == RF_TAG_ARRAY && rf_array_kind(place->as.arr) == RF_ELEM_ANY) {
        int64_t i = 0;
        rf_value_to_index(index, &i);
        place->as.arr = rf_array_unique(place->as.arr);
        return &place->as.arr->as.values[i < 0 ? i + place->as.arr->len : i];
    }
    if (place->tag == RF_TAG_DICT) {
        RfValue key;
        rf_dict_make_key(index, &key);
        place->as.dict = rf_dict_unique(place->as.dict);
        RfValue *found = rf_dict_find(place->as.dict, key);
        rf_release(key);
        return found;
    }
    *temp = v; /* a scalar, or one character of a string: nothing inside can be assigned */
    if (rf_is_heap(*temp)) {
        *temp = rf_null();
    }
    return temp;
}

RfStatus rf_path_store(RfVm *vm, const RfPath *path, bool value_on_top)
{
    uint32_t n = path->index_count;
    RfValue *low = vm->sp - n - 1;
    RfValue *indexes = value_on_top ? low : low + 1;
    RfValue *value = value_on_top ? low + n : low;
    RfValue *place = root_place(vm, path, true);
    RfValue temp;
    RfStatus status = place ? RF_OK : RF_ERROR;
    uint32_t next = 0;
    for (uint32_t i = 0; status == RF_OK && i + 1 < path->count; i++) {
        const RfStep *step = &path->steps[i];
        RfValue index = step->kind == RF_STEP_INDEX ? indexes[next++] : rf_null();
        place = step_into(vm, place, step, index, &temp);
        if (!place) {
            status = step_error(vm, step);
        }
    }
    if (status == RF_OK) {
        const RfStep *last = &path->steps[path->count - 1];
        RfValue v = rf_take(value);
        status = last->kind == RF_STEP_FIELD
                     ? rf_access_store_field(vm, place, &vm->frame->proto->fields[last->slot], v)
                     : rf_access_store_index(vm, place, indexes[next], v);
    }
    rf_drop(vm, n + 1);
    return status;
}

RfStatus rf_path_load(RfVm *vm, const RfPath *path)
{
    RfValue *indexes = vm->sp - path->index_count;
    RfValue *root = root_place(vm, path, false);
    if (!root) {
        return RF_ERROR;
    }
    RfValue v = rf_retain(*root);
    uint32_t next = 0;
    for (uint32_t i = 0; i < path->count; i++) {
        const RfStep *step = &path->steps[i];
        RfValue inner;
        RfStatus status = step->kind == RF_STEP_FIELD
                              ? rf_access_field(vm, v, &vm->frame->proto->fields[step->slot], false, &inner)
                              : rf_access_index(vm, v, indexes[next++], &inner);
        rf_release(v);
        if (status != RF_OK) {
            return step_error(vm, step);
        }
        v = inner;
    }
    rf_push(vm, v);
    return RF_OK;
}

/* Integer arithmetic only: floats, operator methods and everything that would raise make no index of a place. */
static bool index_arithmetic(RfOp op, RfValue *x, RfValue y)
{
    int64_t *r = &x->as.i;
    if (x->tag != RF_TAG_INT || y.tag != RF_TAG_INT) {
        return false;
    }
    switch (op) {
    case RF_OP_ADD: return !__builtin_add_overflow(*r, y.as.i, r);
    case RF_OP_SUB: return !__builtin_sub_overflow(*r, y.as.i, r);
    case RF_OP_MUL: return !__builtin_mul_overflow(*r, y.as.i, r);
    default:
        if (y.as.i == 0) {
            return false;
        }
        *r = y.as.i == -1 ? 0 : *r % y.as.i;
        return true;
    }
}

/* The index of a step of kind VALUE; borrowed. False: none that the store is certain to find again. */
static bool step_value(RfVm *vm, const RfStep *step, RfValue *out)
{
    const RfFrame *f = vm->frame;
    RfValue stack[RF_STEP_DEPTH];
    uint32_t n = 0;
    for (uint32_t i = 0; i < step->nops; i++) {
        RfInstr in = step->ops[i];
        switch (in.op) {
        case RF_OP_LOAD_LOCAL: stack[n++] = f->fp[in.a]; break;
        case RF_OP_LOAD_SHARED: stack[n++] = f->fp[in.a].as.cell->value; break;
        case RF_OP_LOAD_CELL: stack[n++] = f->fn->cells[in.a]->value; break;
        case RF_OP_LOAD_GLOBAL: stack[n++] = f->proto->module->globals[in.b]; break;
        case RF_OP_CONST: stack[n++] = f->proto->consts[in.b]; break;
        default:
            n--;
            if (!index_arithmetic((RfOp)in.op, &stack[n - 1], stack[n])) {
                return false;
            }
        }
    }
    *out = stack[0];
    return out->tag != RF_TAG_UNDEF;
}

/* One step of a place, without changing anything: only containers that nobody else holds are entered. */
static RfValue *give_step(RfVm *vm, RfValue *place, const RfStep *step)
{
    RfFrame *f = vm->frame;
    if (!rf_is_heap(*place) || place->as.obj->rc != 1) {
        return NULL;
    }
    if (step->kind == RF_STEP_FIELD) {
        RfString *name = f->proto->fields[step->slot].name;
        int64_t number;
        switch (place->tag) {
        case RF_TAG_STRUCT: return rf_struct_find(place->as.strct, name);
        case RF_TAG_DICT:
            return rf_string_as_canonical_int(name, &number) ? NULL : rf_dict_find_str(place->as.dict, name);
        default: return NULL;
        }
    }
    RfValue index;
    if (step->kind == RF_STEP_VALUE) {
        if (!step_value(vm, step, &index)) {
            return NULL;
        }
    } else {
        index = step->kind == RF_STEP_CONST ? f->proto->consts[step->slot] : f->fp[step->slot];
    }
    if (place->tag == RF_TAG_DICT) {
        RfValue key;
        if (!rf_dict_make_key(index, &key)) {
            return NULL;
        }
        RfValue *found = rf_dict_find(place->as.dict, key);
        rf_release(key);
        return found;
    }
    int64_t i;
    if (place->tag != RF_TAG_ARRAY || rf_array_kind(place->as.arr) != RF_ELEM_ANY || !rf_value_to_index(index, &i)) {
        return NULL;
    }
    i = i < 0 ? i + place->as.arr->len : i;
    return i >= 0 && i < (int64_t)place->as.arr->len ? &place->as.arr->as.values[i] : NULL;
}

/* Only a global that the store after the call may change. */
static RfValue *give_global(RfModule *m, uint32_t global)
{
    return m->info[global]->kind == RF_GLOBAL_MUT ? &m->globals[global] : NULL;
}

RfValue *rf_path_give(RfVm *vm, uint32_t place_number, RfValue v)
{
    RfFrame *f = vm->frame;
    const RfPath *path = &f->proto->paths[place_number - 1];
    RfModule *m = f->proto->module;
    RfValue *place = NULL;
    switch (path->root) {
    case RF_ROOT_LOCAL: place = &f->fp[path->slot]; break;
    case RF_ROOT_CELL: place = &f->fn->cells[path->slot]->value; break;
    case RF_ROOT_SHARED: place = &f->fp[path->slot].as.cell->value; break;
    case RF_ROOT_GLOBAL: place = give_global(m, path->slot); break;
    }
    if (place && place->tag == RF_TAG_UNDEF) {
        place = path->varref & RF_VARREF_MAYBE ? give_global(m, RF_VARREF_GLOBAL(path->varref)) : NULL;
    }
    for (uint32_t i = 0; place && i < path->count; i++) {
        place = give_step(vm, place, &path->steps[i]);
    }
    if (!place || place->tag != v.tag || place->as.ptr != v.as.ptr) {
        return NULL;
    }
    place->tag = RF_TAG_NULL;
    v.as.obj->rc--; /* the stack still holds it */
    return place;
}
