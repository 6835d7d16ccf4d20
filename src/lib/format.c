/* format(template, ...): %s %d %f %%. */
#include "lib/args.h"
#include "lib/builtins.h"

/* Appends the argument for %d or %f as that placeholder shows it; false when its kind does not fit. */
static bool put_number(RfBuf *out, char placeholder, RfValue v)
{
    if (placeholder == 'd' && rf_is_float(v)) {
        v = rf_int(rf_float_to_int(v.as.f));
    } else if (placeholder == 'd' && rf_is_bool(v)) {
        v = rf_int(v.as.i);
    }
    if (!rf_is_num(v)) {
        return false;
    }
    rf_text_put(out, v);
    return true;
}

RfStatus rf_lib_format(RfVm *vm, const RfBuiltin *self, int argc, RfValue *argv, RfValue *out)
{
    if (!rf_is_string(argv[0])) {
        return rf_args_raise_named(vm, self, "first argument must be a string");
    }
    const char *at = argv[0].as.str->data;
    const char *end = at + argv[0].as.str->len;
    RfBuf text = RF_BUF_INIT;
    rf_buf_reserve(&text, argv[0].as.str->len);
    int next = 1;
    while (at < end && text.len <= RF_STRING_MAX) {
        const char *percent = memchr(at, '%', (size_t)(end - at));
        const char *stop = percent == NULL ? end : percent;
        rf_buf_put(&text, at, (size_t)(stop - at));
        if (percent == NULL) {
            break;
        }
        char placeholder = percent + 1 < end ? percent[1] : '\0';
        if (placeholder != 's' && placeholder != 'd' && placeholder != 'f') {
            rf_buf_putc(&text, '%'); /* a literal one; only "%%" uses up the second character */
            at = percent + (placeholder == '%' ? 2 : 1);
            continue;
        }
        if (next >= argc) {
            rf_buf_free(&text);
            return rf_raise(rf_rt(vm), "format() missing argument for placeholder %%%c", placeholder);
        }
        if (placeholder == 's') {
            rf_text_put(&text, argv[next]);
        } else if (!put_number(&text, placeholder, argv[next])) {
            rf_buf_free(&text);
            return rf_args_raise_got(vm,
                                     placeholder == 'd' ? "format() %d requires numeric argument, got "
                                                        : "format() %f requires numeric argument, got ",
                                     argv[next]);
        }
        next++;
        at = percent + 2;
    }
    return rf_args_return_buf(vm, self, &text, out);
}
