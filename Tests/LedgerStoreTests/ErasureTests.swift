import Foundation
import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Erasure", .timeLimit(.minutes(5)))
struct ErasureTests {
    /// Everything that the vault has of a subject, by table.
    private func traces(of subject: Identifier, _ test: TestStore) async throws -> [String] {
        let connection = try await test.ownerConnection()
        let traces = try await connection.rows(
            Statement(
                "traces",
                """
                select 'value ' || kind from vault.value where subject = $1
                union all select 'data_key' from vault.data_key where subject = $1
                union all select 'lookup ' || kind from vault.lookup where subject = $1
                union all select 'row ' || held.name from vault.user_state head
                cross join lateral (values
                    ('fingerprint', fingerprint), ('wrapped_key', wrapped_key),
                    ('client_user_id', client_user_id), ('human_id', human_id),
                    ('access_token', access_token), ('public_token', public_token),
                    ('root_key_id', root_key_id::bytea)
                ) as held (name, bytes)
                where subject = $1 and held.bytes is not null
                order by 1
                """,
                .uuid(subject.value)
            )
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        await connection.close()
        return traces
    }

    @Test("key, values and what leads to the user are gone at once, others are as before")
    func gone() async throws {
        try await TestStore.run { test in
            let alice = try await test.connectedUser("alice")
            let bob = try await test.connectedUser("bob")
            // A replaced token, and what an open finalize needs.
            let rotation = test.connection(
                of: alice,
                human: "human alice",
                accessToken: "second",
                publicToken: "second"
            )
            _ = try await test.store.write(rotation, to: alice)
            var open = Change(context: TestStore.context)
            let session = test.store.vault.fingerprint(
                .session,
                of: Secret("open"),
                app: test.app.id
            )
            let id = test.store.clock.identifier()
            open.append(
                .finishReceived(
                    .init(
                        finalize: id,
                        launch: id,
                        session: session,
                        human: try #require(alice.state.human)
                    )
                ),
                id: id
            )
            open.claim(.session, session)
            let current = try await test.user("alice")
            open.keep(Secret("open"), .sessionToken, version: current.state.version + 1)
            _ = try await test.store.write(open, to: current)
            let before = try await traces(of: alice.subject, test)
            #expect(before.count == 14, "\(before)")
            try await test.erase("alice")
            #expect(
                try await traces(of: alice.subject, test)
                    == ["lookup session", "lookup session", "lookup session"]
            )
            #expect(try await test.store.user(Secret("alice"), of: test.app) == nil)
            #expect(
                try await test.store.user(subject: alice.subject, of: test.app) == nil
            )
            let again = try await test.user("bob")
            #expect(again.state == bob.state)
            #expect(try test.store.value(.accessToken, of: again) == Secret("access bob"))
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }

    @Test("nothing can be appended to who was erased, the short way and the long")
    func refused() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.erase("alice")
            let erased = try #require(
                try await test.store.user(
                    subject: user.subject,
                    of: test.app,
                    evenErased: true
                )
            )
            let size = try await test.store.size(log: .facts)
            // Decided before the erasure, and on what it left.
            for user in [user, erased] {
                var short = Change(context: TestStore.context)
                short.append(.connectionBroken(reason: "other"))
                var long = Change(context: TestStore.context)
                long.append(.connectionBroken(reason: "other"))
                long.append(.connectionBroken(reason: "provider_401"))
                for change in [short, long] {
                    guard case .conflict = try await test.store.write(change, to: user) else {
                        Issue.record("an append to who was erased")
                        return
                    }
                    await #expect(throws: StoreError.erased) {
                        try await test.store.change(user, of: test.app) { _ in change }
                    }
                }
            }
            #expect(try await test.store.size(log: .facts) == size)
            #expect(try await traces(of: user.subject, test) == ["lookup session"])
        }
    }

    @Test("a user who was only launched is erased too, and of many at once each one")
    func batch() async throws {
        try await TestStore.run { test in
            let names = (0..<20).map { "user \($0)" }
            var subjects: [Identifier] = []
            for name in names {
                subjects.append(
                    name.hasSuffix("3")
                        ? try await test.connectedUser(name).subject
                        : try await test.launchedUser(name).subject
                )
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names.dropLast() { group.addTask { try await test.erase(name) } }
                try await group.waitForAll()
            }
            for subject in subjects.dropLast() {
                let left = try await traces(of: subject, test).filter { $0 != "lookup session" }
                #expect(left == [])
            }
            let left = try await test.store.users(of: test.app, after: nil, limit: 100)
            #expect(left.map(\.subject) == [try #require(subjects.last)])
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }

}

