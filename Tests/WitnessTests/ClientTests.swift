import Foundation
import MerkleLog
import Testing
@testable import Witness

@Suite("Asking a witness", .timeLimit(.minutes(2)))
struct ClientTests {
    static func ask(
        _ request: WitnessRequest,
        _ url: String,
        _ key: VerifierKey,
        timeMax: Duration = .seconds(60)
    ) async throws -> WitnessAnswer {
        let client = WitnessClient(answerTimeMax: timeMax)
        let answer = await client.add(request, to: url, key: key)
        try await client.shutdown()
        return answer
    }

    static let now: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }

    @Test("every outcome of a real witness")
    func real() async throws {
        let log = try SampleLog()
        let fork = try SampleLog(common: 2, fork: "x")
        let other = try SampleLog(name: "other.example")
        let stranger = try NoteSigner(name: log.key.name, seed: [UInt8](repeating: 9, count: 32))
        try await TemporaryFolder.lend { folder in
            let witness = try LiveWitness.witness(folder, logs: [log.key], now: Self.now)
            try await LiveWitness.run(witness) { witness in
                let first = try await Self.ask(
                    log.request(from: 0, to: 5),
                    witness.url + "/",
                    witness.key
                )
                guard case .cosigned(let signature) = first else {
                    Issue.record("\(first)")
                    return
                }
                #expect(signature.isSaidToBe(of: witness.key))
                let foreign = try WitnessRequest(
                    oldSize: 5,
                    hashes: [],
                    note: stranger.sign(log.checkpoint(5))
                )
                let answers: [(WitnessRequest, WitnessAnswer)] = [
                    (try log.request(from: 0, to: 9), .conflict(size: 5)),
                    (try log.request(from: 2, to: 3), .conflict(size: 5)),
                    (try fork.request(from: 5, to: 5), .refused(.otherTree)),
                    (try fork.request(from: 5, to: 9), .refused(.notConsistent)),
                    (try other.request(from: 0, to: 5), .failed(.unknownLog)),
                    (foreign, .failed(.forbidden)),
                ]
                for (request, expected) in answers {
                    #expect(try await Self.ask(request, witness.url, witness.key) == expected)
                }
                // Somebody else's cosignature is none of the one that was asked.
                let another = try Cosigner(
                    name: witness.key.name,
                    seed: [UInt8](repeating: 4, count: 32)
                ).key
                let request = try log.request(from: 5, to: 6)
                #expect(
                    try await Self.ask(request, witness.url, another) == .failed(.malformedAnswer)
                )
            }
        }
    }

    /// What a status means when the size has grown, whoever answers with it.
    private static let statuses: [(StubWitness.Script, WitnessAnswer?)] = [
        (.status(400, ""), .failed(.malformedRequest)),
        (.status(401, ""), .failed(.forbidden)),
        (.status(403, "<html>"), .failed(.forbidden)),
        (.status(404, "<html>"), .failed(.unknownLog)),
        (.status(409, ""), .failed(.malformedAnswer)),
        (.status(422, ""), .refused(.notConsistent)),
        (.status(201, "x"), .failed(.status(201))),
        (.status(500, "x"), .failed(.status(500))),
        (.status(502, ""), .failed(.status(502))),
        (.status(429, ""), .failed(.overloaded(retryAfterSeconds: nil))),
        (
            .answer(
                "HTTP/1.1 503 X\r\nRetry-After: 40\r\nContent-Length: 0\r\n"
                    + "Connection: close\r\n\r\n"
            ),
            .failed(.overloaded(retryAfterSeconds: 40))
        ),
        (
            .answer("HTTP/1.1 307 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
            .failed(.status(307))
        ),
    ]

    @Test("nonsense is no cosignature and no refusal")
    func nonsense() async throws {
        let log = try SampleLog(20)
        let cosigner = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32))
        let request = try log.request(from: 3, to: 5)
        let time = Self.now()
        let right = try cosigner.sign(request.checkpoint, time: time).line
        let size = "text/x.tlog.size"
        let other = try cosigner.sign(log.checkpoint(6), time: time).line
        let late = try cosigner.sign(request.checkpoint, time: time + 7_200).line
        let early = try cosigner.sign(request.checkpoint, time: 0).line
        let malformed = WitnessAnswer.failed(.malformedAnswer)
        let scripts: [(StubWitness.Script, WitnessAnswer?)] = [
            (.status(200, right), nil),
            (.status(200, "\u{2014} x AAAAAAAA\n" + right), nil),
            (.status(200, ""), malformed),
            (.status(200, "hello\n"), malformed),
            (.status(200, String(right.dropLast())), malformed),
            (.status(200, right + "\n"), malformed),
            (.status(200, other), malformed),
            (.status(200, right + other), malformed),
            (.status(200, try log.note(5).signatures[0].line), malformed),
            (.status(200, String(repeating: right, count: 1_000)), .failed(.answerTooLarge)),
            (.status(409, "7\n", type: size), .conflict(size: 7)),
            (.status(409, "7\n", type: "TEXT/x.tlog.size; charset=utf-8"), .conflict(size: 7)),
            (.status(409, "7", type: size), malformed),
            (.status(409, "07\n", type: size), malformed),
            (.status(409, "-7\n", type: size), malformed),
            (.status(409, "7\n\n", type: size), malformed),
            (.status(409, "99999999999999999999\n", type: size), malformed),
            (.status(409, "7\n"), malformed),
            (.status(409, "3\n", type: size), malformed),
            (.answer("nonsense\r\n\r\n"), .failed(.unreachable)),
            (.answer("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nx"), .failed(.unreachable)),
            (.close, .failed(.unreachable)),
        ]
        for (script, expected) in scripts + Self.statuses {
            try await StubWitness.run(script) { url in
                let answer = try await Self.ask(request, url, cosigner.key)
                if let expected {
                    #expect(answer == expected, "\(script)")
                } else {
                    guard case .cosigned(let signature) = answer else {
                        Issue.record("\(script): \(answer)")
                        return
                    }
                    #expect(signature.line == right)
                }
            }
        }
        for line in [late, early] {
            try await StubWitness.run(.status(200, line)) { url in
                let answer = try await Self.ask(request, url, cosigner.key)
                guard case .failed(.clockDiffers) = answer else {
                    Issue.record("\(answer)")
                    return
                }
            }
        }
    }

    @Test("at the checkpoint's own size, 422 and a conflict of that size are another tree")
    func otherTree() async throws {
        let log = try SampleLog(20)
        let key = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32)).key
        let size = "text/x.tlog.size"
        let scripts: [(StubWitness.Script, WitnessAnswer)] = [
            (.status(422, ""), .refused(.otherTree)),
            // Until 2026 the protocol had it so.
            (.status(409, "5\n", type: size), .refused(.otherTree)),
            (.status(409, "6\n", type: size), .conflict(size: 6)),
            // A proxy's, which says nothing about a tree.
            (.status(409, ""), .failed(.malformedAnswer)),
        ]
        for (script, expected) in scripts {
            try await StubWitness.run(script) { url in
                let request = try log.request(from: 5, to: 5)
                #expect(try await Self.ask(request, url, key) == expected)
            }
        }
    }

    @Test("who does not answer, or for ever, is given up")
    func deadline() async throws {
        let log = try SampleLog(20)
        let key = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32)).key
        let request = try log.request(from: 0, to: 5)
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
        for script in [StubWitness.Script.hang, .drip(head)] {
            try await StubWitness.run(script) { url in
                let answer = try await Self.ask(request, url, key, timeMax: .milliseconds(300))
                #expect(answer == .failed(.timedOut))
            }
        }
        let closed = try await StubWitness.run(.hang) { url in url }
        #expect(try await Self.ask(request, closed, key) == .failed(.unreachable))
    }
}
