package import Traces

extension Span.Description {
    /// Tells of a statement by its name, as OpenTelemetry's conventions for databases have it; its text
    /// and its parameters are told to nobody.
    package static func statement(_ name: String, failure: String? = nil) -> Span.Description {
        Span.Description(
            name,
            .client,
            [
                Span.Attribute("db.system.name", "postgresql"),
                Span.Attribute("db.query.summary", name),
            ],
            failure: failure
        )
    }
}

extension PostgresError {
    /// The class of the failure: what the server reported (SQLSTATE), or a word for what else it was.
    var failure: String {
        switch code {
        case .connectionFailed: "connection_failed"
        case .outcomeUnknown: "outcome_unknown"
        case .cancelled: "cancelled"
        case .timedOut: "timed_out"
        case .poolExhausted: "pool_exhausted"
        case .server(let state): "\(state)"
        case .decodingFailed: "unexpected_value"
        }
    }
}
