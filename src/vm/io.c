/* Program output: one buffer for stdout, flushed when full, at line ends of a terminal, before stderr output, input and exit.
 * A closed or failing stdout makes further output vanish quietly, as a program in a pipe expects; a full disk is reported. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "vm/frame.h"

#define OUT_SIZE 65536u

static void write_fd(RfVm *vm, int fd, const char *bytes, size_t len)
{
    while (len > 0 && !(fd == 1 && vm->out.failed)) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (fd == 1) {
                vm->out.failed = true;
                vm->out.error = errno;
            }
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

static void emit(RfVm *vm, const char *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    if (vm->config.write_out) {
        vm->config.write_out(vm->config.write_context, bytes, len);
    } else {
        write_fd(vm, 1, bytes, len);
    }
}

void rf_io_init(RfVm *vm)
{
    vm->out.data = NULL;
    vm->out.line_buffered = !vm->config.write_out && isatty(1);
}

void rf_io_free(RfVm *vm)
{
    rf_vm_flush(vm);
    rf_mem_free(vm->out.data, vm->out.data ? OUT_SIZE : 0);
    vm->out.data = NULL;
}

void rf_vm_flush(RfVm *vm)
{
    emit(vm, vm->out.data, vm->out.len);
    vm->out.len = 0;
}

void rf_vm_write(RfVm *vm, const char *bytes, size_t len)
{
    if (!vm->out.data) {
        vm->out.data = rf_mem_alloc(OUT_SIZE);
    }
    if (len > OUT_SIZE - vm->out.len) {
        rf_vm_flush(vm);
        if (len >= OUT_SIZE) {
            emit(vm, bytes, len);
            return;
        }
    }
    memcpy(vm->out.data + vm->out.len, bytes, len);
    vm->out.len += len;
    if (vm->out.line_buffered && memchr(bytes, '\n', len)) {
        rf_vm_flush(vm);
    }
}

void rf_vm_write_error(RfVm *vm, const char *bytes, size_t len)
{
    rf_vm_flush(vm);
    if (vm->config.write_err) {
        vm->config.write_err(vm->config.write_context, bytes, len);
    } else {
        write_fd(vm, 2, bytes, len);
    }
}
