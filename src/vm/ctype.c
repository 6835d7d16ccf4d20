/* The table of C types. */
#include "vm/ctype.h"

#include <string.h>

const RfCInfo rf_ctype_info[RF_C_STRUCT] = {
#define CTYPE(name, word, bytes, class) {word, bytes, RF_CCLASS_##class},
#define CTYPE_ALIAS(word, name)
#include "vm/ctype.def"
#undef CTYPE
#undef CTYPE_ALIAS
};

_Static_assert(RF_C_STRUCT <= 16, "a type is four bits of a key");
_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "sizes of the table");

bool rf_ctype_find(const char *word, size_t len, RfCKind *kind)
{
    static const struct {
        const char *word;
        uint8_t kind;
    } words[] = {
#define CTYPE(name, word, bytes, class) {word, RF_C_##name},
#define CTYPE_ALIAS(word, name) {word, RF_C_##name},
#include "vm/ctype.def"
#undef CTYPE
#undef CTYPE_ALIAS
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0) {
            *kind = (RfCKind)words[i].kind;
            return true;
        }
    }
    return false;
}
