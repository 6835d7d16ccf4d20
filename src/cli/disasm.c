/* `ruff disasm`: the bytecode of a program, which is compiled and verified but not run, and what the JIT makes of it. */
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "base/mem.h"
#include "bytecode/compiler.h"
#include "cli/handlers.h"
#include "cli/load.h"
#include "cli/output.h"
#include "jit/jit.h"
#include "vm/frame.h"

typedef struct Listing {
    const char *function; /* only units of this name; NULL: all */
    bool as_json;
    bool bytecode, ir, assembly; /* what to show */
    RfBuf units;                 /* RfProto * each */
    RfJitListing *native;        /* per unit, when ir or assembly */
} Listing;

/* Reports a failure; returns the exit code. */
static int fail(const Listing *listing, const RuffError *error)
{
    if (!listing->as_json) {
        return rf_output_error(error);
    }
    int code = ruff_exit_code(error->status);
    rf_output_envelope("disasm", &error, 1, ruff_error_diagnostic(error, 0).message, code);
    return code;
}

static void put_ops(RfJson *json, const RfProto *p)
{
    rf_json_key(json, "ops");
    rf_json_array(json);
    for (uint32_t pc = 0; pc < p->code_len; pc++) {
        RfInstr in = rf_disasm_plain(p, pc);
        uint32_t operands[2];
        int count = rf_disasm_operands(in, operands);
        rf_json_object(json);
        rf_json_key_int(json, "column", p->positions[pc].column);
        rf_json_key_int(json, "line", p->positions[pc].line);
        rf_json_key_cstr(json, "op", rf_op_info[in.op].name);
        rf_json_key(json, "operands");
        rf_json_array(json);
        for (int i = 0; i < count; i++) {
            rf_json_int(json, operands[i]);
        }
        rf_json_array_end(json);
        rf_json_key_int(json, "pc", pc);
        rf_json_object_end(json);
    }
    rf_json_array_end(json);
}

static void put_constants(RfJson *json, const RfProto *p)
{
    RfBuf text = RF_BUF_INIT;
    rf_json_key(json, "constants");
    rf_json_array(json);
    for (uint32_t i = 0; i < p->nconsts; i++) {
        rf_buf_clear(&text);
        rf_disasm_constant(&text, p, i);
        rf_json_text(json, text.data, text.len);
    }
    rf_json_array_end(json);
    rf_buf_free(&text);
}

static void put_handlers(RfJson *json, const RfProto *p)
{
    rf_json_key(json, "handlers");
    rf_json_array(json);
    for (uint32_t i = 0; i < p->nhandlers; i++) {
        const RfHandler *handler = &p->handlers[i];
        rf_json_object(json);
        rf_json_key_int(json, "depth", handler->depth);
        rf_json_key_int(json, "end", handler->end);
        rf_json_key_bool(json, "raw", handler->raw);
        rf_json_key_int(json, "start", handler->start);
        rf_json_key_int(json, "target", handler->target);
        rf_json_object_end(json);
    }
    rf_json_array_end(json);
}

static void put_unit(RfJson *json, const RfProto *p, const RfJitListing *native)
{
    rf_json_object(json);
    rf_json_key_cstr(json, "asm", native ? native->assembly : NULL);
    rf_json_key_int(json, "captured", p->ncaptures);
    put_constants(json, p);
    rf_json_key_cstr(json, "file", p->module->file);
    put_handlers(json, p);
    rf_json_key_int(json, "id", p->id);
    rf_json_key_cstr(json, "ir", native ? native->ir : NULL);
    rf_json_key_cstr(json, "kind", p->flags & RF_PROTO_MAIN ? "main" : "func");
    rf_json_key_int(json, "line", p->def_pos.line);
    rf_json_key_int(json, "locals", p->nlocals);
    rf_json_key_cstr(json, "name", p->name->data);
    put_ops(json, p);
    rf_json_key_int(json, "params", p->nparams);
    rf_json_key_int(json, "stack", p->max_stack);
    rf_json_object_end(json);
}

/* Functions nest no deeper than the parser allows. */
static void gather(Listing *listing, RfProto *p)
{
    if (listing->function == NULL || strcmp(listing->function, p->name->data) == 0) {
        rf_buf_put(&listing->units, (const char *)&p, sizeof p);
    }
    for (uint32_t i = 0; i < p->nprotos; i++) {
        gather(listing, p->protos[i]);
    }
}

/* By place in the source. Top-level functions are compiled before the rest, so the order of the tables is another one.
 */
static int compare_units(const void *a, const void *b)
{
    const RfProto *left = *(RfProto *const *)a, *right = *(RfProto *const *)b;
    uint64_t x = (uint64_t)left->def_pos.line << 32 | left->def_pos.column;
    uint64_t y = (uint64_t)right->def_pos.line << 32 | right->def_pos.column;
    bool main_left = left->flags & RF_PROTO_MAIN, main_right = right->flags & RF_PROTO_MAIN;
    return main_left != main_right ? main_right - main_left
           : x != y                ? (x > y) - (x < y)
                                   : (left->id > right->id) - (left->id < right->id);
}

