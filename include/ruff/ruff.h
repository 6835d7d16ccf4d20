/* Ruff: the embedding interface.
 *
 * A host program creates a virtual machine, loads programs into it, runs them, calls their functions and exchanges
 * values with them. The command `ruff` is such a host and uses nothing else.
 *
 *     RuffConfig config;
 *     ruff_config_init(&config);
 *     RuffVM *vm = ruff_vm_new(&config);
 *     RuffProgram *program;
 *     if (ruff_load(vm, "hello.ruff", source, strlen(source), &program) != RUFF_OK ||
 *         ruff_run(vm, program) != RUFF_OK) {
 *         char *text = ruff_render_error(ruff_last_error(vm), RUFF_RENDER_HUMAN, 0);
 *         fputs(text, stderr);
 *         ruff_free(text);
 *     }
 *     ruff_vm_free(vm);
 *
 * Rules that hold everywhere
 *  - Threads: a VM belongs to the thread that created it. Any number of VMs may live in one process, several on one
 *    thread or on different threads; they share nothing. Only ruff_interrupt() may be called from elsewhere.
 *  - C stack: scripts run on the calling thread's stack. Callbacks from builtins into scripts nest there, so a host
 *    that runs untrusted or deeply recursive programs does its work inside ruff_on_big_stack().
 *  - Text is UTF-8 with an explicit length; texts handed out are NUL-terminated too, but may contain NUL characters.
 *  - Memory: what a function returns as `char *` is freed with ruff_free(). Running out of memory ends the process with
 *    a diagnostic and exit code 6; no function returns NULL for that reason.
 *  - Failure: functions that can fail return a RuffStatus and leave a RuffError in the VM (ruff_last_error).
 *  - exit() in a script ends the process after flushing the VM's output. */
#ifndef RUFF_RUFF_H
#define RUFF_RUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RuffVM RuffVM;           /* a virtual machine with its heap, globals and scheduler */
typedef struct RuffProgram RuffProgram; /* a loaded file; belongs to its VM */
typedef struct RuffValue RuffValue;     /* a handle on one value of a VM */
typedef struct RuffError RuffError;     /* what went wrong, where, and how it came to that */

/* ---- results ---------------------------------------------------------------------------------- */

typedef enum RuffStatus {
    RUFF_OK = 0,
    RUFF_ERROR_USAGE,   /* the host asked for something impossible (no such function, value of another VM) */
    RUFF_ERROR_SYNTAX,  /* the source does not lex or parse */
    RUFF_ERROR_COMPILE, /* it parses but breaks a rule checked before anything runs */
    RUFF_ERROR_RUNTIME, /* an uncaught error of the running program */
    RUFF_ERROR_IO,      /* a file cannot be read or is not UTF-8 */
    RUFF_ERROR_INTERNAL /* a fault of the implementation or a lack of address space */
} RuffStatus;

/* The exit code the command line uses for a status: 0, 2, 3, 4, 4, 5, 6. */
int ruff_exit_code(RuffStatus status);

/* "0.1.0" */
const char *ruff_version(void);

/* Frees a text returned by this interface. NULL is allowed. */
void ruff_free(void *text);

/* ---- configuration ---------------------------------------------------------------------------- */

/* What a program may do to the world; see the table "Capabilities" of the library reference. */
enum {
    RUFF_ALLOW_FS_READ = 1u << 1,
    RUFF_ALLOW_FS_WRITE = 1u << 2,
    RUFF_ALLOW_FS_DELETE = 1u << 3,
    RUFF_ALLOW_PROCESS_EXEC = 1u << 4,
    RUFF_ALLOW_SHELL_EXEC = 1u << 5,
    RUFF_ALLOW_ENV_READ = 1u << 6,
    RUFF_ALLOW_ENV_WRITE = 1u << 7,
    RUFF_ALLOW_NET_CLIENT = 1u << 8,
    RUFF_ALLOW_NET_SERVER = 1u << 9,
    RUFF_ALLOW_DATABASE = 1u << 10,
    RUFF_ALLOW_CLOCK = 1u << 11,
    RUFF_ALLOW_RANDOM = 1u << 12,
    RUFF_ALLOW_FFI = 1u << 13,
    RUFF_ALLOW_NET = RUFF_ALLOW_NET_CLIENT | RUFF_ALLOW_NET_SERVER,
    RUFF_ALLOW_ALL = (1u << 14) - 2u
};

