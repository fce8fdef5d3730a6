package import Ledger
internal import MerkleLog
internal import StateMap

/// Where the maps of two databases differ.
package struct MapComparison: Sendable {
    /// A user whose state is another one in the other database.
    package struct Difference: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case different
            case onlyHere = "only_here"
            case onlyThere = "only_there"
        }

        package let kind: Kind
        /// Nil where neither database has a row for it any more.
        package let subject: Identifier?
    }

    package let own: MadeMaps
    package let other: MadeMaps
    /// In the order of the map's keys; empty where the roots are the same.
    package let differences: [Difference]
    /// There are more.
    package let isCut: Bool
}

extension MapKeeper {
    /// Makes the maps of two databases of one deployment, and names the users at whom they part: the roots are
    /// compared first, and then what is below those that differ.
    ///
    /// Names `max` users at most. The maps of both are gone afterwards.
    package func compare(
        with other: MapKeeper,
        max: Int
    ) async throws(StoreError) -> MapComparison {
        do {
            let (own, theirs) = (try await makeOnce(), try await other.makeOnce())
            states.publish()
            let taken = await other.takeStates()
            let found = states.differences(from: taken.map, max: max + 1)
            unload()
            let shown = found.prefix(max)
            let missing = Set(shown.map(\.key))
            var users = try await users(at: missing)
            for (key, user) in try await other.users(at: missing.subtracting(users.keys)) {
                users[key] = user
            }
            return MapComparison(
                own: own,
                other: theirs,
                differences: shown.map { .init($0, users[$0.key]) },
                isCut: found.count > max
            )
        } catch {
            throw StoreError(error)
        }
    }

    /// An object, for a map is many words.
    private final class TakenMap: Sendable {
        let map: MerkleMap

        init(_ map: consuming MerkleMap) { self.map = map }
    }

    private func takeStates() -> TakenMap {
        var taken = MerkleMap()
        swap(&taken, &states)
        unload()
        taken.publish()
        return TakenMap(taken)
    }

    /// Whose keys of the map these are.
    private func users(at keys: Set<MerkleHash>) async throws -> [MerkleHash: MapUser] {
        guard !keys.isEmpty else { return [:] }
        try await readApps()
        var users: [MerkleHash: MapUser] = [:]
        for stretch in try await store.stateStretches(
            facts,
            of: StoreLimits.mapRowsMax,
            pool
        ) {
            for user in try await store.users(in: stretch, facts, pool)
            where maker.knows(user.app) {
                let key = try maker.stateKey(user)
                if keys.contains(key) { users[key] = user }
            }
        }
        return users
    }
}

extension MapComparison.Difference {
    fileprivate init(_ difference: MapDifference, _ user: MapUser?) {
        kind =
            switch (difference.own, difference.other) {
            case (_, nil): .onlyHere
            case (nil, _): .onlyThere
            default: .different
            }
        subject = user?.subject
    }
}
