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

#define RF_MEM_GRAIN 16u     /* size classes are multiples of this */
#define RF_MEM_SMALL_MAX 512u /* largest size served from the free lists */

/* Returns `size` uninitialised bytes, 16-byte aligned. Never NULL. */
void *rf_mem_alloc(size_t size);
/* As rf_mem_alloc, zeroed. */
void *rf_mem_zalloc(size_t size);
/* Gives back a block; `size` must be the size it was allocated (or last resized) with. NULL is allowed. */
void rf_mem_free(void *block, size_t size);
/* Resizes; contents up to min(old,new) are kept. `block` may be NULL with old == 0. Never NULL for new > 0. */
void *rf_mem_resize(void *block, size_t old_size, size_t new_size);
/* Bytes handed out and not yet freed by this thread's allocator (may be negative on a thread that frees others' blocks). */
int64_t rf_mem_live_bytes(void);
/* Number of allocations / frees made by this thread. */
uint64_t rf_mem_alloc_count(void);
uint64_t rf_mem_free_count(void);
/* Returns the free lists of the calling thread to the process-wide pool; call before a thread ends. */
void rf_mem_thread_end(void);
/* Reports exhaustion and ends the process (exit 6). `wanted` is the size that could not be had, in bytes. */
_Noreturn void rf_mem_exhausted(size_t wanted);
/* A hook run by rf_mem_exhausted before it exits (flushes program output). */
void rf_mem_set_exhausted_hook(void (*hook)(void));

#endif
