/* Text in XML and SVG. */
#ifndef RF_API_XML_OUT_H
#define RF_API_XML_OUT_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends text with what XML gives a meaning to escaped; what it cannot hold, and bytes that are not UTF-8, become U+FFFD.
 * attribute: line ends are written as references, else a reader turns them into spaces. */
void rf_xml_put(RfBuf *out, const char *bytes, size_t len, bool attribute);

#endif
