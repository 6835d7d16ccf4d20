/* for loops. Iterators over ints live in registers (K_INT locals step, next value, values left). */
#include "jit/compile.h"

bool rf_gen_for(Emit *e)
{
    (void)e;
    return false;
}
