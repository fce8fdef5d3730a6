internal import Console
internal import Ledger
internal import LedgerStore
internal import Vault

/// Somebody who has signed in and asks for a page.
struct ConsoleVisit: Sendable {
    let caller: Caller
    let session: ConsoleSession
    /// What every form of the page holds.
    let formToken: String

    var app: StoredApp { caller.app }

    /// Whether the app's provider is the sandbox: nothing else is reached without TLS, nor on this
    /// machine.
    var isSandbox: Bool {
        let host = app.userURL.split(separator: "/", maxSplits: 2).last ?? ""
        let name = host.prefix { $0 != "/" }
        let bare =
            name.hasPrefix("[")
            ? name.prefix { $0 != "]" } + "]" : name.prefix { $0 != ":" }
        return LocalHost.isNamed(String(bare))
    }
}

/// A place of the console that the navigation names.
enum ConsolePlace: String, CaseIterable {
    case overview = "Overview"
    case users = "Users"
    case problems = "Problems"
    case log = "Log"
    case evidence = "Evidence"
    case exports = "Exports"
    case app = "App and keys"
    case settings = "Settings"

    var path: String {
        switch self {
        case .overview: "/console"
        case .users: "/console/users"
        case .problems: "/console/problems"
        case .log: "/console/log"
        case .evidence: "/console/evidence"
        case .exports: "/console/exports"
        case .app: "/console/app"
        case .settings: "/console/settings"
        }
    }

    /// One of these is needed to see it; none for what everybody may see.
    var scopes: [Scope] {
        switch self {
        case .overview: []
        case .users, .problems: [.usersRead]
        case .log, .evidence: [.eventsRead]
        case .exports: [.export, .eventsRead]
        case .app, .settings: [.settingsRead]
        }
    }
}
