-- All that the log holds, in the form that costs least to write and to read.
copy ledger.event to stdout with (format binary);
