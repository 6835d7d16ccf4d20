/* Time zones by name: reading TZif files (RFC 9636).
 *
 * The C library's own zones are out of question: choosing one means changing TZ for the whole process. A file is
 * read once, checked, and kept for good in a list under a mutex; what is in the list never changes, so that zones can
 * be used by all threads without a lock. Its tables are used as they lie in the file, big end first. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "lib/environment.h"
#include "lib/zone.h"
#include "lib/zone_rule.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define SYSTEM_ZONE "/etc/localtime"
#define FILE_MAX ((off_t)1 << 20)
#define HEADER_SIZE 44u
#define TYPE_SIZE 6u /* offset (4 bytes), is DST, place of the abbreviation */

struct RfZoneRules {
    RfZoneRules *next;
    char *path;
    unsigned char *file;           /* the whole file; NULL when there is only a rule */
    const unsigned char *times;    /* transitions, ascending, `time_size` bytes each */
    const unsigned char *types_at; /* type that begins at each transition */
    const unsigned char *types;
    const char *abbreviations;
    uint32_t time_count;
    uint32_t time_size;
    bool has_rule; /* for times after the last transition */
    RfZoneRule rule;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static RfZoneRules *loaded; /* under the lock */

/* Memory that outlives the VMs and threads does not belong on a Ruff heap. */
static void *permanent(size_t size)
{
    void *block = calloc(1, size);
    if (block == NULL) {
        rf_mem_exhausted(size);
    }
    return block;
}

/* ---- the file ---- */
static int64_t read_big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

typedef struct Header {
    uint32_t ut_count, std_count, leap_count, time_count, type_count, char_count;
    char version;
} Header;

static bool read_header(const unsigned char *at, size_t left, Header *h)
{
    if (left < HEADER_SIZE || memcmp(at, "TZif", 4) != 0) {
        return false;
    }
    uint32_t *counts[] = {&h->ut_count, &h->std_count, &h->leap_count, &h->time_count, &h->type_count, &h->char_count};
    for (size_t i = 0; i < 6; i++) {
        int64_t n = read_big_endian(at + 20 + 4 * i, 4);
        if (n < 0 || n > FILE_MAX) {
            return false;
        }
        *counts[i] = (uint32_t)n;
    }
    h->version = (char)at[4];
    return h->type_count > 0;
}

static size_t block_size(const Header *h, size_t time_size)
{
    return h->time_count * (time_size + 1) + h->type_count * TYPE_SIZE + h->char_count +
           h->leap_count * (time_size + 4) + h->std_count + h->ut_count;
}

/* Every number that is used as a position must point into its table. */
static bool check_tables(const RfZoneRules *z, const Header *h)
{
    for (uint32_t i = 0; i < h->time_count; i++) {
        if (z->types_at[i] >= h->type_count) {
            return false;
        }
    }
    for (uint32_t i = 0; i < h->type_count; i++) {
        int64_t offset = read_big_endian(z->types + i * TYPE_SIZE, 4);
        if (z->types[i * TYPE_SIZE + 5] >= h->char_count || offset < -RF_ZONE_OFFSET_MAX ||
            offset > RF_ZONE_OFFSET_MAX) {
            return false;
        }
    }
    return h->char_count > 0 && z->abbreviations[h->char_count - 1] == '\0';
}

/* Finds the tables in z->file. The second block, with 64-bit times, and the rule after it are in all but old files. */
static bool read_tables(RfZoneRules *z, size_t size)
{
    Header h;
    size_t at = 0;
    if (!read_header(z->file, size, &h)) {
        return false;
    }
    z->time_size = 4;
    if (h.version >= '2') {
        at = HEADER_SIZE + block_size(&h, 4);
        if (at > size || !read_header(z->file + at, size - at, &h)) {
            return false;
        }
        z->time_size = 8;
    }
    at += HEADER_SIZE;
    if (block_size(&h, z->time_size) > size - at) {
        return false;
    }
    z->time_count = h.time_count;
    z->times = z->file + at;
    z->types_at = z->times + (size_t)h.time_count * z->time_size;
    z->types = z->types_at + h.time_count;
    z->abbreviations = (const char *)z->types + h.type_count * TYPE_SIZE;
    if (!check_tables(z, &h)) {
        return false;
    }
    at += block_size(&h, z->time_size);
    if (z->time_size == 8 && at < size && z->file[at] == '\n') {
        const char *rule = (const char *)z->file + at + 1;
        const char *end = memchr(rule, '\n', size - at - 1);
        z->has_rule = end != NULL && end > rule && rf_zone_rule_parse(rule, (size_t)(end - rule), &z->rule);
    }
    return true;
}

static bool read_file(const char *path, RfZoneRules *z)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    bool ok = false;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && info.st_size <= FILE_MAX) {
        size_t size = (size_t)info.st_size;
        z->file = permanent(size);
        ok = read(fd, z->file, size) == (ssize_t)size && read_tables(z, size);
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* The rules in a file, or, with `rule`, those of a POSIX text; NULL when it is neither. */
static const RfZoneRules *load(const char *path, bool rule)
{
    pthread_mutex_lock(&lock);
    RfZoneRules *z = loaded;
    while (z != NULL && strcmp(z->path, path) != 0) {
        z = z->next;
    }
    if (z == NULL) {
        z = permanent(sizeof *z);
        z->has_rule = rule && rf_zone_rule_parse(path, strlen(path), &z->rule);
        if (z->has_rule || (!rule && read_file(path, z))) {
            size_t len = strlen(path) + 1;
            z->path = memcpy(permanent(len), path, len);
            z->next = loaded;
            loaded = z;
        } else {
            free(z->file);
            free(z);
            z = NULL;
        }
    }
    pthread_mutex_unlock(&lock);
    return z;
}

/* ---- names ---- */

/* A name cannot leave the directory of the database. */
static bool name_allowed(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        char lower = (char)(c | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '+' && c != '-' && !(c == '/' && i > 0)) {
            return false;
        }
    }
    return len > 0;
}

