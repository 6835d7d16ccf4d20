/* parse_time: the inverse of format_time.
 *
 * The format is walked once, each directive filling in a field; then the fields are checked and made a timestamp.
 * A time that a zone skips is read with the offset from before the gap; of a time that occurs twice the first one is
 * meant, unless the text has an abbreviation (%Z) that tells. */
#include <strings.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/calendar.h"
#include "lib/time_format.h"

#define ABBREVIATION_MAX 15u

typedef struct Fields {
    int year, month, day;
    int yearday;                                   /* 0: not given */
    int hour, hour12, minute, second, microsecond; /* hour12 0: not given */
    bool afternoon;
    bool has_epoch, has_offset;
    int64_t epoch;
    int offset;                              /* seconds, of %z */
    char abbreviation[ABBREVIATION_MAX + 1]; /* of %Z; "" when not given */
} Fields;

typedef struct Input {
    const char *at, *end;
} Input;

typedef enum Outcome { MATCHED, MISMATCH, UNSUPPORTED } Outcome;

/* ---- pieces of text ---- */
static bool accept(Input *in, char c)
{
    bool there = in->at < in->end && *in->at == c;
    in->at += there;
    return there;
}

/* Between `least` and `most` digits. Returns how many there were, 0 for too few. */
static int read_digits(Input *in, int least, int most, int *out)
{
    int n = 0;
    int value = 0;
    for (; n < most && in->at < in->end && *in->at >= '0' && *in->at <= '9'; n++) {
        value = value * 10 + (*in->at++ - '0');
    }
    *out = value;
    return n < least ? 0 : n;
}

static bool read_field(Input *in, int most, int low, int high, int *out)
{
    return read_digits(in, 1, most, out) > 0 && *out >= low && *out <= high;
}

/* Digits after a decimal point, as microseconds. */
static bool read_fraction(Input *in, int most, int *out)
{
    int n = read_digits(in, 1, most, out);
    for (int i = n; n > 0 && i < 6; i++) {
        *out *= 10;
    }
    return n > 0;
}

/* One of `count` names, in any case; `width` letters of each, 0: all. Stores its number. */
static bool read_name(Input *in, const char *const *names, int count, size_t width, int *out)
{
    for (int i = 0; i < count; i++) {
        size_t len = width > 0 ? width : strlen(names[i]);
        if ((size_t)(in->end - in->at) >= len && strncasecmp(in->at, names[i], len) == 0) {
            in->at += len;
            *out = i;
            return true;
        }
    }
    return false;
}

/* "Z", "+0200", "+02:00" or "+02", in seconds. */
static bool read_offset(Input *in, int *out)
{
    *out = 0;
    if (accept(in, 'Z')) {
        return true;
    }
    bool west = accept(in, '-');
    int hours;
    int minutes = 0;
    if ((!west && !accept(in, '+')) || read_digits(in, 2, 2, &hours) == 0 || hours > 23) {
        return false;
    }
    bool colon = accept(in, ':');
    bool more = in->at < in->end && *in->at >= '0' && *in->at <= '9';
    if ((colon || more) && (read_digits(in, 2, 2, &minutes) == 0 || minutes > 59)) {
        return false;
    }
    *out = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

/* An abbreviation, or an offset, which is what zones without one have in its place. */
static bool read_zone_name(Input *in, Fields *f)
{
    size_t n = 0;
    if (in->at < in->end && (*in->at == '+' || *in->at == '-')) {
        f->has_offset = read_offset(in, &f->offset);
        return f->has_offset;
    }
    while (in->at < in->end && n < ABBREVIATION_MAX && (*in->at | 0x20) >= 'a' && (*in->at | 0x20) <= 'z') {
        f->abbreviation[n++] = *in->at++;
    }
    f->abbreviation[n] = '\0';
    const char *name = f->abbreviation;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "GMT") == 0 || strcmp(name, "Z") == 0) {
        f->abbreviation[0] = '\0';
        f->has_offset = true;
        f->offset = 0;
    }
    return n > 0;
}

