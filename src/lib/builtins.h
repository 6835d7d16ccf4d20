/* Prototypes of the code of all builtins, from the table. A file that implements some of them includes this, so that the
 * compiler checks their type; only table.c takes their addresses. */
#ifndef RF_LIB_BUILTINS_H
#define RF_LIB_BUILTINS_H

#include "vm/builtin.h"

#define BUILTIN(name, ...) RfBuiltinFn rf_lib_##name;
#define GATED(name, ...) RfBuiltinFn rf_lib_##name;
#define ALIAS(name, canonical)
#define ALIAS_SPELLED(name, canonical)
#define ALIAS_ARITY(name, canonical, family, text)
#define ALIAS_MEMBER(name, canonical)
#include "lib/builtins.def"
#undef BUILTIN
#undef GATED
#undef ALIAS
#undef ALIAS_SPELLED
#undef ALIAS_ARITY
#undef ALIAS_MEMBER

#endif
