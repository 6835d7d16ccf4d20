#include "strmap.h"
#include <ctype.h>
#include <stdio.h>

static char *make_text(int n)
{
    static const char *syllables[] = {"ka", "lo", "mi", "ten", "ra", "su", "vo", "ne", "pi", "dor"};
    char *text = malloc((size_t)n * 14 + 16), *p = text;
    long seed = 42;
    int in_line = 0, lines = 0;
    char *end = text;
    for (int i = 0; i < n; i++) {
        seed = seed * 16807 % 2147483647;
        long k = seed % 1000, z = k * k / 1000;
        if (in_line == 0 && lines > 0)
            *p++ = '\n';
        if (in_line > 0)
            *p++ = ' ';
        char *w = p;
        p = stpcpy(stpcpy(stpcpy(p, syllables[z / 100]), syllables[z / 10 % 10]), syllables[z % 10]);
        if (seed % 11 == 0)
            *w = (char)toupper(*w);
        if (seed % 7 == 0)
            *p++ = ',';
        if (++in_line == 12) {
            *p++ = '.';
            in_line = 0;
            lines++;
            end = p;
        }
    }
    *end = 0;
    return text;
}

static int by_count(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->value != y->value)
        return y->value > x->value ? 1 : -1;
    return strcmp(x->key, y->key);
}

int main(int argc, char **argv)
{
    char *text = make_text(argc > 1 ? atoi(argv[1]) : 600000);
    Map counts = {0};
    for (char *line = strtok(text, "\n"), *save; line; line = strtok(NULL, "\n")) {
        for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
            size_t n = strlen(w);
            for (size_t i = 0; i < n; i++)
                w[i] = (char)tolower(w[i]);
            if (w[n - 1] == ',' || w[n - 1] == '.')
                n--;
            ++*map_at(&counts, w, n);
        }
    }
    qsort(counts.entries, (size_t)counts.count, sizeof(Entry), by_count);
    printf("%d words\n", counts.count);
    for (int i = 0; i < 5 && i < counts.count; i++)
        printf("%s %ld\n", counts.entries[i].key, counts.entries[i].value);
}