static bool read_epoch(Input *in, Fields *f)
{
    bool negative = accept(in, '-');
    int64_t value = 0;
    int n = 0;
    for (; n < 15 && in->at < in->end && *in->at >= '0' && *in->at <= '9'; n++) {
        value = value * 10 + (*in->at++ - '0');
    }
    f->has_epoch = n > 0;
    f->epoch = negative ? -value : value;
    return n > 0;
}

/* ---- directives ---- */
static Outcome outcome(bool matched)
{
    return matched ? MATCHED : MISMATCH;
}

static bool read_ymd(Input *in, Fields *f)
{
    return read_digits(in, 4, 4, &f->year) > 0 && accept(in, '-') && read_field(in, 2, 1, 12, &f->month) &&
           accept(in, '-') && read_field(in, 2, 1, 31, &f->day);
}

static bool read_hms(Input *in, Fields *f)
{
    return read_field(in, 2, 0, 23, &f->hour) && accept(in, ':') && read_field(in, 2, 0, 59, &f->minute) &&
           accept(in, ':') && read_field(in, 2, 0, 59, &f->second);
}

static bool read_month_name(Input *in, size_t width, Fields *f)
{
    int month;
    bool ok = read_name(in, rf_calendar_months, 12, width, &month);
    f->month = ok ? month + 1 : f->month;
    return ok;
}

static bool read_half_of_day(Input *in, Fields *f)
{
    static const char *const halves[] = {"AM", "PM"};
    int half = 0;
    bool ok = read_name(in, halves, 2, 0, &half);
    f->afternoon = half == 1;
    return ok;
}

static bool read_short_year(Input *in, Fields *f)
{
    int year;
    bool ok = read_digits(in, 2, 2, &year) > 0;
    f->year = year + (year < 69 ? 2000 : 1900);
    return ok;
}

static Outcome read_directive(Input *in, char directive, Fields *f)
{
    int weekday;
    switch (directive) {
    case 'Y': return outcome(read_digits(in, 4, 4, &f->year) > 0);
    case 'y': return outcome(read_short_year(in, f));
    case 'm': return outcome(read_field(in, 2, 1, 12, &f->month));
    case 'e': accept(in, ' '); return outcome(read_field(in, 2, 1, 31, &f->day));
    case 'd': return outcome(read_field(in, 2, 1, 31, &f->day));
    case 'j': return outcome(read_field(in, 3, 1, 366, &f->yearday));
    case 'H': return outcome(read_field(in, 2, 0, 23, &f->hour));
    case 'I': return outcome(read_field(in, 2, 1, 12, &f->hour12));
    case 'M': return outcome(read_field(in, 2, 0, 59, &f->minute));
    case 'S': return outcome(read_field(in, 2, 0, 59, &f->second));
    case 'p': return outcome(read_half_of_day(in, f));
    case 'a': return outcome(read_name(in, rf_calendar_days, 7, 3, &weekday));
    case 'A': return outcome(read_name(in, rf_calendar_days, 7, 0, &weekday));
    case 'b': return outcome(read_month_name(in, 3, f));
    case 'B': return outcome(read_month_name(in, 0, f));
    case 'f': return outcome(read_fraction(in, 6, &f->microsecond));
    case 'L': return outcome(read_fraction(in, 3, &f->microsecond));
    case 's': return outcome(read_epoch(in, f));
    case 'z': f->has_offset = read_offset(in, &f->offset); return outcome(f->has_offset);
    case 'Z': return outcome(read_zone_name(in, f));
    case 'F': return outcome(read_ymd(in, f));
    case 'T': return outcome(read_hms(in, f));
    case '%': return outcome(accept(in, '%'));
    default: return UNSUPPORTED;
    }
}

/* Walks the format. A directive that does not exist is found even when the text does not match before it; *at is where
 * it stands. */
