/* The value: 16 bytes, a tag and a 64-bit payload. Ints and floats are never boxed.
 *
 * Ownership words used in all headers:
 *   borrows  - the function looks at the value; the caller keeps its reference
 *   takes    - the caller's reference passes to the function
 *   returns a new reference - the caller must release it
 * Counts are not atomic: a heap value belongs to one thread at a time. */
#ifndef RF_RUNTIME_VALUE_H
#define RF_RUNTIME_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum RfTag {
    RF_TAG_UNDEF, /* internal: a variable that does not exist (yet); never a value a program sees */
    RF_TAG_NULL,
    RF_TAG_BOOL, /* as.i is 0 or 1 */
    RF_TAG_INT,
    RF_TAG_FLOAT,
    RF_TAG_NONE,    /* the option value None */
    RF_TAG_BUILTIN, /* as.builtin: static table entry, not counted */
    RF_TAG_FIRST_HEAP,
    RF_TAG_STRING = RF_TAG_FIRST_HEAP,
    RF_TAG_ARRAY,
    RF_TAG_DICT,
    RF_TAG_STRUCT,
    RF_TAG_VARIANT,  /* Ok(v) Err(v) Some(v) */
    RF_TAG_TAGGED,   /* enum value */
    RF_TAG_FUNCTION, /* user function, lambda, method value, generator function */
    RF_TAG_SET,
    RF_TAG_QUEUE,
    RF_TAG_STACK,
    RF_TAG_BYTES,
    RF_TAG_GENERATOR,
    RF_TAG_PROMISE,
    RF_TAG_TASK,
    RF_TAG_CHANNEL,
    RF_TAG_MODULE,
    RF_TAG_HANDLE, /* every other library handle (see object.h) */
    RF_TAG_POINTER, /* foreign.h */
    RF_TAG_FOREIGN, /* a C function: foreign.h */
    RF_TAG_CELL,   /* internal: a captured variable that is shared by reference */
    RF_TAG_COUNT
} RfTag;

/* Every heap object starts with this. `rc` 1 means "mine alone": it may be changed in place. */
typedef struct RfObject {
    uint32_t rc;
    uint8_t tag;   /* RfTag */
    uint8_t flags; /* RF_OBJ_* */
    uint16_t aux;  /* for the kind's own use */
} RfObject;

typedef struct RfString RfString;
typedef struct RfArray RfArray;
typedef struct RfDict RfDict;
typedef struct RfStruct RfStruct;
typedef struct RfVariant RfVariant;
typedef struct RfTagged RfTagged;
typedef struct RfFunction RfFunction;
typedef struct RfSet RfSet;
typedef struct RfQueue RfQueue;
typedef struct RfBytes RfBytes;
typedef struct RfCell RfCell;
typedef struct RfHandle RfHandle;
typedef struct RfModuleValue RfModuleValue;
typedef struct RfBuiltin RfBuiltin;
typedef struct RfRuntime RfRuntime;
typedef struct RfVm RfVm;
typedef struct RfProto RfProto;
typedef struct RfModule RfModule;

/* The tag fills eight bytes so that a value is always written and read in two equal halves (store forwarding). */
typedef struct RfValue {
    uint64_t tag;
    union {
        int64_t i;
        double f;
        RfObject *obj;
        RfString *str;
        RfArray *arr;
        RfDict *dict;
        RfStruct *strct;
        RfVariant *variant;
        RfTagged *tagged;
        RfFunction *fn;
        RfSet *set;
        RfQueue *queue;
        RfArray *stack; /* a stack is an array object under another tag */
        RfBytes *bytes;
        RfCell *cell;
        RfHandle *handle;
        RfModuleValue *module;
        const RfBuiltin *builtin;
        void *ptr;
    } as;
} RfValue;

/* Result of everything that can fail. The error itself is left in the runtime (error.h). */
typedef enum RfStatus {
    RF_OK = 0,
    RF_ERROR = 1,
    RF_SUSPEND = 2 /* only between interpreter and scheduler: the running task was parked */
} RfStatus;

/* clang-format off */
static inline RfValue rf_undef(void) { return (RfValue){.tag = RF_TAG_UNDEF, .as.i = 0}; }
static inline RfValue rf_null(void) { return (RfValue){.tag = RF_TAG_NULL, .as.i = 0}; }
static inline RfValue rf_none(void) { return (RfValue){.tag = RF_TAG_NONE, .as.i = 0}; }
static inline RfValue rf_bool(bool b) { return (RfValue){.tag = RF_TAG_BOOL, .as.i = b}; }
static inline RfValue rf_int(int64_t i) { return (RfValue){.tag = RF_TAG_INT, .as.i = i}; }
static inline RfValue rf_float(double f) { return (RfValue){.tag = RF_TAG_FLOAT, .as.f = f}; }
static inline RfValue rf_builtin_value(const RfBuiltin *b) { return (RfValue){.tag = RF_TAG_BUILTIN, .as.builtin = b}; }
/* Wraps a heap object; the reference passes into the value. */
static inline RfValue rf_obj(void *obj) { return (RfValue){.tag = ((RfObject *)obj)->tag, .as.ptr = obj}; }

