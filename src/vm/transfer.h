/* Values between threads. A heap belongs to one VM, so what crosses is a message: a flat, immutable copy that any VM can turn
 * into values of its own, any number of times. Things that are shared instead of copied are cores, counted atomically; every
 * VM has an object of its own (a proxy) for each core it knows. */
#ifndef RF_VM_TRANSFER_H
#define RF_VM_TRANSFER_H

#include <stdatomic.h>

#include "vm/frame.h"

/* ---- cores ---- */
typedef struct RfCore RfCore;
typedef struct RfCoreType {
    void (*free)(RfCore *core);                 /* nobody holds it any more */
    bool (*drop)(RfCore *core);                 /* counts one down, true at 0; NULL: an atomic decrement */
    RfObject *(*proxy)(RfVm *vm, RfCore *core); /* new object of the VM for the core; takes the reference */
} RfCoreType;
struct RfCore { /* first member of channels and futures */
    atomic_uint rc;
    const RfCoreType *type;
};
RfCore *rf_core_retain(RfCore *core); /* returns its argument */
void rf_core_release(RfCore *core);
/* The VM's object for the core, made when there is none. Borrows core; new reference. */
RfValue rf_core_proxy(RfVm *vm, RfCore *core);
/* A proxy is entered when it is made and removed when it is freed, so that one VM has one object per core. Leaving does
 * nothing when the entry is another object's. */
void rf_core_enter(RfVm *vm, RfCore *core, RfObject *proxy);
void rf_core_leave(RfVm *vm, const RfCore *core, const RfObject *proxy);

/* ---- messages ---- */
typedef struct RfMessage RfMessage;
RfMessage *rf_message_retain(RfMessage *message);
void rf_message_release(RfMessage *message); /* NULL is allowed */

/* Copies v into a message; NULL with "Cannot send KIND to another thread" raised when it cannot cross. Borrows. */
RfMessage *rf_message_new(RfVm *vm, RfValue v);
/* The value a message of rf_message_new, or one of parts, stands for. *out is a new reference. */
RfStatus rf_message_open(RfVm *vm, RfMessage *message, RfValue *out);
/* A message that stands for the array of what `n` messages stand for (all taken; the pointers are copied). */
RfMessage *rf_message_join(RfMessage **parts, size_t n);
/* An error with its trace and cause (left out when it cannot cross). Borrows. */
RfMessage *rf_message_from_error(RfVm *vm, const RfError *error);
void rf_message_to_error(RfVm *vm, RfMessage *message, RfError *error); /* *error is initialised here */

/* ---- messages of several parts ---- */
typedef struct RfWriter RfWriter;
RfWriter *rf_writer_new(RfVm *vm);
RfMessage *rf_writer_finish(RfWriter *writer); /* frees the writer */
void rf_writer_put_int(RfWriter *writer, uint64_t i);
void rf_writer_put_text(RfWriter *writer, const char *bytes, size_t len);
/* Appends v. When it cannot cross: returns false, writes nothing; *culprit (may be NULL) is the part that cannot, borrowed.
 * Parts of one message that are the same object stay the same object. UNDEF is allowed. */
bool rf_writer_put(RfWriter *writer, RfValue v, RfValue *culprit);

typedef struct RfReader RfReader;
RfReader *rf_reader_new(RfVm *vm, RfMessage *message); /* borrows message until rf_reader_free */
void rf_reader_free(RfReader *reader);
uint64_t rf_reader_int(RfReader *reader);
const char *rf_reader_text(RfReader *reader, size_t *len); /* points into the message */
RfStatus rf_reader_value(RfReader *reader, RfValue *out);  /* new reference */

/* "Cannot send KIND to another thread" */
RfStatus rf_transfer_raise(RfVm *vm, RfValue v);

/* ---- image.c: the program as another VM needs it ---- */
typedef struct RfImage RfImage;
/* Modules (as source) and copies of the globals and struct declarations as they are now. Globals that cannot cross stay unset
 * in the other VM. `proto` (may be NULL): code that is going to run there; a global it names that cannot cross is an error. */
RfImage *rf_image_new(RfVm *vm, const RfProto *proto);
RfImage *rf_image_retain(RfImage *image);
void rf_image_release(RfImage *image);
/* Makes the fresh VM a twin of the one the image was taken of. */
RfStatus rf_image_load(RfVm *vm, RfImage *image);
/* Position of a function's code in its module's tree, and back; -1 / NULL when it is not there. */
int64_t rf_image_proto_index(RfVm *vm, RfProto *proto);
RfProto *rf_image_proto_at(RfVm *vm, RfModule *module, int64_t index);
void rf_image_forget(RfVm *vm); /* frees what the two functions above remember */

#endif
