package import Ledger
package import LedgerStore

/// The popup's other two callbacks: it was closed, or it failed.
package struct LaunchReports: Sendable {
    private let store: LedgerStore

    package init(store: LedgerStore) {
        self.store = store
    }

    /// Records that the popup was closed.
    package func closed(_ launch: Launch, context: RecordContext) async throws(ConnectError) {
        try await ConnectError.sortingLaunch {
            try await record(.launchClosed(launch: launch.data.launch), "closed", launch, context)
        }
    }

    /// Records that the popup failed, with the code that the page names, if it is a known one.
    package func failed(
        _ launch: Launch,
        code: String?,
        context: RecordContext
    ) async throws(ConnectError) {
        try await ConnectError.sortingLaunch {
            let event = LedgerEvent.launchFailed(
                launch: launch.data.launch,
                code: FailureCode.recorded(code)
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
}

/// Why a popup failed, as far as the log may say it
/// (docs/decisions/0024-callers-write-no-text-into-the-log.md).
private enum FailureCode {
    /// The codes of the popup's error pages (docs/provider.md#unknown-9).
    private static let known: Set = [
        "user_already_exists", "invalid_public_token", "public_token_mismatch", "session_over",
        "missing_parameter", "invalid_request", "invalid_client", "sandbox_popup_error",
    ]

    /// The code of a page, or `other`.
    ///
    /// Nobody can tell a code that is new from a name or a token, but a number of three digits is
    /// neither.
    static func recorded(_ code: String?) -> String {
        guard let code else { return "other" }
        let isNumber =
            (1...3).contains(code.utf8.count)
            && code.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber || known.contains(code) ? code : "other"
    }
}
