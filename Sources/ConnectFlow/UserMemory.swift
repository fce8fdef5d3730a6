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

    private struct Found {
        let humanID: Secret
        let time: ContinuousClock.Instant
    }

    private var found: [Key: Found] = [:]
    /// The oldest first.
    private var order: [Key] = []

    /// The person of a user, if that was found at most `FlowLimits.rememberedTime` ago.
    mutating func humanID(of key: Key, at now: ContinuousClock.Instant = .now) -> Secret? {
        forget(before: now - FlowLimits.rememberedTime)
        return found[key]?.humanID
    }

    /// Remembers who the user is, or forgets it.
    mutating func set(
        _ humanID: Secret?,
        of key: Key,
        at now: ContinuousClock.Instant = .now
    ) {
        forget(before: now - FlowLimits.rememberedTime)
        order.removeAll { $0 == key }
        found[key] = humanID.map { Found(humanID: $0, time: now) }
        guard humanID != nil else { return }
        order.append(key)
        guard order.count > FlowLimits.rememberedUsersMax else { return }
        found[order.removeFirst()] = nil
    }

    private mutating func forget(before time: ContinuousClock.Instant) {
        let old = order.prefix { found[$0].map { $0.time < time } ?? true }
        for key in old { found[key] = nil }
        order.removeFirst(old.count)
    }
}
