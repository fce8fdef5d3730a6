internal import BoundedServer
internal import HTTPTypes
package import Hummingbird
package import Logging
internal import MerkleLog
internal import NIOCore

/// A witness over HTTP (C2SP `tlog-witness`).
///
/// It takes `POST /add-checkpoint`, and for monitors `GET /<hash of the origin>/checkpoint`. It does
/// not sign subtrees, which is optional.
package struct WitnessServer: Sendable {
    /// What a conflict's answer is.
    private static let sizeType = "text/x.tlog.size"
    private static let textType = "text/plain; charset=utf-8"

    private let witness: CheckpointWitness
    private let host: String
    private let port: Int
    private let logger: Logger

    /// Makes a server; port 0 takes any free one.
    package init(witness: CheckpointWitness, host: String, port: Int, logger: Logger) {
        self.witness = witness
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// The server as a service; its graceful shutdown finishes the requests under way.
    ///
    /// `onRunning` is told the port once the socket listens.
    package func service(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> some ApplicationProtocol {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.post("/add-checkpoint") { request, _ in await answer(request) }
        router.get("/:origin/checkpoint") { _, context in
            guard let hash = context.parameters.get("origin"),
                let note = await witness.latest(originHash: hash)
            else { return Response(status: .notFound) }
            return Self.text(.ok, Self.textType, note.bytes)
        }
        return Application(
            router: router,
            host: host,
            port: port,
            name: "witness",
            limits: WitnessLimits.server,
            onRunning: onRunning,
            logger: logger
        )
    }

    private func answer(_ request: Request) async -> Response {
        let body: [UInt8]
        do {
            body = try await request.wholeBody(upTo: WitnessLimits.requestBytesMax)
        } catch {
            return Response(status: error == .tooLarge ? .contentTooLarge : .badRequest)
        }
        do {
            return Self.answer(try await judge(body))
        } catch {
            logger.error("state not written", metadata: ["error": "\(error)"])
            return Response(status: .internalServerError)
        }
    }

    private func judge(_ body: [UInt8]) async throws -> WitnessVerdict {
        let verdict = try await witness.judge(body)
        switch verdict {
        case .otherTree, .notConsistent:
            guard let request = try? WitnessRequest(body) else { break }
            // A known key signed it: it may be the proof that a log contradicts itself.
            logger.error(
                "checkpoint does not continue the last one",
                metadata: [
                    "origin": "\(request.checkpoint.origin)", "old": "\(request.oldSize)",
                    "size": "\(request.checkpoint.size)", "root": "\(request.checkpoint.root)",
                ]
            )
        default: break
        }
        return verdict
    }

    private static func answer(_ verdict: WitnessVerdict) -> Response {
        switch verdict {
        case .cosigned(let signature): text(.ok, textType, Array(signature.line.utf8))
        case .malformed: Response(status: .badRequest)
        case .unknownKey: Response(status: .forbidden)
        case .unknownLog: Response(status: .notFound)
        case .conflict(let size): text(.conflict, sizeType, Array("\(size)\n".utf8))
        case .otherTree, .notConsistent: Response(status: .unprocessableContent)
        }
    }

    private static func text(
        _ status: HTTPResponse.Status,
        _ type: String,
        _ text: [UInt8]
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: text))
        )
    }
}
