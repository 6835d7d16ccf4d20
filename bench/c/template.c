#include "strmap.h"
#include <stdio.h>

typedef struct {
    char *at;
    size_t n, space;
} Text;

static void add(Text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->space)
        t->at = realloc(t->at, t->space = (t->n + n + 1) * 2);
    memcpy(t->at + t->n, s, n);
    t->at[t->n += n] = 0;
}

static void fill(Text *out, const char *rest, const char **names, char values[][32], int count)
{
    out->n = 0;
    for (;;) {
        const char *start = strstr(rest, "{{");
        if (!start) {
            add(out, rest, strlen(rest));
            return;
        }
        const char *end = strstr(start, "}}"), *a = start + 2, *b = end;
        while (*a == ' ')
            a++;
        while (b > a && b[-1] == ' ')
            b--;
        add(out, rest, (size_t)(start - rest));
        const char *value = "?";
        for (int i = 0; i < count; i++)
            if (strncmp(names[i], a, (size_t)(b - a)) == 0 && names[i][b - a] == 0)
                value = values[i];
        add(out, value, strlen(value));
        rest = end + 2;
    }
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    const char *template = "Dear {{ title }} {{ name }},\n\n"
                           "your order {{ order }} of {{ count }} pieces of {{ product }} left our house.\n"
                           "The amount of {{ amount }} is due within {{ days }} days, {{ name }}.\n{{ greeting }}\n";
    const char *titles[] = {"Ms", "Mr", "Dr"}, *products[] = {"apples", "pears", "nails", "books"};
    const char *names[] = {"title", "name", "order", "count", "product", "amount", "days"};
    long length = 0, check = 0;
    Text letter = {0};
    for (int i = 0; i < n; i++) {
        char values[7][32];
        strcpy(values[0], titles[i % 3]);
        sprintf(values[1], "Customer %d", i);
        sprintf(values[2], "%d", i * 7 + 1000);
        sprintf(values[3], "%d", i % 10 + 1);
        strcpy(values[4], products[i % 4]);
        sprintf(values[5], "%d", i % 90 * 5);
        sprintf(values[6], "%d", 14 + i % 3);
        fill(&letter, template, names, values, 7);
        length += (long)letter.n;
        if (strcmp(letter.at + letter.n - 3, "\n?\n") == 0)
            check += strstr(letter.at, "due") - letter.at;
    }
    printf("%ld %ld\n", length, check);
}
