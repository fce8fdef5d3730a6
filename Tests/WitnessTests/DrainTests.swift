import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Wire

@testable import Witness

@Suite("The end of token-ledger serve", .timeLimit(.minutes(3)))
struct DrainTests {
    /// How one client fared.
    private struct Tally: Sendable {
        var answered = 0
        var afterNotice = 0
        var failures: [String] = []
    }

    private static let clients = 4
    /// How many requests a client still sends, at most, after the first answer that says that the
    /// service ends: each needs a new connection.
    private static let lateRequests = 5

    /// A signal, and when it comes after the load has begun: while connections are made, when it is
    /// under way, at any moment in between.
    struct Round: Sendable, CustomTestStringConvertible {
        let number: Int

        var signal: Signal { number.isMultiple(of: 2) ? .terminate : .interrupt }
        var moment: Duration { .milliseconds(150 * number) }
        var testDescription: String { "round \(number)" }
    }

    @Test(
        "under load, with a witness that never answers, no request is dropped and it ends with 0",
        arguments: (0..<10).map(Round.init)
    )
    func drains(round: Round) async throws {
        try await TemporaryFolder.lend { folder in
            let (flags, key) = try await Self.ledger(folder)
            let witness = try LiveWitness.witness(folder, logs: []).key
            try await StubWitness.run(.hang) { silent in
                let policy = try folder.write(
                    "witness w1 \(witness) \(silent)\nquorum w1\n",
                    to: "policy"
                )
                let output = folder.path + "/output"
                let script = #"output=$1; shift; exec "$@" >"$output" 2>&1"#
                let result = try await Subprocess.run(
                    .path("/bin/sh"),
                    arguments: Arguments(
                        [
                            "-c", script, "sh", output, try TestProgram.path, "serve",
                            "--port", "0", "--witness-policy", policy,
                            "--spool-folder", folder.path + "/spool",
                        ] + flags
                    ),
                    input: .inputWriter,
                    output: .discarded,
                    error: .discarded
                ) { execution in
                    let url = "http://127.0.0.1:\(try await ServiceTests.port(output))"
                    let tallies = try await withThrowingTaskGroup(of: Tally.self) { group in
                        for number in 0..<Self.clients {
                            group.addTask { await Self.load(url, key, number) }
                        }
                        try await Task.sleep(for: round.moment)
                        try execution.send(signal: round.signal)
                        return try await group.reduce(into: [Tally]()) { $0.append($1) }
                    }
                    try await execution.standardInputWriter.finish()
                    return tallies
                }
                #expect(result.terminationStatus.isSuccess)
                for tally in result.closureResult {
                    #expect(tally.failures == [])
                    #expect(tally.afterNotice > 0)
                    #expect(tally.answered > tally.afterNotice)
                }
            }
        }
    }

    /// Launches users until the service says that it ends, and then some more.
    private static func load(_ url: String, _ key: String, _ client: Int) async -> Tally {
        var tally = Tally()
        var isEnding = false
        while tally.afterNotice < lateRequests, tally.failures.isEmpty {
            var request = HTTPClientRequest(url: url + "/v1/launches")
            request.method = .POST
            request.headers.add(name: "Authorization", value: "Bearer " + key)
            request.headers.add(name: "Content-Type", value: "application/json")
            let user = "\(client) \(tally.answered)"
            request.body = .bytes(Array(#"{"client_user_id":"\#(user)"}"#.utf8))
            do {
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                _ = try await response.body.collect(upTo: 1 << 20)
                if response.status.code != 201 { tally.failures.append("\(response.status)") }
                tally.answered += 1
                if isEnding { tally.afterNotice += 1 }
                if response.headers.first(name: "connection") == "close" { isEnding = true }
            } catch {
                // Who was told, and on a busy machine comes too late, finds nobody and loses nothing.
                if isEnding, "\(error)".contains("Connection refused") { break }
                tally.failures.append("\(error)")
            }
        }
        return tally
    }

    /// A ledger with an app, and a key of it.
    private static func ledger(
        _ folder: TemporaryFolder
    ) async throws -> (flags: [String], key: String) {
        let flags = try await ServiceTests.flags(folder)
        let url = try String(contentsOfFile: folder.path + "/url", encoding: .utf8)
        let settings = [
            "TOKEN_LEDGER_OWNER_DATABASE_URL": url, "TOKEN_LEDGER_CLIENT_SECRET": "secret",
            "TOKEN_LEDGER_ROOT_KEY_FILE": folder.path + "/root-key",
        ]
        let added = try await TestProgram.run(
            TestProgram.path,
            ["app", "add", "--client-id", "a", "--name", "A"],
            environment: settings
        )
        #expect(added.status == 0, "\(added.messages)")
        let made = try await TestProgram.run(
            TestProgram.path,
            ["api-key", "create", "--app", "a", "--scope", "launch", "--json"],
            environment: settings
        )
        let json = try JSONParser.parse(Array(made.output.utf8.dropLast()), depthMax: 4)
        return (flags, try #require(json["key"]?.text, "\(made.output) \(made.messages)"))
    }
}
