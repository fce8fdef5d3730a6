import AsyncHTTPClient
import Foundation
import MerkleLog
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage
import Testing
import TestSupport
@testable import Witness

@Suite("token-ledger serve with a witness policy", .timeLimit(.minutes(3)))
struct ServiceTests {
    private static let pollInterval: Duration = .milliseconds(50)

    /// The flags of a service on a database of its own.
    static func flags(_ folder: TemporaryFolder) async throws -> [String] {
        let database = try await TestPostgres.freshDatabase()
        let url = try folder.write(database.url, to: "url")
        let rootKey = try folder.write(String(repeating: "5a", count: 32), to: "root-key")
        _ = try await TestProgram.output(
            of: ["migrate", "--owner-database-url-file", url],
            environment: ["TOKEN_LEDGER_ROOT_KEY_FILE": rootKey]
        )
        // The server that the tests share may lose what was written, and this is its superuser.
        return ["--database-url-file", url, "--root-key-file", rootKey, "--accept-unsafe-server"]
    }

    static func logKey(_ log: String, _ flags: [String]) async throws -> VerifierKey {
        let text = try await TestProgram.output(
            of: ["checkpoint", "key", "--log", log] + flags.dropLast()
        )
        return try VerifierKey(String(text.dropLast()))
    }

    static func get(_ url: String) async throws -> (status: Int, body: [UInt8]) {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: url),
            timeout: .seconds(30)
        )
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), Array(body.readableBytesView))
    }

    /// Runs the service with a witness until the body ends.
    static func serve(
        _ folder: TemporaryFolder,
        _ flags: [String],
        witness: LiveWitness,
        _ body: (_ url: String) async throws -> Void
    ) async throws {
        let policy = try folder.write(
            "witness w1 \(witness.key) \(witness.url)\nquorum w1\n",
            to: "policy"
        )
        try await serve(folder, flags + ["--witness-policy", policy], body)
    }

    /// Runs the service until the body ends; it must end in order.
    static func serve(
        _ folder: TemporaryFolder,
        _ flags: [String],
        _ body: (_ url: String) async throws -> Void
    ) async throws {
        let output = folder.path + "/output"
        let script = #"output=$1; shift; exec "$@" >"$output" 2>&1"#
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(
                ["-c", script, "sh", output, try TestProgram.path, "serve", "--port", "0"]
                    + ["--tree-access", "open", "--spool-folder", folder.path + "/spool"] + flags
            ),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body("http://127.0.0.1:\(try await port(output))"))
            } catch {
                outcome = .failure(error)
            }
            try? execution.send(signal: .interrupt)
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        try result.closureResult.get()
        #expect(result.terminationStatus.isSuccess)
    }

    /// Waits until the service has said where it listens.
    static func port(_ output: String) async throws -> Int {
        while true {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") where line.contains("service listens") {
                let digits = line.split(separator: "port=").last?.prefix { $0.isNumber }
                if let port = digits.flatMap({ Int($0) }) { return port }
            }
            try await Task.sleep(for: pollInterval)
        }
    }

    @Test("its checkpoints bear the cosignature; a witness that does not know a log is told of")
    func serves() async throws {
        try await TemporaryFolder.lend { folder in
            let flags = try await Self.flags(folder)
            let facts = try await Self.logKey("facts", flags)
            let access = try await Self.logKey("access", flags)
            let map = try await Self.logKey("map", flags)
            #expect(facts.name.hasSuffix("/0") && access.name.hasSuffix("/1"))
            #expect(map.name.hasSuffix("/1024"))
            let knowing = try LiveWitness.witness(
                folder,
                logs: [facts, access, map],
                now: ClientTests.now
            )
            try await LiveWitness.run(knowing) { witness in
                try await Self.serve(folder, flags, witness: witness) { url in
                    for (path, key) in [("", facts), ("/logs/1", access), ("/logs/1024", map)] {
                        var answer = try await Self.get(url + path + "/checkpoint")
                        while answer.status != 200 {
                            try await Task.sleep(for: Self.pollInterval)
                            answer = try await Self.get(url + path + "/checkpoint")
                        }
                        let note = try SignedNote(answer.body)
                        #expect(try note.verify([key, witness.key]).count == 2)
                    }
                    #expect(try await Self.get(url + "/readyz").status == 200)
                }
            }
        }
        try await TemporaryFolder.lend { folder in
            let flags = try await Self.flags(folder)
            let facts = try await Self.logKey("facts", flags)
            let half = try LiveWitness.witness(folder, logs: [facts], now: ClientTests.now)
            try await LiveWitness.run(half) { witness in
                try await Self.serve(folder, flags, witness: witness) { url in
                    let words = try await Self.told("it does not know this log", url)
                    #expect(words.contains("witnesses_away"), "\(words)")
                    #expect(try await Self.get(url + "/logs/1/checkpoint").status == 404)
                }
            }
        }
    }

    /// What `/readyz` says once it says this, in an answer that keeps the service ready.
    static func told(_ text: String, _ url: String) async throws -> String {
        while true {
            let answer = try await get(url + "/readyz")
            #expect(answer.status == 200)
            let words = String(decoding: answer.body, as: UTF8.self)
            if words.contains(text) { return words }
            try await Task.sleep(for: pollInterval)
        }
    }

    @Test(
        "whatever stands in the witness's place and refuses for both logs, the ledger goes on",
        arguments: [401, 403, 404, 429, 500]
    )
    func refusals(status: Int) async throws {
        try await TemporaryFolder.lend { folder in
            let flags = try await Self.flags(folder)
            let key = try LiveWitness.witness(folder, logs: []).key
            try await StubWitness.run(.status(status, "<html>")) { url in
                let proxy = LiveWitness(url: url, key: key)
                try await Self.serve(folder, flags, witness: proxy) { url in
                    for log in ["facts", "access", "map"] {
                        let words = try await Self.told("the log of \(log) waits", url)
                        #expect(words.contains("\(status)"), "\(words)")
                    }
                }
            }
        }
    }

    @Test("an alarm for both logs makes it not ready, in words, and does not end it")
    func alarms() async throws {
        try await TemporaryFolder.lend { folder in
            let flags = try await Self.flags(folder)
            for log in 0...1 { _ = try folder.write("garbage", to: "checkpoint-\(log)") }
            try await Self.serve(folder, flags + ["--checkpoint-folder", folder.path]) { url in
                var words = ""
                while !words.contains("log of facts") || !words.contains("log of access") {
                    try await Task.sleep(for: Self.pollInterval)
                    let answer = try await Self.get(url + "/readyz")
                    words = String(decoding: answer.body, as: UTF8.self)
                }
                #expect(words.contains(#""code":"history_mismatch""#), "\(words)")
                #expect(words.contains("the checkpoint folder is not signed"), "\(words)")
                #expect(try await Self.get(url + "/readyz").status == 503)
                #expect(try await Self.get(url + "/livez").status == 200)
            }
        }
    }

    @Test("while no witness answers it is ready, says what waits, and publishes nothing")
    func waits() async throws {
        try await TemporaryFolder.lend { folder in
            let flags = try await Self.flags(folder)
            let key = try LiveWitness.witness(folder, logs: []).key
            // Nobody listens at port 1.
            let nobody = LiveWitness(url: "http://127.0.0.1:1", key: key)
            try await Self.serve(folder, flags, witness: nobody) { url in
                _ = try await Self.told("The checkpoint of the log of facts waits", url)
                #expect(try await Self.get(url + "/checkpoint").status == 404)
            }
        }
    }
}
