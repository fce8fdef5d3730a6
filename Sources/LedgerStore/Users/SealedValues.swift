internal import Vault

/// A user's current values, sealed: those of which the user's row has one each.
///
/// One array, for users are handed on from call to call: four values of their own would be counted
/// four times, and a dictionary would be built anew for each user that is read.
struct SealedValues: Sendable {
    private var values = [[UInt8]?](repeating: nil, count: 4)

    /// The value of a kind; nil where none is held, and for kinds that stand elsewhere.
    subscript(kind: ValueKind) -> [UInt8]? {
        get { Self.place(of: kind).flatMap { values[$0] } }
        set {
            guard let place = Self.place(of: kind) else {
                preconditionFailure("Only current values stand in a user's row.")
            }
            values[place] = newValue
        }
    }

    private static func place(of kind: ValueKind) -> Int? {
        switch kind {
        case .accessToken: 0
        case .publicToken: 1
        case .humanID: 2
        case .clientUserID: 3
        case .sessionToken, .claimedHumanID, .providerAnswer, .clientSecret, .appKey, .webhook:
            nil
        }
    }
}
