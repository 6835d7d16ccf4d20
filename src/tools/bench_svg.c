/* Charts are 360 units wide, which the page shows at about that many pixels: two or three beside each other on a wide screen,
 * one on a telephone. */
#include "tools/bench_svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 360.0
#define LEFT 12.0
#define RIGHT 348.0
#define TRACE_LEFT 52.0

void rf_bench_put_html(RfBuf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': rf_buf_puts(out, "&amp;"); break;
        case '<': rf_buf_puts(out, "&lt;"); break;
        case '>': rf_buf_puts(out, "&gt;"); break;
        case '"': rf_buf_puts(out, "&quot;"); break;
        case '\'': rf_buf_puts(out, "&#39;"); break;
        default: rf_buf_putc(out, *text);
        }
    }
}

/* ---- parts ---- */

typedef struct Axis { /* from a range of values to one of coordinates */
    double low, high, from, to;
    bool logarithmic;
} Axis;

static double place(const Axis *a, double value)
{
    double low = a->low, high = a->high;
    if (a->logarithmic) {
        value = log(value);
        low = log(low);
        high = log(high);
    }
    return a->from + (value - low) / (high - low) * (a->to - a->from);
}

static void open_chart(RfBuf *out, const char *kind, const char *title, double height)
{
    rf_buf_printf(out, "<svg class=\"chart %s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", kind, WIDTH,
                  height);
    rf_bench_put_html(out, title);
    rf_buf_printf(out, "\"><text class=\"title\" x=\"%.0f\" y=\"14\">", LEFT);
    rf_bench_put_html(out, title);
    rf_buf_puts(out, "</text>");
}

static void close_chart(RfBuf *out)
{
    rf_buf_puts(out, "</svg>\n");
}

static void put_line(RfBuf *out, const char *class, double x1, double y1, double x2, double y2)
{
    rf_buf_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", class, x1, y1, x2, y2);
}

static void put_text(RfBuf *out, const char *class, double x, double y, const char *text)
{
    rf_buf_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    rf_bench_put_html(out, text);
    rf_buf_puts(out, "</text>");
}

/* "12.5 ms": a duration without needless digits. */
static void put_short(RfBuf *out, double ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}, {"ns", 1}};
    size_t i = 0;
    while (i + 1 < sizeof units / sizeof units[0] && ns < units[i].ns * 0.9999) {
        i++;
    }
    rf_buf_printf(out, "%.6g %s", ns / units[i].ns, units[i].name);
}

/* A step of 1, 2 or 5 times a power of ten that cuts the range into at most `parts`. */
static double nice_step(double range, int parts)
{
    double power = pow(10, floor(log10(range / parts)));
    double rest = range / parts / power;
    return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

/* ---- distribution ---- */

#define LANE 10.0
#define LANES_MAX 10u

/* Dots are at most so many; of more samples every k-th is shown. */
#define DOTS_MAX 400u

static void put_time_axis(RfBuf *out, const Axis *axis, double top, double bottom)
{
    double step = nice_step(axis->high - axis->low, 5);
    for (double t = ceil(axis->low / step) * step; t <= axis->high; t += step) {
        RfBuf label = RF_BUF_INIT;
        double x = place(axis, t);
        put_short(&label, t);
        put_line(out, "grid", x, top, x, bottom);
        put_text(out,
                 x < 40           ? "tick start"
                 : x > WIDTH - 40 ? "tick end"
                                  : "tick",
                 x, bottom + 14, rf_buf_cstr(&label));
        rf_buf_free(&label);
    }
}

static void put_dots(RfBuf *out, const RfBenchMode *m, const Axis *axis, double top)
{
    size_t at = 0, every = m->value_count / DOTS_MAX + 1;
    for (size_t g = 0; g < m->group_count; g++) {
        for (size_t i = 0; i < m->sizes[g]; i++, at++) {
            if (at % every == 0) {
                rf_buf_printf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\"/>",
                              place(axis, m->values[at]), top + LANE * ((double)(g % LANES_MAX) + 0.5));
            }
        }
    }
}

