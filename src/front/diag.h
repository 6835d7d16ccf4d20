/* Diagnostics of the front end: what is wrong and where, without deciding how it is shown. */
#ifndef RF_FRONT_DIAG_H
#define RF_FRONT_DIAG_H

#include "base/arena.h"
#include <stdint.h>

typedef struct RfPos {
    uint32_t line;   /* from 1; 0 = unknown */
    uint32_t column; /* from 1, counts code points */
} RfPos;

/* clang-format off */
typedef enum RfDiagKind {
    RF_DIAG_LEX_INVALID_CHAR = 1, RF_DIAG_LEX_NULL, RF_DIAG_LEX_STRING, RF_DIAG_LEX_COMMENT, RF_DIAG_LEX_ESCAPE,
    RF_DIAG_LEX_OVERFLOW, RF_DIAG_LEX_NUMBER, RF_DIAG_LEX_NAME_LONG, RF_DIAG_LEX_STRING_LONG, RF_DIAG_LEX_NUMBER_LONG,
    RF_DIAG_PARSE,   /* RUFPARSE001 */
    RF_DIAG_COMPILE  /* RUFVM001 */
} RfDiagKind;
/* clang-format on */

typedef struct RfDiag {
    RfDiagKind kind;
    RfPos pos;
    const char *message; /* UTF-8, in the list's arena */
} RfDiag;

#define RF_DIAG_MAX 100

typedef struct RfDiagList {
    RfArena arena;
    RfDiag *items;
    size_t len, cap;
    size_t dropped; /* beyond RF_DIAG_MAX */
} RfDiagList;

void rf_diag_init(RfDiagList *list);
void rf_diag_free(RfDiagList *list);
void rf_diag_add(RfDiagList *list, RfDiagKind kind, RfPos pos, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "RUFLEX005", "RUFPARSE001", "RUFVM001" */
const char *rf_diag_code(RfDiagKind kind);

#endif
