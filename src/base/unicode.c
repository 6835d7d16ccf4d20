/* Alphanumeric code points, by binary search in a table of ranges. The lexer asks for every non-ASCII character of a
 * name. */
#include "base/unicode.h"

#include <stddef.h>

typedef struct CodeRange {
    uint32_t first, last;
} CodeRange;

static const CodeRange alnum_ranges[] = {
#define RF_RANGE(first, last) {first, last},
#include "base/unicode_alnum.def"
#undef RF_RANGE
};

bool rf_unicode_is_alnum(uint32_t code_point)
{
    if (code_point < 0x80) {
        return (code_point >= '0' && code_point <= '9') || (code_point >= 'A' && code_point <= 'Z') ||
               (code_point >= 'a' && code_point <= 'z');
    }
    size_t low = 0;
    size_t high = sizeof(alnum_ranges) / sizeof(alnum_ranges[0]);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point > alnum_ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < sizeof(alnum_ranges) / sizeof(alnum_ranges[0]) && code_point >= alnum_ranges[low].first;
}
