/* What every value answers about itself: its names, its truth, its place in a sort, its hash. */
#include "runtime/foreign.h"
#include "runtime/value.h"

#include <math.h>
#include <string.h>

#include "runtime/object.h"
#include "runtime/struct.h"

bool rf_value_truthy_slow(RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL: return false;
    case RF_TAG_BOOL:
    case RF_TAG_INT: return v.as.i != 0;
    case RF_TAG_FLOAT: return v.as.f != 0.0;
    case RF_TAG_STRING: return v.as.str->len > 0;
    case RF_TAG_ARRAY: return v.as.arr->len > 0;
    case RF_TAG_DICT: return v.as.dict->len > 0;
    default: return true;
    }
}

/* ---- names ---- */
const char *rf_value_type_name(RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL: return "null";
    case RF_TAG_BOOL: return "bool";
    case RF_TAG_INT: return "int";
    case RF_TAG_FLOAT: return "float";
    case RF_TAG_NONE: return "option";
    case RF_TAG_BUILTIN: return "function";
    case RF_TAG_VARIANT: return rf_variant_kind(v.as.variant) == RF_VARIANT_SOME ? "option" : "result";
    case RF_TAG_HANDLE: return v.as.handle->type->type_name;
    default: {
        const RfKindOps *ops = rf_object_ops((RfTag)v.tag);
        return ops ? ops->type_name : "value";
    }
    }
}

const char *rf_value_operand_name(RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_UNDEF:
    case RF_TAG_NULL:
    case RF_TAG_BOOL:
    case RF_TAG_INT:
    case RF_TAG_FLOAT:
    case RF_TAG_STRING:
    case RF_TAG_ARRAY:
    case RF_TAG_DICT:
    case RF_TAG_STRUCT:
    case RF_TAG_FUNCTION: return rf_value_type_name(v);
    case RF_TAG_BUILTIN:
    case RF_TAG_FOREIGN: return "native_function";
    default: return "value";
    }
}

/* ---- numbers ---- */
int64_t rf_float_to_int(double f)
{
    if (f >= 9223372036854775808.0) {
        return INT64_MAX;
    }
    if (f < -9223372036854775808.0) {
        return INT64_MIN;
    }
    return isnan(f) ? 0 : (int64_t)f;
}

/* Exact, so that mixed numbers have one total order (as doubles, 2^53+1 would tie with both its neighbours). */
static int order_int_float(int64_t i, double f)
{
    if (isnan(f) || f >= 9223372036854775808.0) {
        return -1;
    }
    if (f < -9223372036854775808.0) {
        return 1;
    }
    int64_t whole = (int64_t)f;
    if (i != whole) {
        return i < whole ? -1 : 1;
    }
    double rest = f - (double)whole;
    return (rest < 0) - (rest > 0);
}

static int order_floats(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) - isnan(b);
    }
    return (a > b) - (a < b);
}

static int order_numbers(RfValue a, RfValue b)
{
    if (rf_is_int(a)) {
        return rf_is_int(b) ? (a.as.i > b.as.i) - (a.as.i < b.as.i) : order_int_float(a.as.i, b.as.f);
    }
    return rf_is_int(b) ? -order_int_float(b.as.i, a.as.f) : order_floats(a.as.f, b.as.f);
}

static int order_rank(RfValue v)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_NULL: return 0;
    case RF_TAG_BOOL: return 1;
    case RF_TAG_INT:
    case RF_TAG_FLOAT: return 2;
    case RF_TAG_STRING: return 3;
    default: return 4;
    }
}

int rf_value_order(RfValue a, RfValue b)
{
    int rank = order_rank(a);
    int other = order_rank(b);
    if (rank != other) {
        return rank < other ? -1 : 1;
    }
    switch (rank) {
    case 1: return (int)(a.as.i - b.as.i);
    case 2: return order_numbers(a, b);
    case 3: return rf_string_compare(a.as.str, b.as.str);
    default: return 0;
    }
}

/* ---- hash ----
 * Equal values must have equal hashes, with one exception that the meaning of equality forces: floats without integral
 * value are equal within a tolerance, which is not transitive. They are hashed in steps much coarser than the
 * tolerance, so that equal ones practically always meet.
 *
 * Only the upper levels of a nested value count. That bounds the recursion, and it keeps building a set inside a set
 * inside a set ... linear. */
#define HASH_LEVELS 8

static inline uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ (x >> 32);
}

static inline uint64_t combine(uint64_t h, uint64_t part)
{
    return mix(h ^ part) + 0x9e3779b97f4a7c15u;
}

