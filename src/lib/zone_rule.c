/* POSIX time zone rules, in the form of RFC 9636 3.3.1: the last line of TZif files and values of TZ. */
#include "lib/zone_rule.h"

#include <string.h>

#include "lib/calendar.h"

typedef struct Scanner {
    const char *at, *end;
} Scanner;

static bool accept(Scanner *s, char c)
{
    bool there = s->at < s->end && *s->at == c;
    s->at += there;
    return there;
}

static bool is_digit(const Scanner *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static bool is_letter(const Scanner *s)
{
    return s->at < s->end && ((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= 'A' && *s->at <= 'Z'));
}

static bool read_number(Scanner *s, int low, int high, int *out)
{
    int value = 0;
    if (!is_digit(s)) {
        return false;
    }
    for (; is_digit(s) && value <= high; s->at++) {
        value = value * 10 + (*s->at - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

/* Letters, or anything between angle brackets. */
static bool read_name(Scanner *s, char *out)
{
    bool quoted = accept(s, '<');
    size_t len = 0;
    while (s->at < s->end && (quoted ? *s->at != '>' : is_letter(s))) {
        if (len == RF_ZONE_ABBREVIATION_MAX) {
            return false;
        }
        out[len++] = *s->at++;
    }
    out[len] = '\0';
    return len >= 3 && (!quoted || accept(s, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(Scanner *s, int hours_max, int32_t *out)
{
    bool negative = accept(s, '-');
    if (!negative) {
        accept(s, '+');
    }
    int hours, minutes = 0, seconds = 0;
    if (!read_number(s, 0, hours_max, &hours) || (accept(s, ':') && !read_number(s, 0, 59, &minutes)) ||
        (accept(s, ':') && !read_number(s, 0, 59, &seconds))) {
        return false;
    }
    int32_t size = hours * 3600 + minutes * 60 + seconds;
    *out = negative ? -size : size;
    return true;
}

static bool read_date(Scanner *s, RfZoneDate *out)
{
    *out = (RfZoneDate){.form = 'N', .time = 2 * 3600};
    bool ok;
    if (accept(s, 'M')) {
        out->form = 'M';
        ok = read_number(s, 1, 12, &out->month) && accept(s, '.') && read_number(s, 1, 5, &out->week) &&
             accept(s, '.') && read_number(s, 0, 6, &out->day);
    } else if (accept(s, 'J')) {
        out->form = 'J';
        ok = read_number(s, 1, 365, &out->day);
    } else {
        ok = read_number(s, 0, 365, &out->day);
    }
    return ok && (!accept(s, '/') || read_time(s, 167, &out->time));
}

bool rf_zone_rule_parse(const char *text, size_t len, RfZoneRule *out)
{
    Scanner s = {text, text + len};
    RfZoneRule rule = {.has_summer = false};
    int32_t west; /* POSIX counts offsets to the west */
    if (!read_name(&s, rule.standard_name) || !read_time(&s, 24, &west)) {
        return false;
    }
    rule.standard_offset = -west;
    if (s.at < s.end) {
        rule.has_summer = true;
        if (!read_name(&s, rule.summer_name)) {
            return false;
        }
        rule.summer_offset = rule.standard_offset + 3600;
        if (s.at < s.end && *s.at != ',') {
            if (!read_time(&s, 24, &west)) {
                return false;
            }
            rule.summer_offset = -west;
        }
        if (s.at == s.end) { /* POSIX leaves the dates open; the usual choice are those of the United States */
            s = (Scanner){",M3.2.0,M11.1.0", NULL};
            s.end = s.at + strlen(s.at);
        }
        if (!accept(&s, ',') || !read_date(&s, &rule.start) || !accept(&s, ',') || !read_date(&s, &rule.end)) {
            return false;
        }
    }
    *out = rule;
    return s.at == s.end;
}

/* ---- what is in force ---- */

/* The moment of a date in a year, in seconds of local time. */
static int64_t date_in_year(const RfZoneDate *date, int year)
{
    int64_t day;
    if (date->form == 'M') {
        int64_t first = rf_calendar_day_number(year, date->month, 1);
        int first_weekday = (int)(((first + 4) % 7 + 7) % 7); /* 0 = Sunday; 1970-01-01 was a Thursday */
        int in_month = (date->day - first_weekday + 7) % 7 + (date->week - 1) * 7;
        if (in_month >= rf_calendar_month_length(year, date->month)) {
            in_month -= 7;
        }
        day = first + in_month;
    } else {
        bool after_leap_day = date->form == 'J' && date->day >= 60 && rf_calendar_month_length(year, 2) == 29;
        day = rf_calendar_day_number(year, 1, 1) + date->day - (date->form == 'J') + after_leap_day;
    }
    return day * RF_DAY_SECONDS + date->time;
}

static bool is_summer(const RfZoneRule *rule, int64_t when)
{
    int64_t local = when + rule->standard_offset;
    int year, month, day, yearday;
    rf_calendar_date(local / RF_DAY_SECONDS - (local % RF_DAY_SECONDS < 0), &year, &month, &day, &yearday);
    int64_t start = date_in_year(&rule->start, year) - rule->standard_offset;
    int64_t end = date_in_year(&rule->end, year) - rule->summer_offset;
    if (start < end) {
        return when >= start && when < end;
    }
    return when >= start || when < end; /* in the southern half of the world */
}

void rf_zone_rule_at(const RfZoneRule *rule, int64_t when, int32_t *offset, const char **abbreviation)
{
    bool summer = rule->has_summer && is_summer(rule, when);
    *offset = summer ? rule->summer_offset : rule->standard_offset;
    *abbreviation = summer ? rule->summer_name : rule->standard_name;
}
