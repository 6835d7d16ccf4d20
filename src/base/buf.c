/* A growable byte buffer: the way text is built everywhere.
 *
 * Invariants: len <= cap; data is NULL exactly when cap is 0. Growth doubles, so appending is amortised O(1). */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

#define BUF_MIN_CAP 64u

void rf_buf_free(RfBuf *buf)
{
    rf_mem_free(buf->data, buf->cap);
    *buf = RF_BUF_INIT;
}

void rf_buf_clear(RfBuf *buf)
{
    buf->len = 0;
}

void rf_buf_reserve(RfBuf *buf, size_t extra)
{
    if (extra <= buf->cap - buf->len) {
        return;
    }
    if (extra > SIZE_MAX / 2 - buf->len) {
        rf_mem_exhausted(extra);
    }
    size_t cap = buf->cap < BUF_MIN_CAP ? BUF_MIN_CAP : buf->cap * 2;
    if (cap < buf->len + extra) {
        cap = buf->len + extra;
    }
    buf->data = rf_mem_resize(buf->data, buf->cap, cap);
    buf->cap = cap;
}

void rf_buf_put(RfBuf *buf, const void *bytes, size_t len)
{
    if (len == 0) {
        return; /* memcpy from NULL is undefined even for no bytes */
    }
    rf_buf_reserve(buf, len);
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
}

void rf_buf_puts(RfBuf *buf, const char *cstr)
{
    rf_buf_put(buf, cstr, strlen(cstr));
}

void rf_buf_putc(RfBuf *buf, char c)
{
    rf_buf_reserve(buf, 1);
    buf->data[buf->len++] = c;
}

void rf_buf_put_utf8(RfBuf *buf, uint32_t code_point)
{
    rf_buf_reserve(buf, 4);
    buf->len += rf_utf8_encode(code_point, buf->data + buf->len);
}

void rf_buf_printf(RfBuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rf_buf_vprintf(buf, format, args);
    va_end(args);
}

void rf_buf_vprintf(RfBuf *buf, const char *format, va_list args)
{
    /* Most texts fit into the first attempt; a second one is made with the exact size. */
    rf_buf_reserve(buf, BUF_MIN_CAP);
    va_list again;
    va_copy(again, args);
    size_t room = buf->cap - buf->len;
    int wanted = vsnprintf(buf->data + buf->len, room, format, args);
    if (wanted > 0 && (size_t)wanted >= room) {
        rf_buf_reserve(buf, (size_t)wanted + 1);
        wanted = vsnprintf(buf->data + buf->len, (size_t)wanted + 1, format, again);
    }
    va_end(again);
    if (wanted > 0) {
        buf->len += (size_t)wanted;
    }
}

const char *rf_buf_cstr(RfBuf *buf)
{
    rf_buf_reserve(buf, 1);
    buf->data[buf->len] = '\0';
    return buf->data;
}
