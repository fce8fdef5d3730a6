import Measures
import MerkleLog
import Subprocess
import Testing
@testable import Witness

@Suite("Asking the witnesses of a policy", .timeLimit(.minutes(2)))
struct QuorumTests {
    /// Runs a quorum and ends it.
    static func use<Value: Sendable>(
        _ policy: String,
        _ log: SampleLog,
        timeMax: Duration = .seconds(60),
        stragglerTimeMax: Duration = .seconds(60),
        _ body: @escaping @Sendable (WitnessQuorum) async throws -> Value
    ) async throws -> Value {
        let quorum = try WitnessQuorum(
            policy: WitnessPolicy(Array(policy.utf8)),
            log: log.key,
            answerTimeMax: timeMax,
            stragglerTimeMax: stragglerTimeMax
        )
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await quorum.run()
                return nil
            }
            group.addTask { try await body(quorum) }
            let value = try await group.next() ?? nil
            group.cancelAll()
            try await group.waitForAll()
            return try #require(value)
        }
    }

    static func cosign(
        _ quorum: WitnessQuorum,
        _ log: SampleLog,
        _ size: Int
    ) async throws -> QuorumAnswer {
        try await quorum.cosign(log.note(size)) { try log.proof(from: $0, to: size) }
    }

    /// Runs two witnesses of one log.
    static func pair(
        _ log: SampleLog,
        _ body: @escaping @Sendable (LiveWitness, LiveWitness) async throws -> Void
    ) async throws {
        try await TemporaryFolder.lend { one in
            try await TemporaryFolder.lend { two in
                let first = try LiveWitness.witness(
                    one,
                    logs: [log.key],
                    now: ClientTests.now
                )
                let second = try LiveWitness.witness(
                    two,
                    logs: [log.key],
                    name: "witness.example/w2",
                    seed: 3,
                    now: ClientTests.now
                )
                try await LiveWitness.run(first) { first in
                    try await LiveWitness.run(second) { second in try await body(first, second) }
                }
            }
        }
    }

    @Test("all cosignatures stand below the log's, in the order of the policy")
    func both() async throws {
        let log = try SampleLog()
        try await Self.pair(log) { first, second in
            let policy = """
                witness b \(second.key) \(second.url)
                witness a \(first.key) \(first.url)
                group both all a b
                quorum both

                """
            try await Self.use(policy, log) { quorum in
                for size in [0, 5, 5, 300] {
                    let answer = try await Self.cosign(quorum, log, size)
                    let note = try #require(answer.note)
                    let keys = [log.key, second.key, first.key]
                    #expect(try note.verify(keys).map(\.key) == keys)
                    #expect(answer.refusal == nil && answer.ahead == nil && answer.failures == [])
                }
            }
            // Another copy, which does not know what was signed, finds out.
            try await Self.use(policy, log) { quorum in
                #expect(try await Self.cosign(quorum, log, 400).note != nil)
                let behind = try await Self.cosign(quorum, log, 350)
                #expect(behind.note == nil && behind.refusal == nil)
                #expect(behind.ahead?.size == 400)
            }
        }
    }

    @Test("one of two is enough, whoever of them is away, and both are not there for all")
    func oneOfTwo() async throws {
        let log = try SampleLog()
        try await Self.pair(log) { first, second in
            let away = try await StubWitness.run(.hang) { url in url }
            for (one, two) in [(first.url, away), (away, second.url)] {
                let witnesses = """
                    witness a \(first.key) \(one)
                    witness b \(second.key) \(two)

                    """
                let any = witnesses + "group g any a b\nquorum g\n"
                try await Self.use(any, log) { quorum in
                    let answer = try await Self.cosign(quorum, log, 5)
                    #expect(try #require(answer.note).signatures.count == 2)
                }
                let all = witnesses + "group g all a b\nquorum g\n"
                try await Self.use(all, log) { quorum in
                    let answer = try await Self.cosign(quorum, log, 5)
                    #expect(answer.note == nil)
                    let name = one == away ? "a" : "b"
                    #expect(answer.failures == ["\(name): it cannot be reached"])
                    var page = MetricPage()
                    quorum.fill(&page, logs: [(log.key.name, "facts")])
                    for witness in ["a", "b"] {
                        let labels = "{witness=\"\(witness)\",log=\"facts\"}"
                        let fails = witness == name ? 1 : 0
                        let line = "token_ledger_witness_failing\(labels) \(fails)\n"
                        #expect(page.text.contains(line), "\(page.text)")
                        #expect(page.text.contains("cosignature_age_seconds\(labels) "))
                    }
                    #expect(!page.text.contains("http"), "an address may hold a secret")
                }
            }
        }
    }

    @Test("a refusal is told although enough others have signed")
    func refusal() async throws {
        let log = try SampleLog()
        try await Self.pair(log) { first, second in
            let fork = try SampleLog(common: 2, fork: "x")
            #expect(try await second.post(fork.request(from: 0, to: 5).bytes).status == 200)
            let policy = """
                witness a \(first.key) \(first.url)
                witness b \(second.key) \(second.url)
                group g any a b
                quorum g

                """
            try await Self.use(policy, log) { quorum in
                let answer = try await Self.cosign(quorum, log, 9)
                #expect(answer.note != nil)
                #expect(answer.refusal?.witness == "b")
                #expect(answer.refusal?.why == "\(WitnessAnswer.Refusal.notConsistent)")
            }
        }
    }

    @Test("a witness that hangs does not hold up those who are enough")
    func straggler() async throws {
        let log = try SampleLog()
        try await Self.pair(log) { first, second in
            try await StubWitness.run(.hang) { url in
                let policy = """
                    witness a \(first.key) \(first.url)
                    witness b \(second.key) \(url)
                    quorum a

                    """
                // Were it waited for, the suite's time limit would end this.
                try await Self.use(
                    policy,
                    log,
                    timeMax: .seconds(3_600),
                    stragglerTimeMax: .milliseconds(500)
                ) { quorum in
                    let answer = try await Self.cosign(quorum, log, 5)
                    #expect(answer.note != nil)
                }
            }
        }
    }

    @Test("a witness whose size changes at every question is given up")
    func contradiction() async throws {
        let log = try SampleLog(40)
        let key = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32)).key
        try await StubWitness.run(.status(409, "7\n", type: "text/x.tlog.size")) { url in
            let policy = "witness w \(key) \(url)\nquorum w\n"
            try await Self.use(policy, log) { quorum in
                let answer = try await Self.cosign(quorum, log, 9)
                #expect(answer.note == nil && answer.refusal == nil)
                #expect(answer.failures == ["w: its answer has no cosignature of its key"])
            }
        }
    }

    @Test("who does not cosign is left alone for longer and longer, or as long as it asks for")
    func pauses() throws {
        let checkpoint = try SampleLog(20).checkpoint(5)
        let start = ContinuousClock.now
        var knowledge = WitnessKnowledge()
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<10 {
            knowledge.learn(.failed(.forbidden), of: checkpoint, at: now)
            let begin = now
            while knowledge.pausing(at: now) == .forbidden { now += .milliseconds(250) }
            pauses.append(begin.duration(to: now))
        }
        #expect(pauses == [0, 1, 2, 4, 8, 16, 32, 32, 32, 32].map { .seconds($0) })
        knowledge.learn(
            .failed(.overloaded(retryAfterSeconds: 100)),
            of: checkpoint,
            at: now
        )
        #expect(knowledge.pausing(at: now + .seconds(99)) != nil)
        #expect(knowledge.pausing(at: now + .seconds(100)) == nil)
        // Not for as long as somebody likes.
        let greedy = WitnessAnswer.failed(.overloaded(retryAfterSeconds: 1_000_000))
        knowledge.learn(greedy, of: checkpoint, at: now)
        #expect(knowledge.pausing(at: now + WitnessLimits.retryAfterMax) == nil)
        // One good answer, and all is forgotten.
        let signature = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32))
            .sign(checkpoint, time: 1)
        knowledge.learn(.cosigned(signature), of: checkpoint, at: now)
        #expect(knowledge.pausing(at: now) == nil && knowledge.size == 5)
        knowledge.learn(.failed(.unreachable), of: checkpoint, at: now)
        #expect(knowledge.pausing(at: now) == nil)
    }

    @Test("what the proof throws is passed on")
    func proofFails() async throws {
        struct NoProof: Error {}
        let log = try SampleLog()
        try await Self.pair(log) { first, _ in
            let policy = "witness w \(first.key) \(first.url)\nquorum w\n"
            try await Self.use(policy, log) { quorum -> Void in
                await #expect(throws: NoProof.self) {
                    _ = try await quorum.cosign(try log.note(5)) { _ in throw NoProof() }
                }
            }
        }
    }

    @Test("a verifier in another language accepts the cosigned checkpoint")
    func otherLanguage() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            let witness = try LiveWitness.witness(folder, logs: [log.key])
            let verdict = try await witness.judge(log.request(from: 0, to: 300).bytes)
            guard case .cosigned(let line) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            var note = try log.note(300)
            try note.add([line])
            let file = try folder.write(String(decoding: note.bytes, as: UTF8.self), to: "note")
            let changed = try folder.write(
                String(decoding: note.bytes, as: UTF8.self).replacing("\n300\n", with: "\n301\n"),
                to: "changed"
            )
            let script =
                String(#filePath.dropLast("WitnessTests/QuorumTests.swift".count))
                + "MerkleLogTests/verifier.py"
            for (path, isRight) in [(file, true), (changed, false)] {
                // The witness's key alone, so that it is its signature that decides.
                let result = try await run(
                    .name("python3"),
                    arguments: [script, "checkpoint", "--key", witness.key.description, path],
                    output: .string(limit: 1 << 16),
                    error: .string(limit: 1 << 16)
                )
                #expect(result.terminationStatus.isSuccess == isRight)
            }
        }
    }
}
