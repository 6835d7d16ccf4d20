#include "strmap.h"
#include <stdio.h>

static char *make_csv(int n)
{
    static const char *regions[] = {"north", "south", "east", "west", "\"far, far away\""};
    char *text = malloc((size_t)n * 64 + 64), *p = text;
    p += sprintf(p, "id,region,product,quantity,price");
    long seed = 7;
    for (int i = 0; i < n; i++) {
        seed = seed * 16807 % 2147483647;
        p += sprintf(p, "\n%d,%s,\"item \"\"%ld\"\"\",%ld,%ld.%ld", i, regions[seed % 5], seed % 20, seed % 9 + 1,
                     seed % 5000, seed % 90 + 10);
    }
    return text;
}

/* Cuts a line into fields in place. */
static void fields_of(char *p, char **fields)
{
    for (int i = 0; i < 5; i++) {
        char *out = fields[i] = p;
        int quoted = 0;
        for (;; p++) {
            if (*p == 0 || (!quoted && *p == ','))
                break;
            if (*p == '"') {
                if (quoted && p[1] == '"')
                    *out++ = *p++;
                else
                    quoted = !quoted;
            } else
                *out++ = *p;
        }
        if (*p)
            p++;
        *out = 0;
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->key, ((const Entry *)b)->key);
}

int main(int argc, char **argv)
{
    char *text = make_csv(argc > 1 ? atoi(argv[1]) : 200000), *save;
    Map region = {0}, product = {0};
    double amounts[8] = {0}, total = 0;
    strtok_r(text, "\n", &save);
    for (char *line; (line = strtok_r(NULL, "\n", &save));) {
        char *f[5];
        fields_of(line, f);
        int before = region.count;
        long *r = map_at(&region, f[1], strlen(f[1]));
        if (region.count > before)
            *r = before;
        double amount = atoi(f[3]) * strtod(f[4], NULL);
        amounts[*r] += amount;
        *map_at(&product, f[2], strlen(f[2])) += atoi(f[3]);
        total += amount;
    }
    qsort(region.entries, (size_t)region.count, sizeof(Entry), by_key);
    for (int i = 0; i < region.count; i++)
        printf("%s: %ld\n", region.entries[i].key, (long)amounts[region.entries[i].value]);
    printf("%d products, %ld of 7\n%ld\n", product.count, *map_at(&product, "item \"7\"", 8), (long)total);
}
