import Ledger
import LedgerStore
import SeededRandom
import Vault

/// Users to whom anything happens that may happen, in an order that one seed decides per user.
package struct RandomHistory {
    private let test: TestStore
    private let seed: UInt64

    /// The same seed gives every user the same life.
    package init(test: TestStore, seed: UInt64) {
        self.test = test
        self.seed = seed
    }

    /// Does `steps` things to each of `users` users, all users at the same time.
    package func run(users: Int, steps: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for user in 0..<users {
                group.addTask { try await live(user, steps: steps) }
            }
            try await group.waitForAll()
        }
    }

    private func live(_ number: Int, steps: Int) async throws {
        var random = SeededRandom(seed: seed &* 1_000 &+ UInt64(number))
        let name = "user \(seed) \(number)"
        var user = test.store.newUser(Secret(name), of: test.app)
        for step in 0..<steps {
            let change = step == 0 ? test.launch(user) : next(user, name, step, &random)
            guard case .written(let changed, _) = try await test.store.write(change, to: user)
            else {
                throw StoreError.conflict
            }
            user = random.next().isMultiple(of: 2) ? changed : try await test.user(name)
        }
    }

    private func next(
        _ user: StoredUser,
        _ name: String,
        _ step: Int,
        _ random: inout SeededRandom
    ) -> Change {
        var change = Change(context: TestStore.context)
        let id = test.store.clock.identifier()
        switch random.next() % 8 {
        case 0: return test.launch(user)
        case 1: change.append(.launchClosed(launch: id))
        case 2: change.append(.launchFailed(launch: id, code: "é\"\\\n\(step)"))
        case 3:
            return test.connection(
                of: user,
                human: "human \(name)",
                accessToken: "access \(name) \(step)",
                publicToken: "public \(name) \(random.next() % 3) "
            )
        case 4:
            change.append(
                .finishReceived(
                    .init(
                        finalize: id,
                        launch: id,
                        session: fingerprint(step),
                        human: fingerprint(0)
                    )
                ),
                id: id
            )
        case 5:
            guard let open = user.state.openFinalizes.first else { return test.launch(user) }
            change.append(
                random.next().isMultiple(of: 2)
                    ? .finalizeRejected(finalize: open.finalize, status: 422)
                    : .finalizeUnresolved(finalize: open.finalize, reason: "timeout")
            )
        case 6: change.append(.connectionBroken(reason: "provider_401"))
        default:
            guard let human = user.state.human else { return test.launch(user) }
            let value = Secret("recovered \(name) \(step)")
            let event = user.state.recover(
                publicToken: test.store.vault.fingerprint(
                    .publicToken,
                    of: value,
                    app: test.app.id
                ),
                human: human
            )
            guard let event else { return test.launch(user) }
            change.append(event)
            if case .publicTokenRecovered(let token, _) = event {
                change.keep(value, .publicToken, version: token.version)
            }
        }
        return change
    }

    private func fingerprint(_ number: Int) -> Fingerprint {
        test.store.vault.fingerprint(.human, of: Secret("\(number)"), app: test.app.id)
    }
}
