/* Text from bytes of unknown origin. */
#ifndef RF_LIB_ENCODING_H
#define RF_LIB_ENCODING_H

#include "base/buf.h"

/* Appends the bytes as UTF-8; every bad sequence becomes U+FFFD. */
void rf_encoding_put_lossy(RfBuf *out, const char *data, size_t len);

#endif
