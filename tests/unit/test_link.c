/* The linker for compiled jobs: what `as` makes of a text is linked, loaded and called; what it does not know is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/assemble.h"
#include "jit/link.h"

static char dir[] = "/tmp/ruff-test-XXXXXX";
static char shared_path[64], text_path[64];

static int make_dir(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(shared_path, sizeof shared_path, "%s/x.so", dir);
    snprintf(text_path, sizeof text_path, "%s/x.s", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(shared_path);
    return rmdir(dir); /* nothing else may be left */
}

static uint8_t *contents(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*size);
    assert_int_equal(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

/* The relocatable object of a text (malloc'd). */
static uint8_t *object_of(const char *text, size_t *size)
{
    RfAssembler as = {0};
    assert_true(rf_assembler_start(&as, dir, "t"));
    assert_int_equal(write(as.input, text, strlen(text)), strlen(text));
    close(as.input);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)as.pid, &info, WEXITED | WNOWAIT),
                     0); /* rf_assembler_stop waits for it, too */
    as.input = open("/dev/null", O_WRONLY);
    uint8_t *bytes = contents(as.object, size);
    rf_assembler_stop(&as);
    return bytes;
}

/* Linked by rf_link and loaded; NULL: refused. */
static void *load(const char *text)
{
    size_t size;
    uint8_t *object = object_of(text, &size);
    RfLinked linked;
    bool ok = rf_link(object, size, &linked);
    free(object);
    if (!ok) {
        return NULL;
    }
    assert_true(linked.code > 0 && linked.code < linked.size);
    unlink(shared_path); /* the loader knows files by their numbers */
    FILE *f = fopen(shared_path, "wb");
    assert_int_equal(fwrite(linked.bytes, 1, linked.size, f), linked.size);
    fclose(f);
    rf_mem_free(linked.bytes, linked.size);
    void *handle = dlopen(shared_path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fail_msg("%s", dlerror());
    }
    return handle;
}

static long call(void *handle, const char *name, long argument)
{
    long (*function)(long);
    *(void **)&function = dlsym(handle, name);
    assert_non_null(function);
    return function(argument);
}

#ifdef __x86_64__
#define TYPE(name) ".globl " name "\n.type " name ", @function\n"
/* Constants, data, variables without a value, tables of distances and of addresses, calls. */
static const char everything[] = TYPE("f") TYPE("g") TYPE("h")
    TYPE("count") ".globl value\n.type value, @object\n.size value, 8\n"
                  ".text\n"
                  "local: lea 1(%rdi), %rax\nret\n"
                  "f: call local\nadd value(%rip), %rax\nadd constant(%rip), %rax\nret\n.size f, .-f\n"
                  "g: mov value@GOTPCREL(%rip), %rdx\nmov (%rdx), %rax\nadd %rdi, %rax\nmov %rax, (%rdx)\nret\n"
                  "h: lea table(%rip), %rdx\nmovslq (%rdx,%rdi,4), %rax\nadd %rdx, %rax\njmp *%rax\n"
                  "one: mov $100, %eax\nret\ntwo: mov $200, %eax\nret\n"
                  "count: mov plain@GOTPCREL(%rip), %rdx\nadd %rdi, (%rdx)\nmov (%rdx), %rax\nmov "
                  "shared@GOTPCREL(%rip), %rcx\n"
                  "add %rax, 8(%rcx)\nmov 8(%rcx), %rax\nret\n"
                  ".globl indirect\n.type indirect, @function\nindirect: jmp *pointers+8(%rip)\n"
                  ".section .text.unlikely,\"ax\"\n.globl cold\ncold: cmp value@GOTPCREL(%rip), %rdi\nje 1f\njmp f\n1: "
                  "mov $-7, %rax\nret\n"
                  ".section .rodata\n.align 4\ntable: .long one-table\n.long two-table\n"
                  ".section .rodata.cst8,\"aM\",@progbits,8\n.align 8\nconstant: .quad 1000\n"
                  ".data\n.align 8\nvalue: .quad 5\npointers: .quad 0\n.quad f\n"
                  ".bss\n.align 16\nplain: .zero 64\n.globl plain\n"
                  ".comm shared,4096,32\n"
                  ".section .note.GNU-stack,\"\",@progbits\n";
