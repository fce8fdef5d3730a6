internal import Synchronization

/// What several workers found.
///
/// They put it here rather than return it from their tasks: with Swift 6.3.1 a group whose tasks
/// returned a struct as large as the report crashed now and then when a task began.
final class CollectedReport: Sendable {
    private let collected = Mutex(VerificationReport())

    var report: VerificationReport { collected.withLock { $0 } }

    func add(_ part: VerificationReport) {
        collected.withLock { $0.merge(part) }
    }
}
