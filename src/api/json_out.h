/* A writer of indented JSON. The caller gives the keys in the order they are to appear; commas, indentation and escapes
 * are the writer's business. */
#ifndef RF_API_JSON_OUT_H
#define RF_API_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct RfJson {
    RfBuf *out;
    unsigned depth;
    bool filled;    /* the innermost container has an element */
    bool after_key; /* a key was written, its value comes next */
} RfJson;

/* Starts a document at the end of `out` (borrowed). */
RfJson rf_json_start(RfBuf *out);
/* Ends the document with a newline. Every container must have been closed. */
void rf_json_finish(RfJson *json);

void rf_json_object(RfJson *json);
void rf_json_object_end(RfJson *json);
void rf_json_array(RfJson *json);
void rf_json_array_end(RfJson *json);
void rf_json_key(RfJson *json, const char *key);

/* Bytes that are not valid UTF-8 become U+FFFD. */
void rf_json_text(RfJson *json, const char *bytes, size_t len);
/* NULL gives null. */
void rf_json_cstr(RfJson *json, const char *text);
void rf_json_int(RfJson *json, int64_t value);
/* With `decimals` digits after the point. */
void rf_json_fixed(RfJson *json, double value, int decimals);
void rf_json_bool(RfJson *json, bool value);
void rf_json_null(RfJson *json);

/* A key with its value. */
void rf_json_key_cstr(RfJson *json, const char *key, const char *text);
void rf_json_key_int(RfJson *json, const char *key, int64_t value);
void rf_json_key_bool(RfJson *json, const char *key, bool value);

#endif
