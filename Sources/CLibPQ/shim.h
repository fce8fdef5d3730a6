#include <libpq-fe.h>

// Swift does not import macros that are character constants.
static const int postgres_field_sqlstate = PG_DIAG_SQLSTATE;
static const int postgres_field_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int postgres_field_primary_message = PG_DIAG_MESSAGE_PRIMARY;
static const int postgres_field_constraint_name = PG_DIAG_CONSTRAINT_NAME;
static const int postgres_field_table_name = PG_DIAG_TABLE_NAME;
static const int postgres_field_source_function = PG_DIAG_SOURCE_FUNCTION;
