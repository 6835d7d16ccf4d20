/* The colour rules of cli.md 1.3. */
#include "cli/colors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum { AUTO, ALWAYS, NEVER } choice = AUTO;

void rf_colors_choose(const char *word)
{
    choice = strcmp(word, "always") == 0 ? ALWAYS : strcmp(word, "never") == 0 ? NEVER : AUTO;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

bool rf_colors_wanted(int fd)
{
    if (choice != AUTO) {
        return choice == ALWAYS;
    }
    const char *none = getenv("NO_COLOR");
    if (none != NULL && *none != '\0') {
        return false;
    }
    if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR")) {
        return true;
    }
    const char *term = getenv("TERM");
    return isatty(fd) && (term == NULL || strcmp(term, "dumb") != 0);
}
