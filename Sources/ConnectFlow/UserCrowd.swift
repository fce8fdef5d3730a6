internal import HumanConnect
internal import Ledger

/// Those who ask one list of users together, and what it has said of each so far.
///
/// User ids are compared byte for byte: two spellings that Unicode calls equivalent are two users
/// (docs/provider.md#unknown-18).
struct UserCrowd: Sendable {
    private var lookups: [Secret: UserLookup?]

    init(_ clientUserIDs: some Sequence<Secret>) {
        lookups = Dictionary(clientUserIDs.map { ($0, nil) }) { first, _ in first }
    }

    /// Compares one entry of the list with those who are looked for.
    mutating func visit(_ user: ListedUser) {
        let (clientUserID, lookup): (Secret?, UserLookup) =
            switch user {
            case .person(let humanID, let clientUserID): (clientUserID, .found(humanID: humanID))
            case .unreadable(let clientUserID): (clientUserID, .unclear)
            }
        guard let clientUserID, let known = lookups[clientUserID] else { return }
        let isSame = known == nil || known == lookup
        lookups.updateValue(isSame ? lookup : .unclear, forKey: clientUserID)
    }

    /// What is known of each when the reading has ended.
    ///
    /// Whoever is in a list that was cut is there; of whoever is not in it nothing is known.
    func ended(_ failure: HumanConnectError?) -> [Secret: UserLookup] {
        lookups.mapValues { $0 ?? failure.map { .unfinished($0) } ?? .notListed }
    }
}
