/* SHA-256 (FIPS 180-4). An implementation of our own: a library for it would be loaded at every start of the program, which
 * costs more time than all the hashing that is done. */
#ifndef RF_BASE_SHA256_H
#define RF_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RF_SHA256_SIZE 32
#define RF_SHA256_HEX 65 /* with the terminating 0 */

typedef struct RfSha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    uint8_t block[64];
} RfSha256;

void rf_sha256_init(RfSha256 *hash);
void rf_sha256_add(RfSha256 *hash, const void *data, size_t len);
/* The hash of all that was added; `hash` must be initialised again before further use. */
void rf_sha256_end(RfSha256 *hash, uint8_t digest[RF_SHA256_SIZE]);
/* Lower-case hex digits, terminated. */
void rf_sha256_hex(const uint8_t digest[RF_SHA256_SIZE], char text[RF_SHA256_HEX]);

/* For tests: the rounds, portable and with instructions of the CPU (false: it has none). */
void rf_sha256_portable(uint32_t state[8], const uint8_t *blocks, size_t count);
bool rf_sha256_native(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
