#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY = 1000, SLOTS = 4096 };
typedef struct Entry {
    long key, value;
    struct Entry *older, *newer, *chain;
} Entry;
static Entry entries[CAPACITY], ends, *table[SLOTS];
static int count;
static long hits;

static Entry **slot(long key)
{
    Entry **e = &table[key * 2654435761u % SLOTS];
    while (*e && (*e)->key != key)
        e = &(*e)->chain;
    return e;
}

static void unlink_entry(Entry *e)
{
    e->older->newer = e->newer;
    e->newer->older = e->older;
}

static void link_newest(Entry *e)
{
    e->older = ends.older;
    e->newer = &ends;
    ends.older->newer = e;
    ends.older = e;
}

static Entry *lookup(long key)
{
    Entry *e = *slot(key);
    if (!e)
        return NULL;
    unlink_entry(e);
    link_newest(e);
    hits++;
    return e;
}

static void store(long key, long value)
{
    Entry *e;
    if (count < CAPACITY)
        e = &entries[count++];
    else {
        e = ends.newer;
        unlink_entry(e);
        *slot(e->key) = e->chain;
    }
    *e = (Entry){.key = key, .value = value};
    link_newest(e);
    *slot(key) = e;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000000;
    long seed = 2024, check = 0;
    ends.older = ends.newer = &ends;
    for (int i = 0; i < n; i++) {
        seed = seed * 16807 % 2147483647;
        long key = seed % 100 * (seed / 100 % 40), value;
        Entry *e = lookup(key);
        if (e)
            value = e->value;
        else
            store(key, value = key * key % 1009);
        check = (check * 31 + value) % 1000003;
    }
    printf("%ld %ld\n", hits, check);
}
