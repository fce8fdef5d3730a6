import Foundation
import Ledger
import MerkleLog
import StateMap
import Testing

/// A ledger of three pairs of logs, each with maps of its own
/// (docs/decisions/0067-k-logs-of-facts.md#what-lives-where).
@Suite("Proofs from several pairs of logs", .timeLimit(.minutes(5)))
struct PairProofTests {
    private static let logs = Logs(pairs: 3)

    /// The ledger's parts, with the same keys.
    private let parts: [SampleLedger]

    init() throws {
        parts = try Self.logs.list(.facts).map {
            try SampleLedger(users: 12, seed: UInt64($0.pair + 1), pair: $0.pair, of: Self.logs)
        }
    }

    private func refusal(_ proof: StateProof, _ part: SampleLedger) -> StateProofError? {
        do throws(StateProofError) {
            _ = try part.check.verify(proof)
            return nil
        } catch {
            return error
        }
    }

    @Test("whatever pair a user is of, the state is proved, and whom nobody knows is at home there")
    func accepted() throws {
        for part in parts {
            // The key of any log of the deployment does.
            var check = part.check
            check.keys = [parts[1].factsSigner.key]
            for user in part.users.prefix(9) {
                let proof = try part.proof(of: user)
                #expect(try StateProof(proof.bytes) == proof)
                let verdict = try check.verify(proof)
                #expect(verdict.subject == user.subject)
                #expect(verdict.statement.logs.pairs == 3)
                let sentence =
                    "there are 3 pairs of logs; such a user is at home in that of the log of"
                #expect(verdict.sentences.contains { $0.contains("\(sentence) \(part.log.name),") })
            }
            let nobody = SampleLedger.id("nobody", in: part.log, of: Self.logs)
            let proof = try part.proof(nil, part.namesPart(nobody))
            #expect(try check.verify(proof).subject == nil)
        }
        // With one pair there is nothing to say of pairs.
        let one = try SampleLedger(users: 2)
        let verdict = try one.check.verify(one.proof(of: one.users[0]))
        #expect(!verdict.sentences.contains { $0.contains("pairs") })
    }

    @Test("files from a pair that were written once are written so for ever, and prove the same")
    func samples() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let part = try SampleLedger(users: 12, pair: 2, of: Self.logs)
        let own = try part.proof(of: part.users[1])
        let written = try Data(contentsOf: folder.appendingPathComponent("pair.proof"))
        #expect(own.bytes == Array(written))
        #expect(try part.check.verify(StateProof(Array(written))).subject == part.users[1].subject)
        // That somebody who is at home in pair 1 is not in the maps of pair 2.
        let stranger = SampleLedger.id("stranger", in: Log(.facts, pair: 1), of: Self.logs)
        let absence = try part.proof(nil, part.namesPart(stranger))
        let foreign = try Data(contentsOf: folder.appendingPathComponent("other-pair.proof"))
        #expect(absence.bytes == Array(foreign))
        #expect(refusal(try StateProof(Array(foreign)), part) == .otherPair)
    }

    @Test("a true proof from another pair, where nobody of the kind can be, is refused")
    func elsewhere() throws {
        for part in parts {
            for other in parts where other.log != part.log {
                for user in part.users {
                    // The maps of the other one do not hold the user, which is right, and says nothing.
                    let unnamed = try other.proof(nil, other.namesPart(user.id))
                    #expect(refusal(unnamed, other) == .otherPair)
                    let stateless = try other.proof(other.statesPart(user.subject), nil)
                    #expect(refusal(stateless, other) == .otherPair)
                    let both = try other.proof(
                        other.statesPart(user.subject),
                        other.namesPart(user.id)
                    )
                    #expect(refusal(both, other) == .otherPair)
                }
            }
        }
    }

    @Test("another number of pairs than was stated is refused, whoever it would help")
    func forgedCount() throws {
        for part in parts {
            let bytes = try part.proof(of: part.users[0]).bytes
            let text = String(decoding: bytes, as: UTF8.self)
            for count in 1...12 where count != 3 {
                let line = count == 1 ? "" : "pairs \(count)\n"
                let forged = text.replacing("pairs 3\n", with: line)
                guard let proof = try? StateProof(Array(forged.utf8)) else {
                    #expect(part.log.pair >= count)
                    continue
                }
                #expect(refusal(proof, part) == .entryNotProved(.rootDiffers))
            }
        }
    }

    @Test("a ledger that tells of another number has signed that it contradicts itself")
    func contradictions() throws {
        // Of whom nothing could be said here, if the ledger had said the same.
        let stranger = SampleLedger.id("stranger", in: parts[1].log, of: Self.logs)
        #expect(
            refusal(try parts[0].proof(nil, parts[0].namesPart(stranger)), parts[0]) == .otherPair
        )
        let one = try SampleLedger(users: 12, seed: 1)
        let verdict = try one.check.verify(one.proof(nil, one.namesPart(stranger)))
        #expect(verdict.subject == nil)
        #expect(verdict.statement.logs.pairs == 1)
        let other = try parts[1].proof(nil, parts[1].namesPart(stranger))
        #expect(try parts[1].check.verify(other).statement.logs.pairs == 3)
    }

    @Test("a statement in the log of maps of another pair proves nothing")
    func otherLog() throws {
        let mixed = try SampleLedger(
            users: 2,
            pair: 1,
            of: Self.logs,
            mapLog: Log(.map, pair: 2)
        )
        let proof = try mixed.proof(of: mixed.users[0])
        #expect(refusal(proof, mixed) == .unsoundCheckpoint(.maps, .otherOrigin))
    }
}
