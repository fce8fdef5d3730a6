import Foundation
import Hummingbird
import Ledger
@testable import LedgerStore
import Logging
import MerkleLog
import TestSupport
import Vault
import Witness

/// A witness of a test's logs, with a state that outlives it.
struct TestWitness: Sendable {
    let name: String
    /// Where it listens; it may be stopped and started there again.
    let port: Int
    let key: VerifierKey

    /// Its line in a policy.
    var line: String { "witness \(name) \(key) http://127.0.0.1:\(port)\n" }

    /// Runs a witness while the body runs.
    ///
    /// The name also chooses the key and the place of the state in the folder.
    static func run<Value: Sendable>(
        _ name: String,
        of test: TestStore,
        in folder: String,
        port: Int = 0,
        _ body: @escaping @Sendable (TestWitness) async throws -> Value
    ) async throws -> Value {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let seed = Array(name.utf8) + [UInt8](repeating: 0, count: 32)
        let witness = try CheckpointWitness(
            cosigner: Cosigner(name: "witness.example/\(name)", seed: Array(seed.prefix(32))),
            logs: test.store.logs.all.map { test.store.vault.checkpointSigner(logID: $0.id).key },
            folder: WitnessFolder(path: "\(folder)/\(name)")
        )
        let server = WitnessServer(
            witness: witness,
            host: "127.0.0.1",
            port: port,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await server.service { continuation.yield($0) }.run()
                return nil
            }
            group.addTask {
                for await port in ports {
                    return try await body(
                        TestWitness(name: name, port: port, key: witness.key)
                    )
                }
                return nil
            }
            while let value = try await group.next() {
                guard let value else { continue }
                group.cancelAll()
                try await group.waitForAll()
                return value
            }
            throw CancellationError()
        }
    }

    /// Lends what asks the witnesses of a policy, as the program wires it.
    static func asking<Value: Sendable>(
        _ policy: String,
        of test: TestStore,
        _ body: @escaping @Sendable (@escaping Integrator.Cosign) async throws -> Value
    ) async throws -> Value {
        let quorum = try WitnessQuorum(
            policy: WitnessPolicy(Array(policy.utf8)),
            log: test.store.vault.checkpointSigner(logID: 0).key,
            // Under load even the witnesses of a test are slow.
            stragglerTimeMax: .seconds(60)
        )
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await quorum.run()
                return nil
            }
            group.addTask {
                try await body { request in
                    let answer = try await quorum.cosign(request.note, proof: request.proof)
                    return CosignAnswer(
                        note: answer.note,
                        refusal: answer.refusal.map { ($0.witness, $0.why) },
                        ahead: answer.ahead.map { ($0.witness, $0.size) },
                        failures: answer.failures
                    )
                }
            }
            while let value = try await group.next() {
                guard let value else { continue }
                group.cancelAll()
                try await group.waitForAll()
                return value
            }
            throw CancellationError()
        }
    }

    /// One witness that must sign, and what asks it.
    static func one<Value: Sendable>(
        of test: TestStore,
        _ body:
            @escaping @Sendable (
                TestWitness, @escaping Integrator.Cosign
            ) async throws -> Value
    ) async throws -> Value {
        let folder = try SteppedIntegrator.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await run("w1", of: test, in: folder) { witness in
            try await asking(witness.line + "quorum w1\n", of: test) { cosign in
                try await body(witness, cosign)
            }
        }
    }
}