static const char library_call[] = TYPE("f") "f: sub $8, %rsp\ncall *abs@GOTPCREL(%rip)\nadd $8, %rsp\ncltq\nret\n";
static const char *const refused[] = {
    TYPE("f") "f: call abs@PLT\nret\n", /* a stub would be needed */
    TYPE("f") "f: mov x@gottpoff(%rip), %rax\nret\n.section .tbss,\"awT\"\nx: .zero 8\n",
    TYPE("f") "f: movabs $f, %rax\nret\n", /* code would have to be written to */
    TYPE("f") "f: mov f, %eax\nret\n",     /* 32-bit addresses */
    TYPE("f") "f: ret\n.section .init_array,\"aw\",@init_array\n.quad f\n",
    TYPE("f") "f: ret\n.section .text.g,\"axG\",@progbits,g,comdat\ng: ret\n",
    ".globl f\n.type f, @gnu_indirect_function\nf: ret\n",
    ".globl f\nf = 42\n.data\n.quad 1\n",
};
#else
#define TYPE(name) ".globl " name "\n.type " name ", %function\n"
static const char everything[] = TYPE("f") TYPE("g") TYPE("h") TYPE(
    "count") ".globl value\n.type value, %object\n.size value, 8\n"
             ".text\n"
             "local: add x0, x0, 1\nret\n"
             "f: mov x9, x30\nbl local\nadrp x1, value\nldr x1, [x1, #:lo12:value]\nadd x0, x0, x1\nadrp x1, constant\n"
             "add x1, x1, #:lo12:constant\nldr x1, [x1]\nadd x0, x0, x1\nmov x30, x9\nret\n.size f, .-f\n"
             "g: adrp x2, :got:value\nldr x2, [x2, #:got_lo12:value]\nldr x1, [x2]\nadd x0, x0, x1\nstr x0, [x2]\nret\n"
             "h: adrp x2, table\nadd x2, x2, :lo12:table\nldrsw x1, [x2, x0, lsl 2]\nadd x1, x1, x2\nbr x1\n"
             "one: mov x0, 100\nret\ntwo: mov x0, 200\nret\n"
             "count: adrp x2, :got:plain\nldr x2, [x2, #:got_lo12:plain]\nldr x1, [x2]\nadd x1, x1, x0\nstr x1, [x2]\n"
             "adrp x3, shared\nadd x3, x3, :lo12:shared\nldr x0, [x3, 8]\nadd x0, x0, x1\nstr x0, [x3, 8]\nret\n"
             ".globl indirect\n.type indirect, %function\nindirect: adrp x1, pointers+8\nldr x1, [x1, "
             "#:lo12:pointers+8]\nbr x1\n"
             ".section .text.unlikely,\"ax\"\n.globl cold\ncold: adrp x1, :got:value\nldr x1, [x1, "
             "#:got_lo12:value]\ncmp x0, x1\nbeq 1f\n"
             "b f\n1: mov x0, -7\nret\n"
             ".section .rodata\n.align 2\ntable: .word one-table\n.word two-table\n"
             ".section .rodata.cst8,\"aM\",%progbits,8\n.align 3\nconstant: .quad 1000\n"
             ".data\n.align 3\nvalue: .quad 5\npointers: .quad 0\n.quad f\n"
             ".bss\n.align 4\nplain: .zero 64\n.globl plain\n"
             ".comm shared,4096,32\n"
             ".section .note.GNU-stack,\"\",%progbits\n";
static const char library_call[] =
    TYPE("f") "f: str x30, [sp, -16]!\nadrp x1, :got:abs\nldr x1, [x1, #:got_lo12:abs]\nblr x1\nsxtw x0, w0\n"
              "ldr x30, [sp], 16\nret\n";
static const char *const refused[] = {
    TYPE("f") "f: str x30, [sp, -16]!\nbl abs\nldr x30, [sp], 16\nret\n",
    TYPE("f") "f: mrs x0, tpidr_el0\nadd x0, x0, #:tprel_hi12:x\nret\n.section .tbss,\"awT\"\nx: .zero 8\n",
    TYPE("f") "f: movz x0, #:abs_g0_nc:f\nret\n",
    TYPE("f") "f: ret\n.section .init_array,\"aw\",%init_array\n.quad f\n",
    TYPE("f") "f: ret\n.section .text.g,\"axG\",%progbits,g,comdat\ng: ret\n",
    ".globl f\n.type f, %gnu_indirect_function\nf: ret\n",
    ".globl f\nf = 42\n.data\n.quad 1\n",
};
#endif

