internal import Ledger
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Vault

/// A user, as the maps know one.
struct MapUser: Sendable, Hashable {
    let app: Identifier
    let subject: Identifier
}

/// A user's state at an event: what the map of states holds, by its hash.
struct MapMoment: Sendable {
    let user: MapUser
    let state: MapState
}

/// Makes of users' rows what the maps hold of them.
struct MapMaker: Sendable {
    /// What the maps hold of a user.
    struct Entry: Sendable {
        let user: MapUser
        let key: MerkleHash
        let value: MerkleHash
        let isErased: Bool
        /// Has the name.
        let row: StateRow?
        /// The name's key, where it is made already.
        var name: MerkleHash?
    }

    /// What comes of a row.
    enum Outcome: Sendable {
        case entry(Entry)
        /// The row tells of a later event.
        case ahead(MapUser)
        /// The row is none that the service wrote for this event: the log must be folded.
        case unsound(MapUser)
    }

    private struct App: Sendable {
        let clientID: String
        let nameKey: [UInt8]
    }

    let vault: Vault
    let facts: Log
    private let origin: String
    private let apps: [Identifier: App]

    /// Makes what the maps of a log of facts hold; `clientIDs` are those of all apps.
    init(_ vault: Vault, _ facts: Log, clientIDs: [Identifier: String]) {
        self.vault = vault
        self.facts = facts
        origin = vault.checkpointSigner(logID: facts.id).key.name
        var apps: [Identifier: App] = [:]
        for (app, clientID) in clientIDs {
            apps[app] = App(clientID: clientID, nameKey: vault.nameKey(app: app))
        }
        self.apps = apps
    }

    func knows(_ app: Identifier) -> Bool { apps[app] != nil }

    /// Where the map of states holds a user.
    func stateKey(_ user: MapUser) throws(StoreError) -> MerkleHash {
        guard let app = apps[user.app] else { throw .damaged(.state) }
        return MapKey.state(origin: origin, clientID: app.clientID, subject: user.subject)
    }

    /// Under which label, and where, the map of names holds a `clientUserId`.
    func name(
        _ clientUserID: Secret,
        of app: Identifier
    ) throws(StoreError) -> (label: Fingerprint, key: MerkleHash) {
        guard let app = apps[app] else { throw .damaged(.state) }
        let label = MapKey.label(of: clientUserID, nameKey: app.nameKey)
        return (label, MapKey.name(origin: origin, clientID: app.clientID, label: label))
    }

    /// What a row gives that should tell of this event.
    func outcome(_ row: StateRow?, _ event: NewestEvent) throws(StoreError) -> Outcome {
        guard let row else { return .unsound(event.user) }
        if row.version > event.version { return .ahead(event.user) }
        guard row.version == event.version, row.isWritten(by: vault, facts) else {
            return .unsound(event.user)
        }
        let state = MapState(
            version: event.version,
            position: event.position,
            record: event.leaf,
            state: row.state
        )
        return .entry(try entry(MapMoment(user: event.user, state: state), row: row))
    }

    /// What a state gives, read or folded.
    func entry(_ moment: MapMoment, row: StateRow?) throws(StoreError) -> Entry {
        // Nobody looks into the states of the others for this: they have a name.
        let isErased = row?.clientUserID == nil && Self.isErased(moment.state.state)
        return Entry(
            user: moment.user,
            key: try stateKey(moment.user),
            value: moment.state.value,
            isErased: isErased,
            row: row
        )
    }

    private static func isErased(_ state: [UInt8]) -> Bool {
        (try? SubjectState(decoding: state))?.status == .erased
    }

    /// Where the map of names holds the user; nil of who was erased.
    ///
    /// A name that does not open would make the map say that nobody has it, so that is an error.
    func name(of entry: Entry) throws(StoreError) -> MerkleHash? {
        guard !entry.isErased else { return nil }
        if let name = entry.name { return name }
        guard let row = entry.row, let wrapped = row.wrappedKey, let sealed = row.clientUserID
        else {
            throw .damaged(.value)
        }
        let clientUserID: Secret
        do {
            clientUserID = try vault.open(
                sealed,
                .clientUserID,
                version: 1,
                for: row.owner(facts),
                key: try vault.unwrap(wrapped, for: row.owner(facts))
            )
        } catch {
            throw .damaged(.value)
        }
        return try name(clientUserID, of: entry.user.app).key
    }
}
