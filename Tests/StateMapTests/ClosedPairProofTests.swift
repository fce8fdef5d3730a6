import Foundation
import Ledger
import MerkleLog
import SeededRandom
import StateMap
import Testing

/// A ledger of two pairs of logs to which two were added: nobody new belongs to the first two
/// (docs/auditor.md#nobody-in-several-pairs).
@Suite("Proofs from a ledger to which pairs of logs were added", .timeLimit(.minutes(5)))
struct ClosedPairProofTests {
    private static let logs = Logs(pairs: 4, closedPairs: 2)
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The ledger's parts, with the same keys; the maps of closed pairs were stated a little earlier.
    private let parts: [SampleLedger]
    /// An id that is nobody's, the part where it is at home, and the proofs of it, as they belong.
    private let nobody: Secret
    private let home: SampleLedger
    private let proofs: [StateProof]

    init() throws {
        parts = try Self.logs.list(.facts).map {
            try SampleLedger(
                users: 6,
                seed: UInt64($0.pair + 1),
                pair: $0.pair,
                of: Self.logs,
                time: SampleLedger.time + $0.pair - 3
            )
        }
        home = parts[3]
        nobody = SampleLedger.id("nobody", in: home.log, of: Self.logs)
        let id = nobody
        proofs = try [parts[3], parts[0], parts[1]].map { try $0.absence(id) }
    }

    private func refusal(
        _ proofs: [StateProof],
        _ check: StateProofCheck? = nil
    ) -> StateProofError? {
        do throws(StateProofError) {
            _ = try (check ?? home.check).verify(StateDocument(proofs))
            return nil
        } catch {
            return error
        }
    }

    @Test("a user of a closed pair is proved by its map, wherever the name would be at home now")
    func closedUser() throws {
        for part in parts.prefix(2) {
            for user in part.users {
                let home = Self.logs.home(of: SampleLedger.label(user.id))
                #expect(!Self.logs.isClosed(home))
                let proof = try part.proof(of: user)
                #expect(try StateProof(proof.bytes) == proof)
                var check = part.check
                check.whom = .init(
                    clientID: SampleLedger.clientID,
                    label: SampleLedger.label(user.id)
                )
                let verdict = try check.verify(proof)
                #expect(verdict.subject == user.subject)
                #expect(verdict.statement.logs == Self.logs)
                let sentence = "2 of them closed; this user is of that of the log of"
                #expect(verdict.sentences.contains { $0.contains("\(sentence) \(part.log.name),") })
            }
        }
        // Not from the map of another closed pair, nor from that of the name's home.
        let user = parts[0].users[0]
        for other in parts.dropFirst() {
            let both = try other.proof(other.statesPart(user.subject), other.namesPart(user.id))
            #expect(refusal([both]) == .otherPair)
        }
    }

    @Test("a user of an open pair is proved by the map of the home, as ever, and by no other one")
    func openUser() throws {
        for (part, other) in [(parts[2], parts[3]), (parts[3], parts[2])] {
            for user in part.users {
                let verdict = try part.check.verify(part.proof(of: user))
                #expect(verdict.subject == user.subject)
                let sentence = "such a user is at home in that of the log of \(part.log.name),"
                #expect(verdict.sentences.contains { $0.contains(sentence) })
                // As if the other one had somebody of a name that is at home here.
                let stranger = try other.proof(
                    other.statesPart(other.users[0].subject),
                    other.namesPart(user.id)
                )
                #expect(refusal([stranger]) == .otherPair)
            }
        }
    }

    @Test("a name is nobody's by a proof of its home and one of each closed pair, in one file")
    func nobodyAtAll() throws {
        let document = try StateDocument(proofs)
        #expect(try StateDocument(document.bytes) == document)
        #expect(document.bytes == proofs.flatMap(\.bytes))
        var check = home.check
        check.whom = .init(clientID: SampleLedger.clientID, label: SampleLedger.label(nobody))
        let verdict = try check.verify(document)
        #expect(verdict.subject == nil && verdict.state == nil)
        #expect(verdict.stated.map(\.statement.log.pair) == [3, 0, 1])
        // Stated three seconds before the home's.
        #expect(verdict.ageSeconds == 4)
        #expect(verdict.factsSize == 72)
        #expect(verdict.cosigners == [home.witness.key.name])
        for sentence in [
            "In the 72 records that the checkpoints of the facts cover there is no such user",
            "entries 4, 4, 4 of its logs of maps, each the last one",
            "nobody of the name is left in the closed ones", "It was stated 4 s ago",
        ] {
            #expect(verdict.sentences.contains { $0.contains(sentence) }, "\(sentence)")
        }
        let another = SampleLedger.label(Secret("another"))
        check.whom = .init(clientID: SampleLedger.clientID, label: another)
        #expect(refusal(proofs, check) == .otherUser)
        check.whom = .init(clientID: "other-client")
        #expect(refusal(proofs, check) == .otherClient)
    }

