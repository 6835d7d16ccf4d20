/* From assembler text to a shared object: `as` as a process of its own, then link.c, or `ld` for what that does not know. GCC's
 * driver would do the same with three processes and a dozen files more. */
#ifndef RF_JIT_ASSEMBLE_H
#define RF_JIT_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An assembler that has been started and waits for its text: half of what it does is to get ready. */
typedef struct RfAssembler {
    pid_t pid;             /* 0: none */
    int input;             /* a pipe */
    char object[600];      /* what it will write */
    _Atomic uint32_t *fed; /* set to 1 when the text is there; may be NULL */
} RfAssembler;

/* Starts `as`, which will write to DIR/PREFIX-N.o. false: there is none in PATH, or it cannot be started. */
bool rf_assembler_start(RfAssembler *as, const char *dir, const char *prefix);
/* Gives it the text in the file and waits for it, then makes the shared object at `path`; *code: bytes of machine code. Starts it
 * when that was not done. false: it failed, or `ld` did. Temporary files are removed in any case. */
bool rf_assemble(RfAssembler *as, const char *text, const char *path, uint32_t *code);
/* Ends one that is not needed. */
void rf_assembler_stop(RfAssembler *as);

/* Looks for a program in PATH; name: room for PATH_MAX bytes. */
bool rf_tool_find(const char *tool, char *name);

#endif
