/* Optimal string alignment over code points, three rows of the table at a time. Called by the VM's did-you-mean search
 * (vm/hint.c) and by the option parser (cli/args.c). */
#include "base/distance.h"

#include <string.h>

#include "base/utf8.h"

size_t rf_distance_decode(const char *text, size_t len, uint32_t out[RF_DISTANCE_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < len; n++) {
        if (n == RF_DISTANCE_MAX) {
            return RF_DISTANCE_MAX + 1;
        }
        size_t width = rf_utf8_decode(text + i, len - i, &out[n]);
        if (width == 0) {
            out[n] = (unsigned char)text[i];
            width = 1;
        }
        i += width;
    }
    return n;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t rf_distance_within(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, size_t limit)
{
    if ((a_len > b_len ? a_len - b_len : b_len - a_len) > limit) {
        return limit + 1;
    }
    size_t rows[3][RF_DISTANCE_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = j;
    }
    size_t last_least = 0;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        size_t least = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t d = last[j - 1] + (a[i - 1] != b[j - 1]);
            d = min(d, min(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d = min(d, before[j - 2] + 1);
            }
            now[j] = d;
            least = min(least, d);
        }
        if (least > limit && last_least >= limit) { /* a row comes from the two above it, a swap costs one */
            return limit + 1;
        }
        last_least = least;
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_len] <= limit ? last[b_len] : limit + 1;
}

size_t rf_distance(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
    return rf_distance_within(a, a_len, b, b_len, 2 * RF_DISTANCE_MAX);
}

size_t rf_distance_text(const char *a, const char *b)
{
    uint32_t left[RF_DISTANCE_MAX], right[RF_DISTANCE_MAX];
    size_t m = rf_distance_decode(a, strlen(a), left), n = rf_distance_decode(b, strlen(b), right);
    return m > RF_DISTANCE_MAX || n > RF_DISTANCE_MAX ? SIZE_MAX : rf_distance(left, m, right, n);
}
