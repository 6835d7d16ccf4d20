/* Did-you-mean: the most similar name in sight (language.md 18.3.3). Every such error pays for it, caught or not, because
 * the names are gone when it is shown: so candidates are compared by a bounded edit distance, and big dicts not at all. */
#include <dirent.h>
#include <string.h>

#include "base/distance.h"
#include "base/utf8.h"
#include "vm/frame.h"

#define MAX_DISTANCE 3
#define MAX_KEYS 256 /* a dict with more keys holds data, not names that somebody mistypes */

typedef struct Search {
    uint32_t name[RF_DISTANCE_MAX];
    size_t len;
    size_t best;
    RfString *found; /* owned */
} Search;

static bool start(Search *s, const RfString *name)
{
    s->len = rf_distance_decode(name->data, name->len, s->name);
    s->best = MAX_DISTANCE + 1;
    s->found = NULL;
    return s->len <= RF_DISTANCE_MAX;
}

/* Candidates come innermost scope first; within a scope byte order decides between equals (`same_scope`). */
static void consider(Search *s, const char *text, size_t bytes, bool same_scope)
{
    uint32_t other[RF_DISTANCE_MAX];
    size_t len = rf_distance_decode(text, bytes, other);
    if (len > RF_DISTANCE_MAX || (len > s->len ? len - s->len : s->len - len) > MAX_DISTANCE) {
        return;
    }
    size_t d = rf_distance_within(s->name, s->len, other, len, MAX_DISTANCE);
    if (d == 0 || d > MAX_DISTANCE || d * 2 >= s->len) {
        return;
    }
    bool better = d < s->best;
    if (!better && d == s->best && same_scope && s->found) {
        size_t shorter = bytes < s->found->len ? bytes : s->found->len;
        int c = memcmp(text, s->found->data, shorter);
        better = c < 0 || (c == 0 && bytes < s->found->len);
    }
    if (better) {
        if (s->found) {
            rf_object_release(s->found);
        }
        s->found = rf_string_new(text, bytes);
        s->best = d;
    }
}

static void finish(RfVm *vm, Search *s)
{
    RfError *e = &rf_rt(vm)->error;
    if (e->hint) {
        rf_object_release(e->hint);
    }
    e->hint = s->found;
}

void rf_hint_variable(RfVm *vm, const RfString *name)
{
    Search s;
    if (!start(&s, name)) {
        return;
    }
    const RfFrame *f = vm->frame;
    const RfProto *p = f->proto;
    uint32_t pc = (uint32_t)(f->pc - 1 - p->code);
    for (uint32_t i = p->ninfo; i-- > 0;) {
        const RfLocalInfo *l = &p->info[i];
        if (pc >= l->start && pc < l->end && f->fp[l->slot].tag != RF_TAG_UNDEF) {
            consider(&s, l->name->data, l->name->len, false);
        }
    }
    for (uint32_t i = 0; i < p->ncaptures; i++) {
        consider(&s, p->captures[i].name->data, p->captures[i].name->len, false);
    }
    const RfModule *m = p->module;
    size_t before = s.best;
    for (uint32_t g = 0; g < m->nglobals; g++) {
        if (m->info[g]->kind != RF_GLOBAL_ABSENT) {
            consider(&s, m->info[g]->name->data, m->info[g]->name->len, s.best < before);
        }
    }
    before = s.best;
    for (size_t i = 0; rf_builtin_at(i); i++) {
        const char *builtin = rf_builtin_at(i)->name;
        if (strncmp(builtin, "__", 2) != 0) {
            consider(&s, builtin, strlen(builtin), s.best < before);
        }
    }
    finish(vm, &s);
}

void rf_hint_field(RfVm *vm, RfValue owner, const RfString *name)
{
    Search s;
    if (!start(&s, name)) {
        return;
    }
    if (owner.tag == RF_TAG_STRUCT) {
        const RfShape *shape = owner.as.strct->shape;
        for (uint32_t i = 0; i < shape->nfields; i++) {
            consider(&s, shape->names[i]->data, shape->names[i]->len, true);
        }
        for (RfMethod *m = shape->type->methods; m; m = m->hh.next) {
            consider(&s, m->name->data, m->name->len, true);
        }
    } else if (owner.tag == RF_TAG_MODULE) {
        size_t pos = 0;
        for (RfDictItem item; rf_dict_next(owner.as.module->members, &pos, &item);) {
            if (item.key.tag == RF_TAG_STRING) {
                consider(&s, item.key.as.str->data, item.key.as.str->len, true);
            }
        }
    }
    finish(vm, &s);
}

/* ---- modules: the .ruff files in the search roots ---- */

static bool look_in_root(void *context, const char *root)
{
    Search *s = context;
    DIR *dir = opendir(*root ? root : ".");
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        size_t len = strlen(e->d_name);
        if (len > 5 && strcmp(e->d_name + len - 5, ".ruff") == 0 && rf_utf8_validate(e->d_name, len) == len) {
            consider(s, e->d_name, len - 5, true);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return false;
}

void rf_hint_module(RfVm *vm, const RfString *name)
{
    Search s;
    if (start(&s, name)) {
        rf_import_each_root(vm, vm->frame->proto->module, look_in_root, &s);
        finish(vm, &s);
    }
}

void rf_hint_key(RfVm *vm, const RfDict *dict, RfValue key)
{
    Search s;
    if (key.tag != RF_TAG_STRING || dict->len > MAX_KEYS || !start(&s, key.as.str)) {
        return;
    }
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(dict, &pos, &item);) {
        if (item.key.tag == RF_TAG_STRING) {
            consider(&s, item.key.as.str->data, item.key.as.str->len, true);
        }
    }
    finish(vm, &s);
}
