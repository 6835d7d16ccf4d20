/* SHA-256 against the vectors of FIPS 180-4 and NIST's test suite, added in one piece and in many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static const char *hex_of(const void *data, size_t len, size_t step)
{
    static char text[RF_SHA256_HEX];
    uint8_t digest[RF_SHA256_SIZE];
    RfSha256 hash;
    rf_sha256_init(&hash);
    for (size_t at = 0; at < len; at += step) {
        rf_sha256_add(&hash, (const char *)data + at, len - at < step ? len - at : step);
    }
    rf_sha256_end(&hash, digest);
    rf_sha256_hex(digest, text);
    return text;
}

static void published_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqr"
         "stu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        for (size_t step = 1; step < 130; step++) {
            assert_string_equal(hex_of(vectors[i].text, strlen(vectors[i].text), step), vectors[i].hash);
        }
    }
}

static void a_million_letters(void **state)
{
    (void)state;
    static char text[1000000];
    memset(text, 'a', sizeof text);
    static const size_t steps[] = {1, 63, 64, 65, 4096, 10000, sizeof text};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_string_equal(hex_of(text, sizeof text, steps[i]),
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* Lengths at which the padding needs another block. */
static void padding(void **state)
{
    (void)state;
    char text[120];
    memset(text, 'x', sizeof text);
    static const struct {
        size_t len;
        const char *hash;
    } vectors[] = {
        {55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
        {56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
        {57, "ae14a2563ccf969d99aca69ce6bb74981f734bbf9f655f73b8f06db68cab5217"},
        {63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
        {64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
        {65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"},
        {119, "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"},
        {120, "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_string_equal(hex_of(text, vectors[i].len, 7), vectors[i].hash);
    }
}

static void instructions_of_the_cpu(void **state)
{
    (void)state;
    uint8_t blocks[5 * 64];
    uint32_t portable[8], native[8], seed = 1;
    for (size_t i = 0; i < sizeof blocks; i++) {
        seed = seed * 1664525 + 1013904223;
        blocks[i] = (uint8_t)(seed >> 24);
    }
    for (uint32_t i = 0; i < 8; i++) {
        portable[i] = native[i] = 0x9e3779b9u * (i + 1);
    }
    if (!rf_sha256_native(native, blocks, 5)) {
        skip();
    }
    rf_sha256_portable(portable, blocks, 5);
    assert_memory_equal(portable, native, sizeof portable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(a_million_letters),
        cmocka_unit_test(padding),
        cmocka_unit_test(instructions_of_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
