-- The column that an export holds, in the order of the export, in psql's own text format.
copy (select record from ledger.event where log_id = 0 order by position) to stdout;
