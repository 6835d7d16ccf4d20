#include "jit/gcc.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

RfGcc rf_gcc;

const char *rf_gcc_open(void)
{
    static bool tried;
    static const char *missing;
    if (tried) {
        return missing;
    }
    tried = true;
    void *lib = dlopen("libgccjit.so.0", RTLD_LAZY | RTLD_LOCAL);
    if (!lib) {
        return missing = "libgccjit.so.0 cannot be opened (Debian package libgccjit0)";
    }
#define LOOK_UP(name) \
    *(void **)(void *)&rf_gcc.name = dlsym(lib, "gcc_jit_" #name); \
    if (!rf_gcc.name) { \
        return missing = "libgccjit lacks gcc_jit_" #name " (version 12 or later is needed)"; \
    }
    RF_GCC_FUNCTIONS(LOOK_UP)
    return NULL;
}
