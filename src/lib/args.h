/* Small things most builtins do with their arguments and results. */
#ifndef RF_LIB_ARGS_H
#define RF_LIB_ARGS_H

#include <string.h>

#include "base/buf.h"
#include "runtime/string.h"
#include "runtime/text.h"
#include "vm/vm.h"

/* A num used as a count, index, size or offset: truncated toward zero, saturated, NaN is 0. `v` must be a num. */
static inline int64_t rf_args_count(RfValue v)
{
    return v.tag == RF_TAG_INT ? v.as.i : rf_float_to_int(v.as.f);
}

/* Raises the one text that families T and F have for wrong kinds and wrong counts. */
static inline RfStatus rf_args_raise_usage(RfVm *vm, const RfBuiltin *self)
{
    return rf_raise(rf_rt(vm), "%s", self->arity_text);
}

/* Raises "NAME() TEXT", NAME as this builtin's texts spell it. */
static inline RfStatus rf_args_raise_named(RfVm *vm, const RfBuiltin *self, const char *text)
{
    return rf_raise(rf_rt(vm), "%s() %s", self->arity_name, text);
}

/* Raises the buffer's text, which may contain NULs, and frees the buffer. */
RfStatus rf_args_raise_buf(RfVm *vm, RfBuf *buf);

/* Raises `before` + TEXT + `after` for a string of the program, which may contain NULs. */
RfStatus rf_args_raise_quoting(RfVm *vm, const char *before, const RfString *text, const char *after);

/* Raises `before` followed by the debug form of `got`. */
RfStatus rf_args_raise_got(RfVm *vm, const char *before, RfValue got);

/* The empty string; new reference. */
static inline RfValue rf_args_empty(RfVm *vm)
{
    RfString *s = rf_rt(vm)->empty;
    rf_object_retain(s);
    return rf_obj(s);
}

/* A string value of valid UTF-8 bytes, without allocating for "" and single ASCII characters. New reference. */
static inline RfValue rf_args_piece(RfVm *vm, const char *bytes, size_t len)
{
    if (len == 0) {
        return rf_args_empty(vm);
    }
    if (len == 1) {
        return rf_obj(rf_string_char(rf_rt(vm), (unsigned char)bytes[0]));
    }
    return rf_obj(rf_string_new(bytes, len));
}

/* Gives the buffer's text as the result and frees the buffer; raises when the text is too long. */
RfStatus rf_args_return_buf(RfVm *vm, const RfBuiltin *self, RfBuf *buf, RfValue *out);

/* First occurrence of `needle` (at least one byte) in `text`, or NULL. */
static inline const char *rf_args_find(const char *text, size_t len, const char *needle, size_t needle_len)
{
    return needle_len == 1 ? memchr(text, needle[0], len) : memmem(text, len, needle, needle_len);
}

static inline bool rf_args_is_ascii(const RfString *s)
{
    return (s->obj.flags & RF_STRING_ASCII) != 0;
}

#endif
