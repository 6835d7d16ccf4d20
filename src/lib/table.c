/* The builtin table and what can be asked of it: look-up by name, constants, capability words, arity errors.
 *
 * builtins.def is expanded twice: once into constants, so that an alias can use the data of the row it stands for,
 * and once into the entries. Look-up goes through a hash index that the first caller builds (a few microseconds,
 * whatever the thread); afterwards everything here is read-only and needs no lock. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/builtins.h"
#include "runtime/dict.h"
#include "runtime/object.h"
#include "runtime/string.h"
#include "vm/vm.h"

/* Short forms the table uses. */
#define SAFE 0u
#define PURE RF_BUILTIN_PURE
#define REUSES RF_BUILTIN_REUSES
#define CALLS RF_BUILTIN_CALLS
#define PAIR RF_BUILTIN_PAIR
#define PAIR_OF_DICT RF_BUILTIN_PAIR_OF_DICT
#define SEQ_AND_FUNCTION(name) name " requires two arguments: array and function|" name " expects 2 arguments, got {}"

#define ALIAS(name, canonical)
#define ALIAS_SPELLED(name, canonical)
#define ALIAS_ARITY(name, canonical, family, text)
#define ALIAS_MEMBER(name, canonical)
#define BUILTIN(name, min, max, family, text, flags, signature, doc)                                                   \
    GATED(name, min, max, family, text, NONE, NONE, flags, signature, doc)
#define GATED(name, min, max, family, text, cap, cap2, flags, signature, doc)                                          \
    enum {                                                                                                             \
        MIN_##name = (min),                                                                                            \
        MAX_##name = (max),                                                                                            \
        FAMILY_##name = RF_ARITY_##family,                                                                             \
        CAP_##name = RF_CAP_##cap,                                                                                     \
        CAP2_##name = RF_CAP_##cap2,                                                                                   \
        FLAGS_##name = (flags)                                                                                         \
    };                                                                                                                 \
    static const char text_of_##name[] = text;                                                                         \
    static const char signature_of_##name[] = signature;                                                               \
    static const char doc_of_##name[] = doc;
#include "lib/builtins.def"
#undef ALIAS
#undef ALIAS_SPELLED
#undef ALIAS_ARITY
#undef ALIAS_MEMBER
#undef GATED

#define ENTRY(spelling, row, family_, arity_name_, arity_text_)                                                        \
    {.name = (spelling),                                                                                               \
     .canonical = #row,                                                                                                \
     .fn = rf_lib_##row,                                                                                               \
     .min_args = MIN_##row,                                                                                            \
     .max_args = MAX_##row,                                                                                            \
     .family = (family_),                                                                                              \
     .capability = CAP_##row,                                                                                          \
     .capability2 = CAP2_##row,                                                                                        \
     .flags = FLAGS_##row,                                                                                             \
     .arity_name = (arity_name_),                                                                                      \
     .arity_text = (arity_text_),                                                                                      \
     .signature = signature_of_##row,                                                                                  \
     .doc = doc_of_##row},
#define GATED(name, min, max, family, text, cap, cap2, flags, signature, doc)                                          \
    ENTRY(#name, name, FAMILY_##name, #name, text_of_##name)
#define ALIAS(name, canonical) ENTRY(#name, canonical, FAMILY_##canonical, #canonical, text_of_##canonical)
#define ALIAS_SPELLED(name, canonical) ENTRY(#name, canonical, FAMILY_##canonical, #name, text_of_##canonical)
#define ALIAS_ARITY(name, canonical, family, text) ENTRY(#name, canonical, RF_ARITY_##family, #canonical, text)
#define ALIAS_MEMBER(name, canonical) ENTRY(name, canonical, FAMILY_##canonical, #canonical, text_of_##canonical)
static const RfBuiltin table[] = {
#include "lib/builtins.def"
};
#undef BUILTIN
#undef GATED
#undef ALIAS
#undef ALIAS_SPELLED
#undef ALIAS_ARITY
#undef ALIAS_MEMBER

#define TABLE_COUNT (sizeof table / sizeof table[0])
#define INDEX_SIZE 1024u /* a power of two, at least twice the number of entries */
_Static_assert(TABLE_COUNT * 2 <= INDEX_SIZE, "enlarge INDEX_SIZE");

/* The table in use: rf_builtin_wrap() puts a copy in its place. */
static const RfBuiltin *entries = table;

void rf_builtin_wrap(RfBuiltinFn *wrapper)
{
    RfBuiltin *copy = malloc(sizeof table);
    if (copy == NULL) {
        rf_mem_exhausted(sizeof table);
    }
    memcpy(copy, table, sizeof table);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        copy[i].fn = wrapper;
    }
    entries = copy;
}

const RfBuiltin *rf_builtin_wrapped(const RfBuiltin *b)
{
    return (const RfBuiltin *)((const char *)b + ((const char *)table - (const char *)entries));
}

bool rf_builtin_is(const void *address)
{
    return (uintptr_t)address >= (uintptr_t)entries && (uintptr_t)address < (uintptr_t)(entries + TABLE_COUNT);
}

static uint16_t index_table[INDEX_SIZE]; /* entry number + 1, 0 = free */
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void build_index(void)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint32_t at = rf_hash_bytes(table[i].name, strlen(table[i].name)) & (INDEX_SIZE - 1);
        while (index_table[at] != 0) {
            at = (at + 1) & (INDEX_SIZE - 1);
        }
        index_table[at] = (uint16_t)(i + 1);
    }
}

