/* Heads of images, and loading images that the C compiler has made. */
#include "native_fixture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

/* ---- heads ---- */

static RfImageEntry entries[] = {{0, -1}, {1, -1}, {0, 2}};
static RfExit exits[] = {
    {.unit = 0, .pc = 2, .nslots = 5, .error = 0, .reason = RF_REASON_BOUNDS, .guard = 1, .slots = "nnumm"},
    {.unit = 1, .pc = 300, .nslots = 0, .error = 1, .reason = RF_REASON_EXCEPTION, .slots = ""},
};
static RfBind binds[] = {
    {.kind = RF_BIND_HELPER, .a = RF_HELPER_truthy},
    {.kind = RF_BIND_PROTO, .a = 0},
    {.kind = RF_BIND_CONSTS, .a = 0},
    {.kind = RF_BIND_MODULE, .a = 1},
    {.kind = RF_BIND_CODE, .a = 1},
    {.kind = RF_BIND_BUILTIN, .name = "len"},
    {.kind = RF_BIND_FUNCTION, .a = 1},
    {.kind = RF_BIND_IMAGE},
    {.kind = RF_BIND_SHAPE, .a = 0},
    {.kind = RF_BIND_TYPE, .a = 0},
};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static RfImageHead sample(void)
{
    return (RfImageHead){.nunits = 2,
                         .nentries = COUNT(entries),
                         .nexits = COUNT(exits),
                         .nbinds = COUNT(binds),
                         .entries = entries,
                         .exits = exits,
                         .binds = binds};
}

static void a_head_survives_coding(void **state)
{
    (void)state;
    RfImageHead head = sample(), back;
    size_t size;
    uint8_t *bytes = rf_image_head_encode(&head, &size);
    assert_true(rf_image_head_decode(&back, bytes, size));
    assert_int_equal(back.nunits, 2);
    assert_int_equal(back.nentries, COUNT(entries));
    assert_int_equal(back.nexits, COUNT(exits));
    assert_int_equal(back.nbinds, COUNT(binds));
    for (uint32_t i = 0; i < COUNT(entries); i++) {
        assert_int_equal(back.entries[i].unit, entries[i].unit);
        assert_int_equal(back.entries[i].pc, entries[i].pc);
    }
    for (uint32_t i = 0; i < COUNT(exits); i++) {
        const RfExit *x = &exits[i], *y = &back.exits[i];
        assert_int_equal(x->unit, y->unit);
        assert_int_equal(x->pc, y->pc);
        assert_int_equal(x->nslots, y->nslots);
        assert_int_equal(x->error, y->error);
        assert_int_equal(x->reason, y->reason);
        assert_int_equal(x->guard, y->guard);
        assert_string_equal(x->slots, y->slots);
    }
    for (uint32_t i = 0; i < COUNT(binds); i++) {
        assert_int_equal(binds[i].kind, back.binds[i].kind);
        assert_int_equal(binds[i].a, back.binds[i].a);
        assert_int_equal(binds[i].b, back.binds[i].b);
        assert_true((binds[i].name != NULL) == (back.binds[i].name != NULL));
        if (binds[i].name) {
            assert_string_equal(binds[i].name, back.binds[i].name);
        }
    }
    rf_image_head_free(&back);
    rf_mem_free(bytes, size);
}

static bool decodes(const uint8_t *bytes, size_t size)
{
    RfImageHead head;
    bool good = rf_image_head_decode(&head, bytes, size);
    rf_image_head_free(&head); /* empty when malformed */
    return good;
}

