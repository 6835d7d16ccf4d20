/* The shared store: values by name for all threads of the process. Values are kept as messages, so that each reader gets a
 * copy of its own; ints, which shared_add_int changes in place, also as they are. */
#include <pthread.h>

#include "base/mem.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "runtime/struct.h" /* uthash with our allocator */
#include "vm/transfer.h"

typedef struct Entry {
    char *key;
    size_t key_len;
    RfMessage *message; /* NULL: an int */
    int64_t number;
    UT_hash_handle hh;
} Entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Entry *entries;

static Entry *find(const RfString *key)
{
    Entry *e = NULL;
    HASH_FIND(hh, entries, key->data, key->len, e);
    return e;
}

static RfStatus check_key(RfVm *vm, const RfBuiltin *self, RfValue key)
{
    return rf_is_string(key) ? RF_OK : rf_raise(rf_rt(vm), "%s key must be a string", self->canonical);
}

static RfStatus not_found(RfVm *vm, const RfBuiltin *self, const RfString *key)
{
    RfString *before = rf_string_format("%s key '", self->canonical);
    RfStatus status = rf_args_raise_quoting(vm, before->data, key, "' not found");
    rf_object_release(before);
    return status;
}

RfStatus rf_lib_shared_set(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_key(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    bool is_int = rf_is_int(argv[1]);
    RfMessage *message = is_int ? NULL : rf_message_new(vm, argv[1]);
    if (!is_int && !message) {
        return RF_ERROR;
    }
    const RfString *key = argv[0].as.str;
    pthread_mutex_lock(&lock);
    Entry *e = find(key);
    if (!e) {
        e = rf_mem_zalloc(sizeof *e);
        e->key = rf_mem_alloc(key->len + 1);
        memcpy(e->key, key->data, key->len + 1);
        e->key_len = key->len;
        HASH_ADD_KEYPTR(hh, entries, e->key, e->key_len, e);
    }
    RfMessage *old = e->message;
    e->message = message;
    e->number = is_int ? argv[1].as.i : 0;
    pthread_mutex_unlock(&lock);
    rf_message_release(old);
    *out = rf_bool(true);
    return RF_OK;
}

RfStatus rf_lib_shared_get(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_key(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    pthread_mutex_lock(&lock);
    const Entry *e = find(argv[0].as.str);
    bool found = e != NULL;
    RfMessage *message = e && e->message ? rf_message_retain(e->message) : NULL;
    int64_t number = e ? e->number : 0;
    pthread_mutex_unlock(&lock);
    if (!found) {
        return not_found(vm, self, argv[0].as.str);
    }
    if (!message) {
        *out = rf_int(number);
        return RF_OK;
    }
    RfStatus status = rf_message_open(vm, message, out);
    rf_message_release(message);
    return status;
}

RfStatus rf_lib_shared_has(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_key(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    pthread_mutex_lock(&lock);
    *out = rf_bool(find(argv[0].as.str) != NULL);
    pthread_mutex_unlock(&lock);
    return RF_OK;
}

RfStatus rf_lib_shared_delete(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_key(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    pthread_mutex_lock(&lock);
    Entry *e = find(argv[0].as.str);
    if (e) {
        HASH_DEL(entries, e);
    }
    pthread_mutex_unlock(&lock);
    *out = rf_bool(e != NULL);
    if (e) {
        rf_message_release(e->message);
        rf_mem_free(e->key, e->key_len + 1);
        rf_mem_free(e, sizeof *e);
    }
    return RF_OK;
}

RfStatus rf_lib_shared_add_int(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_key(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!rf_is_int(argv[1])) {
        return rf_raise(rf_rt(vm), "shared_add_int delta must be an int");
    }
    int64_t delta = argv[1].as.i, sum = 0, before = 0;
    enum { ADDED, MISSING, NO_INT, OVERFLOW } result = MISSING;
    pthread_mutex_lock(&lock);
    Entry *e = find(argv[0].as.str);
    if (e && e->message) {
        result = NO_INT;
    } else if (e) {
        before = e->number;
        result = __builtin_add_overflow(before, delta, &sum) ? OVERFLOW : ADDED;
        e->number = result == ADDED ? sum : before;
    }
    pthread_mutex_unlock(&lock);
    switch (result) {
    case ADDED: *out = rf_int(sum); return RF_OK;
    case MISSING: return not_found(vm, self, argv[0].as.str);
    case NO_INT:
        return rf_args_raise_quoting(vm, "shared_add_int requires key '", argv[0].as.str, "' to reference an int");
    default: return rf_raise(rf_rt(vm), "Integer overflow: %lld + %lld", (long long)before, (long long)delta);
    }
}
