/* The slow parts of the allocator: chunks, large blocks, the process-wide pool, exhaustion.
 *
 * A thread serves a small size from its free list; when that is empty from the rest of its newest chunk, so that fresh
 * blocks lie side by side and a page is touched only when it is needed; then from what ended threads left in the pool;
 * last from a new chunk. Chunks are never given back to the system: their blocks return to the free lists.
 * Called by everyone through mem.h. */
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_CHUNK (64u << 10)
#define HUGE_PAGE (2u << 20)
#define HUGE_BLOCK (2 * HUGE_PAGE) /* bytes from which on a block is worth huge pages */
#define LAST_CHUNK HUGE_PAGE       /* chunks double up to this size */
#define EXIT_INTERNAL 6

_Thread_local RfMemLocal rf_mem_local __attribute__((tls_model("initial-exec")));

static void (*_Atomic exhausted_hook)(void);

/* ---- exhaustion ---- */

void rf_mem_set_exhausted_hook(void (*hook)(void))
{
    atomic_store(&exhausted_hook, hook);
}

_Noreturn void rf_mem_exhausted(size_t wanted)
{
    /* The hook may itself run out of memory: it is called once only. */
    void (*hook)(void) = atomic_exchange(&exhausted_hook, NULL);
    if (hook) {
        hook();
    }
    char line[128];
    int len = snprintf(line, sizeof line, "[RUFVM001] [vm] error: Internal error: out of memory (%zu bytes wanted)\n",
                       wanted);
    for (size_t done = 0; done < (size_t)len;) {
        ssize_t n = write(STDERR_FILENO, line + done, (size_t)len - done);
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    _exit(EXIT_INTERNAL);
}

/* ---- large blocks ---- */

static void *large_alloc(size_t size, bool zeroed)
{
    void *block = zeroed ? calloc(1, size ? size : 1) : malloc(size ? size : 1);
    if (!block) {
        rf_mem_exhausted(size);
    }
    RfMemLocal *local = &rf_mem_local;
    if (local->watch) {
        local->watch(local->watch_context, RF_MEM_CLASSES, size);
    }
    local->large_allocs++;
    local->large_live += (int64_t)rf_mem_round(size);
    local->large_bytes += rf_mem_round(size);
    return block;
}

static void large_free(void *block, size_t size)
{
    rf_mem_local.large_frees++;
    rf_mem_local.large_live -= (int64_t)rf_mem_round(size);
    free(block);
}

/* True for sizes that malloc serves. */
static inline bool is_large(size_t size)
{
#ifdef RF_SANITIZE
    (void)size;
    return true;
#else
    return size > RF_MEM_SMALL_MAX;
#endif
}

/* ---- observed allocations ---- */

/* While they are watched, what could serve an allocation quickly is out of sight: free lists are hidden and the rest of the
 * chunk is put aside. So each of them ends up where a thread without memory would ask the pool (serve_watched); those of
 * programs that nobody watches meet nothing new on their way there. */

static void retire(RfMemLocal *local, char *from, const char *end)
{
    size_t rest = (size_t)(end - from);
    if (rest) {
        RfMemFree *block = (RfMemFree *)(void *)from;
        block->next = local->free[rest / RF_MEM_GRAIN];
        local->free[rest / RF_MEM_GRAIN] = block;
    }
}

void rf_mem_watch_next(void)
{
    RfMemLocal *local = &rf_mem_local;
    if (local->bump != local->bump_end) {
        retire(local, local->aside, local->aside_end); /* too small for what was wanted last */
        local->aside = local->bump;
        local->aside_end = local->bump_end;
        local->bump = local->bump_end = NULL;
    }
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        RfMemFree *list = local->free[c];
        if (list) {
            list->next_list = local->hidden[c];
            local->hidden[c] = list;
            local->free[c] = NULL;
        }
    }
}

/* A hidden list comes back; alone its first block while allocations are watched. */
static bool unhide(RfMemLocal *local, size_t c)
{
    RfMemFree *list = local->hidden[c];
    if (!list) {
        return false;
    }
    local->hidden[c] = list->next_list;
    local->free[c] = list;
    if (local->watch && list->next) {
        RfMemFree *rest = list->next;
        rest->next_list = local->hidden[c];
        local->hidden[c] = rest;
        list->next = NULL;
    }
    return true;
}

