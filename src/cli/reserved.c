/* Command names that no program may count on being free, beside the commands that exist. */
#include "cli/reserved.h"

#include <stddef.h>
#include <string.h>

static const char *const words[] = {
    "build",  "new",     "install",  "update",  "upgrade", "remove",   "uninstall", "search",    "publish", "login",
    "logout", "config",  "help",     "shell",   "pack",    "agent",    "docs",      "repo",      "release", "ci",
    "env",    "inspect", "audit",    "spec",    "eval",    "dispatch", "scout",     "dev",       "admin",   "tools",
    "tool",   "system",  "internal", "default", "global",  "local",    "project",   "workspace",
};

bool rf_reserved_command(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}
