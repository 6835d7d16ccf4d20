/* A growable byte buffer: the way text is built everywhere. */
#ifndef RF_BASE_BUF_H
#define RF_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RfBuf {
    char *data; /* not NUL-terminated unless rf_buf_cstr was called */
    size_t len;
    size_t cap;
} RfBuf;

#define RF_BUF_INIT ((RfBuf){NULL, 0, 0})

void rf_buf_free(RfBuf *buf);
void rf_buf_clear(RfBuf *buf); /* keeps the storage */
void rf_buf_reserve(RfBuf *buf, size_t extra);
void rf_buf_put(RfBuf *buf, const void *bytes, size_t len);
void rf_buf_puts(RfBuf *buf, const char *cstr);
void rf_buf_putc(RfBuf *buf, char c);
void rf_buf_put_utf8(RfBuf *buf, uint32_t code_point);
void rf_buf_printf(RfBuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rf_buf_vprintf(RfBuf *buf, const char *format, va_list args);
/* NUL-terminates (the NUL is not counted) and returns the text; valid until the next change. */
const char *rf_buf_cstr(RfBuf *buf);

#endif
