/* What machine code may use on this CPU. */
#ifndef RF_JIT_CPU_H
#define RF_JIT_CPU_H

/* The largest useful set of instructions that GCC has a name for and that CPU and system support: "x86-64" to "x86-64-v3", for
 * -march; "" on other machines (the compiler's default fits all of them). At most 15 bytes. */
const char *rf_cpu_level(void);
/* The same with a hash of all feature bits: code of one machine is used on another only when they are equal. At most 47
 * bytes. */
const char *rf_cpu_features(void);

#endif
