/* Compile workers: answers, batches, and everything that can go wrong with a process. The compiler here is a fake that obeys
 * the text of the job; this executable serves as the worker program, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/cache.h"
#include "jit/job.h"
#include "jit/worker.h"

/* ---- the fake compiler: runs in the worker ---- */

/* clang-format off */
__attribute__((weak)) const char *const rf_reason_text[RF_REASON_COUNT] = {
#define TEXT(name, text) text,
    RF_REASONS(TEXT)
#undef TEXT
};
/* clang-format on */

const char *rf_jit_backend_missing(void)
{
    return getenv("TEST_NO_BACKEND") != NULL ? "no such library" : NULL;
}

RfJob *rf_job_decode(const uint8_t *data, size_t size)
{
    RfJob *job = calloc(1, sizeof *job);
    job->arena = strndup((const char *)data, size);
    job->nunits = (uint32_t)size;
    if (strcmp(job->arena, "malformed") == 0) {
        rf_job_free(job);
        return NULL;
    }
    return job;
}

void rf_job_free(RfJob *job)
{
    free(job->arena);
    free(job);
}

static int count_entries(const char *dir)
{
    DIR *d = opendir(dir);
    int count = 0;
    while (d != NULL && readdir(d) != NULL) {
        count++;
    }
    if (d != NULL) {
        closedir(d);
    }
    return count - 2;
}

/* Whether a process can limit its memory: some emulators of processors do not let it, and say all is well. */
static bool memory_can_be_limited(void)
{
#ifdef RF_SANITIZE /* sanitizers want all addresses: the worker does not ask */
    return false;
#endif
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        getrlimit(RLIMIT_AS, &limit);
        if (limit.rlim_cur == RLIM_INFINITY) {
            limit.rlim_cur = (rlim_t)1 << 40;
            setrlimit(RLIMIT_AS, &limit);
            getrlimit(RLIMIT_AS, &limit);
        }
        _exit(limit.rlim_cur == RLIM_INFINITY);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What the worker's surroundings look like, for the test that asks. */
static void describe(FILE *out)
{
    struct rlimit memory, core;
    getrlimit(RLIMIT_AS, &memory);
    getrlimit(RLIMIT_CORE, &core);
    char here[512];
    fprintf(out, " leader=%d limited=%d core=%d fds=%d", getpgrp() == getppid() && getsid(0) == getppid(),
            memory.rlim_cur != RLIM_INFINITY, core.rlim_cur == 0, count_entries("/proc/self/fd") - 1);
    fprintf(out, " nice=%d private=%d", getpriority(PRIO_PROCESS, 0),
            getcwd(here, sizeof here) != NULL && strcmp(here, getenv("TMPDIR")) == 0);
}

bool rf_jit_compile(const RfJob *job, const char *path, unsigned want, RfAssembler *as, RfCompileResult *result)
{
    (void)as;
    const char *text = job->arena;
    *result = (RfCompileResult){.reject_unit = RF_JOB_NONE, .reject_pc = RF_JOB_NONE};
    if (strcmp(text, "crash") == 0) {
        raise(SIGKILL);
    } else if (strcmp(text, "hang") == 0) {
        mkdir("left", 0700);
        close(open("left/behind", O_CREAT | O_WRONLY, 0600));
        for (;;) {
            pause();
        }
    } else if (strcmp(text, "slow") == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    } else if (strcmp(text, "exit") == 0) {
        _exit(0);
    } else if (strcmp(text, "reject") == 0) {
        result->reason = "unsupported-op";
        result->reject_unit = 2;
        result->reject_pc = 77;
        return false;
    }
    FILE *out = fopen(path, "w");
    fprintf(out, "%sELF", strcmp(text, "no object") == 0 ? "?" : "\177");
    fwrite(text, 1, job->nunits, out);
    if (strcmp(text, "describe") == 0) {
        describe(out);
    }
    fclose(out);
    result->ok = true;
    result->bytes = 123;
    strcpy(result->types, "int->int");
    if (want & 1) {
        rf_buf_puts(&result->ir, "the IR");
    }
    if (want & 2) {
        rf_buf_puts(&result->assembly, "the assembly");
    }
    return true;
}

/* ---- what each test starts and ends with ---- */

static char temporary[] = "/tmp/ruff-test-XXXXXX";
static int64_t live;
static int open_fds;

static int set_up(void **state)
{
    (void)state;
    live = rf_mem_live_bytes();
    open_fds = count_entries("/proc/self/fd");
    return 0;
}

/* No memory, descriptor, process or temporary file is left. */
static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(rf_mem_live_bytes(), live);
    assert_int_equal(count_entries("/proc/self/fd"), open_fds);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(count_entries(temporary), 0);
    return 0;
}

