import ArgumentParser
import HumanConnect
import Ledger
import LedgerStack
import LedgerStore
import Wire

/// `token-ledger app`: the apps at the provider that the ledger speaks for.
struct AppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app",
        abstract: "The apps at the provider that the ledger speaks for.",
        subcommands: [Add.self, Update.self, List.self, NameKey.self]
    )

    /// `token-ledger app add`: registers one.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Register an app.",
            discussion: """
                Needs the rights of the schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE). \
                The client secret comes from a file or from TOKEN_LEDGER_CLIENT_SECRET. Without \
                URLs the app is one of Human API itself; --provider-url names another provider, \
                such as the sandbox.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(name: .customLong("client-id"), help: "The app's clientId at the provider.")
        var clientID: String

        @Option(help: "What people call the app.")
        var name: String

        @Option(name: .customLong("client-secret-file"), help: "A file with the client secret.")
        var clientSecretFile: String?

        @Option(
            name: .customLong("app-key-file"),
            help: "A file with the App Key (TOKEN_LEDGER_APP_KEY), for looking up users."
        )
        var appKeyFile: String?

        @OptionGroup var provider: ProviderOptions

        @Option(
            name: .customLong("origin"),
            help: """
                A web origin whose pages may post a finish themselves, such as \
                https://app.example.com or capacitor://localhost; repeatable.
                """
        )
        var origins: [String] = []

        @Flag(
            name: .customLong("require-challenge"),
            help: "Serve no launch without a session_challenge, which binds it to a session."
        )
        var requiresChallenge = false

        @Flag(
            name: .customLong("accept-unnamed"),
            help: """
                Link whom the provider does not name, and nothing else proves to be the launched \
                user. The guide for integrators says what can happen then.
                """
        )
        var acceptsUnnamed = false

        @Option(name: .customLong("superseded-grace"), help: AppCommand.graceHelp)
        var supersededGrace: TimeSpan?

        @Option(name: .customLong("access-log"), help: AppCommand.accessLogHelp)
        var accessLog = AccessRecording.full

        func validate() throws {
            guard AppCommand.isClientID(clientID) else {
                throw ValidationError(
                    "A clientId has 1 to 128 letters, digits, dots, dashes or underscores."
                )
            }
            guard (1...200).contains(name.unicodeScalars.count) else {
                throw ValidationError("A name has 1 to 200 characters.")
            }
            try AppCommand.checkOrigins(origins)
            try AppCommand.checkGrace(supersededGrace)
        }

        func run() async throws {
            let settings = try await options.settings()
            let clientSecret =
                try clientSecretFile.map { try Settings.secret(inFile: $0) }
                ?? settings.required(
                    settings.secret(.clientSecret),
                    .clientSecret,
                    "The exchange of tokens needs it; --client-secret-file works too."
                )
            let appKey =
                try appKeyFile.map { try Settings.secret(inFile: $0) } ?? settings.secret(.appKey)
            let endpoints = try provider.endpoints(usual: .humanAPI)
            let opened = try await OpenedStore.open(options, asOwner: true)
            let isNew = try await opened.store.add(
                NewApp(
                    clientID: clientID,
                    name: name,
                    clientSecret: clientSecret,
                    appKey: appKey,
                    connectURL: endpoints.connect,
                    userURL: endpoints.user,
                    apiURL: endpoints.api,
                    allowedOrigins: try origins.map { try WebOrigin($0).text },
                    policies: Set(
                        (requiresChallenge ? [.challengeRequired] : [])
                            + (acceptsUnnamed ? [.unnamedAccepted] : [])
                    ),
                    supersededGraceSeconds:
                        supersededGrace?.seconds ?? SupersededGrace.usualSeconds,
                    accessRecording: accessLog
                ),
                context: .byOperator,
                owner: opened.databases
            )
            opened.close()
            guard isNew else { throw CommandError("The app \(clientID) is registered already.") }
            Terminal.message("The app \(clientID) is registered.")
        }
    }

    /// `token-ledger app list`: shows all.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show all apps."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            let apps = try await opened.store.apps()
            opened.close()
            guard json else {
                for app in apps {
                    Terminal.result("\(app.clientID)\t\(app.name)\t\(app.connectURL)")
                }
                if apps.isEmpty {
                    Terminal.message("There is no app; token-ledger app add adds one.")
                }
                return
            }
            Terminal.result(
                .array(
                    apps.map { app in
                        [
                            "client_id": .string(app.clientID), "name": .string(app.name),
                            "connect_url": .string(app.connectURL),
                            "user_url": .string(app.userURL), "api_url": .string(app.apiURL),
                            "allowed_origins": .array(app.allowedOrigins.map { .string($0) }),
                            "client_secret_version": .number("\(app.clientSecretVersion)"),
                            "has_app_key": .bool(app.appKey != nil),
                            "policies": .array(
                                AppPolicy.allCases.filter(app.policies.contains).map {
                                    .string($0.rawValue)
                                }
                            ),
                            "superseded_grace_seconds":
                                .number("\(app.supersededGraceSeconds)"),
                            "access_log": .string(app.accessRecording.rawValue),
                        ]
                    }
                )
            )
        }
    }

    static let graceHelp: ArgumentHelp = """
        For how long a token that was replaced keeps its value, such as 30m or 7d; 0s drops it \
        within minutes. At most 365d.
        """

    static let accessLogHelp: ArgumentHelp = """
        What of each reading of tokens, search and export stands in the access log: all of it, or who \
        and when without the user, or nothing. The guide for compliance says what is given up.
        """

    static func checkGrace(_ grace: TimeSpan?) throws {
        guard (grace?.seconds ?? 0) <= SupersededGrace.secondsMax else {
            throw ValidationError("--superseded-grace: at most 365d.")
        }
    }

    static func checkOrigins(_ origins: [String]) throws {
        for origin in origins {
            do {
                _ = try WebOrigin(origin)
            } catch {
                throw ValidationError(
                    "\(origin) is no web origin, such as https://www.example.com: \(error)."
                )
            }
        }
    }

    /// A `clientId` stands in URLs and in the `source` of events as it is.
    static func isClientID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                    || "._-".unicodeScalars.contains($0)
            }
    }
}
