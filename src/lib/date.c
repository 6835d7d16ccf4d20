/* format_date and parse_date: dates in UTC with formats made of YYYY MM DD HH mm ss. */
#include <math.h>

#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/calendar.h"

RfStatus rf_lib_format_date(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc;
    if (!rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "format_date requires timestamp (number) and format (string)");
    }
    if (!rf_is_num(argv[0])) {
        return rf_raise(rf_rt(vm), "format_date requires a number timestamp");
    }
    RfZone utc;
    RfMoment m;
    rf_zone_fixed(0, &utc);
    RfValue seconds = rf_is_float(argv[0]) ? rf_float(trunc(argv[0].as.f)) : argv[0];
    if (rf_calendar_moment(vm, self, seconds, &utc, &m) != RF_OK) {
        return RF_ERROR;
    }
    const struct {
        char token[5];
        int value;
    } parts[] = {{"YYYY", m.year}, {"MM", m.month}, {"DD", m.day}, {"HH", m.hour}, {"mm", m.minute}, {"ss", m.second}};
    const RfString *format = argv[1].as.str;
    RfBuf text = RF_BUF_INIT;
    for (size_t i = 0; i < format->len;) {
        size_t part = 0;
        size_t width = 0;
        for (; part < sizeof parts / sizeof parts[0]; part++) {
            width = strlen(parts[part].token);
            if (format->len - i >= width && memcmp(format->data + i, parts[part].token, width) == 0) {
                break;
            }
        }
        if (part < sizeof parts / sizeof parts[0]) {
            rf_buf_printf(&text, "%0*d", (int)width, parts[part].value);
            i += width;
        } else {
            rf_buf_putc(&text, format->data[i++]);
        }
    }
    return rf_args_return_buf(vm, self, &text, out);
}

/* ---- parse_date ---- */
static const char date_format[] = "YYYY-MM-DD";

/* Why a text is no date of that format, or NULL and its day number. */
static const char *read_date(const RfString *s, int64_t *day_number)
{
    int fields[3] = {0, 0, 0};
    int field = 0;
    bool fits = s->len == sizeof date_format - 1;
    for (size_t i = 0; fits && i < s->len; i++) {
        if (date_format[i] == '-') {
            fits = s->data[i] == '-';
            field++;
        } else {
            fits = s->data[i] >= '0' && s->data[i] <= '9';
            fields[field] = fields[field] * 10 + (s->data[i] - '0');
        }
    }
    if (!fits) {
        return "input contains invalid characters";
    }
    int year = fields[0], month = fields[1], day = fields[2];
    if (month < 1 || month > 12 || day < 1 || day > rf_calendar_month_length(year, month)) {
        return "input is out of range";
    }
    *day_number = rf_calendar_day_number(year, month, day);
    return NULL;
}

RfStatus rf_lib_parse_date(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    (void)argc;
    if (!rf_is_string(argv[0]) || !rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "parse_date requires date string and format string");
    }
    const RfString *format = argv[1].as.str;
    if (format->len != sizeof date_format - 1 || memcmp(format->data, date_format, format->len) != 0) {
        return rf_args_raise_quoting(vm, "parse_date failed: unsupported format '", format,
                                     "' (expected 'YYYY-MM-DD')");
    }
    int64_t day_number;
    const char *reason = read_date(argv[0].as.str, &day_number);
    if (reason != NULL) {
        RfBuf after = RF_BUF_INIT;
        rf_buf_printf(&after, "' does not match format '%s' (%s)", date_format, reason);
        rf_args_raise_quoting(vm, "parse_date failed: '", argv[0].as.str, rf_buf_cstr(&after));
        rf_buf_free(&after);
        return RF_ERROR;
    }
    *out = rf_float((double)(day_number * RF_DAY_SECONDS));
    return RF_OK;
}
