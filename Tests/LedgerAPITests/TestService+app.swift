import Ledger
import LedgerStore
import Testing

extension TestService {
    /// Changes the own app as an operator does; copies of the service go by it within 5 s.
    func changeApp(_ make: (inout AppChange) -> Void) async throws {
        var change = AppChange()
        make(&change)
        let outcome = try await store.update(
            try #require(await store.app(app.id)),
            change,
            context: RecordContext(actor: "operator"),
            owner: owners
        )
        try #require(outcome == .written)
    }
}
