/* The inside of messages: shared by the writer (transfer.c) and the reader (transfer_read.c). */
#ifndef RF_VM_MESSAGE_H
#define RF_VM_MESSAGE_H

#include "vm/transfer.h"

/* Operands follow the opcode: n is an unsigned number, text a length and that many bytes. The reader keeps a stack. */
typedef enum RfMessageOp {
    RF_MESSAGE_END, /* the value on the stack is complete */
    RF_MESSAGE_UNDEF,
    RF_MESSAGE_NULL,
    RF_MESSAGE_NONE,
    RF_MESSAGE_TRUE,
    RF_MESSAGE_FALSE,
    RF_MESSAGE_INT,         /* n, zigzag */
    RF_MESSAGE_FLOAT,       /* 8 bytes */
    RF_MESSAGE_BUILTIN,     /* address */
    RF_MESSAGE_STRING,      /* text */
    RF_MESSAGE_BYTES,       /* text */
    RF_MESSAGE_RAW_ARRAY,   /* is stack, element kind, text: the elements */
    RF_MESSAGE_ARRAY,       /* n: made of the top n values */
    RF_MESSAGE_STACK,       /* n */
    RF_MESSAGE_DICT,        /* n pairs key value */
    RF_MESSAGE_STRUCT,      /* shape number; fields on the stack */
    RF_MESSAGE_VARIANT,     /* kind; payload on the stack */
    RF_MESSAGE_TAGGED,      /* text, text, n payload values */
    RF_MESSAGE_SET,         /* n */
    RF_MESSAGE_QUEUE,       /* n */
    RF_MESSAGE_NAMESPACE,   /* text; the dict of members is on the stack */
    RF_MESSAGE_FUNCTION,    /* module number, code index, flags, text: name, n, n cell numbers (new ones start empty) */
    RF_MESSAGE_FILL_CELL,   /* cell number; takes the top */
    RF_MESSAGE_SHARED,      /* number in `shared` */
    RF_MESSAGE_REMEMBER,    /* the top gets the next value number */
    RF_MESSAGE_AGAIN,       /* value number */
    RF_MESSAGE_MODULE_NAME, /* text: file; gets the next module number */
    RF_MESSAGE_SHAPE        /* module number + 1 or 0, text: struct name, n, n texts; gets the next shape number */
} RfMessageOp;

typedef struct RfSharedRef { /* a core, or the data of a library handle */
    RfCore *core;
    const RfHandleType *handle_type;
    void *data;
} RfSharedRef;

struct RfMessage {
    atomic_uint rc;
    uint32_t nshared;
    RfSharedRef *shared;
    RfMessage **parts; /* not NULL: the message stands for the array of these */
    size_t nparts;
    size_t len;
    char code[];
};

RfCore *rf_channel_core(RfValue channel); /* borrowed */

#endif
