import DurableFiles
import Foundation
import Ledger
import LedgerStack
import LedgerStore
import Vault
import Wire

/// What a private stack remembers from run to run: its app, its keys and its ports.
///
/// The app's URLs name the sandbox's port, and its allowed origins the demo page's; so these two
/// never change.
struct DevIdentity: Codable {
    var clientID: String
    var clientSecret: String
    var appKey: String
    /// By scope, and one with all of them under `all`.
    var apiKeys: [String: String]
    var ledgerPort: Int
    var sandboxPort: Int
    var demoPort: Int

    enum CodingKeys: String, CodingKey {
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case appKey = "app_key"
        case apiKeys = "api_keys"
        case ledgerPort = "ledger_port"
        case sandboxPort = "sandbox_port"
        case demoPort = "demo_port"
    }

    /// The ports that were asked for; nil for the remembered one, or else the usual one.
    struct Ports {
        var ledger: Int?
        var sandbox: Int?
        var demo: Int?

        static let usual = (ledger: 8080, sandbox: 8090, demo: 8081)
    }

    private static let fileName = "dev.json"

    var ledgerURL: String { "http://\(LocalPort.host):\(ledgerPort)" }
    var sandboxURL: String { "http://\(LocalPort.host):\(sandboxPort)" }
    var demoURL: String { "http://\(LocalPort.host):\(demoPort)" }

    /// The remembered identity of a data folder, or a new one; with ports that are free now.
    static func open(_ folder: String, ports: Ports) async throws -> DevIdentity {
        let path = "\(folder)/\(fileName)"
        guard let data = FileManager.default.contents(atPath: path) else {
            return try await make(ports)
        }
        guard var identity = try? JSONDecoder().decode(DevIdentity.self, from: data) else {
            throw CommandError(
                "The file \(path) is not one that this program wrote. Restore it, or start anew "
                    + "with another --data-folder."
            )
        }
        try check("sandbox", asked: ports.sandbox, remembered: identity.sandboxPort)
        try check("demo", asked: ports.demo, remembered: identity.demoPort)
        try await checkFree("sandbox", identity.sandboxPort)
        try await checkFree("demo page", identity.demoPort)
        identity.ledgerPort = try await ledgerPort(ports, usual: identity.ledgerPort)
        return identity
    }

    /// Keeps the identity for the next run.
    func save(in folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try DurableFile.replace(
            "\(folder)/\(Self.fileName)",
            with: Array(try encoder.encode(self)),
            readers: .owner
        )
    }

    /// Registers the app and makes the keys, as far as the ledger lacks them.
    mutating func register(in ledger: PrivateLedger) async throws {
        let origins = ["127.0.0.1", "localhost"].map { "http://\($0):\(demoPort)" }
        let app = try await ledger.register(
            NewApp(
                clientID: clientID,
                name: "Demo app",
                clientSecret: Secret(clientSecret),
                appKey: Secret(appKey),
                connectURL: sandboxURL,
                userURL: sandboxURL,
                apiURL: sandboxURL,
                allowedOrigins: origins
            )
        )
        for (name, scopes) in Self.keys {
            // A key of an older data folder may lack scopes that came later.
            if let key = apiKeys[name],
                case .key(let stored) = try await ledger.store.authenticate(key, from: { nil }),
                Set(scopes.map(\.rawValue)).isSubset(of: stored.scopes)
            {
                continue
            }
            apiKeys[name] = try await ledger.makeKey(of: app, scopes: scopes).exposed
        }
    }

    /// A key for each scope, and one for all.
    static let keys: [(name: String, scopes: [Scope])] =
        Scope.allCases.map { ($0.rawValue, [$0]) } + [("all", Scope.allCases)]

    private static func make(_ ports: Ports) async throws -> DevIdentity {
        let usual = Ports.usual
        // What was asked for is nobody else's usual port.
        for asked in [ports.ledger, ports.sandbox, ports.demo].compactMap(\.self) where asked != 0 {
            await LocalPort.reserve(asked)
        }
        // Who asks for any port is a script, and scripts run beside each other.
        let isScript = ports.ledger == 0
        let sandbox = try await port(
            "sandbox",
            ports.sandbox,
            usual: isScript ? nil : usual.sandbox
        )
        let demo = try await port(
            "demo page",
            ports.demo,
            usual: isScript ? nil : usual.demo
        )
        let ledger = try await ledgerPort(ports, usual: usual.ledger)
        return DevIdentity(
            clientID: hexadecimal(),
            clientSecret: hexadecimal(),
            appKey: hexadecimal(),
            apiKeys: [:],
            ledgerPort: ledger,
            sandboxPort: sandbox,
            demoPort: demo
        )
    }

    private static func ledgerPort(_ ports: Ports, usual: Int) async throws -> Int {
        try await port("service", ports.ledger, usual: ports.ledger == 0 ? nil : usual)
    }

    private static func port(
        _ name: String,
        _ asked: Int?,
        usual: Int?
    ) async throws -> Int {
        guard let asked, asked != 0 else {
            return try await LocalPort.free(usual: usual)
        }
        try await checkFree(name, asked)
        return asked
    }

    private static func check(_ name: String, asked: Int?, remembered: Int) throws {
        guard let asked, asked != 0, asked != remembered else { return }
        throw CommandError(
            "This data folder's \(name) has port \(remembered) for good, since the app's URLs name "
                + "it. For another port start anew with another --data-folder."
        )
    }

    /// Whoever chose the port may have it, unless somebody listens there.
    private static func checkFree(_ name: String, _ port: Int) async throws {
        if await LocalPort.isFree(port) {
            await LocalPort.reserve(port)
            return
        }
        throw CommandError(
            "Port \(port) of the \(name) is taken by another program. Stop that program (perhaps "
                + "it is an earlier token-ledger), or use another --data-folder."
        )
    }

    /// 40 digits, as the provider's identifiers and secrets have.
    private static func hexadecimal() -> String {
        Hexadecimal.encode((0..<20).map { _ in UInt8.random(in: .min ... .max) })
    }
}
