import Foundation
import TestSupport
import Testing

/// A `token-ledger serve` with a database of its own that outlives it, whatever becomes of the
/// process.
struct CrashingService: Sendable {
    let provider: Provider
    private let folder: TestProgramFolder
    private let settings: [String: String]

    /// Lends one that does not run yet, and compares what it has left in the end.
    ///
    /// It reaches its database through the proxy, if there is one.
    static func lend(
        _ proxy: LossyProxy? = nil,
        _ body: (CrashingService) async throws -> Void
    ) async throws {
        let provider = try Provider.current
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase(
                template: provider.template,
                durable: true
            )
            let direct = try await TestPostgres.url(
                database: database.name,
                user: provider.role,
                durable: true
            )
            let url = proxy?.url(database: database.name, user: provider.role) ?? direct
            let service = CrashingService(
                provider: provider,
                folder: folder,
                settings: [
                    "TOKEN_LEDGER_DATABASE_URL": url,
                    "TOKEN_LEDGER_OWNER_DATABASE_URL": database.url,
                    "TOKEN_LEDGER_ROOT_KEY_FILE": provider.keyFile,
                    "TOKEN_LEDGER_SPOOL_FOLDER": "\(folder.path)/spool",
                    "TOKEN_LEDGER_CHECKPOINT_FOLDER": "\(folder.path)/checkpoints",
                ]
            )
            try await body(service)
            let verdict = try await service.command(["verify"])
            #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        }
    }

    /// Starts it, at a crash point if one is named, and lends its address once it listens.
    func run<Value: Sendable>(
        at point: String? = nil,
        environment: [String: String] = [:],
        ending: TestCommand.Ending = .interrupt,
        _ body: (Address) async throws -> Value
    ) async throws -> Value {
        try await serve(at: point, environment: environment, ending: ending) { command in
            try await body(try await address(of: command))
        }
    }

    private func serve<Value: Sendable>(
        at point: String?,
        environment: [String: String] = [:],
        ending: TestCommand.Ending,
        _ body: (TestCommand) async throws -> Value
    ) async throws -> Value {
        try await TestCommand.run(
            ["serve", "--port", "0"],
            environment: settings.merging(environment) { $1 }
                .merging(point.map { ["CRASH_POINT": $0] } ?? [:]) { $1 },
            log: "\(folder.path)/serve.log",
            ending: ending,
            body
        )
    }

    private func address(of command: TestCommand) async throws -> Address {
        let port = try await command.ready { output in
            output.firstMatch(of: /port=([0-9]+) .*service listens/).map { String($0.1) }
        }
        return Address(
            url: "http://127.0.0.1:\(port)",
            provider: provider,
            process: command.process
        )
    }

    /// Starts it at a crash point that it comes to by itself, and lends its address if it listens before.
    func crash(at point: String, _ body: (Address) async throws -> Void = { _ in }) async throws {
        try await serve(at: point, ending: .crash) { command in
            let address: Address
            do {
                address = try await self.address(of: command)
            } catch TestProgramError.notReady where !command.isRunning {
                // How it ended is looked at in any case.
                return
            }
            try await body(address)
        }
    }

    /// Runs another command on its database.
    func command(_ arguments: [String]) async throws -> TestProgram.Answer {
        try await TestProgram.run(TestProgram.path, arguments, environment: settings)
    }

    /// What is on record of a user, whether or not the service runs.
    func types(_ user: String) async throws -> [String] {
        let answer = try await command(["user", "history", "--user", user, "--json"])
        try #require(answer.status == 0, "\(answer.messages)")
        let json = try JSONDecoder().decode(BrowserValue.self, from: Data(answer.output.utf8))
        return json["events"]?.array.compactMap { $0["event"]?["type"]?.string } ?? []
    }

    /// Gets the proof of what is current for a user, verifies it offline, and gives the verdict.
    func proof(of user: String, from address: Address) async throws -> BrowserValue {
        let (keyFile, file) = ("\(folder.path)/api-key", "\(folder.path)/\(UUID())")
        try provider.apiKey.write(toFile: keyFile, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keyFile)
        let prove = [
            "user", "prove", user, "--url", address.url, "--key-file", keyFile, "--output", file,
        ]
        var got = try await command(prove)
        // A loaded machine may not have it in time.
        while got.messages.contains("not_integrated") { got = try await command(prove) }
        try #require(got.status == 0, "\(got.messages)")
        let key = try await command(["checkpoint", "key"]).output
        let answer = try await command([
            "verify", file, "--key", key.trimmingCharacters(in: .whitespacesAndNewlines),
            "--max-age", "5m", "--json",
        ])
        try #require(answer.status == 0, "\(answer.output) \(answer.messages)")
        return try JSONDecoder().decode(BrowserValue.self, from: Data(answer.output.utf8))
    }

    /// The answers that wait on disk.
    var spooled: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/spool")) ?? []
    }
}

extension CrashingService {
    /// The service while it runs, as an app's backend calls it.
    struct Address: Sendable {
        let url: String
        private let provider: Provider
        let process: pid_t

        fileprivate init(url: String, provider: Provider, process: pid_t) {
            self.url = url
            self.provider = provider
            self.process = process
        }

        /// A popup that has ended, and what it has handed over.
        struct Finish: Sendable {
            fileprivate let launch: String
            fileprivate let session: BrowserValue
            /// "create" or "edit".
            let mode: String?
        }

        /// Plays a user's popup.
        func play(_ user: String, _ source: String) async throws -> Finish {
            let launch = try await JSONCall.post(
                url + "/v1/launches",
                ["client_user_id": .string(user)],
                key: provider.apiKey
            )
            return Finish(
                launch: launch["launch_id"]?.string ?? "",
                session: try await provider.session(launch, of: user, source),
                mode: launch["mode"]?.string
            )
        }

        /// Reports the end of a popup; throws when no whole answer comes.
        func finish(_ finish: Finish) async throws -> JSONCall.Answer {
            try await JSONCall.answer(
                from: "\(url)/v1/launches/\(finish.launch)/finish",
                to: finish.session,
                key: provider.apiKey
            )
        }

        /// A user's tokens.
        func tokens(_ user: String) async throws -> BrowserValue {
            try await JSONCall.get(
                "\(url)/v1/users/\(TestProgram.encoded(user))/tokens",
                key: provider.apiKey
            )
        }

        /// Waits until a user's last event is this one, not much longer than a settler may take.
        func waitUntil(_ user: String, ends type: String) async throws {
            let start = ContinuousClock.now
            let path = "\(url)/v1/users/\(TestProgram.encoded(user))/events?limit=500"
            while true {
                let answer = try await JSONCall.get(path, key: provider.apiKey)
                let last = answer["events"]?.array.last?["event"]?["type"]
                if last == .string(type) { return }
                try #require(ContinuousClock.now - start < .seconds(60), "\(user): \(last ?? "")")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