void rf_bench_svg_distribution(RfBuf *out, RfBenchModeId id, const RfBenchMode *m)
{
    const RfStats *s = &m->stats;
    double low = fmin(s->min, s->ci_low), high = fmax(s->max, s->ci_high), room = (high - low) * 0.05;
    room = room > 0 ? room : high * 0.01;
    Axis axis = {low - room, high + room, LEFT, RIGHT, false};
    double box = 30, dots = 64, lanes = (double)(m->group_count < LANES_MAX ? m->group_count : LANES_MAX);
    double bottom = dots + LANE * lanes + 4;
    RfBuf title = RF_BUF_INIT;
    rf_buf_printf(&title, "%s: %zu steady samples of %zu process%s", rf_bench_mode_names[id], s->n, m->group_count,
                  m->group_count == 1 ? "" : "es");
    open_chart(out, id == RF_BENCH_VM ? "distribution vm" : "distribution jit", rf_buf_cstr(&title), bottom + 20);
    rf_buf_free(&title);
    put_time_axis(out, &axis, 22, bottom);
    double ci = place(&axis, s->ci_low), ci_width = fmax(1, place(&axis, s->ci_high) - ci);
    rf_buf_printf(out, "<rect class=\"ci\" x=\"%.1f\" y=\"22\" width=\"%.1f\" height=\"%.1f\"/>", ci, ci_width,
                  bottom - 22);
    put_line(out, "whisker", place(&axis, s->p5), box + 10, place(&axis, s->p95), box + 10);
    double left = place(&axis, s->p25);
    rf_buf_printf(out, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\" rx=\"2\"/>", left, box,
                  fmax(1, place(&axis, s->p75) - left));
    put_line(out, "median", place(&axis, s->median), box - 4, place(&axis, s->median), box + 24);
    put_dots(out, m, &axis, dots);
    close_chart(out);
}

/* ---- warm-up ---- */

#define TRACE_TOP 26.0
#define TRACE_BOTTOM 142.0

