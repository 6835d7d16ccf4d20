/* Console: print, eprint, write, input, read_stdin, exit.
 *
 * A call writes its line with one rf_vm_write, so that lines of different threads do not mix. Short lines of strings
 * and numbers, the usual case, are put together on the C stack. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "lib/args.h"
#include "lib/builtins.h"
#include "lib/chars.h"

#define LINE_ROOM 512u

typedef void WriteFn(RfVm *vm, const char *bytes, size_t len);

/* Text of a string, number, bool or null into `line`, if there is room. The length, or SIZE_MAX when it must go the
 * long way. */
static size_t put_simple(char *line, size_t room, RfValue v)
{
    const char *text;
    size_t len;
    switch (v.tag) {
    case RF_TAG_STRING:
        text = v.as.str->data;
        len = v.as.str->len;
        break;
    case RF_TAG_INT: return room < 21 ? SIZE_MAX : rf_int_to_text(v.as.i, line);
    case RF_TAG_FLOAT: return room < RF_FLOAT_TEXT_MAX ? SIZE_MAX : rf_float_to_text(v.as.f, line);
    case RF_TAG_BOOL:
        text = v.as.i ? "true" : "false";
        len = v.as.i ? 4 : 5;
        break;
    case RF_TAG_NULL:
        text = "null";
        len = 4;
        break;
    default: return SIZE_MAX;
    }
    if (len > room) {
        return SIZE_MAX;
    }
    memcpy(line, text, len);
    return len;
}

/* Writes the text forms with spaces between and `end`, if it is not NUL, after them. */
static void write_values(RfVm *vm, WriteFn *write, int argc, const RfValue *argv, char end)
{
    char line[LINE_ROOM];
    const size_t limit = LINE_ROOM - 1; /* one byte stays free for `end` */
    size_t len = 0;
    int i = 0;
    for (; i < argc; i++) {
        size_t gap = i > 0;
        size_t used = len + gap > limit ? SIZE_MAX : put_simple(line + len + gap, limit - len - gap, argv[i]);
        if (used == SIZE_MAX) {
            break;
        }
        if (gap) {
            line[len] = ' ';
        }
        len += gap + used;
    }
    if (i == argc) {
        if (end != '\0') {
            line[len++] = end;
        }
        write(vm, line, len);
        return;
    }
    RfBuf buf = RF_BUF_INIT;
    if (len > 0) {
        rf_buf_put(&buf, line, len);
    }
    for (; i < argc; i++) {
        if (i > 0) {
            rf_buf_putc(&buf, ' ');
        }
        rf_text_put(&buf, argv[i]);
    }
    if (end != '\0') {
        rf_buf_putc(&buf, end);
    }
    write(vm, buf.data, buf.len);
    rf_buf_free(&buf);
}

RfStatus rf_lib_print(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    write_values(vm, rf_vm_write, argc, argv, '\n');
    *out = rf_null();
    return RF_OK;
}

RfStatus rf_lib_eprint(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    write_values(vm, rf_vm_write_error, argc, argv, '\n');
    *out = rf_null();
    return RF_OK;
}

RfStatus rf_lib_write(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    write_values(vm, rf_vm_write, argc, argv, '\0');
    *out = rf_null();
    return RF_OK;
}

RfStatus rf_lib_input(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self;
    if (argc == 1) {
        if (!rf_is_string(argv[0])) {
            return rf_raise(rf_rt(vm), "input() requires a string prompt when provided");
        }
        rf_vm_write(vm, argv[0].as.str->data, argv[0].as.str->len);
    }
    rf_vm_flush(vm);
    char *line = NULL;
    size_t room = 0;
    ssize_t got = getline(&line, &room, stdin);
    size_t len = got > 0 ? (size_t)got : 0;
    if (len > RF_STRING_MAX || rf_utf8_validate(line, len) != len) {
        len = 0; /* a line that cannot be text counts as a read error */
    }
    len -= rf_chars_space_suffix(line, len);
    *out = rf_args_piece(vm, line, len);
    free(line); /* getline's, hence not rf_mem_free */
    return RF_OK;
}

RfStatus rf_lib_read_stdin(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)argc, (void)argv;
    RfBuf buf = RF_BUF_INIT;
    size_t step = 4096;
    rf_vm_flush(vm);
    for (;;) {
        rf_buf_reserve(&buf, step);
        size_t got = fread(buf.data + buf.len, 1, step, stdin);
        buf.len += got;
        if (got < step || buf.len > RF_STRING_MAX) {
            break;
        }
        step = buf.len;
    }
    if (rf_utf8_validate(buf.data, buf.len) != buf.len) {
        rf_buf_free(&buf);
        return rf_raise(rf_rt(vm), "read_stdin failed: stream did not contain valid UTF-8");
    }
    return rf_args_return_buf(vm, self, &buf, out);
}

RfStatus rf_lib_exit(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    (void)self, (void)out;
    int64_t code = 0;
    if (argc == 1) {
        if (!rf_is_num(argv[0])) {
            return rf_raise(rf_rt(vm), "exit() requires a numeric exit code when provided");
        }
        code = rf_args_count(argv[0]);
    }
    return rf_vm_exit(vm, (int)(code & 0xFF));
}
