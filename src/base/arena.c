/* Bump allocation for data with one common lifetime.
 *
 * Memory comes in blocks whose size doubles up to a bound; a request that is large for the current block size gets a
 * block of its own, linked behind the current one so that the rest of the current block stays in use. */
#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define ARENA_ALIGN 16u
#define ARENA_FIRST_BLOCK 4096u
#define ARENA_MAX_BLOCK (256u * 1024u)

struct RfArenaBlock {
    _Alignas(ARENA_ALIGN) RfArenaBlock *older;
    size_t size; /* of the whole block, header included */
    _Alignas(ARENA_ALIGN) char bytes[];
};

static RfArenaBlock *new_block(size_t room)
{
    size_t size = offsetof(RfArenaBlock, bytes) + room;
    RfArenaBlock *block = rf_mem_zalloc(size);
    block->older = NULL;
    block->size = size;
    return block;
}

static size_t room_of(const RfArenaBlock *block)
{
    return block->size - offsetof(RfArenaBlock, bytes);
}

void *rf_arena_alloc(RfArena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        rf_mem_exhausted(size);
    }
    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (size == 0) {
        size = ARENA_ALIGN; /* distinct, non-NULL even for empty requests */
    }
    if (size <= (size_t)(arena->end - arena->next)) {
        void *memory = arena->next;
        arena->next += size;
        return memory;
    }
    size_t room = ARENA_FIRST_BLOCK;
    if (arena->blocks != NULL) {
        room = room_of(arena->blocks) * 2;
        if (room > ARENA_MAX_BLOCK) {
            room = ARENA_MAX_BLOCK;
        }
    }
    if (arena->blocks != NULL && size > room / 4) {
        RfArenaBlock *own = new_block(size);
        own->older = arena->blocks->older;
        arena->blocks->older = own;
        return own->bytes;
    }
    if (room < size) {
        room = size;
    }
    RfArenaBlock *block = new_block(room);
    block->older = arena->blocks;
    arena->blocks = block;
    arena->next = block->bytes + size;
    arena->end = block->bytes + room;
    return block->bytes;
}

char *rf_arena_strdup(RfArena *arena, const char *text, size_t len)
{
    char *copy = rf_arena_alloc(arena, len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

void rf_arena_free(RfArena *arena)
{
    RfArenaBlock *block = arena->blocks;
    while (block != NULL) {
        RfArenaBlock *older = block->older;
        rf_mem_free(block, block->size);
        block = older;
    }
    *arena = RF_ARENA_INIT;
}
