/* `ruff version`: the version, and with --verbose or --json what this executable was built from and with. */
#include "cli/version.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "cli/handlers.h"
#include "cli/output.h"
#include "ruff/ruff.h"

void rf_version_print(void)
{
    rf_buf_printf(rf_output_stdout(), "ruff %s\n", ruff_version());
}

/* Copies the linker's build id of the executable, which is the first object of the list, as hex digits. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE) {
            continue;
        }
        uintptr_t at = info->dlpi_addr + segment->p_vaddr, end = at + segment->p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            uintptr_t name = at + sizeof *note, text = name + ((note->n_namesz + 3u) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp((const void *)name, "GNU", 4) == 0) {
                for (uint32_t k = 0; k < note->n_descsz; k++) {
                    rf_buf_printf(out, "%02x", ((const unsigned char *)text)[k]);
                }
                return 1;
            }
            at = text + ((note->n_descsz + 3u) & ~3u);
        }
    }
    return 1;
}

static void put_build_id(RfBuf *out)
{
    dl_iterate_phdr(find_build_id, out);
    if (out->len == 0) {
        rf_buf_puts(out, "unknown");
    }
}

/* Where the JIT's code cache is; "off" when there is none. */
static void put_cache_directory(RfBuf *out)
{
    const char *chosen = getenv("RUFF_JIT_CACHE");
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (chosen && *chosen) {
        rf_buf_puts(out, chosen);
    } else if (cache && *cache == '/') {
        rf_buf_printf(out, "%s/ruff/jit", cache);
    } else if (home && *home) {
        rf_buf_printf(out, "%s/.cache/ruff/jit", home);
    } else {
        rf_buf_puts(out, "off");
    }
}

#ifdef RUFF_WITH_JIT
static const char *const jit_backend = "gccjit", *const jit_version = RUFF_GCCJIT_VERSION;
#define HAS_JIT true
#else
static const char *const jit_backend = NULL, *const jit_version = NULL;
#define HAS_JIT false
#endif
#ifdef RF_ASSERTIONS
#define HAS_ASSERTIONS true
#else
#define HAS_ASSERTIONS false
#endif
#ifdef RF_SANITIZE
#define HAS_SANITIZERS true
#else
#define HAS_SANITIZERS false
#endif

static const struct {
    const char *name;
    bool on;
} features[] = {{"assertions", HAS_ASSERTIONS}, {"jit", HAS_JIT}, {"sanitizers", HAS_SANITIZERS}};
#define FEATURE_COUNT (sizeof features / sizeof features[0])

static void print_json(const char *build, const char *cache)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "build", build);
    rf_json_key_cstr(&json, "cache", cache);
    rf_json_key_cstr(&json, "command", "version");
    rf_json_key(&json, "features");
    rf_json_object(&json);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        rf_json_key_bool(&json, features[i].name, features[i].on);
    }
    rf_json_object_end(&json);
    rf_json_key(&json, "jit");
    rf_json_object(&json);
    rf_json_key_cstr(&json, "backend", jit_backend ? jit_backend : "none");
    rf_json_key_cstr(&json, "version", jit_version);
    rf_json_object_end(&json);
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_key_cstr(&json, "version", ruff_version());
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

static void print_verbose(const char *build, const char *cache)
{
    RfBuf *out = rf_output_stdout();
    rf_version_print();
    rf_buf_printf(out, "build: %s\n", build);
#ifdef __clang__
    rf_buf_puts(out, "compiler: " __VERSION__ "\n");
#else
    rf_buf_puts(out, "compiler: gcc " __VERSION__ "\n");
#endif
    if (jit_backend) {
        rf_buf_printf(out, "jit: %s %s\n", jit_backend, jit_version);
    } else {
        rf_buf_puts(out, "jit: none (not built)\n");
    }
    rf_buf_puts(out, "features:");
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        rf_buf_printf(out, " %s=%s", features[i].name, features[i].on ? "on" : "off");
    }
    rf_buf_printf(out, "\ncache: %s\n", cache);
}

int rf_version_command(const RfArgs *args)
{
    bool as_json = rf_args_has(args, RF_OPTION_JSON);
    if (!as_json && !rf_args_has(args, RF_OPTION_VERBOSE)) {
        rf_version_print();
        return 0;
    }
    RfBuf build = RF_BUF_INIT, cache = RF_BUF_INIT;
    put_build_id(&build);
    put_cache_directory(&cache);
    (as_json ? print_json : print_verbose)(rf_buf_cstr(&build), rf_buf_cstr(&cache));
    rf_buf_free(&build);
    rf_buf_free(&cache);
    return 0;
}
