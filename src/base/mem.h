/* Memory for everything that lives on a Ruff heap.
 *
 * Small blocks come from size-class free lists that belong to the calling thread, so that allocating
 * and freeing needs no lock; blocks may be freed on another thread than the one that allocated them
 * (they join that thread's lists). Large blocks go to malloc. Running out of memory never returns:
 * a diagnostic is printed and the process ends with exit code 6 (RF_EXIT_INTERNAL).
 * Sanitizer builds send every block to malloc so that use-after-free is seen. */
#ifndef RF_BASE_MEM_H
#define RF_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define RF_MEM_GRAIN 16u      /* size classes are multiples of this */
#define RF_MEM_SMALL_MAX 512u /* largest size served from the free lists */
#define RF_MEM_CLASSES (RF_MEM_SMALL_MAX / RF_MEM_GRAIN + 1)

/* A free block. The first block of a list that was given to the process-wide pool also links to the next list. */
typedef struct RfMemFree {
    struct RfMemFree *next;
    struct RfMemFree *next_list;
} RfMemFree;

/* What one thread owns. Only the inline functions below and mem.c look inside. Class c holds blocks of 16 * c bytes
 * (class 0: blocks of size 0, which occupy 16). */
typedef struct RfMemLocal {
    RfMemFree *free[RF_MEM_CLASSES];
    uint64_t allocs[RF_MEM_CLASSES]; /* counted per class: live bytes follow from these without further work */
    uint64_t frees[RF_MEM_CLASSES];
    uint64_t large_allocs, large_frees;
    int64_t large_live;    /* bytes */
    uint64_t large_bytes;  /* ever handed out */
    char *bump, *bump_end; /* the rest of the newest chunk, never handed out yet */
    size_t next_chunk;     /* size of the next chunk; 0 before the first */
    /* an observer (rf_mem_watch), the free blocks hidden for it: lists of lists, */
    void (*watch)(void *context, size_t size_class, size_t size);
    void *watch_context;
    RfMemFree *hidden[RF_MEM_CLASSES];
    char *aside, *aside_end; /* and the rest of the chunk */
} RfMemLocal;

extern _Thread_local RfMemLocal rf_mem_local __attribute__((tls_model("initial-exec")));

/* The parts of rf_mem_alloc and rf_mem_free that are not worth inlining; same contracts. */
void *rf_mem_alloc_slow(size_t size) __attribute__((malloc, returns_nonnull));
void rf_mem_free_slow(void *block, size_t size);

/* Returns `size` uninitialised bytes, 16-byte aligned. Never NULL. */
__attribute__((malloc, returns_nonnull)) static inline void *rf_mem_alloc(size_t size)
{
#ifndef RF_SANITIZE
    if (__builtin_expect(size <= RF_MEM_SMALL_MAX, 1)) {
        size_t c = (size + RF_MEM_GRAIN - 1) / RF_MEM_GRAIN;
        RfMemFree *block = rf_mem_local.free[c];
        if (__builtin_expect(block != NULL, 1)) {
            rf_mem_local.free[c] = block->next;
            rf_mem_local.allocs[c]++;
            return block;
        }
    }
#endif
    return rf_mem_alloc_slow(size);
}

/* Gives back a block; `size` must be the size it was allocated (or last resized) with. NULL is allowed. */
static inline void rf_mem_free(void *block, size_t size)
{
#ifndef RF_SANITIZE
    if (__builtin_expect(size <= RF_MEM_SMALL_MAX && block != NULL, 1)) {
        size_t c = (size + RF_MEM_GRAIN - 1) / RF_MEM_GRAIN;
        RfMemFree *freed = block;
        freed->next = rf_mem_local.free[c];
        rf_mem_local.free[c] = freed;
        rf_mem_local.frees[c]++;
        return;
    }
#endif
    rf_mem_free_slow(block, size);
}

/* As rf_mem_alloc, zeroed. Large blocks come from the system zeroed and are not touched. */
void *rf_mem_zalloc(size_t size);
/* For a block that is accessed at random, from end to end: when it is large it gets huge pages, because with small ones
 * most accesses would miss the TLB, too. Best before the first access. Returns the block. */
void *rf_mem_use_huge_pages(void *block, size_t size);
/* Resizes; contents up to min(old,new) are kept. `block` may be NULL with old == 0. Never NULL for new > 0. */
void *rf_mem_resize(void *block, size_t old_size, size_t new_size);
/* The number of bytes a request for `size` occupies: filling it up costs nothing. */
static inline size_t rf_mem_round(size_t size)
{
    return (size + RF_MEM_GRAIN - 1) & ~(size_t)(RF_MEM_GRAIN - 1);
}
/* Bytes handed out and not yet freed by this thread's allocator, rounded up to whole grains
 * (may be negative on a thread that frees others' blocks). */
int64_t rf_mem_live_bytes(void);
/* Number of allocations / frees made by this thread. */
uint64_t rf_mem_alloc_count(void);
uint64_t rf_mem_free_count(void);
/* Bytes allocated by this thread so far, in whole grains; growing a large block counts as much as it grows. */
uint64_t rf_mem_alloc_bytes(void);
/* Observes allocations of the calling thread (watch NULL: no more): `watch` is called before each one that no free list serves,
 * with its class (RF_MEM_CLASSES: large) and size, and must not allocate through this interface. What the lists or the newest chunk
 * serve is not seen, and costs what it always costs; rf_mem_watch_next hides both (call it after rf_mem_watch, and again and
 * again), so that the next allocation of each class is seen unless a block of the class is freed before it. */
void rf_mem_watch(void (*watch)(void *context, size_t size_class, size_t size), void *context);
void rf_mem_watch_next(void);
/* Allocations of a class that this thread has made. */
uint64_t rf_mem_class_count(size_t size_class);
/* Returns the free lists of the calling thread to the process-wide pool; call before a thread ends. */
void rf_mem_thread_end(void);
/* Reports exhaustion and ends the process (exit 6). `wanted` is the size that could not be had, in bytes. */
_Noreturn void rf_mem_exhausted(size_t wanted);
/* A hook run by rf_mem_exhausted before it exits (flushes program output). */
void rf_mem_set_exhausted_hook(void (*hook)(void));

#endif
