/* Modules: finding, loading once, and binding what they export (language.md 12). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "front/parser.h"
#include "vm/frame.h"

typedef struct Loaded { /* a module found by an import */
    RfModule *module;
    char *real_path;
    char *root;     /* directory it was found in: first root of its own imports */
    RfString *name; /* as imported first; interned */
    bool running;   /* its top level is being executed */
    struct Loaded *next;
} Loaded;

struct RfImports {
    Loaded *loaded; /* in order of loading */
    Loaded **last;
};

static RfImports *imports_of(RfVm *vm)
{
    if (!vm->imports) {
        vm->imports = rf_mem_zalloc(sizeof *vm->imports);
        vm->imports->last = &vm->imports->loaded;
    }
    return vm->imports;
}

static void free_loaded(Loaded *l)
{
    free(l->real_path);
    free(l->root);
    rf_mem_free(l, sizeof *l);
}

void rf_import_free(RfVm *vm)
{
    if (!vm->imports) {
        return;
    }
    for (Loaded *l = vm->imports->loaded; l;) {
        Loaded *next = l->next;
        free_loaded(l);
        l = next;
    }
    rf_mem_free(vm->imports, sizeof *vm->imports);
    vm->imports = NULL;
}

static void *checked(void *p)
{
    if (!p) {
        rf_mem_exhausted(PATH_MAX);
    }
    return p;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return checked(strdup(""));
    }
    return checked(slash == path ? strdup("/") : strndup(path, (size_t)(slash - path)));
}

static const Loaded *loaded_module(RfVm *vm, const RfModule *m)
{
    for (const Loaded *l = imports_of(vm)->loaded; l; l = l->next) {
        if (l->module == m) {
            return l;
        }
    }
    return NULL;
}

bool rf_import_origin(RfVm *vm, const RfModule *m, const char **real_path, const char **root)
{
    const Loaded *l = loaded_module(vm, m);
    if (l) {
        *real_path = l->real_path;
        *root = l->root;
    }
    return l != NULL;
}

void rf_import_adopt(RfVm *vm, RfModule *m, const char *real_path, const char *root)
{
    Loaded *l = rf_mem_zalloc(sizeof *l);
    *l = (Loaded){.module = m, .real_path = checked(strdup(real_path)), .root = checked(strdup(root)), .name = m->name};
    *imports_of(vm)->last = l;
    vm->imports->last = &l->next;
}

/* ---- search ---- */

typedef struct Found {
    char file[PATH_MAX]; /* as shown */
    char *real;          /* malloc */
    char *root;          /* malloc */
    bool unsafe;         /* a hit that leaves its root */
} Found;

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void join(char out[PATH_MAX], const char *root, const char *rest)
{
    if (*root == '\0') {
        snprintf(out, PATH_MAX, "%s", rest);
    } else {
        snprintf(out, PATH_MAX, "%s%s%s", root, root[strlen(root) - 1] == '/' ? "" : "/", rest);
    }
}

/* Tries root/a.b.ruff, then root/a/b.ruff. */
static bool try_root(Found *found, const char *root, const RfString *name)
{
    char rest[600];
    for (int nested = 0; nested < 2; nested++) {
        size_t n = name->len < 560 ? name->len : 560;
        for (size_t i = 0; i < n; i++) {
            rest[i] = nested && name->data[i] == '.' ? '/' : name->data[i];
        }
        memcpy(rest + n, ".ruff", 6);
        join(found->file, root, rest);
        if (!is_file(found->file)) {
            continue;
        }
        char *real_root = realpath(*root ? root : ".", NULL);
        found->real = realpath(found->file, NULL);
        if (!real_root || !found->real) {
            free(real_root);
            free(found->real);
            found->real = NULL;
            continue;
        }
        size_t len = strlen(real_root);
        bool inside =
            strncmp(found->real, real_root, len) == 0 && (found->real[len] == '/' || real_root[len - 1] == '/');
        free(real_root);
        found->unsafe = !inside;
        found->root = checked(strdup(root));
        return true;
    }
    return false;
}

bool rf_import_each_root(RfVm *vm, const RfModule *importer, bool (*visit)(void *context, const char *root),
                         void *context)
{
    const Loaded *self = loaded_module(vm, importer);
    if ((self && visit(context, self->root)) || visit(context, "") || visit(context, "modules")) {
        return true;
    }
    if (vm->entry_dir) {
        if (visit(context, vm->entry_dir)) {
            return true;
        }
        char *real = realpath(*vm->entry_dir ? vm->entry_dir : ".", NULL);
        const char *last = real ? strrchr(real, '/') : NULL;
        bool hit = false;
        if (last && strcmp(last + 1, "src") == 0) {
            char parent[PATH_MAX];
            join(parent, vm->entry_dir, "..");
            hit = visit(context, parent);
        }
        free(real);
        if (hit) {
            return true;
        }
    }
    for (const Loaded *l = imports_of(vm)->loaded; l; l = l->next) {
        char *dir = directory_of(l->module->file);
        bool hit = visit(context, dir);
        free(dir);
        if (hit) {
            return true;
        }
    }
    return false;
}

