/* format_time and time_parts: moments of any time zone as text and as numbers. */
#include "lib/time_format.h"

#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/calendar.h"
#include "runtime/dict.h"

RfStatus rf_time_format_zone(RfVm *vm, const RfBuiltin *self, RfValue v, RfZone *out)
{
    if (v.tag == RF_TAG_INT ? rf_zone_fixed(v.as.i, out)
                            : rf_is_string(v) && rf_zone_find(v.as.str->data, v.as.str->len, out)) {
        return RF_OK;
    }
    RfBuf message = RF_BUF_INIT;
    rf_buf_printf(&message, "%s: unknown time zone '", self->arity_name);
    rf_text_put(&message, v);
    rf_buf_putc(&message, '\'');
    return rf_args_raise_buf(vm, &message);
}

RfStatus rf_time_format_raise_directive(RfVm *vm, const RfBuiltin *self, const RfString *format, size_t at)
{
    RfBuf message = RF_BUF_INIT;
    rf_buf_printf(&message, "%s: unsupported directive '%%", self->arity_name);
    if (at + 1 < format->len) {
        rf_buf_put(&message, format->data + at + 1, rf_utf8_width((unsigned char)format->data[at + 1]));
    }
    rf_buf_putc(&message, '\'');
    return rf_args_raise_buf(vm, &message);
}

/* ---- format_time ---- */
static int hour_of_12(int hour)
{
    return hour % 12 == 0 ? 12 : hour % 12;
}

/* Appends what a directive stands for; false when there is no such directive. */
static bool put_directive(RfBuf *out, char directive, const RfMoment *m)
{
    const char *month = rf_calendar_months[m->month - 1];
    const char *weekday = rf_calendar_days[m->weekday];
    int east = m->offset / 60; /* whole minutes */
    int size = east < 0 ? -east : east;
    switch (directive) {
    case 'Y': rf_buf_printf(out, "%04d", m->year); break;
    case 'm': rf_buf_printf(out, "%02d", m->month); break;
    case 'd': rf_buf_printf(out, "%02d", m->day); break;
    case 'H': rf_buf_printf(out, "%02d", m->hour); break;
    case 'M': rf_buf_printf(out, "%02d", m->minute); break;
    case 'S': rf_buf_printf(out, "%02d", m->second); break;
    case 'j': rf_buf_printf(out, "%03d", m->yearday); break;
    case 'y': rf_buf_printf(out, "%02d", m->year % 100); break;
    case 'e': rf_buf_printf(out, "%2d", m->day); break;
    case 'I': rf_buf_printf(out, "%02d", hour_of_12(m->hour)); break;
    case 'p': rf_buf_puts(out, m->hour < 12 ? "AM" : "PM"); break;
    case 'a': rf_buf_put(out, weekday, 3); break;
    case 'A': rf_buf_puts(out, weekday); break;
    case 'b': rf_buf_put(out, month, 3); break;
    case 'B': rf_buf_puts(out, month); break;
    case 'f': rf_buf_printf(out, "%06d", m->microsecond); break;
    case 'L': rf_buf_printf(out, "%03d", m->microsecond / 1000); break;
    case 's': rf_buf_printf(out, "%lld", (long long)m->seconds); break;
    case 'z': rf_buf_printf(out, "%c%02d%02d", east < 0 ? '-' : '+', size / 60, size % 60); break;
    case 'Z': rf_buf_puts(out, m->zone); break;
    case 'F': rf_buf_printf(out, "%04d-%02d-%02d", m->year, m->month, m->day); break;
    case 'T': rf_buf_printf(out, "%02d:%02d:%02d", m->hour, m->minute, m->second); break;
    case '%': rf_buf_putc(out, '%'); break;
    default: return false;
    }
    return true;
}

RfStatus rf_lib_format_time(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_num(argv[0]) || !rf_is_string(argv[1])) {
        return rf_raise(rf_rt(vm), "format_time requires timestamp (number) and format (string)");
    }
    RfZone zone;
    RfMoment m;
    if (rf_time_format_zone(vm, self, argc > 2 ? argv[2] : rf_int(0), &zone) != RF_OK ||
        rf_calendar_moment(vm, self, argv[0], &zone, &m) != RF_OK) {
        return RF_ERROR;
    }
    const RfString *format = argv[1].as.str;
    RfBuf text = RF_BUF_INIT;
    for (size_t i = 0; i < format->len;) {
        const char *percent = memchr(format->data + i, '%', format->len - i);
        size_t at = percent != NULL ? (size_t)(percent - format->data) : format->len;
        rf_buf_put(&text, format->data + i, at - i);
        if (percent != NULL && !put_directive(&text, percent[1], &m)) { /* the NUL after the text is no directive */
            rf_buf_free(&text);
            return rf_time_format_raise_directive(vm, self, format, at);
        }
        i = at + 2;
    }
    return rf_args_return_buf(vm, self, &text, out);
}

/* ---- time_parts ---- */
RfStatus rf_lib_time_parts(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_num(argv[0])) {
        return rf_raise(rf_rt(vm), "time_parts requires a number timestamp");
    }
    RfZone zone;
    RfMoment m;
    if (rf_time_format_zone(vm, self, argc > 1 ? argv[1] : rf_int(0), &zone) != RF_OK ||
        rf_calendar_moment(vm, self, argv[0], &zone, &m) != RF_OK) {
        return RF_ERROR;
    }
    const struct {
        const char *name;
        int value;
    } parts[] = {{"year", m.year},
                 {"month", m.month},
                 {"day", m.day},
                 {"hour", m.hour},
                 {"minute", m.minute},
                 {"second", m.second},
                 {"microsecond", m.microsecond},
                 {"weekday", m.weekday},
                 {"yearday", m.yearday},
                 {"offset", m.offset / 60}};
    RfDict *d = rf_dict_new(sizeof parts / sizeof parts[0]);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        rf_dict_set_str(d, rf_intern_cstr(rf_rt(vm), parts[i].name), rf_int(parts[i].value));
    }
    *out = rf_obj(d);
    return RF_OK;
}
