import Ledger
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing

extension TestService {
    /// Has the connection of a user reported as broken, and gives the problem that it opens.
    func problem(of user: String, key: String? = nil) async throws -> String {
        let key = key ?? self.key
        let report = try await call(
            .POST,
            self.user(user) + "/broken",
            key: key,
            headers: ["Content-Type": "application/json"],
            body: Array(#"{"reason":"provider_401"}"#.utf8)
        )
        try #require(report.status == 200, "\(report.text)")
        await TestStore.foldProblems(store)
        let shown = try await call(.GET, self.user(user), key: key)
        return "needs_reconnect.\(try #require(shown["subject"]))"
    }
}