static inline uint64_t hash_bits(double f)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof bits);
    return mix(bits);
}

/* Ints beyond 2^53 equal the double they round to, so every number is hashed as a double. In (-1, 1) doubles lie closer
 * together than the tolerance: there the nearest multiple of 2^-44 stands for the value. */
static uint64_t hash_float(double f)
{
    if (fabs(f) <= 1.0) {
        f = rint(f * 0x1p44) * 0x1p-44 + 0.0; /* + 0.0 makes -0 into 0 */
    }
    return hash_bits(f);
}

static uint64_t hash_int(int64_t i)
{
    return hash_bits((double)i);
}

static uint64_t hash_level(RfValue v, int level);

static uint64_t hash_array(const RfArray *a, int level)
{
    uint64_t h = a->len;
    for (size_t i = 0; i < a->len; i++) {
        h = combine(h, hash_level(rf_array_peek(a, i), level));
    }
    return h;
}

/* Members of sets, dicts and structs are summed: their order does not matter. */
static uint64_t hash_dict(const RfDict *d, int level)
{
    uint64_t h = d->len;
    size_t pos = 0;
    for (RfDictItem item; rf_dict_next(d, &pos, &item);) {
        h += combine(hash_level(item.key, level), hash_level(*item.value, level));
    }
    return h;
}

static uint64_t hash_struct(const RfStruct *s, int level)
{
    uint64_t h = rf_string_hash(s->shape->type->name);
    for (size_t i = 0; i < s->shape->nfields; i++) {
        h += combine(rf_string_hash(s->shape->names[i]), hash_level(s->fields[i], level));
    }
    return h;
}

static uint64_t hash_set(const RfSet *s, int level)
{
    uint64_t h = s->len;
    size_t pos = 0;
    for (const RfValue *item; (item = rf_set_next(s, &pos)) != NULL;) {
        h += mix(hash_level(*item, level));
    }
    return h;
}

static uint64_t hash_queue(const RfQueue *q, int level)
{
    uint64_t h = q->len;
    for (size_t i = 0; i < q->len; i++) {
        h = combine(h, hash_level(rf_queue_peek(q, i), level));
    }
    return h;
}

static uint64_t hash_tagged(const RfTagged *t, int level)
{
    uint64_t h = combine(rf_string_hash(t->enum_name), rf_string_hash(t->variant_name));
    for (size_t i = 0; i < t->count; i++) {
        h = combine(h, hash_level(t->payload[i], level));
    }
    return h;
}

static uint64_t hash_function(const RfFunction *f)
{
    uint64_t h = (uintptr_t)f->proto;
    for (size_t i = 0; i < f->ncells; i++) {
        h = combine(h, (uintptr_t)f->cells[i]);
    }
    return h;
}

static uint64_t hash_content(RfValue v, int level)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_BUILTIN: {
        const char *name = rf_builtin_names(v.as.builtin)->canonical;
        return rf_hash_bytes(name, strlen(name));
    }
    case RF_TAG_ARRAY:
    case RF_TAG_STACK: return hash_array(v.as.arr, level);
    case RF_TAG_DICT: return hash_dict(v.as.dict, level);
    case RF_TAG_STRUCT: return hash_struct(v.as.strct, level);
    case RF_TAG_VARIANT: return combine(v.as.variant->obj.aux, hash_level(v.as.variant->payload, level));
    case RF_TAG_TAGGED: return hash_tagged(v.as.tagged, level);
    case RF_TAG_FUNCTION: return hash_function(v.as.fn);
    case RF_TAG_SET: return hash_set(v.as.set, level);
    case RF_TAG_QUEUE: return hash_queue(v.as.queue, level);
    case RF_TAG_POINTER: return (uintptr_t)rf_as_pointer(v)->address;
    case RF_TAG_BYTES: return rf_hash_bytes((const char *)v.as.bytes->data, v.as.bytes->len);
    default: return (uint64_t)v.as.i; /* null, None, bools by value; the rest by identity */
    }
}

static uint64_t hash_level(RfValue v, int level)
{
    switch ((RfTag)v.tag) {
    case RF_TAG_INT: return hash_int(v.as.i);
    case RF_TAG_FLOAT: return hash_float(v.as.f);
    case RF_TAG_STRING: return mix(rf_string_hash(v.as.str));
    default: return combine(v.tag, level == 0 ? 0 : hash_content(v, level - 1));
    }
}

uint64_t rf_value_hash(RfValue v)
{
    return hash_level(v, HASH_LEVELS);
}