static RfWorkers *workers(uint32_t jobs, uint32_t timeout_ms, const char *stress)
{
    return rf_workers_new(&(RfWorkerConfig){.jobs = jobs, .timeout_ms = timeout_ms, .stress = stress, .debug = true});
}

static void submit(RfWorkers *w, uint32_t id, const char *text)
{
    rf_workers_submit(w, id, text, strlen(text), NULL, NULL, NULL);
}

/* Takes the next answer, which must be this one. */
static void expect(RfWorkers *w, uint32_t id, RfReason reason)
{
    RfWorkerAnswer answer;
    assert_true(rf_workers_take(w, true, &answer));
    assert_int_equal(answer.id, id);
    assert_string_equal(rf_reason_text[answer.reason], rf_reason_text[reason]);
    assert_int_equal(answer.fd >= 0, reason == RF_REASON_NONE);
    if (answer.fd >= 0) {
        close(answer.fd);
    }
    free(answer.ir);
    free(answer.assembly);
}

/* Takes the answers to jobs 0 to count-1, in any order; of each of the reasons so many. */
static void expect_all(RfWorkers *w, uint32_t count, RfReason one, uint32_t ones, RfReason other)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        RfWorkerAnswer answer;
        assert_true(rf_workers_take(w, true, &answer));
        assert_true(answer.id < count && !(seen >> answer.id & 1));
        seen |= UINT64_C(1) << answer.id;
        assert_true(answer.reason == one || answer.reason == other);
        ones -= answer.reason == one;
        if (answer.fd >= 0) {
            close(answer.fd);
        }
    }
    assert_int_equal(ones, 0);
}

static void expect_end(RfWorkers *w)
{
    RfWorkerAnswer answer;
    assert_int_equal(rf_workers_pending(w), 0);
    assert_false(rf_workers_ready(w));
    assert_false(rf_workers_take(w, true, &answer));
    rf_workers_free(w, 0);
}

/* The object of a job that is compiled, as text behind the magic. */
static void object_of(RfWorkers *w, const char *job, char *text, size_t room)
{
    RfWorkerAnswer answer;
    submit(w, 1, job);
    assert_true(rf_workers_take(w, true, &answer));
    assert_int_equal(answer.reason, RF_REASON_NONE);
    ssize_t got = pread(answer.fd, text, room - 1, 4);
    assert_true(got >= 0);
    text[got] = '\0';
    close(answer.fd);
}

/* ---- all is well ---- */

