/* Loading and running programs (program.h). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bytecode/compiler.h"
#include "bytecode/super.h"
#include "front/parser.h"
#include "vm/frame.h"

void rf_program_add_module(RfVm *vm, RfModule *m)
{
    if (vm->nmodules == vm->modules_cap) {
        vm->modules_cap = vm->modules_cap ? vm->modules_cap * 2 : 8;
        vm->modules = realloc(vm->modules, sizeof *vm->modules * vm->modules_cap);
        if (!vm->modules) {
            rf_mem_exhausted(sizeof *vm->modules * vm->modules_cap);
        }
    }
    vm->modules[vm->nmodules++] = m;
}

static size_t count_statements(const RfBlock *block);

static size_t statements_in(const RfStmt *s)
{
    size_t n = 1;
    switch (s->kind) {
    case RF_STMT_FUNC: return n + count_statements(&s->as.func->body);
    case RF_STMT_IF:
        return n + count_statements(&s->as.if_.then) +
               (s->as.if_.has_else ? count_statements(&s->as.if_.otherwise) : 0);
    case RF_STMT_WHILE: return n + count_statements(&s->as.while_.body);
    case RF_STMT_FOR: return n + count_statements(&s->as.for_.body);
    case RF_STMT_TRY:
        return n + count_statements(&s->as.try_.body) + count_statements(&s->as.try_.handler) +
               count_statements(&s->as.try_.finally);
    default: return n;
    }
}

static size_t count_statements(const RfBlock *block)
{
    size_t n = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        n += statements_in(block->stmts[i]);
    }
    return n;
}

static size_t count_instructions(const RfProto *p)
{
    size_t n = p->code_len;
    for (uint32_t i = 0; i < p->nprotos; i++) {
        n += count_instructions(p->protos[i]);
    }
    return n;
}

#ifdef RF_ASSERTIONS
#define ASSERTIONS true
#else
#define ASSERTIONS false
#endif

/* Ends the process when the compiler has made code that breaks the VM's assumptions. */
static void verify(RfVm *vm, const RfProto *main)
{
    char *problem = rf_verify(main);
    if (problem) {
        RfBuf text = RF_BUF_INIT;
        rf_buf_printf(&text, "[RUFVM003] [vm] error: Bytecode verification failed: %s\n", problem);
        rf_vm_write_error(vm, text.data, text.len);
        exit(6);
    }
}

RfLoadResult rf_program_compile(RfVm *vm, RfModule *m, RfDiagList *diags, size_t *statements, size_t *instructions)
{
    RfAst ast;
    RfLoadResult result = RF_LOAD_OK;
    if (!rf_parse(&ast, m->source, m->source_len, diags)) {
        result = RF_LOAD_SYNTAX;
    } else {
        const char *dump = getenv("DEBUG_AST");
        if (dump && *dump && strcmp(dump, "0") != 0) {
            RfBuf text = RF_BUF_INIT;
            rf_ast_dump(&ast, &text);
            rf_vm_write_error(vm, text.data, text.len);
            rf_buf_free(&text);
        }
        RfDiag diag;
        RfArena arena = RF_ARENA_INIT;
        rf_tier_forget(vm, m); /* what was compiled for it before */
        if (!rf_compile(m, &ast, &diag, &arena)) {
            rf_diag_add(diags, RF_DIAG_COMPILE, diag.pos, "%s", diag.message);
            result = RF_LOAD_COMPILE;
        } else {
            if (statements) {
                *statements = count_statements(&ast.program);
            }
            if (instructions) {
                *instructions = count_instructions(m->main);
            }
            if (ASSERTIONS || vm->config.verify) {
                verify(vm, m->main);
            }
            rf_super_fuse(m->main);
            rf_tier_prepare(vm, m);
        }
        rf_arena_free(&arena);
    }
    rf_ast_free(&ast);
    return result;
}

RfLoadResult rf_program_load(RfVm *vm, const char *source, size_t len, const char *file, RfDiagList *diags,
                             RfModule **module, size_t *statements, size_t *instructions)
{
    RfModule *m = rf_module_new(rf_rt(vm), vm->next_module_id++, rf_rt(vm)->names.main, file, source, len);
    rf_program_add_module(vm, m);
    *module = m;
    return rf_program_compile(vm, m, diags, statements, instructions);
}

/* Runs top-level code of a module in a frame of its own; its result is dropped. */
RfStatus rf_program_run_top(RfVm *vm, RfProto *proto)
{
    if (vm->frame >= vm->frame_limit + 1 || vm->sp + proto->nlocals + proto->max_stack > vm->stack_end ||
        (char *)__builtin_frame_address(0) < vm->c_limit) {
        return rf_call_depth_error(vm, proto->name);
    }
    RfFrame *f = ++vm->frame;
    *f = (RfFrame){.pc = proto->code, .fp = vm->sp, .ret = vm->sp, .proto = proto, .mode = RF_FRAME_ENTRY};
    for (uint32_t i = 0; i < proto->nlocals; i++) {
        rf_push(vm, rf_null());
    }
    proto->call_count++;
    RfStatus status = rf_interp_run(vm, f);
    if (status == RF_OK) {
        rf_drop(vm, 1);
    }
    return status;
}

RfStatus rf_program_run_proto(RfVm *vm, RfModule *module, RfProto *proto)
{
    (void)module;
    RfStatus status = rf_program_run_top(vm, proto);
    return status == RF_OK ? rf_async_drain(vm) : status;
}

RfStatus rf_program_run(RfVm *vm, RfModule *module)
{
    RfStatus status = rf_program_run_proto(vm, module, module->main);
    rf_vm_flush(vm);
    return status;
}

RfValue rf_program_global(RfVm *vm, RfModule *module, const char *name)
{
    int64_t slot = rf_module_find(module, rf_intern_cstr(rf_rt(vm), name));
    return slot >= 0 && module->info[slot]->kind != RF_GLOBAL_ABSENT ? module->globals[slot] : rf_undef();
}

const char *rf_program_source(RfVm *vm, const char *file, size_t *len)
{
    for (uint32_t i = 0; i < vm->nmodules; i++) {
        if (vm->modules[i]->source && strcmp(vm->modules[i]->file, file) == 0) {
            *len = vm->modules[i]->source_len;
            return vm->modules[i]->source;
        }
    }
    return NULL;
}

/* ---- the thread with the large stack ---- */

#define C_STACK_BYTES ((size_t)1 << 30)
#define C_STACK_MIN_BYTES ((size_t)1 << 20)

typedef struct Job {
    int (*fn)(void *);
    void *arg;
    int result;
} Job;

static void *run_job(void *arg)
{
    Job *job = arg;
    job->result = job->fn(job->arg);
    rf_mem_thread_end();
    return NULL;
}

bool rf_program_big_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    for (size_t size = C_STACK_BYTES; size >= C_STACK_MIN_BYTES; size /= 2) {
        pthread_attr_t attr;
        pthread_attr_init(&attr);
        int failed = pthread_attr_setstacksize(&attr, size) || pthread_create(thread, &attr, run, arg);
        pthread_attr_destroy(&attr);
        if (!failed) {
            return true;
        }
    }
    return false;
}

int rf_program_on_big_stack(int (*fn)(void *arg), void *arg)
{
    Job job = {fn, arg, 0};
    pthread_t thread;
    if (!rf_program_big_thread(&thread, run_job, &job)) {
        return fn(arg); /* no address space for another stack: run on this one, with less depth for callbacks */
    }
    pthread_join(thread, NULL);
    return job.result;
}
