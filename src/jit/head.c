/* The head of an image as bytes: what compiled code wants of the process, and what its exits mean. All numbers are LEB128 with
 * at most 32 bits. The bytes come from a worker process or a file, so nothing in them is believed. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "jit/native.h"

#define UNITS_MAX (RF_MARK_UNITS - 1)
#define ENTRY_BYTES 2u /* least size of an encoded entry, exit, bind */
#define EXIT_BYTES 7u
#define BIND_BYTES 4u

static void put_number(RfBuf *out, uint32_t n)
{
    for (; n >= 0x80; n >>= 7) {
        rf_buf_putc(out, (char)(n | 0x80));
    }
    rf_buf_putc(out, (char)n);
}

uint8_t *rf_image_head_encode(const RfImageHead *head, size_t *size)
{
    RfBuf out = RF_BUF_INIT;
    put_number(&out, RF_JIT_ABI);
    put_number(&out, head->nunits);
    put_number(&out, head->nentries);
    put_number(&out, head->nexits);
    put_number(&out, head->nbinds);
    for (uint32_t i = 0; i < head->nentries; i++) {
        put_number(&out, head->entries[i].unit);
        put_number(&out, (uint32_t)(head->entries[i].pc + 1));
    }
    for (uint32_t i = 0; i < head->nexits; i++) {
        const RfExit *e = &head->exits[i];
        put_number(&out, e->unit);
        put_number(&out, e->pc);
        put_number(&out, e->nslots);
        put_number(&out, e->error);
        put_number(&out, e->reason);
        put_number(&out, e->guard);
        put_number(&out, e->expected);
        put_number(&out, e->stopped_at);
        rf_buf_put(&out, e->slots, e->nslots);
        for (uint32_t k = 0; k < e->nnumbers; k++) {
            put_number(&out, e->numbers[k]);
        }
    }
    for (uint32_t i = 0; i < head->nbinds; i++) {
        const RfBind *b = &head->binds[i];
        uint32_t len = b->name ? (uint32_t)strlen(b->name) : 0;
        put_number(&out, b->kind);
        put_number(&out, b->a);
        put_number(&out, b->b);
        put_number(&out, len);
        rf_buf_put(&out, b->name ? b->name : "", len);
    }
    *size = out.len;
    uint8_t *bytes = rf_mem_alloc(out.len);
    memcpy(bytes, out.data, out.len);
    rf_buf_free(&out);
    return bytes;
}

typedef struct Reader {
    const uint8_t *at, *end;
    bool bad;
} Reader;

static size_t left(const Reader *r)
{
    return (size_t)(r->end - r->at);
}

/* A number below `limit`; anything else spoils the reader and gives 0. */
static uint32_t number(Reader *r, uint64_t limit)
{
    uint64_t n = 0;
    for (unsigned shift = 0; !r->bad && shift <= 28; shift += 7) {
        if (r->at == r->end) {
            break;
        }
        uint8_t byte = *r->at++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            r->bad = n >= limit || n > UINT32_MAX;
            return r->bad ? 0 : (uint32_t)n;
        }
    }
    r->bad = true;
    return 0;
}

static uint32_t any_number(Reader *r)
{
    return number(r, (uint64_t)UINT32_MAX + 1);
}

/* The next `len` bytes with a 0 behind them, as a block of len + 1; NULL when there are fewer. */
static char *text(Reader *r, uint32_t len)
{
    if (r->bad || len > left(r)) {
        r->bad = true;
        return NULL;
    }
    char *copy = rf_mem_alloc((size_t)len + 1);
    memcpy(copy, r->at, len);
    copy[len] = 0;
    r->at += len;
    return copy;
}