static void print_json(const Listing *listing, const char *name, RfProto *const *units, size_t count)
{
    RfJson json = rf_json_start(rf_output_stdout());
    rf_json_object(&json);
    rf_json_key_cstr(&json, "command", "disasm");
    rf_json_key_cstr(&json, "file", name);
    rf_json_key_cstr(&json, "status", "ok");
    rf_json_key(&json, "units");
    rf_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        put_unit(&json, units[i], listing->native ? &listing->native[i] : NULL);
    }
    rf_json_array_end(&json);
    rf_json_object_end(&json);
    rf_json_finish(&json);
}

/* "== ir func fib id=1 ==" and the text, or why there is none. */
static void put_native(const char *kind, const RfProto *p, const RfJitListing *native, const char *text,
                       bool with_bytes)
{
    RfBuf *out = rf_output_stdout();
    bool main = p->flags & RF_PROTO_MAIN;
    rf_buf_printf(out, "== %s %s%s id=%u", kind, main ? "main" : "func ", main ? "" : p->name->data, p->id);
    if (with_bytes) {
        rf_buf_printf(out, " bytes=%u", native->bytes);
    }
    rf_buf_puts(out, " ==\n");
    if (text) {
        rf_buf_puts(out, text);
        if (*text && text[strlen(text) - 1] != '\n') {
            rf_buf_putc(out, '\n');
        }
    } else {
        rf_buf_printf(out, "not compiled: %s\n", rf_reason_text[native->reason]);
    }
    rf_buf_putc(out, '\n');
}

static void print_text(const Listing *listing, RfProto *const *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const RfJitListing *native = listing->native ? &listing->native[i] : NULL;
        if (listing->bytecode) {
            rf_disasm_unit(rf_output_stdout(), units[i]);
        }
        if (listing->ir) {
            put_native("ir", units[i], native, native->ir, false);
        }
        if (listing->assembly) {
            put_native("asm", units[i], native, native->assembly, true);
        }
    }
}

/* Shows the units, which are sorted and at least one. Gives why it cannot. */
static const char *print(Listing *listing, RfVm *vm, const char *name)
{
    size_t count = listing->units.len / sizeof(RfProto *);
    RfProto **units = (RfProto **)(void *)listing->units.data;
    const char *missing = NULL;
    if (listing->ir || listing->assembly) {
        listing->native = rf_mem_zalloc(count * sizeof *listing->native);
        missing = rf_jit_list(vm, units, count, listing->ir, listing->assembly, "/proc/self/exe", listing->native);
    }
    if (missing == NULL) {
        if (listing->as_json) {
            print_json(listing, name, units, count);
        } else {
            print_text(listing, units, count);
        }
    }
    for (size_t i = 0; listing->native && i < count; i++) {
        rf_jit_listing_free(&listing->native[i]);
    }
    rf_mem_free(listing->native, listing->native ? count * sizeof *listing->native : 0);
    return missing;
}

static int disassemble(Listing *listing, const RfArgs *args, RuffVM *vm)
{
    RuffError error;
    rf_failure_init(&error);
    RuffProgram *program;
    if (rf_load_program(vm, args, &program) != RUFF_OK) {
        error = rf_failure_take(vm);
    } else {
        gather(listing, program->module->main);
        if (listing->units.len == 0) {
            rf_failure_set_cli(&error, RUFF_ERROR_COMPILE, "No function '%s' in %s", listing->function,
                               rf_load_name(args));
        } else {
            qsort(listing->units.data, listing->units.len / sizeof(RfProto *), sizeof(RfProto *), compare_units);
            const char *missing = print(listing, vm->vm, rf_load_name(args));
            if (missing == NULL) {
                return 0;
            }
            rf_failure_set_cli(&error, RUFF_ERROR_COMPILE, "JIT back end is not available: %s", missing);
        }
    }
    int code = fail(listing, &error);
    rf_failure_free(&error);
    return code;
}

int rf_disasm_command(const RfArgs *args)
{
    if (rf_args_has(args, RF_OPTION_EVAL) && args->operand_count > 0) {
        return rf_args_usage_error(args->command, NULL, "unexpected argument '%s' found", args->operands[0]);
    }
    Listing listing = {.function = rf_args_text(args, RF_OPTION_FUNCTION),
                       .as_json = rf_args_has(args, RF_OPTION_JSON),
                       .ir = rf_args_has(args, RF_OPTION_IR),
                       .assembly = rf_args_has(args, RF_OPTION_ASM)};
    listing.bytecode = rf_args_has(args, RF_OPTION_BYTECODE) || !(listing.ir || listing.assembly);
    RuffVM *vm = ruff_vm_new(NULL);
    if (vm == NULL) {
        return rf_output_cli_error(RUFF_ERROR_INTERNAL, "No address space for the stacks of the virtual machine");
    }
    vm->vm->config.verify = true;
    int code = disassemble(&listing, args, vm);
    rf_buf_free(&listing.units);
    ruff_vm_free(vm);
    return code;
}
