/* The flame graph: one SVG file that needs nothing else. Positions are percentages, so it fits any width; each frame is an
 * <svg> of its own, which cuts off its text. The script only zooms: a click on a frame makes it as wide as the picture. */
#include <stdlib.h>
#include <string.h>

#include "api/xml_out.h"
#include "base/mem.h"
#include "tools/profile.h"

#define ROW 18u
#define HEAD 60u
#define FOOT 10u
#define LEAST 0.0003 /* part of the whole below which a frame is left out */

typedef struct Box {
    uint32_t node, depth;
    double x, width; /* parts of the whole */
} Box;

typedef struct Layout {
    const RfProf *p;
    Box *boxes; /* parents before their children */
    size_t count;
    uint32_t deepest;
} Layout;

static const RfProf *ordered; /* for the comparison */

static int by_name(const void *a, const void *b)
{
    const RfProfNode *x = &ordered->nodes[*(const uint32_t *)a], *y = &ordered->nodes[*(const uint32_t *)b];
    int order = strcmp(ordered->functions[x->function].name, ordered->functions[y->function].name);
    return order ? order : (x->function > y->function) - (x->function < y->function);
}

/* Children stand side by side over their parent, by name, so that two pictures of one program look alike. */
static void lay_out(Layout *l)
{
    const RfProf *p = l->p;
    uint32_t *children = rf_mem_alloc(p->nnodes * sizeof *children);
    l->boxes = rf_mem_alloc(p->nnodes * sizeof *l->boxes); /* every node at most once */
    l->boxes[l->count++] = (Box){0, 0, 0, 1};
    ordered = p;
    for (size_t i = 0; i < l->count; i++) {
        Box parent = l->boxes[i];
        size_t n = 0;
        for (uint32_t c = p->nodes[parent.node].child; c != 0; c = p->nodes[c].sibling) {
            children[n++] = c;
        }
        qsort(children, n, sizeof *children, by_name);
        double x = parent.x;
        for (size_t k = 0; k < n; k++) {
            double width = (double)p->nodes[children[k]].total / (double)p->samples;
            if (width >= LEAST) {
                l->boxes[l->count++] = (Box){children[k], parent.depth + 1, x, width};
                l->deepest = parent.depth + 1 > l->deepest ? parent.depth + 1 : l->deepest;
            }
            x += width;
        }
    }
    rf_mem_free(children, p->nnodes * sizeof *children);
}

static void put_tooltip(RfBuf *out, const RfProf *p, const RfProfNode *node)
{
    RfBuf text = RF_BUF_INIT;
    if (node->function == RF_PROF_NONE) {
        rf_buf_puts(&text, "all");
    } else {
        rf_prof_put_function(&text, p, node->function);
    }
    rf_buf_printf(&text, "\n%.2f%% of the samples (%llu)", rf_prof_percent(p, node->total),
                  (unsigned long long)node->total);
    if (node->function != RF_PROF_NONE) {
        rf_buf_printf(&text, ", itself %.2f%%", rf_prof_percent(p, node->self));
    }
    for (int t = 0; t < RF_TIER_COUNT; t++) {
        if (node->tiers[t] > 0) {
            rf_buf_printf(&text, "\n%s %.1f%%", rf_prof_tier_name[t],
                          100.0 * (double)node->tiers[t] / (double)node->total);
        }
    }
    rf_xml_put(out, text.data, text.len, false);
    rf_buf_free(&text);
}

static void put_box(RfBuf *out, const RfProf *p, const Box *b, uint32_t deepest)
{
    const RfProfNode *node = &p->nodes[b->node];
    bool root = node->function == RF_PROF_NONE;
    const char *name = root ? "all" : p->functions[node->function].name;
    rf_buf_printf(out, "<svg class=\"f\" x=\"%.4f%%\" y=\"%u\" width=\"%.4f%%\" height=\"%u\"><title>", 100 * b->x,
                  HEAD + (deepest - b->depth) * ROW, 100 * b->width, ROW - 1);
    put_tooltip(out, p, node);
    rf_buf_printf(out, "</title><rect width=\"100%%\" height=\"100%%\" class=\"%s\"/><text x=\"4\" y=\"13\">",
                  root ? "all" : rf_prof_tier_name[rf_prof_main_tier(node->tiers)]);
    rf_xml_put(out, name, strlen(name), false);
    rf_buf_puts(out, "</text></svg>\n");
}

