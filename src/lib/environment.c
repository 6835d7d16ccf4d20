/* Environment variables and script arguments: env, env_or, env_int, env_float, env_bool, env_required, env_set,
 * env_list, args.
 *
 * The C library may move the environment when it grows, so no look-up keeps a pointer into it beyond the lock. Names
 * and values are bytes; what is not UTF-8 in them becomes U+FFFD. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/environment.h"
#include "runtime/array.h"
#include "runtime/dict.h"
#include "vm/frame.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

bool rf_environment_get(const char *name, RfBuf *value)
{
    pthread_rwlock_rdlock(&lock);
    const char *found = getenv(name);
    if (found != NULL) {
        rf_buf_puts(value, found);
    }
    pthread_rwlock_unlock(&lock);
    return found != NULL;
}

static RfValue lossy_text(RfVm *vm, const char *bytes, size_t len)
{
    RfBuf text = RF_BUF_INIT;
    rf_utf8_put_lossy(&text, bytes, len);
    RfValue v = rf_args_piece(vm, text.data, text.len);
    rf_buf_free(&text);
    return v;
}

/* ---- reading ---- */

/* The value of a variable into *out (new reference): false when it is not set. */
static bool look_up(RfVm *vm, const RfString *name, RfValue *out)
{
    RfBuf value = RF_BUF_INIT;
    bool found = strlen(name->data) == name->len && rf_environment_get(name->data, &value);
    if (found) {
        *out = lossy_text(vm, value.data, value.len);
    }
    rf_buf_free(&value);
    return found;
}

static RfStatus check_name(RfVm *vm, const RfBuiltin *self, RfValue name)
{
    if (rf_is_string(name)) {
        return RF_OK;
    }
    return rf_raise(rf_rt(vm), "%s requires a string argument (variable name)", self->arity_name);
}

RfStatus rf_lib_env(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_name(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!look_up(vm, argv[0].as.str, out)) {
        *out = rf_args_empty(vm);
    }
    return RF_OK;
}

RfStatus rf_lib_env_or(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "env_or requires two string arguments (variable name, default value)");
    }
    if (!look_up(vm, argv[0].as.str, out)) {
        *out = rf_take(&argv[1]);
    }
    return RF_OK;
}

RfStatus rf_lib_env_required(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (check_name(vm, self, argv[0]) != RF_OK) {
        return RF_ERROR;
    }
    if (!look_up(vm, argv[0].as.str, out)) {
        return rf_args_raise_quoting(vm, "Required environment variable '", argv[0].as.str, "' is not set");
    }
    return RF_OK;
}

/* ---- converting ---- */
typedef bool ConvertFn(const RfString *text, RfValue *out);

static bool to_int(const RfString *text, RfValue *out)
{
    int64_t i;
    bool ok = rf_text_to_int(text->data, text->len, 10, &i);
    *out = rf_int(ok ? i : 0);
    return ok;
}

static bool to_float(const RfString *text, RfValue *out)
{
    double f;
    bool ok = rf_text_to_float(text->data, text->len, &f);
    *out = rf_float(ok ? f : 0.0);
    return ok;
}

static bool to_bool(const RfString *text, RfValue *out)
{
    static const char *const words[2][4] = {{"false", "0", "no", "off"}, {"true", "1", "yes", "on"}};
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 4; i++) {
            if (text->len == strlen(words[value][i]) && strcasecmp(text->data, words[value][i]) == 0) {
                *out = rf_bool(value != 0);
                return true;
            }
        }
    }
    return false;
}

static RfStatus convert(RfVm *vm, const RfBuiltin *self, RfValue name, ConvertFn *fn, const char *kind, RfValue *out)
{
    if (check_name(vm, self, name) != RF_OK) {
        return RF_ERROR;
    }
    RfValue text;
    if (!look_up(vm, name.as.str, &text)) {
        return rf_args_raise_quoting(vm, "Environment variable '", name.as.str, "' not found");
    }
    RfStatus status = RF_OK;
    if (!fn(text.as.str, out)) {
        RfBuf message = RF_BUF_INIT;
        rf_buf_puts(&message, "Environment variable '");
        rf_buf_put(&message, name.as.str->data, name.as.str->len);
        rf_buf_puts(&message, "' value '");
        rf_buf_put(&message, text.as.str->data, text.as.str->len);
        rf_buf_printf(&message, "' is not a valid %s", kind);
        status = rf_args_raise_buf(vm, &message);
    }
    rf_release(text);
    return status;
}

RfStatus rf_lib_env_int(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return convert(vm, self, argv[0], to_int, "integer", out);
}

RfStatus rf_lib_env_float(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return convert(vm, self, argv[0], to_float, "float", out);
}

RfStatus rf_lib_env_bool(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    return convert(vm, self, argv[0], to_bool, "bool", out);
}

/* ---- changing and listing ---- */
RfStatus rf_lib_env_set(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "env_set requires two string arguments (variable name, value)");
    }
    const RfString *name = argv[0].as.str;
    const RfString *value = argv[1].as.str;
    if (name->len == 0 || strlen(name->data) != name->len || strchr(name->data, '=') != NULL) {
        return rf_args_raise_quoting(vm, "env_set invalid variable name '", name, "'");
    }
    if (strlen(value->data) != value->len) { /* would be cut off silently */
        return rf_args_raise_quoting(vm, "env_set invalid value for '", name, "'");
    }
    pthread_rwlock_wrlock(&lock);
    int failed = setenv(name->data, value->data, 1);
    int error = errno;
    pthread_rwlock_unlock(&lock);
    if (failed) {
        return rf_raise(rf_rt(vm), "env_set failed: %s (os error %d)", strerror(error), error);
    }
    *out = rf_null();
    return RF_OK;
}

RfStatus rf_lib_env_list(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    (void)argv;
    RfDict *all = rf_dict_new(0);
    pthread_rwlock_rdlock(&lock);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || equals == *entry) {
            continue;
        }
        RfValue name = lossy_text(vm, *entry, (size_t)(equals - *entry));
        RfValue key;
        rf_dict_make_key(name, &key); /* succeeds for strings */
        rf_release(name);
        if (rf_dict_find(all, key) == NULL) { /* the first one is what getenv() finds */
            rf_dict_set(all, key, lossy_text(vm, equals + 1, strlen(equals + 1)));
        } else {
            rf_release(key);
        }
    }
    pthread_rwlock_unlock(&lock);
    *out = rf_obj(all);
    return RF_OK;
}

RfStatus rf_lib_args(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    (void)argv;
    RfArray *words = rf_array_new((size_t)vm->config.argc);
    for (int i = 0; i < vm->config.argc; i++) {
        rf_array_push(words, lossy_text(vm, vm->config.argv[i], strlen(vm->config.argv[i])));
    }
    *out = rf_obj(words);
    return RF_OK;
}
