import LedgerStack

/// What `token-ledger dev` prints once everything answers.
struct DevGreeting {
    let stack: DevStack

    /// As it was called, so that the lines can be copied.
    private var program: String { CommandLine.arguments.first ?? "token-ledger" }

    private static let user = "alice@example.com"

    var text: String {
        let identity = stack.identity
        let width = DevIdentity.keys.map(\.name.count).max() ?? 0
        let keys = DevIdentity.keys.map { key in
            let padding = String(repeating: " ", count: width - key.name.count)
            return "  \(key.name)\(padding)  \(identity.apiKeys[key.name] ?? "")"
        }
        return """

            \(Terminal.bold("Token Ledger is ready."))

              Demo page  \(identity.demoURL)/
              Service    \(identity.ledgerURL)/  (its calls: /openapi.yaml)
              Console    \(identity.ledgerURL)/console  (sign in with the key "all")
              Metrics    \(stack.metricsURL)
              Sandbox    \(identity.sandboxURL)/sandbox
              Database   psql '\(stack.ledger.ownerURL)'
              Data       \(stack.folder)

            \(Terminal.bold("API keys, by scope"))

            \(keys.joined(separator: "\n"))

            \(Terminal.bold("To try"))

            \(curls.joined(separator: "\n"))

            \(Terminal.bold("Other commands, in another terminal"))

              export TOKEN_LEDGER_CONFIG_FILE=\(stack.settingsFile)
              \(program) verify
              \(program) user history --user \(Self.user)
              \(program) export --bundle /tmp/bundle --by me --reason trying

            Ctrl-C stops everything; the data stays.
            """
    }

    /// A launch, the user it made, and what was recorded.
    private var curls: [String] {
        let identity = stack.identity
        let url = identity.ledgerURL
        let user = "\(url)/v1/users/\(HTTPCaller.encoded(Self.user))"
        func header(_ scope: String) -> String {
            "-H 'Authorization: Bearer \(identity.apiKeys[scope] ?? "")'"
        }
        return [
            "  curl -s \(url)/v1/launches \(header("launch")) "
                + "-H 'Content-Type: application/json' -d '{\"client_user_id\":\"\(Self.user)\",\"finish\":\"direct\"}'",
            "  curl -s \(user) \(header("users:read"))",
            "  curl -s \(user)/events \(header("events:read"))",
        ]
    }
}
