internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault
internal import Wire

/// The popup's other two callbacks: it was closed, or it failed.
struct LaunchReports: Sendable {
    let store: LedgerStore

    /// Codes are words; real ones of the provider are not known (contract, section 3.6).
    private static let codeBytesMax = 64

    /// Records that the popup was closed.
    func closed(_ launch: Launch, context: RecordContext) async throws -> Response {
        try await record(.launchClosed(launch: launch.data.launch), "closed", launch, context)
    }

    /// Records that the popup failed, with the code that the page names.
    func failed(
        _ launch: Launch,
        _ request: Request,
        context: RecordContext
    ) async throws -> Response {
        let body = try await JSONBody(
            request,
            keys: ["code"],
            isOptional: true,
            anyContentType: true
        )
        let user = try await launch.user(in: store)
        let code = try word(try body.string("code"), user)
        return try await record(
            .launchFailed(launch: launch.data.launch, code: code),
            "failed",
            launch,
            context
        )
    }

    /// The same report twice is one event.
    private func record(
        _ event: LedgerEvent,
        _ label: String,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws -> Response {
        let user = try await launch.user(in: store)
        _ = try await store.change(user, of: launch.app) { _ in
            var change = Change(context: context)
            change.append(event, id: launch.data.launch.derived(label))
            return change
        }
        var writer = JSONWriter()
        writer.open()
        writer.member("launch_id", launch.data.launch)
        writer.member("recorded", label)
        writer.close()
        return .json(.ok, writer)
    }

    /// What a page sends stands in the log for ever, so only what is a word and nothing of the
    /// user's is kept: letters, dots, dashes and underscores.
    ///
    /// Tokens and ids have digits.
    private func word(_ text: String?, _ user: StoredUser) throws -> String {
        guard let text, (1...Self.codeBytesMax).contains(text.utf8.count),
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
