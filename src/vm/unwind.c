/* Errors on their way out: finding handlers, gathering the call stack while frames go. The fast path pays nothing. */
#include "base/mem.h"
#include "vm/frame.h"

RfPos rf_frame_pos(const RfFrame *f)
{
    return f->proto->positions[f->pc - 1 - f->proto->code];
}

void rf_unwind_set_pos(RfVm *vm, RfPos pos)
{
    vm->error_pos = pos;
}

static bool is_function(const RfProto *p)
{
    return !(p->flags & (RF_PROTO_MAIN | RF_PROTO_SPAWN | RF_PROTO_TEST));
}

void rf_unwind_add_trace(RfVm *vm, const RfFrame *f, RfPos pos)
{
    const RfModule *m = f->proto->module;
    RfTraceEntry entry = {
        .function = f->proto->name, .line = pos.line, .column = pos.column, .is_function = is_function(f->proto)};
    entry.file = m->file_name;
    if (f->proto->flags & RF_PROTO_MAIN && m != vm->modules[0]) {
        entry.function = rf_string_format("module %s", m->name->data);
    } else {
        rf_object_retain(entry.function);
    }
    rf_object_retain(entry.file);
    rf_error_push_trace(&rf_rt(vm)->error, entry);
}

/* True for the frames of a task resumed by the scheduler: what lies below does not belong to its call stack. */
static bool is_stack_bottom(const RfFrame *f)
{
    return f->mode == RF_FRAME_TASK;
}

RfValue rf_unwind_stack_names(RfVm *vm)
{
    const RfError *e = &rf_rt(vm)->error;
    RfFrame *low = vm->frame;
    while (low > vm->frames + 1 && !is_stack_bottom(low)) {
        low--;
    }
    RfArray *names = rf_array_new(0);
    RfFrame *top = vm->frame - (vm->trace_has_frame ? 1 : 0);
    for (RfFrame *f = low; f <= top; f++) {
        if (is_function(f->proto)) {
            rf_object_retain(f->proto->name);
            rf_array_push(names, rf_obj(f->proto->name));
        }
    }
    for (uint32_t i = e->trace_len; i-- > 0;) {
        if (e->trace[i].is_function) {
            rf_object_retain(e->trace[i].function);
            rf_array_push(names, rf_obj(e->trace[i].function));
        }
    }
    return rf_obj(names);
}

/* ---- errors kept while a finally block runs ---- */

static void close_box(RfHandle *box)
{
    rf_error_clear(box->data);
    rf_mem_free(box->data, sizeof(RfError));
}

static const RfHandleType error_box = {.type_name = "error", .debug_name = "Error", .close = close_box};

static RfValue box_error(RfVm *vm)
{
    RfError *kept = rf_mem_alloc(sizeof *kept);
    *kept = rf_error_take(rf_rt(vm));
    return rf_handle_new(&error_box, kept);
}

void rf_unwind_rethrow(RfVm *vm, RfValue box)
{
    RfError *kept = box.as.handle->data;
    rf_error_put(rf_rt(vm), kept);
    rf_error_init(kept);
    rf_release(box);
    vm->trace_has_frame = true;
}

/* ---- unwinding ---- */

static const RfHandler *find_handler(const RfProto *p, uint32_t pc)
{
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        if (pc >= p->handlers[i].start && pc < p->handlers[i].end) {
            return &p->handlers[i];
        }
    }
    return NULL;
}

/* The error under way as the value that a handler of frame f gets. */
static RfValue catch(RfVm *vm, const RfFrame *f, bool raw, RfPos pos)
{
    RfRuntime *rt = rf_rt(vm);
    RfValue error;
    if (raw) {
        if (!vm->trace_has_frame) {
            rf_unwind_add_trace(vm, f, pos);
        }
        error = box_error(vm);
    } else {
        int64_t line = rt->error.trace_len > 0 ? rt->error.trace[0].line : pos.line;
        error = rf_error_to_value(rt, &rt->error, rf_unwind_stack_names(vm), line);
        rf_error_clear(&rt->error);
    }
    vm->trace_has_frame = false;
    return error;
}

static void enter_handler(RfVm *vm, RfFrame *f, const RfHandler *h, RfPos pos)
{
    RfValue *top = f->fp + f->proto->nlocals + h->depth;
    while (vm->sp > top) {
        rf_release(*--vm->sp);
    }
    rf_push(vm, catch(vm, f, h->raw, pos));
    f->pc = f->proto->code + h->target;
}

static RfPos take_pos(RfVm *vm, const RfFrame *f)
{
    RfPos pos = vm->error_pos.line ? vm->error_pos : rf_frame_pos(f);
    vm->error_pos = (RfPos){0, 0};
    return pos;
}

static void trace_once(RfVm *vm, const RfFrame *f, RfPos pos)
{
    if (!vm->trace_has_frame) {
        rf_unwind_add_trace(vm, f, pos);
    }
    vm->trace_has_frame = false;
}

bool rf_unwind_catch_native(RfVm *vm, const RfFrame *f, bool raw, RfValue *out)
{
    if (vm->stopped) {
        return false;
    }
    *out = catch(vm, f, raw, take_pos(vm, f));
    return true;
}

void rf_unwind_leave_native(RfVm *vm, const RfFrame *f)
{
    trace_once(vm, f, take_pos(vm, f));
}

RfStatus rf_unwind(RfVm *vm, RfFrame *base)
{
    for (;;) {
        RfFrame *f = vm->frame;
        if (f->native) {
            return RF_ERROR;
        }
        RfPos pos = take_pos(vm, f);
        const RfHandler *h = vm->stopped ? NULL : find_handler(f->proto, (uint32_t)(f->pc - 1 - f->proto->code));
        if (h) {
            enter_handler(vm, f, h, pos);
            return RF_OK;
        }
        trace_once(vm, f, pos);
        while (vm->sp > f->ret) {
            rf_release(*--vm->sp);
        }
        vm->frame = f - 1;
        switch ((RfFrameMode)f->mode) {
        case RF_FRAME_FOR:
        case RF_FRAME_FOR2:
        case RF_FRAME_NEXT:
        case RF_FRAME_DRAW: {
            RfGenerator *g = f->owner;
            g->state = RF_GEN_DONE;
            rf_generator_finish(g);
            rf_object_release(g);
            break;
        }
        case RF_FRAME_ASYNC: { /* the caller gets a rejected promise and goes on */
            RfValue promise;
            rf_async_fail(vm, f, &promise);
            rf_push(vm, promise);
            return RF_OK;
        }
        case RF_FRAME_TASK: rf_async_fail(vm, f, NULL); break;
        default: break;
        }
        if (f == base) {
            return RF_ERROR;
        }
    }
}
