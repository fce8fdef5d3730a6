internal import HTTPTypes
internal import Hummingbird
internal import Ledger

extension Request {
    /// The `Idempotency-Key`, with the word for what it is sent to; nil where there is none.
    func idempotencyKey(for what: String) throws(LedgerError) -> Secret? {
        guard let key = headers[.idempotencyKey] else { return nil }
        guard !key.isEmpty, key.utf8.count <= RequestLimits.idempotencyKeyBytesMax else {
            throw .malformed(
                "Idempotency-Key must have 1 to \(RequestLimits.idempotencyKeyBytesMax) bytes."
            )
        }
        return Secret("\(what) \(key)")
    }
}
