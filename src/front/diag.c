/* Collection of front-end diagnostics. Messages live in the list's arena; the list grows up to RF_DIAG_MAX entries and
 * counts the rest. */
#include "front/diag.h"

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"

void rf_diag_init(RfDiagList *list)
{
    *list = (RfDiagList){.arena = RF_ARENA_INIT};
}

void rf_diag_free(RfDiagList *list)
{
    rf_mem_free(list->items, list->cap * sizeof(RfDiag));
    rf_arena_free(&list->arena);
    rf_diag_init(list);
}

void rf_diag_add(RfDiagList *list, RfDiagKind kind, RfPos pos, const char *format, ...)
{
    if (list->len == RF_DIAG_MAX) {
        list->dropped++;
        return;
    }
    if (list->len == list->cap) {
        size_t cap = list->cap == 0 ? 4 : list->cap * 2;
        list->items = rf_mem_resize(list->items, list->cap * sizeof(RfDiag), cap * sizeof(RfDiag));
        list->cap = cap;
    }
    RfBuf message = RF_BUF_INIT;
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(&message, format, args);
    va_end(args);
    list->items[list->len++] = (RfDiag){kind, pos, rf_arena_strdup(&list->arena, message.data, message.len)};
    rf_buf_free(&message);
}

const char *rf_diag_code(RfDiagKind kind)
{
    switch (kind) {
    case RF_DIAG_LEX_INVALID_CHAR: return "RUFLEX001";
    case RF_DIAG_LEX_NULL: return "RUFLEX002";
    case RF_DIAG_LEX_STRING: return "RUFLEX003";
    case RF_DIAG_LEX_COMMENT: return "RUFLEX004";
    case RF_DIAG_LEX_ESCAPE: return "RUFLEX005";
    case RF_DIAG_LEX_OVERFLOW: return "RUFLEX006";
    case RF_DIAG_LEX_NUMBER: return "RUFLEX007";
    case RF_DIAG_LEX_NAME_LONG: return "RUFLEX008";
    case RF_DIAG_LEX_STRING_LONG: return "RUFLEX009";
    case RF_DIAG_LEX_NUMBER_LONG: return "RUFLEX010";
    case RF_DIAG_PARSE: return "RUFPARSE001";
    case RF_DIAG_COMPILE: return "RUFVM001";
    }
    return "";
}
