import Foundation
import LedgerAPI
import LedgerStore
import Logging
import Webhooks

extension Doctor {
    /// Every setting of `serve` with where it comes from, and what is wrong with it by itself.
    func settingsCheck(_ settings: Settings, _ flaws: [CommandError]) -> DoctorCheck {
        var check = DoctorCheck("settings")
        for setting in Setting.ofServe {
            let isFlag = setting == .databaseURL && options.service.databaseURLFile != nil
            let origin = isFlag ? .flag : settings.origin(setting) ?? .usual
            let value = origin == .usual ? Self.usual(setting) : Self.shown(setting, settings)
            check.note(setting.environmentName, "\(value) (\(origin.rawValue))")
        }
        for flaw in flaws { check.find(Self.unusable(flaw)) }
        for read in readers(settings) {
            do {
                try read()
            } catch {
                check.find(Self.unusable(error))
            }
        }
        return check
    }

    /// Those that `serve` reads at its start, each by itself; the database and the root key have
    /// checks of their own.
    private func readers(_ settings: Settings) -> [() throws -> Void] {
        [
            { _ = try settings.flag(.acceptUnsafeServer) },
            { _ = try settings.port(.port) },
            { _ = try MetricsAddress(settings) },
            { _ = try TreeAccess(settings) },
            { _ = try CallRates(settings) },
            { _ = try WebhookAddresses(settings) },
            { _ = try ProgramLog.level(settings.text(.logLevel), default: .info) },
            {
                let certificate = try ListenerCertificate(settings, logger: logger)
                _ = try PublicURL.read(
                    settings,
                    listeningAt: settings.text(.host) ?? ServeOptions.usualHost,
                    isSecure: certificate != nil
                )
            },
        ]
    }

    private static func unusable(_ error: any Error) -> DoctorFinding {
        DoctorFinding(
            "setting_unusable",
            .blocking,
            sentence(error),
            nextStep: "Correct it: serve does not start with it. docs/operator.md, \"Settings\"."
        )
    }

    /// The value of a setting that is set; of a secret, and of a command whose arguments may be one,
    /// only that it is.
    private static func shown(_ setting: Setting, _ settings: Settings) -> String {
        switch setting {
        case _ where setting.isSecret: "set, not shown"
        // Perhaps the key itself was put where its file belongs.
        case .rootKeyFile, .otherRootKeyFile: existing(try? settings.text(setting))
        case .rootKeyCommand, .otherRootKeyCommand: "set, not shown"
        default:
            (try? settings.shown(setting)) ?? ""
        }
    }

    private static func existing(_ path: String?) -> String {
        guard let path, FileManager.default.fileExists(atPath: path) else {
            return "set, and there is no such file"
        }
        return path
    }

    private static func usual(_ setting: Setting) -> String {
        let rates = CallRates.usual
        return switch setting {
        case .host: ServeOptions.usualHost
        case .port: "\(ServeOptions.usualPort)"
        case .spoolFolder: ServeOptions.usualSpoolFolder
        case .treeAccess: TreeAccess.key.rawValue
        case .logLevel: Logger.Level.info.rawValue
        case .trustDatabaseNetwork, .acceptUnsafeServer: "false"
        case .keyRate: calls(rates.key?.perSecond)
        case .addressRate: calls(rates.address?.perSecond)
        case .launchRate: calls(rates.launch?.perSecond)
        case .newUserRate: calls(rates.newUsers?.burst)
        default: "not set"
        }
    }

    private static func calls(_ number: Double?) -> String { number.map { "\(Int($0))" } ?? "0" }
}

extension Setting {
    /// What `serve` goes by: all but what is of other commands alone.
    static var ofServe: [Setting] {
        let others: Set<Setting> = [
            .ownerDatabaseURL, .clientSecret, .appKey, .stateFile, .clientID,
        ]
        return allCases.filter { !others.contains($0) }
    }
}
