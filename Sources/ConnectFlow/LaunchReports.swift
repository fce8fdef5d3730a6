package import Ledger
package import LedgerStore
internal import Vault

/// The popup's other two callbacks: it was closed, or it failed.
package struct LaunchReports: Sendable {
    private let store: LedgerStore

    package init(store: LedgerStore) {
        self.store = store
    }

    /// Records that the popup was closed.
    package func closed(_ launch: Launch, context: RecordContext) async throws(ConnectError) {
        try await ConnectError.sorting {
            try await record(.launchClosed(launch: launch.data.launch), "closed", launch, context)
        }
    }

    /// Records that the popup failed, with the code that the page names.
    package func failed(
        _ launch: Launch,
        code: String?,
        context: RecordContext
    ) async throws(ConnectError) {
        try await ConnectError.sorting {
            let user = try await launch.user(in: store)
            let event = LedgerEvent.launchFailed(
                launch: launch.data.launch,
                code: try word(code, user)
            )
            try await record(event, "failed", launch, context)
        }
    }

    /// The same report twice is one event.
    private func record(
        _ event: LedgerEvent,
        _ label: String,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws {
        let user = try await launch.user(in: store)
        _ = try await store.change(user, of: launch.app) { _ in
            var change = Change(context: context)
            change.append(event, id: launch.data.launch.derived(label))
            return change
        }
    }

    /// What a page sends stands in the log for ever, so only what is a word and nothing of the
    /// user's is kept: letters, dots, dashes and underscores.
    ///
    /// Tokens and ids have digits; real codes of the provider are not known
    /// (docs/provider.md#finish-close-and-error).
    private func word(_ text: String?, _ user: StoredUser) throws -> String {
        guard let text, (1...FlowLimits.failureCodeBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "_.-".utf8.contains(byte)
            }),
            let clientUserID = try store.value(.clientUserID, of: user),
            !text.lowercased().contains(clientUserID.exposed.lowercased())
        else { return "other" }
        return text
    }
}