/* Receives a piece of program output. Called on the VM's thread, with whole buffered pieces. */
typedef void RuffWrite(void *context, const char *bytes, size_t len);

/* Told of an error in an async task that nobody awaits, on the thread that ran the task. Borrows the error, which lives
 * until the call returns. */
typedef void RuffTaskError(void *context, const RuffError *error);

/* The program called exit(code), or ruff_interrupt() was called (code 130). `output_error` is what ruff_output_error()
 * gives. Called on the thread that asks, which may be one the program started, but not after ruff_vm_free(). When the
 * function returns, the program is stopped: ruff_run() and its like fail with an error that no `try` has caught. */
typedef void RuffExit(void *context, int code, int output_error);

typedef struct RuffConfig {
    uint32_t capabilities;         /* RUFF_ALLOW_* bits; default RUFF_ALLOW_ALL */
    uint32_t max_call_depth;       /* active script functions; 0: 100000 */
    uint32_t scheduler_timeout_ms; /* total time spent waiting; 0: 120000 */
    bool net_deny_private;         /* refuse private network destinations unless the environment says otherwise */
    bool jit;                      /* compile hot code; default true */
    bool jit_cache;                /* read and write the code cache; default true */
    uint32_t jit_threshold;        /* calls before a function is compiled; 0: from the environment, else 100 */
    const char *jit_worker;        /* executable that compiles hot code in the background: a `ruff` of the same build as this
                                      library; NULL (default): there is none, programs run as bytecode */
    int argc;                      /* what args() gives the program */
    const char *const *argv;       /* borrowed for the VM's life */
    const char *entry_dir;         /* directory of the entry script, where imports are searched; NULL: none; copied */
    RuffWrite *write_out;          /* program output; NULL: file descriptor 1 */
    RuffWrite *write_err;          /* diagnostics written by the program; NULL: file descriptor 2 */
    void *write_context;
    RuffTaskError *task_error; /* NULL: the error's human form goes to the error output */
    void *task_error_context;
    RuffExit *on_exit; /* NULL: the process ends with that code */
    void *exit_context;
} RuffConfig;

/* Fills in the defaults. Always call it before setting fields: it keeps hosts working when fields are added. */
void ruff_config_init(RuffConfig *config);

/* ---- virtual machines ------------------------------------------------------------------------- */

/* Creates a VM for the calling thread. `config` may be NULL (defaults) and is copied, except for what it says is
 * borrowed. NULL when there is no address space for the VM's stacks. */
RuffVM *ruff_vm_new(const RuffConfig *config);

/* Frees the VM, its programs and its error. Values (RuffValue) of it must have been freed before. NULL is allowed. */
void ruff_vm_free(RuffVM *vm);

/* Writes out what the program has printed and the VM still buffers. */
void ruff_flush(RuffVM *vm);

/* The errno value with which writing to file descriptor 1 has failed (what the program printed after that is lost); 0
 * when all is well, or when output goes to a callback. */
int ruff_output_error(const RuffVM *vm);

/* Asks the running program of this process to stop at its next safepoint, as if it called exit(130) there. May be called
 * from a signal handler and from any thread. */
void ruff_interrupt(void);

/* Runs function(argument) on a thread with a stack large enough for every legal program, waits for it and returns its
 * result. VMs used inside must be created inside. */
int ruff_on_big_stack(int (*function)(void *argument), void *argument);

/* ---- programs --------------------------------------------------------------------------------- */

/* Lexes, parses and compiles `len` bytes of source, called `name` in diagnostics; nothing runs. At most 1048576 bytes
 * of valid UTF-8. On RUFF_OK *program belongs to the VM. Else *program is NULL and the status is SYNTAX, COMPILE or IO
 * (not UTF-8). */
