/* One line an event, each by one write() to the error output: several processes and threads may share it. */
#include "jit/trace.h"

#include <string.h>
#include <unistd.h>

#include "runtime/text.h"
#include "vm/observe.h"

static void emit(RfBuf *line)
{
    for (size_t done = 0; done < line->len;) {
        ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);
        if (n <= 0) {
            break; /* nobody listens */
        }
        done += (size_t)n;
    }
    rf_buf_free(line);
}

static void put_name(RfBuf *out, const char *name)
{
    rf_buf_putc(out, '\'');
    for (; *name; name++) {
        if (*name == '\'' || *name == '\\') {
            rf_buf_putc(out, '\\');
        }
        rf_buf_putc(out, *name);
    }
    rf_buf_putc(out, '\'');
}

static bool filtered(const RfUnit *unit)
{
    const char *filter = rf_jit_settings()->filter;
    return filter && !strstr(unit->proto->name->data, filter);
}

static bool wanted(const RfUnit *unit)
{
    return rf_jit_settings()->debug && !filtered(unit);
}

static void put_unit(RfBuf *out, const RfUnit *unit, int32_t pc)
{
    rf_buf_puts(out, pc < 0 ? "func " : "loop ");
    put_name(out, unit->proto->name->data);
    rf_buf_printf(out, " id=%u", unit->proto->id);
}

/* "JIT: EVENT UNIT" */
static RfBuf begin(const char *event, const RfUnit *unit, int32_t pc)
{
    RfBuf line = RF_BUF_INIT;
    rf_buf_printf(&line, "JIT: %s ", event);
    put_unit(&line, unit, pc);
    return line;
}

static uint32_t line_of(const RfUnit *unit, int64_t pc)
{
    const RfProto *p = unit->proto;
    return pc >= 0 && pc < p->code_len ? p->positions[pc].line : p->def_pos.line;
}

/* The observer of the program hears of it whatever DEBUG_JIT says. */
static void tell(const RfUnit *unit, RfObserveKind kind, int64_t pc, RfReason reason, const char *expected, const char *got)
{
    RfVm *vm = (RfVm *)(void *)unit->proto->module->rt; /* rf_rt() */
    if (vm->config.observer) {
        RfObserveEvent event = {kind, unit->proto, pc, rf_reason_text[reason], expected, got};
        vm->config.observer->event(vm, &event);
    }
}

static const char *class_name(uint16_t class)
{
    static const char *const names[] = {"undefined", "null",  "bool", "int",    "float",    "string",  "ints", "floats",
                                        "bools",     "array", "dict", "struct", "function", "builtin", "other"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (class >> i & 1u) {
            return names[i];
        }
    }
    return "-";
}

void rf_trace_config(const RfJit *jit, RfReason disabled)
{
    const RfJitSettings *s = jit->settings;
    if (!s->debug) {
        return;
    }
    RfBuf line = RF_BUF_INIT;
    rf_buf_puts(&line, "JIT: config backend=");
    if (disabled == RF_REASON_NONE) {
        rf_buf_puts(&line, "gccjit");
    } else {
        rf_buf_printf(&line, "none reason=%s", rf_reason_text[disabled]);
    }
    rf_buf_printf(&line, " threshold=%u loop_threshold=%u jobs=%u sync=%d opt=%u cache=", jit->threshold,
                  jit->loop_threshold, s->jobs, jit->sync, s->opt);
    const char *directory = jit->cached && disabled == RF_REASON_NONE ? rf_queue_cache_directory() : "off";
    if (strcmp(directory, "off") == 0) {
        rf_buf_puts(&line, directory);
    } else {
        put_name(&line, directory);
    }
    rf_buf_putc(&line, '\n');
    emit(&line);
}

void rf_trace_hot(const RfUnit *unit, int32_t pc)
{
    if (wanted(unit)) {
        RfBuf line = begin("hot", unit, pc), at = RF_BUF_INIT;
        rf_buf_printf(&at, "%s:%u", unit->proto->module->file ? unit->proto->module->file : "?", line_of(unit, pc));
        rf_buf_puts(&line, " at=");
        put_name(&line, rf_buf_cstr(&at));
        rf_buf_printf(&line, " calls=%u loops=%u\n", unit->proto->call_count, unit->proto->loop_count);
        rf_buf_free(&at);
        emit(&line);
    }
}

