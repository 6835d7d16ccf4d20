#include "strmap.h"
#include <stdio.h>
#include <string.h>

/* Errors are returned as texts, the way C programs do it. */
static const char *number_of(const char *text, long *n, char *message)
{
    if (!*text)
        return "empty";
    *n = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            sprintf(message, "bad digit %c", *text);
            return message;
        }
        *n = *n * 10 + (*text - '0');
    }
    return NULL;
}

static const char *checked(const char *text, long limit, long *n, char *message)
{
    char inner[64];
    const char *error = number_of(text, n, inner);
    if (error) {
        sprintf(message, "in '%s': %s", text, error);
        return message;
    }
    return *n > limit ? "too large" : NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->key, ((const Entry *)b)->key);
}

int main(int argc, char **argv)
{
    static const char *texts[] = {"12", "345", "x7", "99999", "", "4x2", "8", "1234", "77", "500"};
    int n = argc > 1 ? atoi(argv[1]) : 2000000;
    long sum = 0, closed = 0, value;
    Map errors = {0};
    for (int i = 0; i < n; i++) {
        char message[128];
        const char *error = checked(texts[i % 10], 9999, &value, message);
        if (error)
            ++*map_at(&errors, error, strlen(error));
        else
            sum += value;
        closed++;
    }
    qsort(errors.entries, (size_t)errors.count, sizeof(Entry), by_key);
    printf("%ld %ld\n", sum, closed);
    for (int i = 0; i < errors.count; i++)
        printf("%s: %ld\n", errors.entries[i].key, errors.entries[i].value);
}