RuffStatus ruff_load(RuffVM *vm, const char *name, const char *source, size_t len, RuffProgram **program);

/* The same for a file; `path` is also its name in diagnostics. */
RuffStatus ruff_load_file(RuffVM *vm, const char *path, RuffProgram **program);

/* The same for an open file descriptor, read to its end (standard input). */
RuffStatus ruff_load_fd(RuffVM *vm, int fd, const char *name, RuffProgram **program);

/* Runs the top level of a program, then its suspended async functions to their end, and flushes output.
 * RUFF_OK or RUFF_ERROR_RUNTIME. Meant to be called once per program. */
RuffStatus ruff_run(RuffVM *vm, RuffProgram *program);

/* Number of top-level statements and of bytecode instructions of a loaded program. */
size_t ruff_program_statements(const RuffProgram *program);
size_t ruff_program_instructions(const RuffProgram *program);

/* Tests declared in a program (test "name" { } and test_group), in source order. */
typedef struct RuffTest {
    const char *name; /* "group > name"; lives as long as the program */
    uint32_t line, column;
} RuffTest;
size_t ruff_test_count(const RuffProgram *program);
RuffTest ruff_test_at(const RuffProgram *program, size_t index);

/* The parts of a test. ruff_run() must have succeeded. Absent setup and teardown blocks succeed. */
RuffStatus ruff_test_setup(RuffVM *vm, RuffProgram *program);
RuffStatus ruff_test_body(RuffVM *vm, RuffProgram *program, size_t index);
RuffStatus ruff_test_teardown(RuffVM *vm, RuffProgram *program);

/* ---- calls ------------------------------------------------------------------------------------ */

/* Value of a global variable of the program, or NULL when there is none. Free the handle with ruff_value_free(). */
RuffValue *ruff_global(RuffVM *vm, RuffProgram *program, const char *name);

/* Calls a global function with copies of argv[0..argc) and waits for its result. *result (may be NULL when not wanted)
 * is a new handle on RUFF_OK and NULL otherwise. RUFF_ERROR_USAGE when there is no such global. */
RuffStatus ruff_call(RuffVM *vm, RuffProgram *program, const char *name, int argc, RuffValue *const *argv,
                     RuffValue **result);

/* The same for a function value. */
RuffStatus ruff_call_value(RuffVM *vm, const RuffValue *function, int argc, RuffValue *const *argv, RuffValue **result);

/* ---- values -----------------------------------------------------------------------------------
 * A handle keeps one value of one VM alive. Arrays and dicts are values in Ruff: putting one into another, passing it
 * to a function or copying its handle behaves as a copy, and costs O(1). */

typedef enum RuffType {
    RUFF_NULL,
    RUFF_BOOL,
    RUFF_INT,
    RUFF_FLOAT,
    RUFF_STRING,
    RUFF_ARRAY,
    RUFF_DICT,
    RUFF_STRUCT,
    RUFF_FUNCTION,
    RUFF_OTHER /* sets, queues, tasks, ...: ruff_type_name() tells */
} RuffType;

/* New values. Each handle must be freed with ruff_value_free() before its VM. */
RuffValue *ruff_null(RuffVM *vm);
RuffValue *ruff_bool(RuffVM *vm, bool value);
RuffValue *ruff_int(RuffVM *vm, int64_t value);
RuffValue *ruff_float(RuffVM *vm, double value);
/* Copies `len` bytes. NULL when they are not valid UTF-8 or more than 1073741824. */
RuffValue *ruff_string(RuffVM *vm, const char *bytes, size_t len);
RuffValue *ruff_array(RuffVM *vm);
RuffValue *ruff_dict(RuffVM *vm);

/* A second handle on the same value. */
RuffValue *ruff_value_copy(const RuffValue *value);
/* Frees the handle. NULL is allowed. */
void ruff_value_free(RuffValue *value);

RuffType ruff_type(const RuffValue *value);
/* The word the builtin type() gives: "int", "struct", "taskhandle", ... */
const char *ruff_type_name(const RuffValue *value);

