/* The profile as one JSON document (cli.md 6.3). */
#include <stdlib.h>

#include "api/json_out.h"
#include "tools/profile.h"

static void key_count(RfJson *json, const char *key, uint64_t value)
{
    rf_json_key_int(json, key, (int64_t)value);
}

static void key_fixed(RfJson *json, const char *key, double value, int decimals)
{
    rf_json_key(json, key);
    rf_json_fixed(json, value, decimals);
}

static void put_functions(RfJson *json, const RfProf *p, uint32_t top)
{
    rf_json_key(json, "functions");
    rf_json_array(json);
    size_t count;
    uint32_t *order = rf_prof_sorted_functions(p, &count);
    for (size_t i = 0; i < count && i < top; i++) {
        const RfProfFunction *f = &p->functions[order[i]];
        bool known = f->file != RF_PROF_NONE;
        rf_json_object(json);
        rf_json_key_cstr(json, "file", known ? p->files[f->file].name : NULL);
        rf_json_key_int(json, "line", f->line);
        rf_json_key_cstr(json, "name", f->name);
        key_count(json, "samples", f->total);
        key_count(json, "self", f->self);
        rf_json_key_cstr(json, "tier", rf_prof_tier_name[rf_prof_main_tier(f->tiers)]);
        rf_json_object_end(json);
    }
    free(order);
    rf_json_array_end(json);
}

static void put_cpu(RfJson *json, const RfProf *p, uint32_t top)
{
    rf_json_key(json, "cpu");
    rf_json_object(json);
    put_functions(json, p, top);
    rf_json_key_int(json, "hz", p->hz);
    key_count(json, "samples", p->samples);
    key_fixed(json, "seconds", (double)p->samples / p->hz, 3);
    rf_json_object_end(json);
}

static void put_jit(RfJson *json, const RfProf *p)
{
    const RfJitCounts *c = &p->jit;
    rf_json_key(json, "jit");
    rf_json_object(json);
    key_count(json, "cache_hits", c->cache_hits);
    key_count(json, "cache_misses", c->cache_misses);
    key_fixed(json, "compile_ms", c->compile_ms, 3);
    key_count(json, "compiled", c->compiled);
    key_count(json, "deopts", c->deopts);
    key_fixed(json, "guard_success_rate", rf_prof_guard_rate(p), 1);
    key_count(json, "osr", c->osr);
    key_count(json, "recompiled", c->recompiled);
    rf_json_object_end(json);
}

static void put_events(RfJson *json, const RfProf *p, const RfProfLine *l)
{
    rf_json_key(json, "events");
    rf_json_array(json);
    for (uint32_t n = l->events; n != RF_PROF_NONE; n = p->notes[n].next) {
        const RfProfNote *note = &p->notes[n];
        RfBuf text = RF_BUF_INIT;
        rf_prof_put_detail(&text, note);
        rf_json_object(json);
        key_count(json, "count", note->count);
        rf_json_key_cstr(json, "kind", rf_prof_kind_name(note->kind));
        rf_json_key_cstr(json, "reason", *note->reason ? note->reason : NULL);
        rf_json_key_cstr(json, "text", rf_buf_cstr(&text));
        rf_json_object_end(json);
        rf_buf_free(&text);
    }
    rf_json_array_end(json);
}

static void put_lines(RfJson *json, const RfProf *p)
{
    rf_json_key(json, "lines");
    rf_json_array(json);
    size_t count;
    uint32_t *order = rf_prof_sorted_lines(p, &count);
    for (size_t i = 0; i < count; i++) {
        const RfProfLine *l = &p->lines[order[i]];
        uint64_t samples = rf_prof_line_samples(l);
        rf_json_object(json);
        put_events(json, p, l);
        rf_json_key_cstr(json, "file", p->files[l->file].name);
        rf_json_key_int(json, "line", l->line);
        key_count(json, "samples", samples);
        rf_json_key_cstr(json, "tier", samples ? rf_prof_tier_name[rf_prof_main_tier(l->samples)] : NULL);
        rf_json_object_end(json);
    }
    free(order);
    rf_json_array_end(json);
}

static void put_memory(RfJson *json, const RfProf *p, uint32_t top)
{
    rf_json_key(json, "memory");
    rf_json_object(json);
    key_count(json, "allocations", p->allocations);
    rf_json_key_int(json, "current_bytes", p->live);
    key_count(json, "deallocations", p->deallocations);
    rf_json_key(json, "hot");
    rf_json_array(json);
    size_t count;
    uint32_t *order = rf_prof_sorted_sites(p, &count);
    for (size_t i = 0; i < count && i < top; i++) {
        const RfProfLine *l = &p->lines[order[i]];
        rf_json_object(json);
        rf_json_key_int(json, "count", (int64_t)(l->allocations + 0.5));
        rf_json_key_cstr(json, "file", p->files[l->file].name);
        rf_json_key_int(json, "line", l->line);
        rf_json_object_end(json);
    }
    free(order);
    rf_json_array_end(json);
    rf_json_key_int(json, "peak_bytes", p->peak);
    rf_json_object_end(json);
}

static void put_none(RfJson *json, const char *key)
{
    rf_json_key(json, key);
    rf_json_null(json);
}

void rf_prof_json(RfBuf *out, const RfProf *p, const RfProfSections *sections)
{
    RfJson json = rf_json_start(out);
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", "profile");
    sections->cpu ? put_cpu(&json, p, sections->top) : put_none(&json, "cpu");
    sections->jit ? put_jit(&json, p) : put_none(&json, "jit");
    put_lines(&json, p);
    sections->memory ? put_memory(&json, p, sections->top) : put_none(&json, "memory");
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_object_end(&json);
    rf_json_finish(&json);
}