static void read_exit(Reader *r, RfExit *e, uint32_t nunits)
{
    e->unit = number(r, nunits);
    e->pc = any_number(r);
    uint32_t nslots = any_number(r);
    e->error = (uint8_t)number(r, RF_EXIT_RAISED + 1);
    e->reason = (uint8_t)number(r, RF_REASON_COUNT);
    e->guard = (uint8_t)number(r, 2);
    e->expected = (uint16_t)number(r, RF_CLASS_SEEN);
    e->stopped_at = any_number(r);
    e->slots = text(r, nslots);
    e->nslots = e->slots ? nslots : 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->nslots; i++) {
        char state = e->slots[i];
        r->bad = r->bad || state == 0 || !strchr("nuifbmwelvgcpBad", state);
        count += rf_slot_has_number(state);
    }
    if (r->bad || count > left(r)) {
        r->bad = true;
        return;
    }
    uint32_t *numbers = rf_mem_alloc(sizeof *numbers * count);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = any_number(r);
    }
    e->numbers = numbers;
    e->nnumbers = count;
}

static void read_bind(Reader *r, RfBind *b, uint32_t nunits)
{
    b->kind = number(r, RF_BIND_SERIAL + 1);
    b->a = any_number(r);
    b->b = any_number(r);
    uint32_t len = any_number(r);
    switch ((RfBindKind)b->kind) {
    case RF_BIND_HELPER: r->bad = r->bad || b->a >= RF_HELPER_COUNT; break;
    case RF_BIND_PROTO:
    case RF_BIND_CONSTS:
    case RF_BIND_MODULE:
    case RF_BIND_CODE:
    case RF_BIND_FUNCTION: r->bad = r->bad || b->a >= nunits; break;
    default: break;
    }
    r->bad = r->bad || (len > 0) != (b->kind == RF_BIND_BUILTIN) || len > left(r) || memchr(r->at, 0, len);
    b->name = len > 0 ? text(r, len) : NULL;
}

bool rf_image_head_decode(RfImageHead *head, const uint8_t *data, size_t size)
{
    Reader r = {data, data + size, false};
    *head = (RfImageHead){0};
    r.bad = any_number(&r) != RF_JIT_ABI;
    uint32_t nunits = number(&r, UNITS_MAX + 1);
    uint32_t nentries = any_number(&r), nexits = any_number(&r), nbinds = any_number(&r);
    uint64_t least = (uint64_t)nentries * ENTRY_BYTES + (uint64_t)nexits * EXIT_BYTES + (uint64_t)nbinds * BIND_BYTES;
    if (r.bad || least > left(&r)) {
        return false;
    }
    *head = (RfImageHead){.nunits = nunits, .nentries = nentries, .nexits = nexits, .nbinds = nbinds};
    head->entries = rf_mem_zalloc(sizeof *head->entries * nentries);
    head->exits = rf_mem_zalloc(sizeof *head->exits * nexits);
    head->binds = rf_mem_zalloc(sizeof *head->binds * nbinds);
    for (uint32_t i = 0; i < nentries && !r.bad; i++) {
        head->entries[i].unit = number(&r, nunits);
        head->entries[i].pc = (int32_t)number(&r, INT32_MAX) - 1;
    }
    for (uint32_t i = 0; i < nexits && !r.bad; i++) {
        read_exit(&r, &head->exits[i], nunits);
    }
    for (uint32_t i = 0; i < nbinds && !r.bad; i++) {
        read_bind(&r, &head->binds[i], nunits);
    }
    if (r.bad || r.at != r.end) {
        rf_image_head_free(head);
        return false;
    }
    return true;
}

void rf_image_head_free(RfImageHead *head)
{
    for (uint32_t i = 0; i < head->nexits; i++) {
        rf_mem_free((char *)head->exits[i].slots, (size_t)head->exits[i].nslots + 1);
        rf_mem_free((uint32_t *)head->exits[i].numbers, sizeof(uint32_t) * head->exits[i].nnumbers);
    }
    for (uint32_t i = 0; i < head->nbinds; i++) {
        const char *name = head->binds[i].name;
        rf_mem_free((char *)name, name ? strlen(name) + 1 : 0);
    }
    rf_mem_free(head->entries, sizeof *head->entries * head->nentries);
    rf_mem_free(head->exits, sizeof *head->exits * head->nexits);
    rf_mem_free(head->binds, sizeof *head->binds * head->nbinds);
    *head = (RfImageHead){0};
}