/* The contents; false (and *out as it was) when the value is of another type. ruff_get_float also accepts ints. */
bool ruff_get_bool(const RuffValue *value, bool *out);
bool ruff_get_int(const RuffValue *value, int64_t *out);
bool ruff_get_float(const RuffValue *value, double *out);
/* Bytes of a string, borrowed until the handle is freed; NULL for other types. `len` may be NULL. */
const char *ruff_get_string(const RuffValue *value, size_t *len);

/* What print() would show, for any value. Free with ruff_free(). `len` may be NULL. */
char *ruff_value_text(const RuffValue *value, size_t *len);
/* Deep equality as `==` has it (operator methods of structs are not called). */
bool ruff_value_equal(const RuffValue *a, const RuffValue *b);

/* Elements of an array, entries of a dict, fields of a struct; 0 for other types. */
size_t ruff_length(const RuffValue *value);

/* Element as a new handle; NULL when out of bounds or no array. */
RuffValue *ruff_array_get(const RuffValue *array, size_t index);
/* Changes the array this handle holds. False when it is no array, the index is out of bounds, the array is full or
 * `item` belongs to another VM. `item` stays the caller's. */
bool ruff_array_push(RuffValue *array, const RuffValue *item);
bool ruff_array_set(RuffValue *array, size_t index, const RuffValue *item);

/* Value under a key as a new handle; NULL when absent or no dict. Keys that spell ints are the int keys. */
RuffValue *ruff_dict_get(const RuffValue *dict, const char *key, size_t len);
/* Changes the dict this handle holds; false when it is no dict, the key is not UTF-8 or `item` belongs to another VM.
 */
bool ruff_dict_set(RuffValue *dict, const char *key, size_t len, const RuffValue *item);
/* Walks a dict in insertion order: start with *position = 0; false at the end. *key (a string) and *item (either may be
 * NULL when not wanted) are new handles. The dict must not change on the way. */
bool ruff_dict_next(const RuffValue *dict, size_t *position, RuffValue **key, RuffValue **item);

/* Field of a struct value as a new handle; NULL when it has no such field. */
RuffValue *ruff_struct_get(const RuffValue *value, const char *field);

/* ---- errors ----------------------------------------------------------------------------------- */

/* The error of the last function that failed on this VM; NULL when none has. Lives until the next failure, or until the
 * VM is freed. */
const RuffError *ruff_last_error(const RuffVM *vm);

RuffStatus ruff_error_status(const RuffError *error);

/* One complaint. A syntax error may consist of several; every other error has exactly one. */
typedef struct RuffDiagnostic {
    const char *code;      /* "RUFPARSE001" */
    const char *subsystem; /* "lexer", "parser", "vm", "cli" */
    const char *message;
    size_t message_len;
    const char *file; /* NULL when unknown */
    uint32_t line;    /* from 1; 0 when unknown */
    uint32_t column;  /* from 1, in characters; 0 when unknown */
    const char *help; /* advice, or NULL */
} RuffDiagnostic;
size_t ruff_error_count(const RuffError *error);
RuffDiagnostic ruff_error_diagnostic(const RuffError *error, size_t index);

/* The call stack of a runtime error, innermost frame first. */
typedef struct RuffFrame {
    const char *function; /* "f", "S.method", "<lambda>", "<main>", "module m", "spawn block" */
    const char *file;     /* NULL when unknown */
    uint32_t line, column;
    bool is_function; /* false for the top level of a program, module or spawn block */
} RuffFrame;
size_t ruff_error_frame_count(const RuffError *error);
RuffFrame ruff_error_frame(const RuffError *error, size_t index);

typedef enum RuffRender {
    RUFF_RENDER_HUMAN, /* the blocks the command line prints, with source excerpts and call stack */
    RUFF_RENDER_JSON   /* one object: call_stack (outermost function first), diagnostics, exit_code */
} RuffRender;
#define RUFF_RENDER_COLOR 1u /* escape sequences in the human form of runtime errors */

/* The error as text, ending in a newline. `flags` is 0 or RUFF_RENDER_COLOR. Free with ruff_free(). */
char *ruff_render_error(const RuffError *error, RuffRender format, unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
