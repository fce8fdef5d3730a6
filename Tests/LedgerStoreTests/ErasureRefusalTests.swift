import Ledger
@testable import LedgerStore
import TestSupport
import Testing

@Suite("Erasures that are refused", .timeLimit(.minutes(5)))
struct ErasureRefusalTests {
    @Test("a hold, and an Idempotency-Key of another user, keep a user")
    func hold() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            let context = TestStore.context
            let store = test.store
            #expect(try await store.hold(user, of: test.app, reason: .audit, context: context))
            let held = try await test.user("alice")
            #expect(try await !store.hold(held, of: test.app, reason: .audit, context: context))
            await #expect(throws: ErasureError.held) { try await test.erase("alice") }
            // Decided on the user as it was before the hold.
            await #expect(throws: ErasureError.held) {
                let order = ErasureOrder(
                    id: store.clock.identifier(),
                    reason: .requested,
                    context: context
                )
                _ = try await store.erase(user, of: test.app, order)
            }
            #expect(try await store.release(held, of: test.app, context: context))
            // Two calls with one `Idempotency-Key` for two users, at the same time.
            let bob = try await test.connectedUser("bob")
            let carol = try await test.connectedUser("carol")
            let order = ErasureOrder(
                id: store.clock.identifier(),
                reason: .requested,
                context: context
            )
            #expect(try await store.erase(bob, of: test.app, order) != nil)
            await #expect(throws: ErasureError.keyReused) {
                _ = try await store.erase(carol, of: test.app, order)
            }
            #expect(try await test.user("carol").subject == carol.subject, "not erased")
            let released = try await test.user("alice")
            #expect(try await !store.release(released, of: test.app, context: context))
            try await test.erase("alice")
            let types = try await store.history(
                of: user.subject,
                log: .facts,
                after: user.state.version,
                limit: 9
            ).map { "\(try $0.record().event.type)" }
            #expect(types == ["subject.held", "subject.released", "subject.erased"])
        }
    }
}