typedef struct SearchFor {
    Found *found;
    const RfString *name;
} SearchFor;

static bool visit_root(void *context, const char *root)
{
    SearchFor *s = context;
    return try_root(s->found, root, s->name);
}

/* ---- loading ---- */

static char *read_source(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return NULL;
    }
    char *text = checked(malloc(RF_SOURCE_MAX + 2));
    *len = fread(text, 1, RF_SOURCE_MAX + 1, f);
    int failed = ferror(f);
    fclose(f);
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}

static RfStatus fail_prefixed(RfVm *vm, const char *what, const RfString *name)
{
    RfError *e = &rf_rt(vm)->error;
    RfBuf text = RF_BUF_INIT;
    rf_buf_printf(&text, "Failed to %s module '%s': ", what, name->data);
    rf_buf_put(&text, e->message->data, e->message->len);
    rf_object_release(e->message);
    e->message = rf_string_new(text.data, text.len);
    rf_buf_free(&text);
    return RF_ERROR;
}

static RfStatus raise_diag(RfVm *vm, const RfString *name, const RfDiagList *diags, RfLoadResult result)
{
    const RfDiag *d = &diags->items[0];
    if (result == RF_LOAD_COMPILE) {
        return rf_raise(rf_rt(vm), "Failed to compile module '%s': %s", name->data, d->message);
    }
    return rf_raise(rf_rt(vm), "Failed to %s module '%s': %u:%u: %s", d->kind == RF_DIAG_PARSE ? "parse" : "tokenize",
                    name->data, d->pos.line, d->pos.column, d->message);
}

static RfStatus compile(RfVm *vm, RfModule *m)
{
    RfDiagList diags;
    rf_diag_init(&diags);
    RfLoadResult result = rf_program_compile(vm, m, &diags, NULL, NULL);
    RfStatus status = result == RF_LOAD_OK ? RF_OK : raise_diag(vm, m->name, &diags, result);
    rf_diag_free(&diags);
    return status;
}

static RfStatus circular(RfVm *vm, const Loaded *again)
{
    RfBuf text = RF_BUF_INIT;
    rf_buf_puts(&text, "Circular import detected: ");
    for (const Loaded *l = again; l; l = l->next) {
        if (l->running) {
            rf_buf_printf(&text, "%s -> ", l->name->data);
        }
    }
    rf_buf_puts(&text, again->name->data);
    RfStatus status = rf_raise_string(rf_rt(vm), rf_string_new(text.data, text.len));
    rf_buf_free(&text);
    return status;
}

/* Forgets a module that failed; its code stays until the VM ends, because functions of it may have escaped. */
static void forget(RfVm *vm, Loaded *l)
{
    Loaded **at = &imports_of(vm)->loaded;
    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    if (!l->next) {
        vm->imports->last = at;
    }
    free_loaded(l);
}

static RfStatus load(RfVm *vm, Found *found, RfString *name, Loaded **out)
{
    size_t len = 0;
    char *source = read_source(found->real, &len);
    if (!source) {
        return rf_raise(rf_rt(vm), "Failed to evaluate module '%s': %s (os error %d)", name->data, strerror(errno),
                        errno);
    }
    if (len > RF_SOURCE_MAX || rf_utf8_validate(source, len) != len) {
        RfStatus bad =
            len > RF_SOURCE_MAX
                ? rf_raise(rf_rt(vm), "Failed to parse module '%s': 1:1: Source size exceeds maximum allowed %u bytes",
                           name->data, RF_SOURCE_MAX)
                : rf_raise(rf_rt(vm), "Failed to tokenize module '%s': 1:1: stream did not contain valid UTF-8",
                           name->data);
        free(source);
        return bad;
    }
    RfModule *m = rf_module_new(rf_rt(vm), vm->next_module_id++, name, found->file, source, len);
    free(source);
    rf_program_add_module(vm, m);
    RfStatus status = compile(vm, m);
    if (status != RF_OK) {
        return status;
    }
    Loaded *l = rf_mem_zalloc(sizeof *l);
    *l = (Loaded){.module = m, .real_path = found->real, .root = found->root, .name = name, .running = true};
    found->real = found->root = NULL;
    *vm->imports->last = l;
    vm->imports->last = &l->next;
    status = rf_program_run_top(vm, m->main);
    l->running = false;
    if (status != RF_OK) {
        fail_prefixed(vm, "evaluate", name);
        forget(vm, l);
        return status;
    }
    *out = l;
    return RF_OK;
}

