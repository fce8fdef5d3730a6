internal import Ledger

/// The persons who were found lately, so that what comes after the finding may fail and be tried
/// again without reading a whole list again.
///
/// Only who was found is kept: who was not may be there a moment later. Whoever uses it asks the
/// provider whether it still holds.
struct UserMemory: Sendable {
    /// One user of one app.
    struct Key: Sendable, Hashable {
        let app: Identifier
        let clientUserID: Secret
    }

    private var humanIDs: [Key: Secret] = [:]
    /// The oldest first.
    private var order: [Key] = []

    subscript(key: Key) -> Secret? {
        get { humanIDs[key] }
        set {
            order.removeAll { $0 == key }
            humanIDs[key] = newValue
            guard newValue != nil else { return }
            order.append(key)
            guard order.count > FlowLimits.rememberedUsersMax else { return }
            humanIDs[order.removeFirst()] = nil
        }
    }
}
