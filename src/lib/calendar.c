/* The calendar: day numbers and dates. Called by format_date, format_time, their inverses and the time zone rules. */
#include <math.h>

#include "lib/calendar.h"

#define CYCLE_YEARS 400 /* after which the calendar repeats */
#define CYCLE_DAYS 146097
#define EPOCH_DAYS 865625            /* from -400-01-01, where the arithmetic below starts, to 1970-01-01 */
#define TIMESTAMP_MIN -62200000000.0 /* seconds; a little before year 0 and after year 9999 */
#define TIMESTAMP_MAX 253500000000.0

const char *const rf_calendar_months[12] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
const char *const rf_calendar_days[7] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static const int days_before_month[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days before a month of a year, from its first day. */
static int days_before(int year, int month)
{
    return days_before_month[month - 1] + (month > 2 && is_leap(year));
}

/* Days from -400-01-01 to the first day of a year. */
static int64_t days_before_year(int year)
{
    int64_t n = (int64_t)year + CYCLE_YEARS;
    int64_t leap_days = n == 0 ? 0 : (n - 1) / 4 - (n - 1) / 100 + (n - 1) / 400 + 1; /* the year -400 is one */
    return n * 365 + leap_days;
}

int rf_calendar_month_length(int year, int month)
{
    return days_before_month[month] - days_before_month[month - 1] + (month == 2 && is_leap(year));
}

int64_t rf_calendar_day_number(int year, int month, int day)
{
    return days_before_year(year) + days_before(year, month) + day - 1 - EPOCH_DAYS;
}

void rf_calendar_date(int64_t day_number, int *year, int *month, int *day, int *yearday)
{
    int64_t days = day_number + EPOCH_DAYS;
    int y = (int)(days * CYCLE_YEARS / CYCLE_DAYS) - CYCLE_YEARS; /* right, or off by one */
    while (days_before_year(y) > days) {
        y--;
    }
    while (days_before_year(y + 1) <= days) {
        y++;
    }
    int rest = (int)(days - days_before_year(y));
    int m = rest / 32 + 1; /* right, or one too early */
    if (m < 12 && days_before(y, m + 1) <= rest) {
        m++;
    }
    *year = y;
    *month = m;
    *day = rest - days_before(y, m) + 1;
    *yearday = rest + 1;
}

/* Splits a finite timestamp within the limit; floats are rounded to microseconds, which is what they can tell. */
static void split_seconds(RfValue timestamp, RfMoment *m)
{
    if (timestamp.tag == RF_TAG_INT) {
        m->seconds = timestamp.as.i;
        m->microsecond = 0;
        return;
    }
    double whole = floor(timestamp.as.f);
    int32_t micros = (int32_t)lrint((timestamp.as.f - whole) * 1e6);
    m->seconds = (int64_t)whole + micros / 1000000;
    m->microsecond = micros % 1000000;
}

RfStatus rf_calendar_moment(RfVm *vm, const RfBuiltin *self, RfValue timestamp, const RfZone *zone, RfMoment *out)
{
    double f = rf_num(timestamp);
    if (!isfinite(f)) {
        return rf_raise(rf_rt(vm), "%s failed: value must be a finite number", self->arity_name);
    }
    RfMoment m = {.year = -1};
    if (f > TIMESTAMP_MIN && f < TIMESTAMP_MAX) {
        split_seconds(timestamp, &m);
        rf_zone_at(zone, m.seconds, &m.offset, &m.zone);
        int64_t local = m.seconds + m.offset;
        int64_t day_number = local / RF_DAY_SECONDS - (local % RF_DAY_SECONDS < 0);
        int rest = (int)(local - day_number * RF_DAY_SECONDS);
        rf_calendar_date(day_number, &m.year, &m.month, &m.day, &m.yearday);
        m.weekday = (int)((day_number + EPOCH_DAYS + 5) % 7); /* -400-01-01 was a Saturday */
        m.hour = rest / 3600;
        m.minute = rest / 60 % 60;
        m.second = rest % 60;
    }
    if (m.year < 0 || m.year > 9999) {
        return rf_raise(rf_rt(vm), "%s failed: value is out of supported range", self->arity_name);
    }
    *out = m;
    return RF_OK;
}
