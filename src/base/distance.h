/* How far two words are apart: what "did you mean" compares names with. */
#ifndef RF_BASE_DISTANCE_H
#define RF_BASE_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#define RF_DISTANCE_MAX 64 /* code points of a word; longer ones are not compared */

/* Decodes UTF-8 into code points. Returns their number, or RF_DISTANCE_MAX + 1 when there are more than fit. A byte
 * that is not valid UTF-8 counts as one of some value. */
size_t rf_distance_decode(const char *text, size_t len, uint32_t out[RF_DISTANCE_MAX]);
/* Number of insertions, deletions, replacements and swaps of neighbours (each place edited once) that turn a into b.
 * Both have at most RF_DISTANCE_MAX code points. */
size_t rf_distance(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len);
/* The same up to `limit`; limit + 1 when they are further apart, which takes little time to find out. */
size_t rf_distance_within(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, size_t limit);
/* rf_distance of NUL-terminated UTF-8; SIZE_MAX when one of them is too long. */
size_t rf_distance_text(const char *a, const char *b);

#endif
