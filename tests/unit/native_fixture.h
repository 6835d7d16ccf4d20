/* What the tests of native code's runtime share: a VM with a program, activations of its functions that look as if native code
 * ran them, and the parts of the interpreter that native code falls back on - in their simplest form, used only by a build whose
 * interpreter does not have them. */
#ifndef RF_TESTS_NATIVE_FIXTURE_H
#define RF_TESTS_NATIVE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jit/helpers.h"
#include "jit/image.h"
#include "vm/program.h"

__attribute__((weak)) uint16_t rf_value_class(RfValue v)
{
    return v.tag == RF_TAG_INT ? RF_CLASS_INT : RF_CLASS_OTHER;
}

__attribute__((weak)) RfProfile *rf_profile_of(RfProto *proto)
{
    static uint16_t tos[256];
    static RfProfile profile = {.tos = tos};
    (void)proto;
    return &profile;
}

__attribute__((weak)) RfStatus rf_interp_step(RfVm *vm, RfFrame *frame, uint32_t pc)
{
    assert_int_equal(frame->proto->code[pc].op, RF_OP_RANGE); /* the only one the tests step */
    RfValue out;
    if (rf_literal_range(vm, vm->sp[-2], vm->sp[-1], false, &out) != RF_OK) {
        return RF_ERROR;
    }
    *--vm->sp = rf_null();
    vm->sp[-1] = out;
    return RF_OK;
}

__attribute__((weak)) RfRet rf_interp_resume(RfVm *vm, RfFrame *frame, uint32_t pc, bool error)
{
    frame->native = 0;
    frame->pc = frame->proto->code + pc + (error ? 1 : 0);
    if ((error && rf_unwind(vm, frame) != RF_OK) || rf_interp_run(vm, frame) != RF_OK) {
        return (RfRet){0, RF_RET_ERROR};
    }
    RfValue v = rf_pop(vm);
    return (RfRet){(uint64_t)v.as.i, v.tag};
}

#define FIXTURE_UNITS 4
typedef struct NativeFixture {
    RfVm *vm;
    RfModule *module;
    RfImage image; /* units: the functions entered, in this order */
    RfProto *protos[FIXTURE_UNITS];
    RfFunction *functions[FIXTURE_UNITS];
    RfExit exit;
    uint32_t exit_count;
} NativeFixture;

static inline void native_open(NativeFixture *f, const char *source)
{
    memset(f, 0, sizeof *f);
    RfVmConfig config = {.capabilities = RF_CAPABILITIES_ALL, .scheduler_timeout_ms = 5000};
    f->vm = rf_vm_new(&config);
    assert_non_null(f->vm);
    RfDiagList diags;
    rf_diag_init(&diags);
    assert_int_equal(rf_program_load(f->vm, source, strlen(source), "t.ruff", &diags, &f->module, NULL, NULL),
                     RF_LOAD_OK);
    rf_diag_free(&diags);
    assert_int_equal(rf_program_run(f->vm, f->module), RF_OK);
    f->image.head = (RfImageHead){.nunits = FIXTURE_UNITS, .nexits = 1, .exits = &f->exit};
    f->image.protos = f->protos;
    f->image.functions = f->functions;
    f->image.exit_counts = &f->exit_count;
}

static inline void native_close(NativeFixture *f)
{
    assert_ptr_equal(f->vm->sp, f->vm->stack); /* nothing is left behind */
    rf_vm_free(f->vm);
}

/* A borrowed value of the program. */
static inline RfValue native_global(NativeFixture *f, const char *name)
{
    return rf_program_global(f->vm, f->module, name);
}

/* An activation of the program's function, with these arguments (taken), as unit 0 of the image. */
static inline RfFrame *native_enter(NativeFixture *f, const char *name, uint32_t argc, const RfValue *args)
{
    RfFunction *fn = native_global(f, name).as.fn;
    f->protos[0] = fn->proto;
    f->functions[0] = fn;
    RfValue *fp = f->vm->sp;
    for (uint32_t i = 0; i < argc; i++) {
        fp[i] = args[i];
    }
    f->vm->sp += argc;
    assert_int_equal(rf_call_enter(f->vm, fn, fp, fp, argc, false), RF_ENTER);
    f->vm->frame->mode = RF_FRAME_ENTRY;
    f->vm->frame->native = 1;
    f->vm->frame->mark = 0;
    rf_native_adopt(f->vm->frame, &f->image);
    return f->vm->frame;
}

/* Ends it; vm->sp tells what it holds. */
static inline void native_leave(NativeFixture *f, RfFrame *frame)
{
    while (f->vm->sp > frame->fp) {
        rf_release(*--f->vm->sp);
    }
    f->vm->frame = frame - 1;
}

/* The pc of the number-th instruction (from 0) with this opcode. */
static inline uint32_t native_pc(const RfFrame *frame, RfOp op, uint32_t number)
{
    for (uint32_t pc = 0; pc < frame->proto->code_len; pc++) {
        if (rf_op_base(frame->proto->code[pc].op) == op && number-- == 0) {
            return pc;
        }
    }
    fail_msg("no such instruction");
    return 0;
}

/* The home of operand i. */
static inline RfValue *native_operand(const RfFrame *frame, uint32_t i)
{
    return frame->fp + frame->proto->nlocals + i;
}

/* `where` of the instruction with this many operands on the stack. */
static inline uint64_t native_where(const RfFrame *frame, uint32_t pc, uint32_t operands)
{
    return RF_WHERE(pc, frame->proto->nlocals + operands);
}

static inline const char *native_error(NativeFixture *f)
{
    return rf_rt(f->vm)->error.message->data;
}

#endif
