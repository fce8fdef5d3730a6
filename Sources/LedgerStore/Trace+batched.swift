internal import Postgres
internal import Traces

extension Trace {
    /// Records, for whoever waits for it, a statement that is made for several at once.
    ///
    /// The batch itself belongs to no request. What a caller sees of it is the time from when he comes
    /// to when he has his answer, the wait for the batch with it.
    static func batched<Value: Sendable>(
        _ statement: StaticString,
        _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        guard let span = current?.open() else { return try await body() }
        do {
            let value = try await body()
            span.end(.statement("\(statement)"))
            return value
        } catch {
            span.end(.statement("\(statement)", failure: error.failure))
            throw error
        }
    }
}

extension StoreError {
    /// The class of the failure, for a span.
    fileprivate var failure: String {
        switch self {
        case .unavailable: "unavailable"
        case .overloaded: "overloaded"
        case .outcomeUnknown: "outcome_unknown"
        case .conflict: "conflict"
        case .erased, .dropped, .cold, .damaged, .defect: "_OTHER"
        case .refused(let state): "\(state)"
        }
    }
}