/// The list outside the database, and the restore of a backup from before.
@Suite("The list of erasures", .timeLimit(.minutes(5)))
struct ErasureListTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A folder of the test's own.
    private func withFolder<Value>(_ body: (ErasureFolder, String) async throws -> Value)
        async throws -> Value
    {
        let path = try SteppedIntegrator.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(ErasureFolder(path: path), path)
    }

    @Test("after the restore of an older backup who was listed is erased again, and no other")
    func restore() async throws {
        try await TestStore.run { test in
            try await withFolder { folder, _ in
                let alice = try await test.connectedUser("alice")
                _ = try await test.connectedUser("bob")
                let backup = try await ForkedDatabase(of: test)
                // Carol came after the backup: there is nothing of her in it.
                _ = try await test.connectedUser("carol")
                try await test.erase("alice")
                try await test.erase("carol")
                let eraser = Eraser(store: test.store, folder: folder, logger: Self.logger)
                #expect(await eraser.conditions() == [])
                await eraser.listMissing()
                #expect(try folder.subjects() == [], "no checkpoint covers them yet")
                try await SteppedIntegrator(test).look()
                try await Task.sleep(for: StoreLimits.checkpointTime)
                await eraser.listMissing()
                #expect(try folder.subjects().count == 2)
                #expect(await eraser.conditions() == [])
                try await test.another(service: backup.service) { store in
                    let app = try #require(try await store.app(clientID: "demo"))
                    let restored = Eraser(store: store, folder: folder, logger: Self.logger)
                    let keeper = ErasureKeeper(restored)
                    #expect(await keeper.conditions() == [.erasuresUndone(count: 1)])
                    let again = try #require(try await store.user(Secret("alice"), of: app))
                    #expect(try store.value(.accessToken, of: again) == Secret("access alice"))
                    // The backup held her: the hold had ended before the erasure.
                    _ = try await store.hold(
                        again,
                        of: app,
                        reason: .audit,
                        context: TestStore.context
                    )
                    var erased = 0
                    for _ in 0..<2 {
                        for subject in try folder.subjects() {
                            let receipt = try folder.receipt(of: subject)
                            let context = RecordContext(actor: "operator")
                            if case .erased(let position) = try await restored.reapply(
                                receipt,
                                context: context
                            ) {
                                erased += 1
                                let event = try await store.event(at: position, log: .facts)
                                let record = try #require(try event?.record())
                                #expect(record.event == .subjectErased(reason: .restored))
                                #expect(record.causedBy == receipt.record.id)
                                #expect(record.subject == alice.subject)
                            }
                        }
                    }
                    #expect(erased == 1)
                    #expect(try await store.user(Secret("alice"), of: app) == nil)
                    #expect(try await store.user(Secret("bob"), of: app) != nil)
                    #expect(await keeper.conditions() == [])
                    var plan = VerificationPlan()
                    plan.rootKeys = RootKeys(test.rootKey)
                    let report = try await Verification.run(backup.owner, plan: plan)
                    #expect(report.findings == [])
                }
            }
        }
    }

    @Test("without a checkpoint the answer comes after a bounded time, and says the same")
    func unproved() async throws {
        try await TestStore.run { test in
            try await withFolder { folder, _ in
                _ = try await test.connectedUser("alice")
                let eraser = Eraser(store: test.store, folder: folder, logger: Self.logger)
                let start = ContinuousClock.now
                let erasure = try await eraser.erase(
                    Secret("alice"),
                    of: test.app,
                    idempotencyKey: Secret("erase 1"),
                    context: TestStore.context
                )
                #expect(start.duration(to: .now) >= StoreLimits.erasureProofTimeMax)
                guard case .recorded(let event, _) = erasure else {
                    Issue.record("a proof without a checkpoint")
                    return
                }
                #expect(try await test.store.user(Secret("alice"), of: test.app) == nil)
                #expect(try folder.subjects() == [])
                try await SteppedIntegrator(test).look()
                try await Task.sleep(for: StoreLimits.checkpointTime)
                let again = try await eraser.erase(
                    Secret("alice"),
                    of: test.app,
                    idempotencyKey: Secret("erase 1"),
                    context: TestStore.context
                )
                guard case .proved(let receipt) = again else {
                    Issue.record("no proof under a checkpoint")
                    return
                }
                #expect(receipt.position == event.position)
                #expect(try folder.subjects() == [receipt.subject])
            }
        }
    }

    @Test("a list that cannot be kept is told, until it is complete again")
    func unkept() async throws {
        try await TestStore.run { test in
            try await withFolder { folder, path in
                let eraser = Eraser(store: test.store, folder: folder, logger: Self.logger)
                let keeper = ErasureKeeper(eraser)
                #expect(await keeper.conditions() == [])
                _ = try await test.connectedUser("alice")
                try await test.erase("alice")
                try await SteppedIntegrator(test).look()
                try await Task.sleep(for: StoreLimits.checkpointTime)
                try FileManager.default.removeItem(atPath: path)
                try Data().write(to: URL(fileURLWithPath: path))
                await keeper.look()
                #expect(await keeper.conditions() == [.erasuresUnlisted])
                #expect(await ErasureKeeper(eraser).conditions() == [.erasuresUnreadable])
                try FileManager.default.removeItem(atPath: path)
                await keeper.look()
                #expect(await keeper.conditions() == [])
                #expect(try folder.subjects().count == 1)
            }
        }
    }

    @Test("a receipt that the log has not signed erases nobody")
    func forged() async throws {
        try await TestStore.run { test in
            try await withFolder { folder, path in
                let alice = try await test.connectedUser("alice")
                let bob = try await test.connectedUser("bob")
                try await test.erase("alice")
                try await SteppedIntegrator(test).look()
                try await Task.sleep(for: StoreLimits.checkpointTime)
                let eraser = Eraser(store: test.store, folder: folder, logger: Self.logger)
                await eraser.listMissing()
                let file = "\(path)/\(alice.subject).json"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                let forged = text.split(separator: "\(alice.subject)").joined(
                    separator: "\(bob.subject)"
                )
                try Data(forged.utf8).write(
                    to: URL(fileURLWithPath: "\(path)/\(bob.subject).json")
                )
                let receipt = try folder.receipt(of: bob.subject)
                #expect(receipt.subject == bob.subject)
                await #expect(throws: ReceiptError.unproved) {
                    try await eraser.reapply(receipt, context: TestStore.context)
                }
                #expect(try await test.store.user(Secret("bob"), of: test.app) != nil)
                // Whose name a file has must be whose receipt it is.
                try Data(text.utf8).write(
                    to: URL(fileURLWithPath: "\(path)/\(bob.subject).json")
                )
                #expect(throws: ReceiptError.malformed) { try folder.receipt(of: bob.subject) }
                // Another log's key has not signed it.
                try await TestStore.run { other in
                    let receipt = try folder.receipt(of: alice.subject)
                    let foreign = Eraser(store: other.store, folder: nil, logger: Self.logger)
                    await #expect(throws: ReceiptError.unproved) {
                        try await foreign.reapply(receipt, context: TestStore.context)
                    }
                }
            }
        }
    }

    @Test("any changed byte of a receipt is noticed, or changes nothing that it says")
    func changed() async throws {
        try await TestStore.run { test in
            try await withFolder { folder, _ in
                let alice = try await test.connectedUser("alice")
                try await test.erase("alice")
                try await SteppedIntegrator(test).look()
                try await Task.sleep(for: StoreLimits.checkpointTime)
                let eraser = Eraser(store: test.store, folder: folder, logger: Self.logger)
                await eraser.listMissing()
                let receipt = try folder.receipt(of: alice.subject)
                let key = test.store.vault.checkpointSigner(logID: 0).key
                try receipt.verify(key)
                for index in receipt.encoded.indices {
                    var bytes = receipt.encoded
                    bytes[index] ^= 1
                    guard let read = try? ErasureReceipt(bytes), (try? read.verify(key)) != nil
                    else { continue }
                    #expect(read.record == receipt.record, "byte \(index)")
                }
            }
        }
    }
}
