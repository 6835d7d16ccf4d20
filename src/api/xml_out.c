/* Escapes of XML. */
#include "api/xml_out.h"

#include "base/utf8.h"

void rf_xml_put(RfBuf *out, const char *bytes, size_t len, bool attribute)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t width = rf_utf8_decode(bytes + i, len - i, &cp);
        bool allowed = width > 0 && (cp >= 0x20 ? cp != 0xFFFE && cp != 0xFFFF : cp == '\t' || cp == '\n');
        switch (allowed ? cp : 0) {
        case 0: rf_buf_put_utf8(out, 0xFFFD); break;
        case '&': rf_buf_puts(out, "&amp;"); break;
        case '<': rf_buf_puts(out, "&lt;"); break;
        case '>': rf_buf_puts(out, "&gt;"); break;
        case '"': rf_buf_puts(out, "&quot;"); break;
        case '\n': rf_buf_puts(out, attribute ? "&#10;" : "\n"); break;
        default: rf_buf_put(out, bytes + i, width); break;
        }
        i += width > 0 ? width : 1;
    }
}