static void an_answer_has_it_all(void **state)
{
    (void)state;
    RfWorkers *w = rf_workers_new(&(RfWorkerConfig){.jobs = 1, .timeout_ms = 5000, .want = 3});
    RfWorkerAnswer answer;
    assert_false(rf_workers_take(w, true, &answer));
    rf_workers_warm(w);
    rf_workers_warm(w);
    submit(w, 42, "good");
    assert_int_equal(rf_workers_pending(w), 1);
    assert_true(rf_workers_take(w, true, &answer));
    assert_int_equal(answer.id, 42);
    assert_int_equal(answer.reason, RF_REASON_NONE);
    assert_int_equal(answer.size, 8);
    assert_int_equal(answer.bytes, 123);
    assert_int_equal(answer.reject_unit, UINT32_MAX);
    assert_int_equal(answer.reject_pc, UINT32_MAX);
    assert_true(answer.ms >= 0);
    assert_string_equal(answer.types, "int->int");
    assert_string_equal(answer.ir, "the IR");
    assert_string_equal(answer.assembly, "the assembly");
    char object[9] = "";
    assert_int_equal(pread(answer.fd, object, 8, 0), 8);
    assert_string_equal(object, "\177ELFgood");
    assert_int_equal(write(answer.fd, "x", 1), -1);
    assert_int_equal(fcntl(answer.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(answer.fd);
    free(answer.ir);
    free(answer.assembly);
    expect_end(w);
}

static void rejections(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 5000, NULL);
    RfWorkerAnswer answer;
    submit(w, 1, "reject");
    assert_true(rf_workers_take(w, true, &answer));
    assert_int_equal(answer.reason, RF_REASON_UNSUPPORTED_OP);
    assert_int_equal(answer.reject_unit, 2);
    assert_int_equal(answer.reject_pc, 77);
    assert_int_equal(answer.fd, -1);
    assert_null(answer.ir);
    submit(w, 2, "malformed");
    expect(w, 2, RF_REASON_BACKEND_ERROR);
    submit(w, 3, "good");
    expect(w, 3, RF_REASON_NONE);
    expect_end(w);
}

static void many_jobs(void **state)
{
    (void)state;
    for (uint32_t processes = 1; processes <= 3; processes += 2) {
        RfWorkers *w = workers(processes, 60000, NULL);
        bool seen[400] = {false};
        for (uint32_t i = 0; i < 400; i++) {
            submit(w, i, "good");
        }
        for (uint32_t i = 0; i < 400; i++) {
            RfWorkerAnswer answer;
            assert_true(rf_workers_take(w, true, &answer));
            assert_int_equal(answer.reason, RF_REASON_NONE);
            assert_true(answer.id < 400 && !seen[answer.id]);
            seen[answer.id] = true;
            close(answer.fd);
        }
        expect_end(w);
    }
}

static void newest_first(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    for (uint32_t i = 0; i < 6; i++) {
        submit(w, i, "slow");
    }
    rf_workers_cancel(w, 3);
    RfWorkerAnswer answer;
    uint32_t last = 6, late = 6;
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(rf_workers_take(w, true, &answer));
        assert_int_equal(answer.reason, answer.id == 3 ? RF_REASON_BACKEND_ERROR : RF_REASON_NONE);
        if (answer.fd >= 0) {
            close(answer.fd);
        }
        if (answer.id == 3) {
            continue; /* answered at once */
        }
        if (late < 6) { /* the first is whatever had arrived when the worker got ready */
            assert_true(answer.id < last);
            last = answer.id;
        } else {
            late = answer.id;
        }
    }
    assert_true(late < 6);
    expect_end(w);
}

/* Waits until job "hang" is in work. */
static void wait_for_hang(void)
{
    glob_t found;
    char pattern[64];
    snprintf(pattern, sizeof pattern, "%s/*/left/behind", temporary);
    while (glob(pattern, 0, NULL, &found) != 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    globfree(&found);
}

static void a_cancelled_job_ends_at_once(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    submit(w, 0, "hang");
    wait_for_hang();
    submit(w, 1, "good");
    rf_workers_cancel(w, 0);
    rf_workers_cancel(w, 77); /* nobody gave it */
    expect(w, 0, RF_REASON_BACKEND_ERROR);
    expect(w, 1, RF_REASON_NONE);
    rf_workers_cancel(w, 1);
    for (uint32_t i = 2; i < 12; i++) { /* not one of the deaths after which there is no worker any more */
        submit(w, i, "slow");
        rf_workers_cancel(w, i);
        expect(w, i, RF_REASON_BACKEND_ERROR);
    }
    submit(w, 20, "good");
    expect(w, 20, RF_REASON_NONE);
    expect_end(w);
}

static char key_of_tests[RF_KEY_SIZE];

/* With a place in the cache it is compiled all the same, when nothing else is to do, and gives way again. */
static void what_is_cancelled_comes_later(void **state)
{
    (void)state;
    RfWorkers *w = rf_workers_new(
        &(RfWorkerConfig){.jobs = 1, .timeout_ms = 60000, .cache = "/nonexistent", .cache_mb = 1, .debug = true});
    rf_cache_key("x", 1, key_of_tests);
    submit(w, 0, "hang");
    wait_for_hang();
    rf_workers_submit(w, 1, "slow", 4, key_of_tests, "name", NULL);
    rf_workers_submit(w, 2, "slow", 4, key_of_tests, "name", NULL);
    submit(w, 3, "slow");
    rf_workers_cancel(w, 2);
    rf_workers_cancel(w, 0);
    expect(w, 0, RF_REASON_BACKEND_ERROR);
    expect(w, 3, RF_REASON_NONE);
    expect(w, 1, RF_REASON_NONE);
    submit(w, 4, "slow"); /* job 2 is in work or not yet */
    expect(w, 4, RF_REASON_NONE);
    expect(w, 2, RF_REASON_NONE);
    expect_end(w);
}

static void submit_for(RfWorkers *w, uint32_t id, RfWorkerUnits units)
{
    rf_workers_submit(w, id, "good", 4, NULL, NULL, &units);
}

static void jobs_that_wait_for_others(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    submit(w, 0, "hang");
    wait_for_hang();
    submit_for(w, 1, (RfWorkerUnits){1, 0, {100}});
    submit_for(w, 2, (RfWorkerUnits){1, 0, {300}}); /* compiled along with 4, and called from there only, perhaps */
    submit_for(w, 3, (RfWorkerUnits){1, 0, {200}}); /* what 4 calls */
    submit_for(w, 4, (RfWorkerUnits){2, 1, {100, 300, 200}}); /* the newest */
    submit_for(w, 5, (RfWorkerUnits){0, 0, {0}});
    rf_workers_cancel(w, 0);
    static const uint32_t order[] = {0, 5, 3, 4, 1, 2};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        expect(w, order[i], i == 0 ? RF_REASON_BACKEND_ERROR : RF_REASON_NONE);
    }
    /* two that call each other do not wait for ever */
    submit_for(w, 0, (RfWorkerUnits){1, 1, {1, 2}});
    submit_for(w, 1, (RfWorkerUnits){1, 1, {2, 1}});
    expect_all(w, 2, RF_REASON_NONE, 2, RF_REASON_NONE);
    expect_end(w);
}

