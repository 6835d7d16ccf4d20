/* Map of strings to longs for the C programs: open addressing, keys copied, insertion order kept. */
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *key;
    long value;
} Entry;
typedef struct {
    Entry *entries;
    int *index;
    int count, space, slots;
} Map;

static unsigned map_hash(const char *s, size_t n)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h ^ h >> 15;
}

static inline int *map_slot(Map *m, const char *s, size_t n)
{
    unsigned i = map_hash(s, n) & (unsigned)(m->slots - 1);
    while (m->index[i] >= 0) {
        const char *k = m->entries[m->index[i]].key;
        if (strncmp(k, s, n) == 0 && k[n] == 0)
            break;
        i = (i + 1) & (unsigned)(m->slots - 1);
    }
    return &m->index[i];
}

/* The value under a key, made with 0 when it is new. */
static inline long *map_at(Map *m, const char *s, size_t n)
{
    if (m->count * 2 >= m->slots) {
        m->slots = m->slots ? m->slots * 2 : 16;
        free(m->index);
        m->index = malloc(sizeof(int) * (size_t)m->slots);
        for (int i = 0; i < m->slots; i++)
            m->index[i] = -1;
        for (int i = 0; i < m->count; i++)
            *map_slot(m, m->entries[i].key, strlen(m->entries[i].key)) = i;
    }
    int *slot = map_slot(m, s, n);
    if (*slot < 0) {
        if (m->count == m->space) {
            m->space = m->space ? m->space * 2 : 16;
            m->entries = realloc(m->entries, sizeof(Entry) * (size_t)m->space);
        }
        char *copy = malloc(n + 1);
        memcpy(copy, s, n);
        copy[n] = 0;
        m->entries[m->count] = (Entry){copy, 0};
        *slot = m->count++;
    }
    return &m->entries[*slot].value;
}
