/* The version line. */
#ifndef RF_CLI_VERSION_H
#define RF_CLI_VERSION_H

/* "ruff X.Y.Z" on standard output. */
void rf_version_print(void);

#endif