void rf_trace_queue(const RfUnit *unit, int32_t pc, uint32_t batch, uint32_t pending)
{
    if (wanted(unit)) {
        RfBuf line = begin("queue", unit, pc);
        rf_buf_printf(&line, " batch=%u pending=%u\n", batch, pending);
        emit(&line);
    }
}

static void dump(const char *head, const RfUnit *unit, int32_t pc, const char *text)
{
    if (text && !filtered(unit)) {
        RfBuf out = RF_BUF_INIT;
        rf_buf_printf(&out, "%s: ", head);
        put_unit(&out, unit, pc);
        rf_buf_printf(&out, "\n%s", text);
        rf_buf_puts(&out, out.data[out.len - 1] == '\n' ? "\n" : "\n\n");
        emit(&out);
    }
}

void rf_trace_compile(const RfUnit *unit, int32_t pc, const RfWorkerAnswer *answer)
{
    if (wanted(unit)) {
        RfBuf line = begin("compile", unit, pc);
        rf_buf_printf(&line, " tier=jit ops=%u ms=%.3f bytes=%u types=", unit->proto->code_len, answer->ms,
                      answer->bytes);
        put_name(&line, answer->types);
        rf_buf_putc(&line, '\n');
        emit(&line);
    }
    dump("JIT-IR", unit, pc, answer->ir);
    dump("JIT-ASM", unit, pc, answer->assembly);
}

void rf_trace_install(const RfUnit *unit, int32_t pc, bool function, uint32_t loops, bool from_cache)
{
    tell(unit, RF_OBSERVE_INSTALL, pc, RF_REASON_NONE, "", "");
    if (wanted(unit)) {
        RfBuf line = begin("install", unit, pc);
        rf_buf_printf(&line, " entry=%s osr=%u source=%s\n", function ? "func" : "loop", loops,
                      from_cache ? "cache" : "compile");
        emit(&line);
    }
}

void rf_trace_enter(const RfUnit *unit, int32_t pc)
{
    if (wanted(unit)) {
        RfBuf line = begin("enter", unit, pc);
        rf_buf_putc(&line, '\n');
        emit(&line);
    }
}

void rf_trace_osr(const RfUnit *unit, int32_t pc)
{
    tell(unit, RF_OBSERVE_OSR, pc, RF_REASON_NONE, "", "");
    if (wanted(unit)) {
        RfBuf line = begin("osr", unit, pc);
        rf_buf_printf(&line, " pc=%d line=%u\n", pc, line_of(unit, pc));
        emit(&line);
    }
}

void rf_trace_guard(const RfUnit *unit, uint32_t pc, uint16_t expected, uint16_t got, uint32_t fails)
{
    if (wanted(unit) && (fails == 1 || rf_jit_settings()->debug > 1)) {
        RfBuf line = begin("guard", unit, -1);
        rf_buf_printf(&line, " pc=%u line=%u expected=%s got=%s fails=%u\n", pc, line_of(unit, pc),
                      class_name(expected), class_name(got), fails);
        emit(&line);
    }
}

void rf_trace_deopt(const RfUnit *unit, uint32_t pc, RfReason reason, uint32_t count, uint16_t expected, uint16_t got)
{
    tell(unit, RF_OBSERVE_DEOPT, pc, reason, expected ? class_name(expected) : "", got ? class_name(got) : "");
    if (wanted(unit)) {
        RfBuf line = begin("deopt", unit, -1);
        rf_buf_printf(&line, " pc=%u line=%u reason=%s resume=vm count=%u\n", pc, line_of(unit, pc),
                      rf_reason_text[reason], count);
        emit(&line);
    }
}

void rf_trace_invalidate(const RfUnit *unit, int32_t pc, RfReason reason, uint64_t retry)
{
    if (wanted(unit)) {
        RfBuf line = begin("invalidate", unit, pc);
        rf_buf_printf(&line, " reason=%s retry=%llu\n", rf_reason_text[reason], (unsigned long long)retry);
        emit(&line);
    }
}