static inline bool rf_is_heap(RfValue v) { return v.tag >= RF_TAG_FIRST_HEAP; }
static inline bool rf_is_undef(RfValue v) { return v.tag == RF_TAG_UNDEF; }
static inline bool rf_is_null(RfValue v) { return v.tag == RF_TAG_NULL; }
static inline bool rf_is_bool(RfValue v) { return v.tag == RF_TAG_BOOL; }
static inline bool rf_is_int(RfValue v) { return v.tag == RF_TAG_INT; }
static inline bool rf_is_float(RfValue v) { return v.tag == RF_TAG_FLOAT; }
static inline bool rf_is_num(RfValue v) { return v.tag == RF_TAG_INT || v.tag == RF_TAG_FLOAT; }
static inline bool rf_is_string(RfValue v) { return v.tag == RF_TAG_STRING; }
static inline bool rf_is_array(RfValue v) { return v.tag == RF_TAG_ARRAY; }
static inline bool rf_is_dict(RfValue v) { return v.tag == RF_TAG_DICT; }
static inline bool rf_is_struct(RfValue v) { return v.tag == RF_TAG_STRUCT; }
static inline bool rf_is_callable(RfValue v) { return v.tag == RF_TAG_FUNCTION || v.tag == RF_TAG_BUILTIN || v.tag == RF_TAG_FOREIGN; }
/* int or float as a double */
static inline double rf_num(RfValue v) { return v.tag == RF_TAG_INT ? (double)v.as.i : v.as.f; }
/* clang-format on */

/* Frees an object whose count has reached 0, and everything only it held. Iterative: depth of nesting does not matter. */
void rf_object_free(RfObject *obj);

static inline void rf_object_retain(void *obj)
{
    ((RfObject *)obj)->rc++;
}
static inline void rf_object_release(void *obj)
{
    if (--((RfObject *)obj)->rc == 0) {
        rf_object_free(obj);
    }
}
/* Adds a reference; returns its argument. */
static inline RfValue rf_retain(RfValue v)
{
    if (rf_is_heap(v)) {
        v.as.obj->rc++;
    }
    return v;
}
static inline void rf_release(RfValue v)
{
    if (rf_is_heap(v)) {
        rf_object_release(v.as.obj);
    }
}
/* Moves the value out of `place`, which becomes null. */
static inline RfValue rf_take(RfValue *place)
{
    RfValue v = *place;
    *place = rf_null();
    return v;
}
/* Stores `v` (takes it) and releases what was there. */
static inline void rf_assign(RfValue *place, RfValue v)
{
    RfValue old = *place;
    *place = v;
    rf_release(old);
}
static inline bool rf_is_unique(const void *obj)
{
    return ((const RfObject *)obj)->rc == 1;
}

/* Language truthiness (language.md 3.6). Borrows. */
bool rf_value_truthy_slow(RfValue v);
static inline bool rf_truthy(RfValue v)
{
    if (v.tag == RF_TAG_BOOL || v.tag == RF_TAG_INT) {
        return v.as.i != 0;
    }
    return rf_value_truthy_slow(v);
}

/* The type() word: "int", "struct", ... Static storage. */
const char *rf_value_type_name(RfValue v);
/* The operand word of "Invalid binary operation": int float string bool null array dict struct function native_function value. */
const char *rf_value_operand_name(RfValue v);

/* Deep equality of language.md 3.7 (never calls op_eq). Borrows both. Iterative. */
bool rf_value_equal(RfValue a, RfValue b);
/* Hash consistent with rf_value_equal (but fractions that are equal by the tolerance only may, rarely, differ). Borrows.
 * Looks at the upper levels of nested values only. */
uint64_t rf_value_hash(RfValue v);
/* Default order of sort(): null < bools < numbers (NaN last) < strings < others (equal among themselves). Returns <0, 0, >0. */
int rf_value_order(RfValue a, RfValue b);

/* Float to int as builtins want it: truncated toward zero, saturating, NaN gives 0. */
int64_t rf_float_to_int(double f);
/* int or float with an integral value -> *out and true (array indexes). */
static inline bool rf_value_to_index(RfValue v, int64_t *out)
{
    if (v.tag == RF_TAG_INT) {
        *out = v.as.i;
        return true;
    }
    if (v.tag == RF_TAG_FLOAT && v.as.f >= -9223372036854775808.0 && v.as.f < 9223372036854775808.0 &&
        v.as.f == (double)(int64_t)v.as.f) {
        *out = (int64_t)v.as.f;
        return true;
    }
    return false;
}

#endif
