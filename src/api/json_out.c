/* Indented JSON, two spaces a level; empty containers stay on one line. */
#include "api/json_out.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

RfJson rf_json_start(RfBuf *out)
{
    return (RfJson){.out = out};
}

void rf_json_finish(RfJson *json)
{
    rf_buf_putc(json->out, '\n');
}

static void new_line(RfJson *json)
{
    rf_buf_putc(json->out, '\n');
    for (unsigned i = 0; i < json->depth; i++) {
        rf_buf_puts(json->out, "  ");
    }
}

/* What stands before a value or key: nothing after a key, else a comma when needed and a new line. */
static void separate(RfJson *json)
{
    if (json->after_key) {
        json->after_key = false;
    } else if (json->depth > 0) {
        if (json->filled) {
            rf_buf_putc(json->out, ',');
        }
        new_line(json);
    }
    json->filled = true;
}

static void open(RfJson *json, char bracket)
{
    separate(json);
    rf_buf_putc(json->out, bracket);
    json->depth++;
    json->filled = false;
}

static void close(RfJson *json, char bracket)
{
    json->depth--;
    if (json->filled) {
        new_line(json);
    }
    rf_buf_putc(json->out, bracket);
    json->filled = true;
}

void rf_json_object(RfJson *json)
{
    open(json, '{');
}

void rf_json_object_end(RfJson *json)
{
    close(json, '}');
}

void rf_json_array(RfJson *json)
{
    open(json, '[');
}

void rf_json_array_end(RfJson *json)
{
    close(json, ']');
}

static void put_quoted(RfBuf *out, const char *bytes, size_t len)
{
    static const char letters[] = "btn\0fr"; /* for the characters from 8 on that have a short escape */
    rf_buf_putc(out, '"');
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') {
            rf_buf_putc(out, '\\');
            rf_buf_putc(out, (char)c);
            i++;
        } else if (c >= 8 && c <= 13 && letters[c - 8] != '\0') {
            rf_buf_putc(out, '\\');
            rf_buf_putc(out, letters[c - 8]);
            i++;
        } else if (c < 0x20) {
            rf_buf_printf(out, "\\u%04x", c);
            i++;
        } else {
            uint32_t cp;
            size_t width = rf_utf8_decode(bytes + i, len - i, &cp);
            if (width == 0) {
                rf_buf_put_utf8(out, 0xFFFD);
                width = 1;
            } else {
                rf_buf_put(out, bytes + i, width);
            }
            i += width;
        }
    }
    rf_buf_putc(out, '"');
}

void rf_json_key(RfJson *json, const char *key)
{
    separate(json);
    put_quoted(json->out, key, strlen(key));
    rf_buf_puts(json->out, ": ");
    json->after_key = true;
}

void rf_json_text(RfJson *json, const char *bytes, size_t len)
{
    separate(json);
    put_quoted(json->out, bytes, len);
}

void rf_json_cstr(RfJson *json, const char *text)
{
    if (text) {
        rf_json_text(json, text, strlen(text));
    } else {
        rf_json_null(json);
    }
}

void rf_json_int(RfJson *json, int64_t value)
{
    separate(json);
    rf_buf_printf(json->out, "%" PRId64, value);
}

void rf_json_fixed(RfJson *json, double value, int decimals)
{
    separate(json);
    rf_buf_printf(json->out, "%.*f", decimals, value);
}

void rf_json_bool(RfJson *json, bool value)
{
    separate(json);
    rf_buf_puts(json->out, value ? "true" : "false");
}

void rf_json_null(RfJson *json)
{
    separate(json);
    rf_buf_puts(json->out, "null");
}

void rf_json_key_cstr(RfJson *json, const char *key, const char *text)
{
    rf_json_key(json, key);
    rf_json_cstr(json, text);
}

void rf_json_key_int(RfJson *json, const char *key, int64_t value)
{
    rf_json_key(json, key);
    rf_json_int(json, value);
}

void rf_json_key_bool(RfJson *json, const char *key, bool value)
{
    rf_json_key(json, key);
    rf_json_bool(json, value);
}
