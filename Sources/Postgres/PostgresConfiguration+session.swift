extension PostgresConfiguration {
    /// What decides the meaning of a statement, whether we hear how it ended, or what others hear of it.
    ///
    /// A role or a database can set each of them to something else.
    private static let meaning = [
        ("quote_all_identifiers", "off"),
        // Nothing is looked up where others may write. The temporary schema would come first if it
        // were not named.
        ("search_path", "pg_catalog, pg_temp"),
        // That a commit does not wait for its standby any longer is told by a warning alone.
        ("client_min_messages", "warning"),
        ("client_encoding", "'UTF8'"),
        ("standard_conforming_strings", "on"),
        ("backslash_quote", "safe_encoding"),
        ("escape_string_warning", "on"),
        ("transform_null_equals", "off"),
        ("array_nulls", "on"),
        ("xmloption", "content"),
        ("bytea_output", "hex"),
        ("\"DateStyle\"", "'ISO, YMD'"),
        ("\"IntervalStyle\"", "'postgres'"),
        ("\"TimeZone\"", "'UTC'"),
        ("extra_float_digits", "1"),
        ("default_transaction_isolation", "'read committed'"),
        ("default_transaction_read_only", "off"),
        ("default_transaction_deferrable", "off"),
        ("row_security", "on"),
        ("exit_on_error", "off"),
        ("plan_cache_mode", "auto"),
        ("plpgsql.extra_errors", "'none'"),
        ("plpgsql.extra_warnings", "'none'"),
        // Whoever forbids a kind of plan gives it a huge cost; the server may then take the
        // statement for a long one and compile it, for tens of milliseconds each time.
        ("jit", "off"),
        // A role may have its plans and parameters written into the server's log, and parameters are
        // secrets.
        ("debug_print_parse", "off"),
        ("debug_print_rewritten", "off"),
        ("debug_print_plan", "off"),
        ("log_parameter_max_length_on_error", "0"),
    ]

    /// What a session is told before anything else, in one round trip.
    ///
    /// Answers the server's process, when it began, and its limit for a statement in milliseconds.
    /// The limits give way to those of the connection string. All of it is told in statements, for
    /// poolers refuse the start-up parameter `options`.
    var sessionScript: String {
        let meaning = Self.meaning.map { "set \($0) = \($1);" }.joined(separator: "\n")
        let limits = [
            ("statement_timeout", Self.milliseconds(statementTimeMax)),
            ("lock_timeout", Self.milliseconds(lockTimeMax)),
            (
                "idle_in_transaction_session_timeout",
                Self.milliseconds(idleInTransactionTimeMax)
            ),
            // The pool keeps connections, and its transactions are bounded by the limits above.
            ("idle_session_timeout", 0),
            ("transaction_timeout", 0),
        ]
        let values = limits.map { "('\($0)', '\($1)')" }.joined(separator: ", ")
        return """
            \(meaning)
            \(requirement.map { "\($0);" } ?? "")
            select count(set_config(wanted.name, wanted.value, false))
            from (values \(values)) as wanted (name, value)
            join pg_settings using (name) where pg_settings.source <> 'client';
            select own.pid::text, own.backend_start::text,
                (select setting from pg_settings where name = 'statement_timeout')
            from pg_stat_get_activity(pg_backend_pid()) as own
            """
    }
}
