internal import Wire

/// Why a user was erased.
package enum ErasureReason: String, Sendable {
    /// An API key or an operator asked for it.
    case requested
    /// An older database was restored, from before the erasure; `causedby` names the first one.
    case restored
}

/// Why a user may not be erased (docs/compliance.md#legal-hold).
package enum HoldReason: String, Sendable, CaseIterable {
    case legalClaim = "legal_claim"
    case authorityOrder = "authority_order"
    case audit
    case other
}

extension LedgerEvent {
    /// Writes the members of `data` for erasures and holds.
    func writeErasure(to writer: inout JSONWriter) {
        switch self {
        case .subjectErased(let reason): writer.member("reason", reason.rawValue)
        case .subjectHeld(let reason): writer.member("reason", reason.rawValue)
        default: break
        }
    }

    /// Reads the members of `data` for erasures and holds.
    static func readErasure(
        type: String,
        from reader: inout RecordReader
    ) throws(RecordError) -> LedgerEvent {
        if type == "subject.released" { return .subjectReleased }
        try reader.literal("\"reason\":")
        let word = try reader.string()
        if type == "subject.held", let reason = HoldReason(rawValue: word) {
            return .subjectHeld(reason: reason)
        }
        if type == "subject.erased", let reason = ErasureReason(rawValue: word) {
            return .subjectErased(reason: reason)
        }
        throw .unknownType(type)
    }
}