    @Test("files that were written once are written so for ever, and prove the same")
    func samples() throws {
        // Whom another number of closed pairs would have at home elsewhere.
        let open = try #require(
            parts[3].users.first {
                Logs(pairs: 4).home(of: SampleLedger.label($0.id)) != parts[3].log
            }
        )
        let stranger = try parts[2].proof(
            parts[2].statesPart(parts[2].users[1].subject),
            parts[2].namesPart(open.id)
        )
        for (name, proofs, refused) in [
            ("nobody", proofs, nil),
            ("closed-pair", [try parts[1].proof(of: parts[1].users[0])], nil),
            ("open-pair", [try parts[3].proof(of: open)], nil),
            ("open-other-pair", [stranger], StateProofError.otherPair),
        ] {
            let file = Self.folder.appendingPathComponent("\(name).proof")
            let written = Array(try Data(contentsOf: file))
            #expect(try StateDocument(proofs).bytes == written)
            #expect(try refusal(StateDocument(written).proofs) == refused)
        }
    }

    @Test("where a pair is not shown it is named, doubled ones and another order are refused")
    func incomplete() throws {
        let (own, first, second) = (proofs[0], proofs[1], proofs[2])
        let other = try parts[2].absence(nobody)
        for (shown, missing) in [
            ([own], [0, 1]), ([own, first], [1]), ([own, second], [0]), ([first, second], [3]),
            ([first], [3, 1]), ([other], [3, 0, 1]), ([other, first, second], [3]),
            ([own, first, first], [1]), ([own, own, second], [0]),
        ] {
            #expect(refusal(shown) == .pairsMissing(missing))
        }
        for shown in [
            [own, second, first], [first, own, second], [first, second, own],
            [own, own, first, second], [own, first, second, second],
            [own, first, second, other], [other, own, first, second],
        ] {
            #expect(refusal(shown) == .pairsOutOfOrder)
        }
        // Without closed pairs one is enough, and two are no file.
        let logs = Logs(pairs: 3)
        let part = try SampleLedger(users: 2, pair: 1, of: logs)
        let absence = try part.absence(SampleLedger.id("nobody", in: part.log, of: logs))
        #expect(refusal([absence]) == nil)
        #expect(refusal([absence, absence]) == .pairsOutOfOrder)
        #expect(throws: StateProofError.malformed) { try StateDocument([StateProof]()) }
    }

    @Test("who has the name in a closed pair is not denied, whatever the home says")
    func denied() throws {
        for part in parts.prefix(2) {
            let user = part.users[0]
            let home = try #require(
                parts.first { $0.log == Self.logs.home(of: SampleLedger.label(user.id)) }
            )
            let shown = try [home, parts[0], parts[1]].map { try $0.absence(user.id) }
            #expect(refusal(shown) == .nameOfOther)
            #expect(refusal([shown[0]]) == .pairsMissing([0, 1]))
            // But for the one where the user is, all say the truth.
            let key = MapKey.name(
                origin: home.factsSigner.key.name,
                clientID: SampleLedger.clientID,
                label: SampleLedger.label(user.id)
            )
            #expect(home.names.map.value(for: key) == nil)
        }
        let user = home.users[0]
        let shown = try [home, parts[0], parts[1]].map { try $0.absence(user.id) }
        #expect(refusal(shown) == .nameOfOther)
    }

    @Test("proofs that are not about one name, of one app, in one ledger, are no file")
    func differing() throws {
        // At home in the same pair.
        let another = SampleLedger.id("another", in: home.log, of: Self.logs)
        let label = try parts[0].absence(another)
        let client = try StateProof(
            clientID: "other-client",
            states: nil,
            names: proofs[1].names,
            statement: proofs[1].statement,
            facts: proofs[1].facts,
            entry: proofs[1].entry
        )
        let subject = try parts[0].proof(parts[0].statesPart(.init(value: 1)), proofs[1].names)
        var foreign: [StateProof] = [label, client, subject]
        for logs in [
            Logs(pairs: 5, closedPairs: 2), Logs(pairs: 4, closedPairs: 1), Logs(pairs: 2),
        ] {
            foreign.append(try SampleLedger(users: 2, pair: 0, of: logs).absence(nobody))
        }
        // Who knows the keys of two ledgers must not take the one's proof for the other's.
        let deployment = "token-ledger/fedcba9876543210"
        let ledger = try SampleLedger(users: 2, facts: deployment, pair: 0, of: Self.logs)
        foreign.append(try ledger.absence(nobody))
        for proof in foreign {
            #expect(refusal([proofs[0], proof, proofs[2]]) == .proofsDiffer)
        }
        // What shows somebody stands alone.
        let user = try home.proof(of: home.users[0])
        #expect(refusal([user, user]) == .proofsDiffer)
        #expect(refusal([user] + proofs.dropFirst()) == .proofsDiffer)
    }

    @Test("each proof must be as young as is asked, and witnessed")
    func each() throws {
        for place in proofs.indices {
            let part = [parts[3], parts[0], parts[1]][place]
            func shown(_ part: SampleLedger, cosignedAt time: Int?) throws -> [StateProof] {
                let count = part.statements.count
                let entry = try part.entry(count - 1, in: count, cosignedAt: time)
                var shown = proofs
                shown[place] = try part.proof(nil, part.namesPart(nobody), entry: entry)
                return shown
            }
            #expect(try refusal(shown(part, cosignedAt: SampleLedger.time)) == nil)
            let forgotten = try shown(part, cosignedAt: SampleLedger.time - 60)
            #expect(refusal(forgotten) == .witnessedTooLongAgo(max: 60))
            let alone = try shown(part, cosignedAt: nil)
            #expect(refusal(alone) == .notWitnessed(.maps))
            // Accepted where nobody asks, and said.
            var check = part.check
            check.isQuorum = { _ in true }
            #expect(try check.verify(StateDocument(alone)).cosigners == [])
            let old = try SampleLedger(
                users: 6,
                seed: UInt64(part.log.pair + 1),
                pair: part.log.pair,
                of: Self.logs,
                time: SampleLedger.time - 60
            )
            let stale = try shown(old, cosignedAt: SampleLedger.time)
            #expect(refusal(stale) == .tooOld(seconds: 61, max: 60))
            check.ageMax = nil
            #expect(try check.verify(StateDocument(stale)).ageSeconds == 61)
            #expect(try check.verify(StateDocument(stale)).statedAt == SampleLedger.time - 60)
        }
    }

    @Test("a file has one spelling: nothing stands before, between or behind the proofs")
    func spelling() throws {
        let parts = proofs.map(\.bytes)
        let newline = [UInt8(ascii: "\n")]
        let begin = Array("token-ledger/state-proof@v1\n".utf8)
        for file in [
            [], newline, parts[0] + newline + parts[1] + parts[2], newline + parts[0],
            parts[0] + parts[1] + newline, Array(parts.joined().dropLast()),
            begin + parts[0], parts[0] + begin, parts[0] + Array("more\n".utf8) + parts[1],
            parts[0].dropLast() + parts[1],
        ] {
            #expect(throws: StateProofError.malformed) { try StateDocument(Array(file)) }
        }
    }

    @Test("altered files of nobody are all refused, whichever byte it was")
    func altered() throws {
        var numbers = SeededRandom(seed: 65_000_067)
        var check = home.check
        check.whom = .init(clientID: SampleLedger.clientID, label: SampleLedger.label(nobody))
        let document = try StateDocument(proofs).bytes
        for round in 0..<1_000 {
            var bytes = document
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch round % 3 {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            }
            #expect(throws: StateProofError.self, "byte \(place), round \(round)") {
                try check.verify(StateDocument(bytes))
            }
        }
    }
}
