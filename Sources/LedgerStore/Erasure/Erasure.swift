package import Ledger
internal import Wire

/// What came of an erasure: the user's values are gone in either case.
package enum Erasure: Sendable {
    /// Proved, and listed outside the database where there is a folder for that.
    case proved(ErasureReceipt)
    /// No checkpoint covers it yet, or the list cannot be written; both are tried again.
    case recorded(StoredEvent, Record)

    /// Where its event stands.
    package var position: Int64 {
        switch self {
        case .proved(let receipt): receipt.position
        case .recorded(let event, _): event.position
        }
    }

    /// The answer as one line of JSON.
    package var encoded: [UInt8] {
        switch self {
        case .proved(let receipt): return receipt.encoded
        case .recorded(let event, let record):
            var writer = JSONWriter()
            writer.open()
            record.writeErasure(to: &writer)
            event.write(to: &writer)
            writer.close()
            return writer.bytes
        }
    }
}

/// Why a user was not erased; nothing was written.
package enum ErasureError: Error, Equatable {
    /// There is no such user.
    case unknown
    /// A hold forbids it.
    case held
    /// The `Idempotency-Key` was used for another request.
    case keyReused
}

extension Record {
    /// Writes who was erased, and when.
    func writeErasure(to writer: inout JSONWriter) {
        if let subject { writer.member("subject", subject) }
        writer.member("erased_at", time)
    }
}