static void put_log_axis(RfBuf *out, const Axis *axis)
{
    static const double few[] = {1, 2, 5}, many[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
    double decades = log10(axis->high / axis->low);
    bool narrow = decades < 0.9;
    const double *factors = narrow ? many : few;
    size_t used = decades > 2.5 ? 1 : narrow ? sizeof many / sizeof many[0] : 3;
    for (int power = (int)floor(log10(axis->low)); power <= (int)ceil(log10(axis->high)); power++) {
        for (size_t i = 0; i < used; i++) {
            double t = factors[i] * pow(10, power), y = place(axis, t);
            if (t < axis->low || t > axis->high) {
                continue;
            }
            RfBuf label = RF_BUF_INIT;
            put_short(&label, t);
            put_line(out, "grid", TRACE_LEFT, y, RIGHT, y);
            put_text(out, "tick end", TRACE_LEFT - 4, y + 3.5, rf_buf_cstr(&label));
            rf_buf_free(&label);
        }
    }
}

static void put_event(RfBuf *out, double x, double y, uint8_t events)
{
    if (events & RF_BENCH_EVENT_DEOPT) {
        rf_buf_printf(out, "<path class=\"deopt\" d=\"M%.1f %.1fl7 7m0 -7l-7 7\"><title>deopt</title></path>", x - 3.5,
                      y - 3.5);
    }
    if (events & RF_BENCH_EVENT_INSTALL) {
        rf_buf_printf(out,
                      "<path class=\"install\" d=\"M%.1f %.1fl4 7h-8z\"><title>native code installed</title></path>", x,
                      y - 4);
    } else if (events & RF_BENCH_EVENT_COMPILE) {
        rf_buf_printf(out, "<circle class=\"compile\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>compiled</title></circle>",
                      x, y);
    }
}

static void put_trace(RfBuf *out, const RfBenchProcess *p, const Axis *x, const Axis *y)
{
    rf_buf_puts(out, "<polyline class=\"trace\" points=\"");
    for (size_t i = 0; i < p->trace_count; i++) {
        double ns = p->trace[i].ns > 0 ? (double)p->trace[i].ns : 1;
        rf_buf_printf(out, "%s%.1f,%.1f", i ? " " : "", place(x, (double)(i + 1)), place(y, ns));
    }
    rf_buf_puts(out, "\"/>");
    for (size_t i = 0; i < p->trace_count; i++) {
        if (p->trace[i].events) {
            double ns = p->trace[i].ns > 0 ? (double)p->trace[i].ns : 1;
            put_event(out, place(x, (double)(i + 1)), place(y, ns), p->trace[i].events);
        }
    }
}

void rf_bench_svg_trace(RfBuf *out, RfBenchModeId id, const RfBenchMode *m)
{
    double low = INFINITY, high = 0;
    size_t longest = 0;
    bool events = false;
    for (uint32_t i = 0; i < m->process_count; i++) {
        const RfBenchProcess *p = &m->processes[i];
        longest = p->trace_count > longest ? p->trace_count : longest;
        for (size_t j = 0; j < p->trace_count; j++) {
            double ns = p->trace[j].ns > 0 ? (double)p->trace[j].ns : 1;
            low = fmin(low, ns);
            high = fmax(high, ns);
            events = events || p->trace[j].events;
        }
    }
    if (longest == 0) {
        return;
    }
    Axis x = {1, longest > 1 ? (double)longest : 2, TRACE_LEFT, RIGHT, false};
    Axis y = {low / 1.15, high * 1.15, TRACE_BOTTOM, TRACE_TOP, true};
    RfBuf title = RF_BUF_INIT;
    rf_buf_printf(&title, "%s: time of each iteration", rf_bench_mode_names[id]);
    open_chart(out, id == RF_BENCH_VM ? "warmup vm" : "warmup jit", rf_buf_cstr(&title), events ? 178 : 162);
    put_log_axis(out, &y);
    rf_buf_clear(&title);
    rf_buf_printf(&title, "iteration %zu", longest);
    put_text(out, "tick start", TRACE_LEFT, TRACE_BOTTOM + 14, "1");
    put_text(out, "tick end", RIGHT, TRACE_BOTTOM + 14, rf_buf_cstr(&title));
    rf_buf_free(&title);
    for (uint32_t i = 0; i < m->process_count; i++) {
        put_trace(out, &m->processes[i], &x, &y);
    }
    if (events) {
        double at = TRACE_BOTTOM + 28;
        put_event(out, TRACE_LEFT + 4, at, RF_BENCH_EVENT_COMPILE);
        put_text(out, "tick start", TRACE_LEFT + 12, at + 4, "compiled");
        put_event(out, TRACE_LEFT + 84, at, RF_BENCH_EVENT_INSTALL);
        put_text(out, "tick start", TRACE_LEFT + 92, at + 4, "native code installed");
        put_event(out, TRACE_LEFT + 224, at, RF_BENCH_EVENT_DEOPT);
        put_text(out, "tick start", TRACE_LEFT + 232, at + 4, "deopt");
    }
    close_chart(out);
}

/* ---- bars ---- */

#define BAR 24.0
#define BARS_TOP 26.0
#define BARS_LEFT 110.0
#define BARS_RIGHT 270.0 /* numbers stand behind the bars */

static void put_bar(RfBuf *out, const RfBenchBar *bar, const Axis *axis, double y)
{
    double one = place(axis, 1), end = place(axis, bar->factor);
    rf_buf_printf(out, "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\"/>", bar->class,
                  fmin(one, end), y, fmax(1, fabs(end - one)));
    double right = fmax(one, end);
    if (bar->low > 0) {
        double low = place(axis, bar->low), high = place(axis, bar->high);
        put_line(out, "whisker", low, y + 7, high, y + 7);
        right = fmax(right, high);
    }
    RfBuf text = RF_BUF_INIT;
    double shown = bar->factor >= 1 ? bar->factor : 1 / bar->factor;
    rf_buf_printf(&text, shown < 2 ? "%.3fx %s" : "%.2fx %s", shown, bar->factor >= 1 ? "faster" : "slower");
    size_t columns = strlen(bar->label);
    if (columns > 18) {
        RfBuf label = RF_BUF_INIT;
        size_t cut = 17;
        while (cut > 0 && ((unsigned char)bar->label[cut] & 0xC0) == 0x80) {
            cut--;
        }
        rf_buf_printf(&label, "%.*s…", (int)cut, bar->label);
        put_text(out, "tick end", BARS_LEFT - 6, y + 11, rf_buf_cstr(&label));
        rf_buf_free(&label);
    } else {
        put_text(out, "tick end", BARS_LEFT - 6, y + 11, bar->label);
    }
    put_text(out, "tick start", right + 5, y + 11, rf_buf_cstr(&text));
    rf_buf_free(&text);
}

void rf_bench_svg_bars(RfBuf *out, const RfBenchBar *bars, size_t count)
{
    double low = 1, high = 1;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, bars[i].low > 0 ? fmin(bars[i].low, bars[i].factor) : bars[i].factor);
        high = fmax(high, fmax(bars[i].high, bars[i].factor));
    }
    low = fmin(low, 1 / 1.05);
    high = fmax(high, 1.05);
    Axis axis = {low, high, BARS_LEFT, BARS_RIGHT, true};
    open_chart(out, "bars", "Ruff against others (1x: equal)", BARS_TOP + BAR * (double)count + 4);
    double one = place(&axis, 1);
    put_line(out, "one", one, BARS_TOP - 2, one, BARS_TOP + BAR * (double)count - 4);
    for (size_t i = 0; i < count; i++) {
        put_bar(out, &bars[i], &axis, BARS_TOP + BAR * (double)i);
    }
    close_chart(out);
}