static void big_and_empty_jobs(void **state)
{
    (void)state;
    size_t size = 9 << 20;
    char *bytes = malloc(size), *back = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)('a' + i % 23);
    }
    RfWorkers *w = workers(1, 60000, NULL);
    rf_workers_submit(w, 1, bytes, size, NULL, NULL, NULL);
    RfWorkerAnswer answer;
    assert_true(rf_workers_take(w, true, &answer));
    assert_int_equal(answer.size, size + 4);
    assert_int_equal(pread(answer.fd, back, size, 4), size);
    assert_memory_equal(back, bytes, size);
    close(answer.fd);
    rf_workers_submit(w, 2, bytes, 0, NULL, NULL, NULL);
    expect(w, 2, RF_REASON_NONE);
    expect_end(w);
    free(bytes);
    free(back);
}

static void readiness_shows_without_waiting(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 5000, NULL);
    assert_false(rf_workers_ready(w));
    for (uint32_t i = 0; i < 20; i++) {
        submit(w, i, i % 2 == 0 ? "good" : "crash");
        RfWorkerAnswer answer;
        bool taken = false;
        while (!taken) {
            while (!rf_workers_ready(w)) {
                nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
            }
            taken = rf_workers_take(w, false, &answer);
        }
        assert_int_equal(answer.id, i);
        if (answer.fd >= 0) {
            close(answer.fd);
        }
    }
    assert_false(rf_workers_ready(w));
    expect_end(w);
}

static void surroundings_of_the_worker(void **state)
{
    (void)state;
    int stray = open("/dev/null", O_RDONLY); /* inherited unless someone takes care */
    char text[200], expected[200];
    RfWorkers *w = workers(1, 5000, NULL);
    object_of(w, "describe", text, sizeof text);
    bool limited = memory_can_be_limited();
    int priority = getpriority(PRIO_PROCESS, 0) + 5;
    /* descriptors: 0 to 3, the job, the assembler and the object; the one used for counting is not counted */
    snprintf(expected, sizeof expected, "describe leader=1 limited=%d core=1 fds=7 nice=%d private=1", limited,
             priority > 19 ? 19 : priority);
    assert_string_equal(text, expected);
    close(stray);
    expect_end(w);
}

/* ---- all is not well ---- */

static void only_the_job_in_work_pays_for_a_crash(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    const char *jobs[] = {"good", "crash", "good", "exit", "good", "no object", "good"};
    for (uint32_t i = 0; i < 7; i++) {
        submit(w, i, jobs[i]);
    }
    expect_all(w, 7, RF_REASON_NONE, 4, RF_REASON_BACKEND_ERROR);
    assert_false(rf_workers_given_up(w));
    expect_end(w);
}