static void what_is_linked_runs(void **state)
{
    (void)state;
    void *handle = load(everything);
    assert_non_null(handle);
    assert_int_equal(call(handle, "f", 10), 10 + 1 + 5 + 1000);
    assert_int_equal(call(handle, "g", 20), 25);
    assert_int_equal(call(handle, "f", 10), 10 + 1 + 25 + 1000);
    assert_int_equal(*(long *)dlsym(handle, "value"), 25);
    assert_int_equal(call(handle, "h", 0), 100);
    assert_int_equal(call(handle, "h", 1), 200);
    assert_int_equal(call(handle, "count", 3), 3);
    assert_int_equal(call(handle, "count", 4), 10);
    assert_int_equal(*(long *)dlsym(handle, "plain"), 7);
    assert_int_equal((uintptr_t)dlsym(handle, "shared") % 32, 0);
    assert_int_equal(((long *)dlsym(handle, "shared"))[511], 0);
    assert_int_equal(call(handle, "indirect", 0), 1 + 25 + 1000);
    assert_int_equal(call(handle, "cold", 2), 2 + 1 + 25 + 1000);
    assert_int_equal(call(handle, "cold", (long)dlsym(handle, "value")), -7);
    assert_null(dlsym(handle, "local"));
    assert_null(dlsym(handle, "constant"));
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    assert_true(dladdr1(dlsym(handle, "value"), &info, (void **)&symbol, RTLD_DL_SYMENT) != 0);
    assert_int_equal(symbol->st_size, 8);
    assert_true(dladdr1(dlsym(handle, "shared"), &info, (void **)&symbol, RTLD_DL_SYMENT) != 0);
    assert_int_equal(symbol->st_size, 4096);
    dlclose(handle);
}

static void functions_of_libraries(void **state)
{
    (void)state;
    void *handle = load(library_call);
    assert_non_null(handle);
    assert_int_equal(call(handle, "f", -42), 42);
    dlclose(handle);
}

static void the_unknown_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (load(refused[i]) != NULL) {
            fail_msg("linked: %s", refused[i]);
        }
    }
}

/* What rf_link refuses goes to `ld`; `as` has the last word on what is no assembly. */
static void with_all_tools(void **state)
{
    (void)state;
    const char *texts[] = {everything, refused[0], "this is not assembly\n"};
    for (unsigned i = 0; i < 3; i++) {
        FILE *f = fopen(text_path, "w");
        fputs(texts[i], f);
        fclose(f);
        RfAssembler as = {0};
        uint32_t code = 0;
        assert_true(rf_assembler_start(&as, dir, "t"));
        unlink(shared_path);
        assert_int_equal(rf_assemble(&as, text_path, shared_path, &code), i < 2);
        assert_int_equal(as.pid, 0);
        assert_int_equal(code > 0, i < 2);
        assert_int_equal(access(text_path, F_OK), -1);
        if (i < 2) {
            void *handle = dlopen(shared_path, RTLD_NOW | RTLD_LOCAL);
            assert_non_null(handle);
            assert_int_equal(call(handle, "f", -3), i == 0 ? -3 + 1 + 5 + 1000 : 3);
            dlclose(handle);
        }
    }
    RfAssembler as = {0};
    assert_true(rf_assembler_start(&as, dir, "t"));
    rf_assembler_stop(&as);
    rf_assembler_stop(&as);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    assert_false(rf_assembler_start(&as, dir, "t"));
    assert_int_equal(as.pid, 0);
    setenv("PATH", path, 1);
    free(path);
}

static void nothing_in_the_bytes_is_believed(void **state)
{
    (void)state;
    size_t size;
    uint8_t *object = object_of(everything, &size);
    int64_t live = rf_mem_live_bytes();
    RfLinked linked;
    for (size_t length = 0; length < size; length++) {
        uint8_t *cut = malloc(length); /* exactly as long, for the sanitizer */
        memcpy(cut, object, length);
        if (rf_link(cut, length, &linked)) {
            rf_mem_free(linked.bytes, linked.size);
        }
        free(cut);
    }
    uint32_t seed = 12345;
    uint8_t *copy = malloc(size);
    for (unsigned i = 0; i < 4000; i++) {
        memcpy(copy, object, size);
        for (unsigned k = 0; k <= i % 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
            copy[(seed >> 8) % size] = seed >> 29 < 5 ? values[seed >> 29] : (uint8_t)seed;
        }
        if (rf_link(copy, size, &linked)) {
            rf_mem_free(linked.bytes, linked.size);
        }
    }
    free(copy);
    free(object);
    assert_int_equal(rf_mem_live_bytes(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_linked_runs), cmocka_unit_test(functions_of_libraries),
                                       cmocka_unit_test(the_unknown_is_refused), cmocka_unit_test(with_all_tools),
                                       cmocka_unit_test(nothing_in_the_bytes_is_believed)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