static RfStatus find_module(RfVm *vm, RfString *name, Loaded **out)
{
    imports_of(vm);
    Found found = {.real = NULL, .root = NULL};
    SearchFor search = {&found, name};
    if (!rf_import_each_root(vm, vm->frame->proto->module, visit_root, &search)) {
        rf_raise(rf_rt(vm),
                 "Module not found: %s; Check that '%s' exists as a flat <module>.ruff file or a nested src/... path "
                 "under the "
                 "package root, and confirm the import name matches the on-disk layout.",
                 name->data, name->data);
        rf_hint_module(vm, name);
        return RF_ERROR;
    }
    RfStatus status = RF_OK;
    Loaded *l = vm->imports->loaded;
    while (l && strcmp(l->real_path, found.real) != 0) {
        l = l->next;
    }
    if (found.unsafe) {
        status = rf_raise(rf_rt(vm), "Unsafe module import '%s': resolved path escapes the module root", name->data);
    } else if (!l) {
        status = load(vm, &found, name, &l);
    } else if (l->running) {
        status = circular(vm, l);
    }
    free(found.real);
    free(found.root);
    *out = l;
    return status;
}

static void bind_struct(RfVm *vm, RfModule *to, const RfModule *from, RfString *name, RfString *as)
{
    RfStructAlias *theirs = NULL, *mine = NULL;
    HASH_FIND_PTR(from->aliases, &name, theirs);
    RfStructType *type = theirs ? theirs->type : rf_struct_type(rf_rt(vm), from->id, name);
    HASH_FIND_PTR(to->aliases, &as, mine);
    if (!mine) {
        mine = rf_mem_zalloc(sizeof *mine);
        mine->name = as;
        HASH_ADD_PTR(to->aliases, name, mine);
    }
    mine->type = type;
    to->alias_version++;
}

RfStatus rf_import_module(RfVm *vm, const RfImportSite *site, RfValue *out)
{
    Loaded *l;
    if (find_module(vm, site->name, &l) != RF_OK) {
        return RF_ERROR;
    }
    const RfModule *m = l->module;
    RfDict *members = rf_dict_new(m->nexports);
    for (uint32_t i = 0; i < m->nexports; i++) {
        if (!m->exports[i].is_struct) {
            int64_t slot = rf_module_find(m, m->exports[i].name);
            if (slot >= 0 && m->info[slot]->kind != RF_GLOBAL_ABSENT) { /* else its statement was not reached */
                rf_dict_set_str(members, m->exports[i].name, rf_retain(m->globals[slot]));
            }
        } else if (site->all) {
            bind_struct(vm, vm->frame->proto->module, m, m->exports[i].name, m->exports[i].name);
        }
    }
    const char *dot = strrchr(m->name->data, '.');
    RfString *own = dot ? rf_string_from_cstr(dot + 1) : m->name;
    if (!dot) {
        rf_object_retain(own);
    }
    *out = rf_module_value_new(own, members);
    return RF_OK;
}

RfStatus rf_import_all(RfVm *vm, const RfImportSite *site, RfValue namespace_value)
{
    RfModule *m = vm->frame->proto->module;
    RfDict *members = namespace_value.as.module->members;
    bool own_name_taken = false;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(members, &pos, &item);) {
        RfString *name = rf_intern(rf_rt(vm), item.key.as.str->data, item.key.as.str->len);
        uint32_t slot = rf_module_global(m, name);
        own_name_taken = own_name_taken || slot == site->namespace_global;
        rf_var_declare_global(vm, m, slot, RF_DECL_IMPORT, rf_retain(*item.value));
    }
    if (own_name_taken) {
        rf_release(namespace_value);
        return RF_OK;
    }
    return rf_var_declare_global(vm, m, site->namespace_global, RF_DECL_IMPORT, namespace_value);
}

RfStatus rf_import_name(RfVm *vm, const RfImportSite *site, RfValue namespace_value, RfValue *out)
{
    RfString *name = site->names[site->next];
    RfValue *v = rf_dict_find_str(namespace_value.as.module->members, name);
    if (v) {
        *out = rf_retain(*v);
        return RF_OK;
    }
    Loaded *l;
    if (find_module(vm, site->name, &l) != RF_OK) {
        return RF_ERROR;
    }
    for (uint32_t i = 0; i < l->module->nexports; i++) {
        const RfExport *e = &l->module->exports[i];
        if (e->name == name && !e->is_struct) {
            return rf_raise(rf_rt(vm), "Exported symbol '%s' was not defined in module '%s'", name->data,
                            site->name->data);
        }
        if (e->name == name) {
            RfString *as = site->aliases[site->next] ? site->aliases[site->next] : name;
            bind_struct(vm, vm->frame->proto->module, l->module, name, as);
            *out = rf_undef();
            return RF_OK;
        }
    }
    return rf_raise(rf_rt(vm), "Symbol '%s' not found in module '%s'", name->data, site->name->data);
}