void rf_mem_watch(void (*watch)(void *, size_t, size_t), void *context)
{
    RfMemLocal *local = &rf_mem_local;
    local->watch = watch;
    local->watch_context = context;
    if (watch) {
        return;
    }
    if (local->bump == local->bump_end) {
        local->bump = local->aside;
        local->bump_end = local->aside_end;
    } else {
        retire(local, local->aside, local->aside_end);
    }
    local->aside = local->aside_end = NULL;
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        if (!local->free[c]) {
            unhide(local, c);
        }
    }
}

/* Makes free[c], which is empty, hold a block out of what is hidden; false when there is none. */
static bool serve_watched(RfMemLocal *local, size_t c, size_t size, size_t bytes)
{
    if (local->watch) {
        local->watch(local->watch_context, c, size);
        if (local->free[c] || (size_t)(local->bump_end - local->bump) >= bytes) {
            return true; /* it has had enough (rf_mem_watch) */
        }
    }
    if (unhide(local, c)) {
        return true;
    }
    if ((size_t)(local->aside_end - local->aside) < bytes) {
        return false;
    }
    RfMemFree *block = (RfMemFree *)(void *)local->aside;
    local->aside += bytes;
    block->next = NULL;
    local->free[c] = block;
    return true;
}

/* ---- the pool of what ended threads left ---- */

/* The unused end of a chunk, described inside itself. */
typedef struct Span {
    struct Span *next;
    char *end;
} Span;

static struct {
    pthread_mutex_t lock;
    atomic_bool filled;               /* lets threads skip the lock in the common case of an empty pool */
    RfMemFree *lists[RF_MEM_CLASSES]; /* lists of lists */
    Span *spans;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

void rf_mem_thread_end(void)
{
    RfMemLocal *local = &rf_mem_local;
    rf_mem_watch(NULL, NULL);
    pthread_mutex_lock(&pool.lock);
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        do {
            RfMemFree *list = local->free[c];
            if (list) {
                list->next_list = pool.lists[c];
                pool.lists[c] = list;
                local->free[c] = NULL;
            }
        } while (unhide(local, c));
    }
    if (local->bump != local->bump_end) {
        Span *span = (Span *)(void *)local->bump;
        span->next = pool.spans;
        span->end = local->bump_end;
        pool.spans = span;
        local->bump = local->bump_end = NULL;
    }
    atomic_store_explicit(&pool.filled, true, memory_order_release);
    pthread_mutex_unlock(&pool.lock);
}

/* The unused part of the present chunk is too small for what is wanted: put it on the list of its size. */
static void retire_bump(RfMemLocal *local)
{
    retire(local, local->bump, local->bump_end);
    local->bump = local->bump_end = NULL;
}

/* Fetches a list of class c or, failing that, a span of at least `bytes` from the pool. */
static bool refill_from_pool(RfMemLocal *local, size_t c, size_t bytes)
{
    if (!atomic_load_explicit(&pool.filled, memory_order_acquire)) {
        return false;
    }
    bool found = false;
    pthread_mutex_lock(&pool.lock);
    if (pool.lists[c]) {
        local->free[c] = pool.lists[c];
        pool.lists[c] = pool.lists[c]->next_list;
        found = true;
    } else {
        for (Span **link = &pool.spans; *link; link = &(*link)->next) {
            Span *span = *link;
            if ((size_t)(span->end - (char *)span) >= bytes) {
                char *end = span->end;
                *link = span->next;
                retire_bump(local);
                local->bump = (char *)span;
                local->bump_end = end;
                found = true;
                break;
            }
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return found;
}

/* ---- chunks ---- */

static void new_chunk(RfMemLocal *local)
{
    size_t size = local->next_chunk ? local->next_chunk : FIRST_CHUNK;
    local->next_chunk = size < LAST_CHUNK ? size * 2 : LAST_CHUNK;
    char *chunk;
    if (size < LAST_CHUNK) {
        chunk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) {
            rf_mem_exhausted(size);
        }
    } else {
        /* A heap of several megabytes grows by huge pages: half of the time it takes to fill fresh memory goes into
         * page faults otherwise. Map twice the size and cut off what sticks out. */
        char *map = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            rf_mem_exhausted(size);
        }
        size_t head = -(uintptr_t)map & (HUGE_PAGE - 1);
        chunk = map + head;
        if (head) {
            munmap(map, head);
        }
        munmap(chunk + size, size - head);
#ifdef MADV_HUGEPAGE
        madvise(chunk, size, MADV_HUGEPAGE);
#endif
    }
    retire_bump(local);
    local->bump = chunk;
    local->bump_end = chunk + size;
}

