import Foundation
import LedgerAPI
import Logging

extension Setting {
    /// What `serve` goes by: all but what is of other commands alone.
    static var ofServe: [Setting] {
        let others: Set<Setting> = [
            .ownerDatabaseURL, .ownerDatabaseMap, .clientSecret, .appKey, .stateFile, .clientID,
        ]
        return allCases.filter { !others.contains($0) }
    }

    /// The value that is set; of a secret, and of a command whose arguments may be one, only that it is.
    func shown(_ settings: Settings) -> String {
        switch self {
        case _ where isSecret: "set, not shown"
        // Perhaps the key itself was put where its file belongs.
        case .rootKeyFile, .otherRootKeyFile: Self.existing(try? settings.text(self))
        case .rootKeyCommand, .otherRootKeyCommand: "set, not shown"
        default:
            (try? settings.shown(self)) ?? ""
        }
    }

    private static func existing(_ path: String?) -> String {
        guard let path, FileManager.default.fileExists(atPath: path) else {
            return "set, and there is no such file"
        }
        return path
    }

    /// What is so when nobody sets it.
    var usual: String {
        let rates = CallRates.usual
        return switch self {
        case .host: ServeOptions.usualHost
        case .port: "\(ServeOptions.usualPort)"
        case .spoolFolder: ServeOptions.usualSpoolFolder
        case .treeAccess: TreeAccess.key.rawValue
        case .console: ConsoleChoice.usual.rawValue
        case .tlsClientCertificates: ClientCertificateChoice.usual.rawValue
        case .logLevel: Logger.Level.info.rawValue
        case .trustDatabaseNetwork, .acceptUnsafeServer: "false"
        case .keyRate: Self.calls(rates.key?.perSecond)
        case .addressRate: Self.calls(rates.address?.perSecond)
        case .launchRate: Self.calls(rates.launch?.perSecond)
        case .newUserRate: Self.calls(rates.newUsers?.burst)
        default: "not set"
        }
    }

    private static func calls(_ number: Double?) -> String { number.map { "\(Int($0))" } ?? "0" }
}