static void malformed_heads_are_refused(void **state)
{
    (void)state;
    RfImageHead head = sample();
    size_t size;
    uint8_t *bytes = rf_image_head_encode(&head, &size);
    uint8_t *copy = malloc(size + 1); /* of the exact length, for the address sanitizer */
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, bytes, n);
        assert_false(decodes(cut, n));
        free(cut);
    }
    memcpy(copy, bytes, size);
    copy[size] = 0;
    assert_false(decodes(copy, size + 1));
    int64_t before = rf_mem_live_bytes();
    for (size_t at = 0; at < size; at++) { /* any answer, but no harm */
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, bytes, size);
            copy[at] = (uint8_t)value;
            (void)decodes(copy, size);
        }
    }
    assert_int_equal(rf_mem_live_bytes(), before);
    free(copy);
    rf_mem_free(bytes, size);
    struct {
        RfExit exit;
        RfBind bind;
    } bad[] = {
        {{.unit = 2, .slots = ""}, {.kind = RF_BIND_IMAGE}},
        {{.nslots = 1, .slots = "x"}, {.kind = RF_BIND_IMAGE}},
        {{.reason = RF_REASON_COUNT, .slots = ""}, {.kind = RF_BIND_IMAGE}},
        {{.slots = ""}, {.kind = RF_BIND_SERIAL + 1}},
        {{.slots = ""}, {.kind = RF_BIND_HELPER, .a = RF_HELPER_COUNT}},
        {{.slots = ""}, {.kind = RF_BIND_CODE, .a = 2}},
        {{.slots = ""}, {.kind = RF_BIND_BUILTIN}},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        head = (RfImageHead){.nunits = 2, .nexits = 1, .nbinds = 1, .exits = &bad[i].exit, .binds = &bad[i].bind};
        bytes = rf_image_head_encode(&head, &size);
        assert_false(decodes(bytes, size));
        rf_mem_free(bytes, size);
    }
}

/* ---- images ---- */

static const char program[] = "struct P { x }\np := P { x: 1 }\n"
                              "func f(a) { mut x := a + 10\n  return x }\nfunc g() { return len(\"abc\") }\n"
                              "func h(a, b, c) { return a }\n";

/* A shared object with this head and two functions, in a memory file; -1: there is no C compiler. */
static int build(const uint8_t *head, size_t size)
{
    char dir[] = "/tmp/ruff-test-image-XXXXXX", path[64], command[256];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/i.c", dir);
    FILE *c = fopen(path, "w");
    assert_non_null(c);
    fprintf(c, "const unsigned char rf_head[] = {%zu, %zu, %zu, %zu", size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff,
            size >> 24);
    for (size_t i = 0; i < size; i++) {
        fprintf(c, ", %u", head[i]);
    }
    fprintf(c,
            "};\nvoid *rf_bind[%u];\n"
            "typedef struct { unsigned long p, t; } R;\n"
            "R u0(void *vm, void *frame, unsigned long *fp) { fp[0] = 3; fp[1] += 10; return (R){fp[1], 3}; }\n"
            "R u1(void *vm, void *frame, unsigned long *fp)\n"
            "{ return (R){((int (*)(void *))rf_bind[0])(fp), 2}; }\n"
            "R o0_2(void *vm, void *frame, unsigned long *fp) { return (R){0, 1}; }\n",
            COUNT(binds));
    fclose(c);
    snprintf(command, sizeof command, "cc -shared -fPIC -o %s/i.so %s/i.c 2>/dev/null", dir, dir);
    int status = system(command), fd = -1;
    snprintf(path, sizeof path, "%s/i.so", dir);
    FILE *so = status == 0 ? fopen(path, "rb") : NULL;
    if (so) {
        fd = memfd_create("image", MFD_CLOEXEC);
        assert_true(fd >= 0);
        char block[4096];
        for (size_t n; (n = fread(block, 1, sizeof block, so)) > 0;) {
            assert_int_equal(write(fd, block, n), n);
        }
        fclose(so);
    }
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    return fd;
}

static int build_sample(const RfImageHead *head)
{
    size_t size;
    uint8_t *bytes = rf_image_head_encode(head, &size);
    int fd = build(bytes, size);
    rf_mem_free(bytes, size);
    return fd;
}

