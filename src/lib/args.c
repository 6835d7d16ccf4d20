/* Raising and returning helpers shared by the builtins. */
#include "lib/args.h"

RfStatus rf_args_raise_buf(RfVm *vm, RfBuf *buf)
{
    RfString *message = rf_string_new(buf->data, buf->len);
    rf_buf_free(buf);
    return rf_raise_string(rf_rt(vm), message);
}

RfStatus rf_args_raise_quoting(RfVm *vm, const char *before, const RfString *text, const char *after)
{
    RfBuf buf = RF_BUF_INIT;
    rf_buf_puts(&buf, before);
    rf_buf_put(&buf, text->data, text->len);
    rf_buf_puts(&buf, after);
    return rf_args_raise_buf(vm, &buf);
}

RfStatus rf_args_raise_got(RfVm *vm, const char *before, RfValue got)
{
    RfBuf buf = RF_BUF_INIT;
    rf_buf_puts(&buf, before);
    rf_debug_put(&buf, got);
    return rf_args_raise_buf(vm, &buf);
}

RfStatus rf_args_return_buf(RfVm *vm, const RfBuiltin *self, RfBuf *buf, RfValue *out)
{
    if (buf->len > RF_STRING_MAX) {
        rf_buf_free(buf);
        return rf_raise_too_large(vm, self->arity_name);
    }
    *out = rf_args_piece(vm, buf->data, buf->len);
    rf_buf_free(buf);
    return RF_OK;
}
