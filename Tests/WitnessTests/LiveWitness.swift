import AsyncHTTPClient
import Hummingbird
import Logging
import MerkleLog
import NIOCore
import NIOHTTP1
@testable import Witness

/// A witness that listens on a free port, with the calls the tests make.
struct LiveWitness: Sendable {
    struct Answer: Sendable {
        let status: Int
        let type: String?
        let body: [UInt8]
    }

    let url: String
    let key: VerifierKey

    /// A witness on a state folder; a second one on the same folder continues it.
    static func witness(
        _ folder: TemporaryFolder,
        logs: [VerifierKey],
        name: String = "witness.example/w1",
        seed: UInt8 = 2,
        now: @escaping @Sendable () -> Int = { 1_700_000_000 }
    ) throws -> CheckpointWitness {
        try CheckpointWitness(
            cosigner: Cosigner(name: name, seed: [UInt8](repeating: seed, count: 32)),
            logs: logs,
            folder: WitnessFolder(path: folder.path + "/state"),
            now: now
        )
    }

    /// A witness on a state folder, once the one before has let go of it: its last connections keep
    /// it for a moment after its server has ended.
    static func nextWitness(
        _ folder: TemporaryFolder,
        logs: [VerifierKey]
    ) async throws -> CheckpointWitness {
        while true {
            do {
                return try witness(folder, logs: logs)
            } catch WitnessFolderError.taken {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Runs a witness while the body runs.
    static func run<Value: Sendable>(
        _ witness: CheckpointWitness,
        _ body: @escaping @Sendable (LiveWitness) async throws -> Value
    ) async throws -> Value {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = WitnessServer(
            witness: witness,
            host: "127.0.0.1",
            port: 0,
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
                        LiveWitness(url: "http://127.0.0.1:\(port)", key: witness.key)
                    )
                }
                return nil
            }
            while let value = try await group.next() {
                guard let value else { continue }
                group.cancelAll()
                return value
            }
            throw CancellationError()
        }
    }

    func post(_ body: [UInt8], path: String = "/add-checkpoint") async throws -> Answer {
        try await send(.POST, body, path: path)
    }

    func get(_ path: String) async throws -> Answer {
        try await send(.GET, [], path: path)
    }

    func send(_ method: HTTPMethod, _ body: [UInt8], path: String) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if method == .POST || method == .PUT { request.body = .bytes(body) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let buffer = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: Int(response.status.code),
            type: response.headers.first(name: "content-type"),
            body: Array(buffer.readableBytesView)
        )
    }
}