const RfBuiltin *rf_builtin_find(const char *name, size_t len)
{
    pthread_once(&index_once, build_index);
    uint32_t at = rf_hash_bytes(name, len) & (INDEX_SIZE - 1);
    while (index_table[at] != 0) {
        const RfBuiltin *b = &entries[index_table[at] - 1];
        if (strncmp(b->name, name, len) == 0 && b->name[len] == '\0') {
            return b;
        }
        at = (at + 1) & (INDEX_SIZE - 1);
    }
    return NULL;
}

const RfBuiltin *rf_builtin_at(size_t i)
{
    return i < TABLE_COUNT ? &entries[i] : NULL;
}

/* The namespace value `Promise`; its one member is a builtin of the table under its dotted name. */
static RfValue make_promise_namespace(void)
{
    static const char member[] = "Promise.all";
    RfDict *members = rf_dict_new(1);
    rf_dict_set_cstr(members, "all", rf_builtin_value(rf_builtin_find(member, sizeof member - 1)));
    return rf_module_value_new(rf_string_from_cstr("Promise"), members);
}

bool rf_builtin_constant(const char *name, size_t len, RfValue *out)
{
    static const struct {
        const char *name;
        double value;
    } constants[] = {
        {"PI", 3.141592653589793},
        {"E", 2.718281828459045},
        {"INF", HUGE_VAL},
        {"NAN", NAN},
    };
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (strlen(constants[i].name) == len && memcmp(constants[i].name, name, len) == 0) {
            *out = rf_float(constants[i].value);
            return true;
        }
    }
    if (len == 7 && memcmp(name, "Promise", 7) == 0) {
        *out = make_promise_namespace();
        return true;
    }
    return false;
}

static const struct {
    const char *name;
    const char *flag;
} capabilities[RF_CAP_COUNT] = {
    [RF_CAP_NONE] = {"", ""},
    [RF_CAP_FS_READ] = {"filesystem-read", "--allow-fs-read"},
    [RF_CAP_FS_WRITE] = {"filesystem-write", "--allow-fs-write"},
    [RF_CAP_FS_DELETE] = {"filesystem-delete", "--allow-fs-delete"},
    [RF_CAP_PROCESS_EXEC] = {"process-exec", "--allow-process-exec"},
    [RF_CAP_SHELL_EXEC] = {"shell-exec", "--allow-shell-exec"},
    [RF_CAP_ENV_READ] = {"env-read", "--allow-env-read"},
    [RF_CAP_ENV_WRITE] = {"env-write", "--allow-env-write"},
    [RF_CAP_NET_CLIENT] = {"network-client", "--allow-net-client"},
    [RF_CAP_NET_SERVER] = {"network-server", "--allow-net-server"},
    [RF_CAP_DATABASE] = {"database", "--allow-database"},
    [RF_CAP_CLOCK] = {"clock", "--allow-clock"},
    [RF_CAP_RANDOM] = {"random", "--allow-random"},
    [RF_CAP_FFI] = {"ffi", "--allow-ffi"},
};

const char *rf_capability_name(RfCapability cap)
{
    return capabilities[cap].name;
}

const char *rf_capability_flag(RfCapability cap)
{
    return capabilities[cap].flag;
}

/* Raises a message of family T or F: picks the half that fits and fills in the count. */
static RfStatus raise_own_text(RfVm *vm, const RfBuiltin *b, int argc)
{
    const char *text = b->arity_text;
    const char *end = text + strlen(text);
    const char *bar = strchr(text, '|');
    if (bar != NULL && argc > b->max_args) {
        text = bar + 1;
    } else if (bar != NULL) {
        end = bar;
    }
    const char *hole = memmem(text, (size_t)(end - text), "{}", 2);
    if (hole == NULL) {
        return rf_raise(rf_rt(vm), "%.*s", (int)(end - text), text);
    }
    return rf_raise(rf_rt(vm), "%.*s%d%.*s", (int)(hole - text), text, argc, (int)(end - hole - 2), hole + 2);
}

RfStatus rf_builtin_arity_error(RfVm *vm, const RfBuiltin *b, int argc)
{
    RfRuntime *rt = rf_rt(vm);
    const char *name = b->arity_name;
    int min = b->min_args;
    int max = b->max_args;
    const char *plural = max == 1 ? "" : "s";
    switch ((RfArityFamily)b->family) {
    case RF_ARITY_A:
    case RF_ARITY_B:
        if (min != max) {
            return rf_raise(rt, "%s expects %d to %d arguments, got %d", name, min, max, argc);
        }
        plural = b->family == RF_ARITY_A ? "s" : plural;
        return rf_raise(rt, "%s expects %d argument%s, got %d", name, max, plural, argc);
    case RF_ARITY_P:
        if (max == 0) {
            return rf_raise(rt, "%s() expects 0 arguments, got %d", name, argc);
        }
        return rf_raise(rt, "%s() expects %d argument%s (%s), got %d", name, max, plural, b->arity_text, argc);
    case RF_ARITY_Q:
        return rf_raise(rt, "%s expects %d argument%s (%s), got %d", name, max, plural, b->arity_text, argc);
    case RF_ARITY_U: return rf_raise(rt, "%s() expects %d argument%s", name, max, plural);
    case RF_ARITY_T:
    case RF_ARITY_F:
    case RF_ARITY_OPEN: break;
    }
    return raise_own_text(vm, b, argc);
}
