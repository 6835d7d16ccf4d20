/* Texts that explain codes: diagnostics, lint rules, JIT reasons, capabilities, families of runtime messages (cli.md 9.2). */
#ifndef RF_TOOLS_EXPLAIN_H
#define RF_TOOLS_EXPLAIN_H

#include <stddef.h>

typedef struct RfExplanation {
    const char *code, *title;
    const char *text;
    const char *wrong, *right; /* programs; NULL where a program would say nothing */
    const char *see;           /* codes, separated by spaces; may be empty */
    const char *advice;        /* one line for reports, or NULL */
} RfExplanation;

/* All of them, in order of their groups. */
extern const RfExplanation rf_explanations[];
extern const size_t rf_explanation_count;

/* By code, whatever its case; NULL when there is none. */
const RfExplanation *rf_explain_find(const char *code);
/* The nearest code, for "did you mean"; NULL when none is near. */
const char *rf_explain_near(const char *code);

#endif