static Outcome read_fields(const RfString *text, const RfString *format, Fields *f, size_t *at)
{
    Input in = {text->data, text->data + text->len};
    Outcome result = MATCHED;
    for (size_t i = 0; i < format->len; i++) {
        if (format->data[i] != '%') {
            result = accept(&in, format->data[i]) ? result : MISMATCH;
            continue;
        }
        Outcome one = read_directive(&in, format->data[i + 1], f); /* the NUL after the text is no directive */
        if (one == UNSUPPORTED) {
            *at = i;
            return one;
        }
        result = one == MATCHED ? result : one;
        i++;
    }
    return in.at == in.end ? result : MISMATCH;
}

/* ---- from fields to a timestamp ---- */

/* The local time in seconds, as if it were UTC; false when there is no such date. */
static bool local_seconds(const Fields *f, int64_t *out)
{
    int hour = f->hour12 > 0 ? f->hour12 % 12 + (f->afternoon ? 12 : 0) : f->hour;
    int64_t day_number;
    if (f->yearday > 0) {
        day_number = rf_calendar_day_number(f->year, 1, f->yearday);
        if (day_number >= rf_calendar_day_number(f->year + 1, 1, 1)) {
            return false;
        }
    } else {
        if (f->day > rf_calendar_month_length(f->year, f->month)) {
            return false;
        }
        day_number = rf_calendar_day_number(f->year, f->month, f->day);
    }
    *out = day_number * RF_DAY_SECONDS + hour * 3600 + f->minute * 60 + f->second;
    return true;
}

/* Local to universal time. False when the zone does not have the abbreviation then. */
static bool to_universal(const RfZone *zone, int64_t local, const char *wanted, int64_t *out)
{
    int32_t offsets[2];
    int32_t there;
    const char *abbreviation;
    rf_zone_at(zone, local - RF_DAY_SECONDS, &offsets[0], &abbreviation);
    rf_zone_at(zone, local + RF_DAY_SECONDS, &offsets[1], &abbreviation);
    for (int i = 0; i < 2; i++) {
        *out = local - offsets[i];
        rf_zone_at(zone, *out, &there, &abbreviation);
        if (there == offsets[i] && (*wanted == '\0' || strcmp(wanted, abbreviation) == 0)) {
            return true;
        }
    }
    *out = local - offsets[0];
    return *wanted == '\0';
}

static bool to_timestamp(const Fields *f, const RfZone *zone, double *out)
{
    int64_t seconds;
    if (f->has_epoch) {
        seconds = f->epoch;
    } else if (!local_seconds(f, &seconds)) {
        return false;
    } else if (f->has_offset) {
        seconds -= f->offset;
    } else if (!to_universal(zone, seconds, f->abbreviation, &seconds)) {
        return false;
    }
    *out = (double)seconds + f->microsecond / 1e6;
    return true;
}

RfStatus rf_lib_parse_time(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "parse_time requires text and format strings");
    }
    RfZone zone;
    if (rf_time_format_zone(vm, self, argc > 2 ? argv[2] : rf_int(0), &zone) != RF_OK) {
        return RF_ERROR;
    }
    const RfString *text = argv[0].as.str;
    const RfString *format = argv[1].as.str;
    Fields fields = {.year = 1970, .month = 1, .day = 1};
    size_t at = 0;
    double timestamp = 0.0;
    Outcome result = read_fields(text, format, &fields, &at);
    if (result == UNSUPPORTED) {
        return rf_time_format_raise_directive(vm, self, format, at);
    }
    if (result == MISMATCH || !to_timestamp(&fields, &zone, &timestamp)) {
        RfBuf message = RF_BUF_INIT;
        rf_buf_puts(&message, "parse_time failed: '");
        rf_buf_put(&message, text->data, text->len);
        rf_buf_puts(&message, "' does not match format '");
        rf_buf_put(&message, format->data, format->len);
        rf_buf_putc(&message, '\'');
        return rf_args_raise_buf(vm, &message);
    }
    *out = rf_float(timestamp);
    return RF_OK;
}
