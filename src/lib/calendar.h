/* Dates of the proleptic Gregorian calendar, and moments broken down into them. */
#ifndef RF_LIB_CALENDAR_H
#define RF_LIB_CALENDAR_H

#include "lib/zone.h"
#include "vm/vm.h"

#define RF_DAY_SECONDS 86400

extern const char *const rf_calendar_months[12]; /* "January" ... */
extern const char *const rf_calendar_days[7];    /* "Monday" ... */

typedef struct RfMoment {
    int64_t seconds; /* since 1970-01-01 UTC, rounded down */
    int32_t microsecond;
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
    int weekday;      /* 0 = Monday */
    int yearday;      /* from 1 */
    int32_t offset;   /* seconds east of UTC */
    const char *zone; /* abbreviation; lives as long as the RfZone */
} RfMoment;

/* Days from 1970-01-01 to a date; year >= -400, month 1..12; the day may be any. */
int64_t rf_calendar_day_number(int year, int month, int day);
/* The date of a day number from year -400 on. *yearday counts from 1. */
void rf_calendar_date(int64_t day_number, int *year, int *month, int *day, int *yearday);
int rf_calendar_month_length(int year, int month);

/* Breaks a timestamp (borrowed num) down in a zone. Raises "NAME failed: ..." when it is not finite or its year is not
 * in 0..9999. */
RfStatus rf_calendar_moment(RfVm *vm, const RfBuiltin *self, RfValue timestamp, const RfZone *zone, RfMoment *out);

#endif