static void a_hanging_job_is_killed(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 1500, NULL);
    submit(w, 0, "good");
    submit(w, 1, "hang");
    submit(w, 2, "good");
    expect_all(w, 3, RF_REASON_NONE, 2, RF_REASON_COMPILE_TIMEOUT);
    expect_end(w);
}

/* Each job has its own time, however long the others take. */
static void waiting_in_the_queue_does_not_count(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 1500, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        submit(w, i, "slow");
    }
    expect_all(w, 20, RF_REASON_NONE, 20, RF_REASON_NONE);
    expect_end(w);
}

static void after_some_restarts_it_is_over(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        submit(w, i, "crash");
    }
    expect_all(w, 40, RF_REASON_BACKEND_ERROR, 4, RF_REASON_BACKEND_MISSING);
    assert_true(rf_workers_given_up(w));
    submit(w, 99, "good");
    assert_true(rf_workers_ready(w));
    expect(w, 99, RF_REASON_BACKEND_MISSING);
    rf_workers_warm(w);
    expect_end(w);
}

static void stress(const char *mode, uint32_t timeout_ms, RfReason reason)
{
    RfWorkers *w = workers(1, timeout_ms, mode);
    for (uint32_t i = 0; i < 8; i++) {
        submit(w, i, "good");
    }
    expect_all(w, 8, reason, 4, RF_REASON_BACKEND_MISSING);
    expect_end(w);
    w = workers(3, timeout_ms, mode);
    for (uint32_t i = 0; i < 30; i++) {
        submit(w, i, "good");
    }
    uint32_t failed = 0;
    for (uint32_t i = 0; i < 30; i++) {
        RfWorkerAnswer answer;
        assert_true(rf_workers_take(w, true, &answer));
        assert_true(answer.reason == reason || answer.reason == RF_REASON_BACKEND_MISSING);
        failed += answer.reason == reason;
    }
    assert_true(failed >= 1 && failed <= 10);
    expect_end(w);
}

static void worker_kill(void **state)
{
    (void)state;
    stress("kill", 60000, RF_REASON_BACKEND_ERROR);
}

static void worker_hang(void **state)
{
    (void)state;
    stress("hang", 100, RF_REASON_COMPILE_TIMEOUT);
}

static void worker_garbage(void **state)
{
    (void)state;
    /* the fifth kind, too, is only reached with several workers */
    stress("garbage", 60000, RF_REASON_BACKEND_ERROR);
}

static void no_program_or_another(void **state)
{
    (void)state;
    const char *programs[] = {"/nonexistent/ruff", "/bin/true", "/bin/cat"};
    for (unsigned i = 0; i < 3; i++) {
        RfWorkers *w = rf_workers_new(&(RfWorkerConfig){.jobs = 1, .timeout_ms = 5000, .program = programs[i]});
        rf_workers_warm(w);
        submit(w, 1, "good");
        submit(w, 2, "good");
        expect(w, 1, RF_REASON_BACKEND_MISSING);
        expect(w, 2, RF_REASON_BACKEND_MISSING);
        expect_end(w);
    }
}

static void no_backend(void **state)
{
    (void)state;
    setenv("TEST_NO_BACKEND", "1", 1);
    RfWorkers *w = workers(1, 5000, NULL);
    unsetenv("TEST_NO_BACKEND"); /* too late: workers get the environment of the start */
    submit(w, 0, "good");
    submit(w, 1, "good");
    expect_all(w, 2, RF_REASON_BACKEND_MISSING, 2, RF_REASON_BACKEND_MISSING);
    assert_true(rf_workers_given_up(w));
    expect_end(w);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    w = workers(1, 5000, NULL); /* a worker without an assembler */
    setenv("PATH", path, 1);
    free(path);
    submit(w, 1, "good");
    expect(w, 1, RF_REASON_BACKEND_MISSING);
    expect_end(w);
}

static void a_worker_starts_no_workers(void **state)
{
    (void)state;
    setenv("RUFF_JIT_WORKER", "1", 1);
    RfWorkers *w = workers(1, 5000, NULL);
    unsetenv("RUFF_JIT_WORKER");
    submit(w, 1, "good");
    expect(w, 1, RF_REASON_BACKEND_MISSING);
    expect_end(w);
}

/* ---- the end ---- */