static void images_are_loaded(void **state)
{
    (void)state;
    RfImageHead head = sample();
    RfExit fitting[] = {exits[0], exits[1]};
    fitting[0].nslots = 2;
    fitting[0].slots = "mm";
    fitting[1].pc = 0;
    head.exits = fitting;
    int fd = build_sample(&head), other = fd < 0 ? -1 : build_sample(&head);
    if (fd < 0) {
        skip();
    }
    NativeFixture f;
    native_open(&f, program);
    RfFunction *g = native_global(&f, "g").as.fn;
    RfProto *protos[2] = {native_global(&f, "f").as.fn->proto, g->proto};
    RfShape *shape = native_global(&f, "p").as.strct->shape;
    const char *why;
    RfImage *image = rf_image_open(f.vm, fd, protos, 2, &shape, 1, &why);
    assert_null(why);
    assert_non_null(image);
    void **bind = dlsym(image->handle, "rf_bind");
    assert_ptr_equal(bind[0], rf_helper_table[RF_HELPER_truthy]);
    assert_ptr_equal(bind[1], protos[0]);
    assert_ptr_equal(bind[2], protos[0]->consts);
    assert_ptr_equal(bind[3], f.module);
    assert_ptr_equal(bind[4], protos[1]->code);
    assert_ptr_equal(bind[5], rf_builtin_find("len", 3));
    assert_ptr_equal(bind[6], g);
    assert_int_equal(g->obj.rc, 2);
    assert_ptr_equal(bind[7], image);
    assert_ptr_equal(bind[8], shape);
    assert_ptr_equal(bind[9], shape->type);
    RfValue fp[2] = {rf_int(5), rf_null()};
    RfRet r = rf_image_entry(image, 0, -1)(f.vm, NULL, fp);
    assert_int_equal(r.payload, 15);
    assert_int_equal(r.tag, RF_TAG_INT);
    fp[0] = rf_float(0.0);
    assert_int_equal(rf_image_entry(image, 1, -1)(f.vm, NULL, fp).payload, 0);
    fp[0] = rf_float(0.5);
    assert_int_equal(rf_image_entry(image, 1, -1)(f.vm, NULL, fp).payload, 1);
    assert_non_null(rf_image_entry(image, 0, 2));
    assert_null(rf_image_entry(image, 0, 3));
    assert_null(rf_image_entry(image, 2, -1));
    /* the same file again would share its data; another file with the same descriptor does not */
    assert_null(rf_image_open(f.vm, fd, protos, 2, &shape, 1, &why));
    assert_string_equal(why, "the file is loaded already");
    assert_int_equal(dup2(other, fd), fd);
    RfImage *second = rf_image_open(f.vm, fd, protos, 2, &shape, 1, &why);
    assert_non_null(second);
    assert_ptr_not_equal(second->bind, image->bind);
    assert_ptr_equal(second->bind[7], second);
    assert_ptr_equal(image->bind[7], image);
    rf_image_free(image);
    rf_image_free(second);
    assert_int_equal(g->obj.rc, 1);
    /* what does not fit is refused */
    assert_null(rf_image_open(f.vm, fd, protos, 1, &shape, 1, &why));
    assert_string_equal(why, "made for another job");
    assert_null(rf_image_open(f.vm, fd, protos, 2, NULL, 0, &why));
    assert_string_equal(why, "it wants something the program does not have");
    protos[0] = native_global(&f, "h").as.fn->proto; /* more locals than the exit has slots */
    assert_null(rf_image_open(f.vm, fd, protos, 2, &shape, 1, &why));
    assert_string_equal(why, "it does not fit the program");
    assert_int_equal(g->obj.rc, 1);
    close(fd);
    close(other);
    native_close(&f);
}

static void other_files_are_no_images(void **state)
{
    (void)state;
    NativeFixture f;
    native_open(&f, program);
    RfProto *proto = native_global(&f, "f").as.fn->proto;
    const char *why = NULL;
    int fd = memfd_create("image", MFD_CLOEXEC);
    assert_int_equal(write(fd, "not ELF", 7), 7);
    assert_null(rf_image_open(f.vm, fd, &proto, 1, NULL, 0, &why));
    assert_string_equal(why, "no shared object");
    close(fd);
    fd = build((const uint8_t *)"\x01\x7f\x7f", 3);
    if (fd >= 0) {
        assert_null(rf_image_open(f.vm, fd, &proto, 1, NULL, 0, &why));
        assert_string_equal(why, "malformed head");
        close(fd);
    }
    native_close(&f);
}

static void head_of_every_length(void **state)
{
    (void)state;
    char slots[300];
    memset(slots, RF_SLOT_HOME, sizeof slots - 1);
    slots[sizeof slots - 1] = 0;
    RfExit exit = {.pc = UINT32_MAX, .nslots = sizeof slots - 1, .slots = slots};
    RfImageHead head = {.nunits = 1, .nexits = 1, .exits = &exit}, back;
    size_t size;
    uint8_t *bytes = rf_image_head_encode(&head, &size);
    assert_true(rf_image_head_decode(&back, bytes, size));
    assert_int_equal(back.exits[0].pc, UINT32_MAX);
    assert_int_equal(back.exits[0].nslots, sizeof slots - 1);
    rf_image_head_free(&back);
    rf_mem_free(bytes, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_survives_coding),      cmocka_unit_test(head_of_every_length),
        cmocka_unit_test(malformed_heads_are_refused), cmocka_unit_test(images_are_loaded),
        cmocka_unit_test(other_files_are_no_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
