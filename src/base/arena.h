/* Bump allocation for data with one common lifetime (the syntax tree of a file). */
#ifndef RF_BASE_ARENA_H
#define RF_BASE_ARENA_H

#include <stddef.h>

typedef struct RfArenaBlock RfArenaBlock;

typedef struct RfArena {
    RfArenaBlock *blocks;
    char *next;
    char *end;
} RfArena;

#define RF_ARENA_INIT ((RfArena){NULL, NULL, NULL})

/* Returns zeroed, 16-byte aligned memory that lives until rf_arena_free. Never NULL. */
void *rf_arena_alloc(RfArena *arena, size_t size);
/* Copies `len` bytes and adds a NUL. */
char *rf_arena_strdup(RfArena *arena, const char *text, size_t len);
void rf_arena_free(RfArena *arena);

#define RF_ARENA_NEW(arena, type) ((type *)rf_arena_alloc((arena), sizeof(type)))
#define RF_ARENA_ARRAY(arena, type, n) ((type *)rf_arena_alloc((arena), sizeof(type) * (n)))

#endif