static const RfZoneRules *find_in_database(const char *name, size_t len)
{
    if (!name_allowed(name, len)) {
        return NULL;
    }
    RfBuf path = RF_BUF_INIT;
    if (!rf_environment_get("TZDIR", &path) || path.len == 0) {
        rf_buf_puts(&path, ZONE_DIR);
    }
    rf_buf_putc(&path, '/');
    rf_buf_put(&path, name, len);
    const RfZoneRules *rules = load(rf_buf_cstr(&path), false);
    rf_buf_free(&path);
    return rules;
}

/* What the C library would take for local time: TZ, a name, a file or a rule; else the system's setting; else UTC. */
static const RfZoneRules *find_local(void)
{
    RfBuf setting = RF_BUF_INIT;
    if (!rf_environment_get("TZ", &setting)) {
        return load(SYSTEM_ZONE, false);
    }
    const char *text = rf_buf_cstr(&setting);
    text += *text == ':';
    const RfZoneRules *rules = *text == '/' ? load(text, false) : find_in_database(text, strlen(text));
    if (rules == NULL) {
        rules = load(text, true);
    }
    rf_buf_free(&setting);
    return rules;
}

bool rf_zone_fixed(int64_t minutes, RfZone *out)
{
    if (minutes <= -24 * 60 || minutes >= 24 * 60) {
        return false;
    }
    *out = (RfZone){.offset = (int32_t)minutes * 60, .name = "UTC"};
    if (minutes != 0) {
        int size = (int)(minutes < 0 ? -minutes : minutes);
        const char text[] = {minutes < 0 ? '-' : '+',
                             (char)('0' + size / 600),
                             (char)('0' + size / 60 % 10),
                             ':',
                             (char)('0' + size % 60 / 10),
                             (char)('0' + size % 10),
                             '\0'};
        memcpy(out->name, text, sizeof text);
    }
    return true;
}

/* "+02:00": true and the minutes. */
static bool parse_offset(const char *text, size_t len, int *minutes)
{
    static const char form[] = "+00:00";
    if (len != sizeof form - 1 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return false;
    }
    int digits[6] = {0};
    for (size_t i = 1; i < len; i++) {
        if (form[i] == '0' && (text[i] < '0' || text[i] > '9')) {
            return false;
        }
        digits[i] = text[i] - '0';
    }
    int size = (digits[1] * 10 + digits[2]) * 60 + digits[4] * 10 + digits[5];
    *minutes = text[0] == '-' ? -size : size;
    return digits[4] < 6;
}

bool rf_zone_find(const char *name, size_t len, RfZone *out)
{
    int minutes;
    if (parse_offset(name, len, &minutes)) {
        return rf_zone_fixed(minutes, out);
    }
    bool utc = (len == 1 && name[0] == 'Z') || (len == 3 && memcmp(name, "UTC", 3) == 0);
    bool local = len == 5 && memcmp(name, "local", 5) == 0;
    rf_zone_fixed(0, out);
    if (!utc) {
        out->rules = local ? find_local() : find_in_database(name, len);
    }
    return utc || local || out->rules != NULL;
}

/* ---- what is in force ---- */
static void use_type(const RfZoneRules *z, uint32_t type, int32_t *offset, const char **abbreviation)
{
    const unsigned char *t = z->types + type * TYPE_SIZE;
    *offset = (int32_t)read_big_endian(t, 4);
    *abbreviation = z->abbreviations + t[5];
}

void rf_zone_at(const RfZone *zone, int64_t when, int32_t *offset, const char **abbreviation)
{
    const RfZoneRules *z = zone->rules;
    if (z == NULL) {
        *offset = zone->offset;
        *abbreviation = zone->name;
        return;
    }
    uint32_t low = 0; /* transitions that have happened: binary search */
    uint32_t high = z->time_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (read_big_endian(z->times + (size_t)middle * z->time_size, z->time_size) <= when) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (z->has_rule && low == z->time_count) {
        rf_zone_rule_at(&z->rule, when, offset, abbreviation);
    } else {
        use_type(z, low == 0 ? 0 : z->types_at[low - 1], offset, abbreviation);
    }
}