void *rf_mem_alloc_slow(size_t size)
{
    if (is_large(size)) {
        return large_alloc(size, false);
    }
    RfMemLocal *local = &rf_mem_local;
    size_t c = (size + RF_MEM_GRAIN - 1) / RF_MEM_GRAIN;
    size_t bytes = c ? c * RF_MEM_GRAIN : RF_MEM_GRAIN;
    if ((size_t)(local->bump_end - local->bump) < bytes && !serve_watched(local, c, size, bytes) &&
        !refill_from_pool(local, c, bytes)) {
        new_chunk(local);
    }
    local->allocs[c]++;
    RfMemFree *block = local->free[c];
    if (block) {
        local->free[c] = block->next;
        return block;
    }
    void *fresh = local->bump;
    local->bump += bytes;
    return fresh;
}

void rf_mem_free_slow(void *block, size_t size)
{
    if (block) {
        large_free(block, size);
    }
}

/* ---- the rest of the interface ---- */

void *rf_mem_zalloc(size_t size)
{
    if (is_large(size)) {
        return large_alloc(size, true);
    }
    return memset(rf_mem_alloc(size), 0, size);
}

void *rf_mem_use_huge_pages(void *block, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_BLOCK) {
        uintptr_t from = ((uintptr_t)block + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
        uintptr_t to = ((uintptr_t)block + size) & ~(uintptr_t)(HUGE_PAGE - 1);
        madvise((void *)from, to - from, MADV_HUGEPAGE); /* it may fail; nothing depends on it */
    }
#endif
    return block;
}

void *rf_mem_resize(void *block, size_t old_size, size_t new_size)
{
    if (!block) {
        return rf_mem_alloc(new_size);
    }
    if (is_large(old_size) && is_large(new_size)) {
        /* realloc can extend in place, and moves big blocks by remapping pages. */
        void *moved = realloc(block, new_size ? new_size : 1);
        if (!moved) {
            rf_mem_exhausted(new_size);
        }
        int64_t growth = (int64_t)rf_mem_round(new_size) - (int64_t)rf_mem_round(old_size);
        rf_mem_local.large_live += growth;
        rf_mem_local.large_bytes += growth > 0 ? (uint64_t)growth : 0;
        return moved;
    }
    if (!is_large(old_size) && !is_large(new_size) && rf_mem_round(old_size) == rf_mem_round(new_size)) {
        return block;
    }
    void *moved = rf_mem_alloc(new_size);
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    rf_mem_free(block, old_size);
    return moved;
}

int64_t rf_mem_live_bytes(void)
{
    int64_t live = rf_mem_local.large_live;
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        live += (int64_t)(rf_mem_local.allocs[c] - rf_mem_local.frees[c]) * (int64_t)(c * RF_MEM_GRAIN);
    }
    return live;
}

uint64_t rf_mem_alloc_count(void)
{
    uint64_t count = rf_mem_local.large_allocs;
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        count += rf_mem_local.allocs[c];
    }
    return count;
}

uint64_t rf_mem_free_count(void)
{
    uint64_t count = rf_mem_local.large_frees;
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        count += rf_mem_local.frees[c];
    }
    return count;
}

uint64_t rf_mem_alloc_bytes(void)
{
    uint64_t bytes = rf_mem_local.large_bytes;
    for (size_t c = 0; c < RF_MEM_CLASSES; c++) {
        bytes += rf_mem_local.allocs[c] * (c ? c : 1) * RF_MEM_GRAIN;
    }
    return bytes;
}

uint64_t rf_mem_class_count(size_t size_class)
{
    return size_class < RF_MEM_CLASSES ? rf_mem_local.allocs[size_class] : rf_mem_local.large_allocs;
}
