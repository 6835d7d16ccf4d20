/* What format_time, parse_time and time_parts have in common. */
#ifndef RF_LIB_TIME_FORMAT_H
#define RF_LIB_TIME_FORMAT_H

#include "lib/zone.h"
#include "vm/vm.h"

/* The zone argument: minutes east of UTC or a name that rf_zone_find knows. Borrows. Raises "NAME: unknown time zone
 * 'Z'". */
RfStatus rf_time_format_zone(RfVm *vm, const RfBuiltin *self, RfValue v, RfZone *out);
/* Raises "NAME: unsupported directive '%x'" for the percent sign at format[at]. */
RfStatus rf_time_format_raise_directive(RfVm *vm, const RfBuiltin *self, const RfString *format, size_t at);

#endif
