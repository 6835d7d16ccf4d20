/* Time zones: fixed offsets and the rules of the system's time zone database. */
#ifndef RF_LIB_ZONE_H
#define RF_LIB_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RfZoneRules RfZoneRules;

typedef struct RfZone {
    const RfZoneRules *rules; /* NULL: a fixed offset */
    int32_t offset;           /* of a fixed one, seconds east of UTC */
    char name[8];             /* of a fixed one: "UTC", "+02:00" */
} RfZone;

/* A fixed offset in minutes east of UTC; false when it is a day or more. */
bool rf_zone_fixed(int64_t minutes, RfZone *out);
/* "Z", "+02:00", "local" (variable TZ, else the system's setting) or a name of the database ("Europe/Paris").
 * False when it is unknown. Any thread. */
bool rf_zone_find(const char *name, size_t len, RfZone *out);
/* Offset in seconds and abbreviation in force at a time (seconds since the epoch). The abbreviation lives as long as
 * `zone`. */
void rf_zone_at(const RfZone *zone, int64_t when, int32_t *offset, const char **abbreviation);

#endif