static const char style[] =
    "<style>\n"
    "svg { background: #fff } text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: "
    "#111 }\n"
    ".head { font: bold 15px system-ui, 'DejaVu Sans', sans-serif } .note { font: 12px system-ui, 'DejaVu Sans', "
    "sans-serif }\n"
    ".f { cursor: pointer; background: none } .f:hover rect { stroke: #111; stroke-width: 2 }\n"
    ".all { fill: #d5d8dc } .vm { fill: #f4b55f } .jit { fill: #7fc97f } .builtin { fill: #8fb8e8 } .compile { fill: "
    "#d9a3d9 }\n"
    ".past rect { opacity: .45 }\n"
    "@media (prefers-color-scheme: dark) { svg { background: #16181c } .head, .note { fill: #e6e6e6 } }\n"
    "</style>\n";

/* A frame is inside another when it lies within its bounds; what is below and around it (its callers) becomes full width. */
static const char script[] =
    "<script><![CDATA[\n"
    "(function () {\n"
    "  var frames = [].slice.call(document.querySelectorAll('svg.f')).map(function (e) {\n"
    "    return { e: e, x: parseFloat(e.getAttribute('x')), w: parseFloat(e.getAttribute('width')), y: "
    "+e.getAttribute('y') };\n"
    "  });\n"
    "  function zoom(to) {\n"
    "    frames.forEach(function (f) {\n"
    "      var caller = f.y >= to.y && f.x <= to.x + 1e-3 && f.x + f.w >= to.x + to.w - 1e-3;\n"
    "      var inside = f.y <= to.y && f.x >= to.x - 1e-3 && f.x + f.w <= to.x + to.w + 1e-3;\n"
    "      f.e.style.display = caller || inside ? '' : 'none';\n"
    "      f.e.setAttribute('class', caller && f !== to ? 'f past' : 'f');\n"
    "      f.e.setAttribute('x', (caller ? 0 : (f.x - to.x) / to.w * 100) + '%');\n"
    "      f.e.setAttribute('width', (caller ? 100 : f.w / to.w * 100) + '%');\n"
    "    });\n"
    "    frames[0].e.setAttribute('class', 'f');\n"
    "  }\n"
    "  frames.forEach(function (f) { f.e.addEventListener('click', function () { zoom(f); }); });\n"
    "  document.addEventListener('keydown', function (k) { if (k.key === 'Escape') zoom(frames[0]); });\n"
    "})();\n"
    "]]></script>\n";

static void put_legend(RfBuf *out, const RfProf *p)
{
    static const char *const labels[RF_TIER_COUNT] = {"bytecode", "native code", "builtin", "compiling"};
    uint64_t used[RF_TIER_COUNT] = {0};
    for (size_t i = 0; i < p->nnodes; i++) {
        for (int t = 0; t < RF_TIER_COUNT; t++) {
            used[t] += p->nodes[i].tiers[t];
        }
    }
    unsigned x = 10;
    for (int t = 0; t < RF_TIER_COUNT; t++) {
        if (used[t] > 0) {
            rf_buf_printf(
                out,
                "<rect x=\"%u\" y=\"33\" width=\"12\" height=\"12\" class=\"%s\"/><text class=\"note\" x=\"%u\" "
                "y=\"43\">%s</text>\n",
                x, rf_prof_tier_name[t], x + 17, labels[t]);
            x += 34 + 7 * (unsigned)strlen(labels[t]);
        }
    }
}

void rf_prof_flame(RfBuf *out, const RfProf *p, const char *title)
{
    Layout l = {.p = p};
    lay_out(&l);
    unsigned height = HEAD + (l.deepest + 1) * ROW + FOOT;
    rf_buf_printf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" "
        "height=\"%u\">\n",
        height);
    rf_buf_puts(out, style);
    rf_buf_puts(out, "<text class=\"head\" x=\"10\" y=\"21\">");
    rf_xml_put(out, title, strlen(title), false);
    rf_buf_printf(out, "<tspan class=\"note\" dx=\"12\">%.3f s, %llu samples at %u Hz</tspan></text>\n",
                  (double)p->samples / p->hz, (unsigned long long)p->samples, p->hz);
    put_legend(out, p);
    for (size_t i = 0; i < l.count; i++) {
        put_box(out, p, &l.boxes[i], l.deepest);
    }
    rf_buf_puts(out, script);
    rf_buf_puts(out, "</svg>\n");
    rf_mem_free(l.boxes, p->nnodes * sizeof *l.boxes);
}