static void freed_while_busy(void **state)
{
    (void)state;
    for (int answered = 0; answered < 2; answered++) {
        RfWorkers *w = workers(2, 60000, NULL);
        submit(w, 1, "good");
        if (answered) {
            expect(w, 1, RF_REASON_NONE);
        }
        submit(w, 2, "hang");
        submit(w, 3, "hang");
        submit(w, 4, "good");
        rf_workers_free(w, answered ? 0 : 200);
    }
    RfWorkers *w = workers(1, 5000, NULL);
    rf_workers_warm(w);
    rf_workers_free(w, 1000);
    rf_workers_free(workers(1, 5000, NULL), 1000);
    rf_workers_free(NULL, 0);
}

static void waiting_for_a_while(void **state)
{
    (void)state;
    RfWorkers *w = workers(1, 60000, NULL);
    RfWorkerAnswer answer;
    submit(w, 1, "hang");
    assert_false(rf_workers_take_for(w, 0, &answer));
    assert_false(rf_workers_take_for(w, 20, &answer));
    assert_int_equal(rf_workers_pending(w), 1);
    rf_workers_free(w, 0);
    w = workers(1, 60000, NULL);
    submit(w, 1, "good");
    assert_true(rf_workers_take_for(w, 30000, &answer));
    close(answer.fd);
    expect_end(w);
}

/* A program that ends does not wait: its worker finishes what it has and stores it. */
static void left_behind(void **state)
{
    (void)state;
    static char directory[] = "/tmp/ruff-test-cache-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char keys[3][RF_KEY_SIZE];
    for (int i = 0; i < 3; i++) {
        rf_cache_key(&i, sizeof i, keys[i]);
    }
    int before = count_entries(temporary);
    pid_t child = fork();
    if (child == 0) {
        RfWorkers *w =
            rf_workers_new(&(RfWorkerConfig){.jobs = 1, .timeout_ms = 60000, .cache = directory, .cache_mb = 1});
        for (uint32_t i = 0; i < 3; i++) {
            rf_workers_submit(w, i, "slow", 4, i == 1 ? NULL : keys[i], "name", NULL);
        }
        rf_workers_leave(w);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    while (count_entries(temporary) > before) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    RfCache *cache = rf_cache_open(directory, 1);
    size_t count, failed;
    uint64_t bytes;
    RfCacheItem *items = rf_cache_items(cache, true, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(items[i].bad, RF_REASON_NONE);
        assert_string_equal(items[i].name, "name");
    }
    rf_mem_free(items, sizeof *items * count);
    assert_int_equal(rf_cache_remove(cache, false, &bytes, &failed), 2);
    rf_cache_close(cache);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    assert_int_equal(system(command), 0);
}

/* The worker of a program that was killed cleans up and goes, even from the middle of a compile. */
static void the_program_is_killed(void **state)
{
    (void)state;
    int before = count_entries(temporary);
    pid_t child = fork();
    if (child == 0) {
        RfWorkers *w = workers(1, 60000, NULL);
        submit(w, 1, "good");
        RfWorkerAnswer answer;
        rf_workers_take(w, true, &answer);
        submit(w, 2, "hang");
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    while (count_entries(temporary) > before) { /* ends only when the worker does its duty */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--jit-worker") == 0) {
        return rf_worker_main(atoi(argv[2]));
    }
    if (mkdtemp(temporary) == NULL || setenv("TMPDIR", temporary, 1) != 0) {
        return 1;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_has_it_all),
        TEST(rejections),
        TEST(many_jobs),
        TEST(newest_first),
        TEST(a_cancelled_job_ends_at_once),
        TEST(what_is_cancelled_comes_later),
        TEST(jobs_that_wait_for_others),
        TEST(big_and_empty_jobs),
        TEST(readiness_shows_without_waiting),
        TEST(surroundings_of_the_worker),
        TEST(only_the_job_in_work_pays_for_a_crash),
        TEST(a_hanging_job_is_killed),
        TEST(waiting_in_the_queue_does_not_count),
        TEST(after_some_restarts_it_is_over),
        TEST(worker_kill),
        TEST(worker_hang),
        TEST(worker_garbage),
        TEST(no_program_or_another),
        TEST(no_backend),
        TEST(a_worker_starts_no_workers),
        TEST(freed_while_busy),
        TEST(waiting_for_a_while),
        TEST(left_behind),
        TEST(the_program_is_killed),
    };
    int failed = cmocka_run_group_tests_name("worker", tests, NULL, NULL);
    rmdir(temporary);
    return failed;
}
