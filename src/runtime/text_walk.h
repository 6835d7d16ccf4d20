/* The walk over nested values that the print form (text.c) and the debug forms (debug_text.c) share. Internal. */
#ifndef RF_RUNTIME_TEXT_WALK_H
#define RF_RUNTIME_TEXT_WALK_H

#include "base/buf.h"
#include "runtime/value.h"

/* What one form writes where. Between the children of a value the walk writes ", ". */
typedef struct RfTextForm {
    /* Writes a value without children whole and returns NULL; writes the opening text of any other and returns its
     * closing text. When what follows is one value rather than the contents of a container, stores that in *child. */
    const char *(*open)(RfBuf *out, RfValue v, RfValue *child);
    /* Writes what stands before the value of a dict entry (key: stored INT or STRING) or struct field. NULL: never
     * asked. */
    void (*dict_key)(RfBuf *out, RfValue key);
    void (*field_name)(RfBuf *out, const RfString *name);
} RfTextForm;

/* Appends `v` in the given form. Dict entries come in sorted order, struct fields by the bytes of their names. */
void rf_text_walk(RfBuf *out, RfValue v, const RfTextForm *form);

/* Pieces that several forms write alike. */
void rf_text_put_string(RfBuf *out, const RfString *s);
void rf_text_put_int(RfBuf *out, int64_t i);
void rf_text_put_float(RfBuf *out, double f);
void rf_text_put_key(RfBuf *out, RfValue key); /* a stored dict key, unquoted */
/* "Color::Red" */
void rf_text_put_tag(RfBuf *out, const RfTagged *t);
/* "Ok(" "Err(" "Some(" */
void rf_text_open_variant(RfBuf *out, const RfVariant *v);

#endif
