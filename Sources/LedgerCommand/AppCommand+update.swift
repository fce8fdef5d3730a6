import ArgumentParser
import HumanConnect
import Ledger
import LedgerStack
import LedgerStore

extension AppCommand {
    /// `token-ledger app update`: changes what is kept of one.
    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "update",
            abstract: "Change an app: its secrets, its web origins, the provider's addresses.",
            discussion: """
                Needs the rights of the schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE). \
                What is not named stays as it is. Every copy of the service goes by it within 5 \
                seconds, also in calls to the provider.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Argument(help: "The app's clientId at the provider.")
        var clientID: String

        @Option(name: .customLong("client-secret-file"), help: "A file with the new client secret.")
        var clientSecretFile: String?

        @Flag(
            name: .customLong("client-secret"),
            help: "Take the new client secret from TOKEN_LEDGER_CLIENT_SECRET (or …_FILE)."
        )
        var takesClientSecret = false

        @Option(name: .customLong("app-key-file"), help: "A file with the new App Key.")
        var appKeyFile: String?

        @Flag(
            name: .customLong("app-key"),
            help: "Take the new App Key from TOKEN_LEDGER_APP_KEY (or …_FILE)."
        )
        var takesAppKey = false

        @Flag(name: .customLong("no-app-key"), help: "Keep no App Key any more.")
        var removesAppKey = false

        @OptionGroup var provider: ProviderOptions

        @Option(
            name: .customLong("origin"),
            help: "A web origin; repeatable. Those that are named take the place of all."
        )
        var origins: [String] = []

        @Flag(name: .customLong("no-origins"), help: "No page may post a finish itself any more.")
        var removesOrigins = false

        @Flag(
            inversion: .prefixedNo,
            help: "Serve no launch without a session_challenge, which binds it to a session."
        )
        var requireChallenge: Bool?

        @Flag(
            inversion: .prefixedNo,
            help: "Link whom the provider does not name, and nothing else proves to be the user."
        )
        var acceptUnnamed: Bool?

        @Option(name: .customLong("superseded-grace"), help: AppCommand.graceHelp)
        var supersededGrace: TimeSpan?

        @Option(name: .customLong("access-log"), help: AppCommand.accessLogHelp)
        var accessLog: AccessRecording?

        func validate() throws {
            try AppCommand.checkOrigins(origins)
            try AppCommand.checkGrace(supersededGrace)
            for (flags, names) in [
                (
                    [clientSecretFile != nil, takesClientSecret],
                    "--client-secret-file and --client-secret"
                ),
                (
                    [appKeyFile != nil, takesAppKey, removesAppKey],
                    "--app-key-file, --app-key and --no-app-key"
                ),
                ([!origins.isEmpty, removesOrigins], "--origin and --no-origins"),
            ] where flags.count(where: { $0 }) > 1 {
                throw ValidationError("Of \(names) only one can be meant.")
            }
            let isEmpty =
                clientSecretFile == nil && appKeyFile == nil && origins.isEmpty
                && !takesClientSecret && !takesAppKey && !removesAppKey && !removesOrigins
                && requireChallenge == nil && acceptUnnamed == nil
                && supersededGrace == nil && accessLog == nil
            guard !isEmpty || provider.namesAny else {
                throw ValidationError("Say what to change; token-ledger help app update lists it.")
            }
        }

        func run() async throws {
            let settings = try await options.settings()
            var change = try self.change(settings)
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            guard let app = try await opened.store.app(clientID: clientID) else {
                throw CommandError("There is no app \(clientID); token-ledger app list shows all.")
            }
            change.policies = policies(of: app)
            if provider.namesAny {
                let endpoints = try provider.endpoints(
                    usual: ProviderEndpoints(
                        connect: app.connectURL,
                        user: app.userURL,
                        api: app.apiURL
                    )
                )
                change.connectURL = endpoints.connect
                change.userURL = endpoints.user
                change.apiURL = endpoints.api
            }
            switch try await opened.store.update(
                app,
                change,
                context: .byOperator,
                owner: opened.databases
            ) {
            case .written:
                Terminal.message(
                    "The app \(clientID) is changed: every copy of the service goes by it 5 "
                        + "seconds from now."
                )
            case .unchanged:
                Terminal.message("The app \(clientID) is so already; nothing was written.")
            case .conflict:
                throw CommandError(
                    "The app was changed meanwhile; nothing was written. Look at it and try again."
                )
            }
        }

        /// What shall become different, but for the addresses.
        private func change(_ settings: Settings) throws -> AppChange {
            var change = AppChange()
            change.clientSecret = try secret(
                clientSecretFile,
                takesClientSecret,
                .clientSecret,
                settings
            )
            if removesAppKey {
                change.appKey = .removed
            } else if let appKey = try secret(appKeyFile, takesAppKey, .appKey, settings) {
                change.appKey = .replaced(appKey)
            }
            if removesOrigins {
                change.allowedOrigins = []
            } else if !origins.isEmpty {
                change.allowedOrigins = try origins.map { try WebOrigin($0).text }
            }
            change.supersededGraceSeconds = supersededGrace?.seconds
            change.accessRecording = accessLog
            return change
        }

        /// All that shall hold; what is not named stays.
        private func policies(of app: StoredApp) -> Set<AppPolicy> {
            var policies = app.policies
            for (policy, holds) in [
                (AppPolicy.challengeRequired, requireChallenge), (.unnamedAccepted, acceptUnnamed),
            ] {
                switch holds {
                case true?: policies.insert(policy)
                case false?: policies.remove(policy)
                case nil: break
                }
            }
            return policies
        }

        /// A new secret; the settings count only when somebody says so, for they may be there for
        /// another command.
        private func secret(
            _ file: String?,
            _ isInSettings: Bool,
            _ setting: Setting,
            _ settings: Settings
        ) throws -> Secret? {
            if let file { return try Settings.secret(inFile: file) }
            guard isInSettings else { return nil }
            return try settings.required(
                settings.secret(setting),
                setting,
                "It is what to change the app to."
            )
        }
    }
}
