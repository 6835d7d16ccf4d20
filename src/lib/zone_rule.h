/* Time zone rules as POSIX writes them: "CET-1CEST,M3.5.0,M10.5.0/3". */
#ifndef RF_LIB_ZONE_RULE_H
#define RF_LIB_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RF_ZONE_OFFSET_MAX (26 * 3600) /* seconds; more is no time zone */
#define RF_ZONE_ABBREVIATION_MAX 15

/* A day of every year, and the local time at which something changes on it. */
typedef struct RfZoneDate {
    char form; /* 'M': day `day` (0 = Sunday) of week `week` (5: the last) of `month`; 'J': day 1..365, which never
                    counts 29 February; 'N': day 0..365 */
    int month, week, day;
    int32_t time; /* seconds; may be negative or more than a day */
} RfZoneDate;

typedef struct RfZoneRule {
    char standard_name[RF_ZONE_ABBREVIATION_MAX + 1];
    char summer_name[RF_ZONE_ABBREVIATION_MAX + 1];
    int32_t standard_offset, summer_offset; /* seconds east of UTC */
    bool has_summer;
    RfZoneDate start, end; /* of summer time */
} RfZoneRule;

bool rf_zone_rule_parse(const char *text, size_t len, RfZoneRule *out);
/* Offset and abbreviation at a time; the abbreviation lives as long as the rule. */
void rf_zone_rule_at(const RfZoneRule *rule, int64_t when, int32_t *offset, const char **abbreviation);

#endif
