/// The logs that were passed over in a round of the service's own work, for their database was away.
///
/// What is due there is due the next time; what is due elsewhere must not wait for it.
struct PassedOver {
    private var count = 0
    private var last: StoreError?

    /// Passes a log over; throws where the reason does not pass.
    mutating func add(_ error: StoreError) throws(StoreError) {
        guard error.isPassing else { throw error }
        count += 1
        last = error
    }

    /// Throws where all were passed over: then nobody knows whether anything is due.
    func end(of logs: Int) throws(StoreError) {
        if let last, count == logs { throw last }
    }
}
