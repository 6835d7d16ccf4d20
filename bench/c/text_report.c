#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *at;
    size_t n, space;
} Text;

static void room(Text *t, size_t n)
{
    if (t->n + n + 1 > t->space)
        t->at = realloc(t->at, t->space = (t->n + n + 1) * 2);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    Text text = {0}, shorter = {0}, again = {0};
    long balance = 0, check = 0;
    for (int i = 0; i < n; i++) {
        long amount = (long)i * 7919 % 2003 - 1000;
        balance += amount;
        room(&text, 64);
        text.n += (size_t)sprintf(text.at + text.n, "%07d %s%10ld%14ld\n", i, amount < 0 ? "out.." : "in...", amount,
                                  balance);
    }
    for (size_t i = 0; i < text.n;) {
        size_t run = 1;
        while (run < 9 && i + run < text.n && text.at[i + run] == text.at[i])
            run++;
        room(&shorter, 2);
        shorter.at[shorter.n++] = (char)('0' + run);
        shorter.at[shorter.n++] = text.at[i];
        i += run;
    }
    for (size_t i = 0; i < shorter.n; i += 2) {
        size_t run = (size_t)(shorter.at[i] - '0');
        room(&again, run);
        memset(again.at + again.n, shorter.at[i + 1], run);
        again.n += run;
    }
    for (size_t i = 0; i < shorter.n; i++)
        check = (check * 31 + shorter.at[i]) % 1000003;
    printf("%zu %zu %ld %s\n", text.n, shorter.n, check,
           again.n == text.n && memcmp(again.at, text.at, text.n) == 0 ? "true" : "false");
}
