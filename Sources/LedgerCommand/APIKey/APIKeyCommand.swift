import ArgumentParser

/// `token-ledger api-key`: the keys of an app's backends.
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key",
        abstract: "The keys of an app's backends.",
        discussion: """
            All but list need the rights of the schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or \
            …_FILE). What they change counts within 5 seconds in every copy of the service.
            """,
        subcommands: [Create.self, List.self, Rotate.self, Expire.self, Revoke.self]
    )
}