static const char *op_at(const RfUnit *unit, int64_t at)
{
    bool known = at >= 0 && at < unit->proto->code_len;
    return known ? rf_op_info[rf_op_base(unit->proto->code[at].op)].name : "";
}

void rf_trace_reject(const RfUnit *unit, int32_t pc, RfReason reason, int64_t at)
{
    tell(unit, RF_OBSERVE_REJECT, at >= 0 ? at : pc, reason, op_at(unit, at), "");
    if (wanted(unit)) {
        RfBuf line = begin("reject", unit, pc);
        rf_buf_printf(&line, " reason=%s", rf_reason_text[reason]);
        if (at >= 0 && at < unit->proto->code_len) {
            rf_buf_printf(&line, " pc=%u op=%s line=%u\n", (uint32_t)at, op_at(unit, at), line_of(unit, at));
        } else {
            rf_buf_puts(&line, " pc=- op=- line=-\n");
        }
        emit(&line);
    }
}

/* "JIT: cache WHAT UNIT key=HEX16" */
static RfBuf begin_cache(const char *event, const RfUnit *unit, int32_t pc, const char *key)
{
    RfBuf line = begin(event, unit, pc);
    rf_buf_printf(&line, " key=%.16s", key);
    return line;
}

void rf_trace_cache_hit(const RfUnit *unit, int32_t pc, const char *key, double ms)
{
    if (wanted(unit)) {
        RfBuf line = begin_cache("cache hit", unit, pc, key);
        rf_buf_printf(&line, " ms=%.3f\n", ms);
        emit(&line);
    }
}

void rf_trace_cache_miss(const RfUnit *unit, int32_t pc, const char *key)
{
    if (wanted(unit)) {
        RfBuf line = begin_cache("cache miss", unit, pc, key);
        rf_buf_putc(&line, '\n');
        emit(&line);
    }
}

void rf_trace_cache_store(const RfUnit *unit, int32_t pc, const char *key, size_t bytes)
{
    if (wanted(unit)) {
        RfBuf line = begin_cache("cache store", unit, pc, key);
        rf_buf_printf(&line, " bytes=%zu\n", bytes);
        emit(&line);
    }
}

void rf_trace_cache_bad(const RfUnit *unit, int32_t pc, const char *key, RfReason reason)
{
    if (wanted(unit)) {
        RfBuf line = begin_cache("cache bad", unit, pc, key);
        rf_buf_printf(&line, " reason=%s\n", rf_reason_text[reason]);
        emit(&line);
    }
}

void rf_trace_stats(const RfJitCounts *c)
{
    if (rf_jit_settings()->debug) {
        RfBuf line = RF_BUF_INIT;
        rf_buf_printf(&line,
                      "JIT: stats compiled=%llu installed=%llu entered=%llu osr=%llu guards=%llu deopts=%llu "
                      "invalidated=%llu rejected=%llu cache_hits=%llu cache_stores=%llu compile_ms=%.3f\n",
                      (unsigned long long)c->compiled, (unsigned long long)c->installed, (unsigned long long)c->entered,
                      (unsigned long long)c->osr, (unsigned long long)c->guards, (unsigned long long)c->deopts,
                      (unsigned long long)c->invalidated, (unsigned long long)c->rejected,
                      (unsigned long long)c->cache_hits, (unsigned long long)c->cache_stores, c->compile_ms);
        emit(&line);
    }
}

void rf_trace_call_begin(RfBuf *out, const RfUnit *unit, const RfValue *args, uint32_t count)
{
    if (filtered(unit)) {
        return;
    }
    rf_buf_puts(out, "JIT-CALL: ");
    put_unit(out, unit, -1);
    rf_buf_puts(out, " args=(");
    for (uint32_t i = 0; i < count; i++) {
        rf_buf_puts(out, i ? ", " : "");
        rf_debug_put(out, args[i]);
    }
    rf_buf_puts(out, ") result=");
}

void rf_trace_call_end(RfBuf *out, RfRet result)
{
    if (out->len == 0) {
        return;
    }
    if (result.tag == RF_RET_ERROR) {
        rf_buf_puts(out, "error");
    } else {
        rf_debug_put(out, (RfValue){.tag = result.tag, .as.i = (int64_t)result.payload});
    }
    rf_buf_putc(out, '\n');
    emit(out);
}
