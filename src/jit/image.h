/* Loading compiled images into a VM (native.h says what they are). */
#ifndef RF_JIT_IMAGE_H
#define RF_JIT_IMAGE_H

#include "jit/native.h"

/* Loads the shared object behind fd and gives its binds their meaning. fd: of a memory file that is loaded nowhere else in the
 * process (its data belongs to this VM); borrowed, may be closed afterwards. protos, shapes: by the numbers of the job; copied
 * as far as needed. NULL: *why says what is wrong (static text). */
RfImage *rf_image_open(RfVm *vm, int fd, RfProto **protos, uint32_t nprotos, RfShape **shapes, uint32_t nshapes,
                       const char **why);
/* The code of an entry of the image; pc -1: function entry. NULL when there is none. */
RfNativeEntry *rf_image_entry(const RfImage *image, uint32_t unit, int32_t pc);
/* Unloads. No activation of its code may be left, and nobody may hold an entry of it. NULL is allowed. */
void rf_image_free(RfImage *image);

#endif
