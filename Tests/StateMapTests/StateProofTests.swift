import Foundation
import Ledger
import MerkleLog
import SeededRandom
import StateMap
import Testing

@Suite("Proofs of states", .timeLimit(.minutes(10)))
struct StateProofTests {
    private static let seed: UInt64 = 65_000_014
    /// All 100,000 of docs/decisions/0065-the-map-of-current-states.md#choice with FUZZ_TIMES=25.
    private static let refusals = 4_000 * FuzzLength.times

    private let ledger: SampleLedger

    init() throws {
        ledger = try SampleLedger(users: 40)
    }

    @Test("a user's state is proved, by pseudonym and by name, and written in one way")
    func known() throws {
        for user in ledger.users where user.state.version == 4 {
            let isNamed = user.subject != ledger.users[9].subject
            let proof = try ledger.proof(ledger.statesPart(user.subject), nil)
            #expect(try StateProof(proof.bytes) == proof)
            let verdict = try ledger.check.verify(proof)
            #expect(verdict.subject == user.subject)
            #expect(verdict.state?.version == 4)
            #expect(verdict.position == user.state.position)
            #expect(verdict.sentences.contains { $0.contains("Not proved") })
            guard isNamed, verdict.state?.status == .connected else { continue }
            let named = try ledger.proof(of: user)
            #expect(try StateProof(named.bytes) == named)
            var check = ledger.check
            let clientID = SampleLedger.clientID
            check.whom = .init(clientID: clientID, label: SampleLedger.label(user.id))
            #expect(try check.verify(named).subject == user.subject)
            let another = SampleLedger.label(Secret("another"))
            check.whom = .init(clientID: clientID, label: another)
            #expect(throws: StateProofError.otherUser) { try check.verify(named) }
            check.whom = .init(clientID: "other-client")
            #expect(throws: StateProofError.otherClient) { try check.verify(named) }
        }
    }

    @Test("a file that was written once is written so for ever, and still proves the same")
    func sample() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("sample.proof")
        let bytes = Array(try Data(contentsOf: file))
        let ledger = try SampleLedger(users: 12)
        let written = try ledger.proof(of: ledger.users[1]).bytes
        #expect(written == bytes)
        #expect(try ledger.check.verify(StateProof(bytes)).subject == ledger.users[1].subject)
    }

    @Test("somebody unknown is proved to be unknown, by pseudonym and by name")
    func unknown() throws {
        var numbers = SeededRandom(seed: Self.seed)
        let stranger = Identifier(milliseconds: 1, sequence: 2, random: numbers.next(), in: .facts)
        let absent = try ledger.proof(ledger.statesPart(stranger), nil)
        #expect(try ledger.check.verify(absent).state == nil)
        let nobody = Secret("nobody")
        let unnamed = try ledger.proof(nil, ledger.namesPart(nobody))
        #expect(try StateProof(unnamed.bytes) == unnamed)
        var check = ledger.check
        check.whom = .init(clientID: SampleLedger.clientID, label: SampleLedger.label(nobody))
        let verdict = try check.verify(unnamed)
        #expect(verdict.subject == nil)
        #expect(verdict.state == nil)
        // An empty deployment knows nobody.
        let empty = try SampleLedger(users: 0)
        let proof = try empty.proof(empty.statesPart(stranger), empty.namesPart(nobody))
        #expect(throws: StateProofError.nameOfOther) { try empty.check.verify(proof) }
        let alone = try empty.proof(empty.statesPart(stranger), nil)
        #expect(try empty.check.verify(alone).state == nil)
    }

    @Test("an erased user's leaf says erased, and no name leads to it")
    func erased() throws {
        let user = ledger.users[9]
        let verdict = try ledger.check.verify(ledger.proof(ledger.statesPart(user.subject), nil))
        #expect(verdict.state?.status == .erased)
        let unnamed = try ledger.proof(nil, ledger.namesPart(user.id))
        #expect(try ledger.check.verify(unnamed).subject == nil)
        let both = try ledger.proof(of: user)
        #expect(throws: StateProofError.nameOfOther) { try ledger.check.verify(both) }
    }

    @Test("a present user cannot be denied, nor shown with another's or an earlier state")
    func forged() throws {
        let (user, other) = (ledger.users[3], ledger.users[4])
        func states(
            _ subject: Identifier,
            _ state: MapState?,
            _ proof: MapProof
        ) throws -> StateProof {
            try ledger.proof(StateProof.States(subject: subject, state: state, proof: proof), nil)
        }
        let own = ledger.statesPart(user.subject).proof
        let foreign = ledger.statesPart(other.subject).proof
        let check = ledger.check
        #expect(throws: StateProofError.stateDiffers) {
            try check.verify(states(user.subject, nil, own))
        }
        #expect(throws: StateProofError.stateNotProved(.rootDiffers)) {
            try check.verify(states(user.subject, nil, foreign))
        }
        #expect(throws: StateProofError.stateDiffers) {
            try check.verify(states(user.subject, other.state, own))
        }
        let earlier = MapState(
            version: 3,
            position: user.state.position - 1,
            record: user.state.record,
            state: Array("{\"version\":3,\"status\":\"launched\"}".utf8)
        )
        #expect(throws: StateProofError.stateDiffers) {
            try check.verify(states(user.subject, earlier, own))
        }
        // Another user's name, and a name that is denied.
        let names = ledger.namesPart(other.id)
        #expect(throws: StateProofError.nameOfOther) {
            try check.verify(ledger.proof(ledger.statesPart(user.subject), names))
        }
        #expect(throws: StateProofError.nameOfOther) {
            try check.verify(ledger.proof(nil, names))
        }
        // A name that leads to a pseudonym of which nothing is known.
        let stateless = try SampleLedger(users: 4, statelessUser: 2)
        #expect(throws: StateProofError.nameOfOther) {
            try stateless.check.verify(stateless.proof(of: stateless.users[2]))
        }
    }

    @Test("an old statement, a later one in the log, and an old cosignature are refused")
    func stale() throws {
        let part = ledger.statesPart(ledger.users[0].subject)
        let proof = try ledger.proof(part, nil)
        for late in [60, 61, 3_600, 1_000_000] {
            var check = ledger.check
            check.now = SampleLedger.time + late
            if late == 60 {
                #expect(try check.verify(proof).ageSeconds == 60)
            } else {
                #expect(throws: StateProofError.tooOld(seconds: late, max: 60)) {
                    try check.verify(proof)
                }
            }
            check.ageMax = nil
            #expect(try check.verify(proof).ageSeconds == late)
        }
        var early = ledger.check
        early.now = SampleLedger.time - 301
        #expect(throws: StateProofError.notYet(seconds: 301)) { try early.verify(proof) }
        // Each earlier statement, in the whole log: there is a later one.
        let count = ledger.statements.count
        for index in 0..<count - 1 {
            let old = try ledger.proof(
                part,
                nil,
                entry: ledger.entry(index, in: count),
                statement: index
            )
            #expect(throws: StateProofError.laterStatement(index: index, size: count)) {
                try ledger.check.verify(old)
            }
        }
        let forgotten = try ledger.entry(count - 1, in: count, cosignedAt: SampleLedger.time - 60)
        #expect(throws: StateProofError.witnessedTooLongAgo(max: 60)) {
            try ledger.check.verify(ledger.proof(part, nil, entry: forgotten))
        }
        // One of the future says nothing of what was, either.
        for (ahead, isFresh) in [(301, true), (302, false)] {
            let entry = try ledger.entry(
                count - 1,
                in: count,
                cosignedAt: SampleLedger.time + ahead
            )
            let proof = try ledger.proof(part, nil, entry: entry)
            if isFresh {
                #expect(throws: Never.self) { try ledger.check.verify(proof) }
            } else {
                #expect(throws: StateProofError.witnessedTooLongAgo(max: 60)) {
                    try ledger.check.verify(proof)
                }
            }
        }
        let alone = try ledger.entry(count - 1, in: count, cosignedAt: nil)
        #expect(throws: StateProofError.notWitnessed(.maps)) {
            try ledger.check.verify(ledger.proof(part, nil, entry: alone))
        }
    }

    @Test("another deployment's keys, and a witness's, prove nothing")
    func keys() throws {
        let proof = try ledger.proof(of: ledger.users[0])
        var check = ledger.check
        check.keys = [ledger.mapSigner.key]
        #expect(try check.verify(proof).stated[0].entry == 4)
        check.keys = []
        #expect(throws: StateProofError.noKey) { try check.verify(proof) }
        check.keys = [ledger.witness.key]
        #expect(throws: StateProofError.noKey) { try check.verify(proof) }
        let stranger = try NoteSigner(
            name: ledger.factsSigner.key.name,
            seed: [UInt8](repeating: 9, count: 32)
        )
        check.keys = [stranger.key]
        #expect(throws: StateProofError.unsoundCheckpoint(.maps, .notSignedByKnownKey)) {
            try check.verify(proof)
        }
        let other = try VerifierKey(
            name: "token-ledger/fedcba9876543210/0",
            type: .ed25519,
            publicKey: ledger.factsSigner.key.publicKey
        )
        check.keys = [other]
        #expect(throws: StateProofError.unsoundCheckpoint(.maps, .otherOrigin)) {
            try check.verify(proof)
        }
    }

    @Test("a ledger that contradicts itself is refused, whatever it has signed")
    func contradictions() throws {
        func refusal(_ ledger: SampleLedger) -> StateProofError? {
            do throws(StateProofError) {
                guard
                    let proof = try? ledger.proof(
                        ledger.statesPart(ledger.users[0].subject),
                        nil
                    )
                else { return nil }
                _ = try ledger.check.verify(proof)
                return nil
            } catch {
                return error
            }
        }
        let beyond = try SampleLedger(users: 2) { state in
            MapState(version: 4, position: 8, record: state.record, state: state.state)
        }
        #expect(refusal(beyond) == .stateBeyondCheckpoint(position: 8, size: 8))
        let version = try SampleLedger(users: 2) { state in
            MapState(version: 5, position: 0, record: state.record, state: state.state)
        }
        #expect(refusal(version) == .stateUnreadable)
        let text = try SampleLedger(users: 2) { state in
            MapState(version: 4, position: 0, record: state.record, state: Array("{}".utf8))
        }
        #expect(refusal(text) == .stateUnreadable)
        // Facts of another deployment under the same key.
        let foreign = try SampleLedger(users: 2, facts: "token-ledger/fedcba9876543210")
        var check = foreign.check
        check.keys = [foreign.factsSigner.key, foreign.mapSigner.key]
        let proof = try foreign.proof(foreign.statesPart(foreign.users[0].subject), nil)
        #expect(throws: StateProofError.unsoundCheckpoint(.facts, .otherOrigin)) {
            try check.verify(proof)
        }
        // A statement that is in no log of maps.
        let entry = try ledger.entry(3, in: 4)
        #expect(throws: StateProofError.entryNotProved(.rootDiffers)) {
            let part = ledger.statesPart(ledger.users[0].subject)
            return try ledger.check.verify(ledger.proof(part, nil, entry: entry, statement: 2))
        }
    }

    @Test("altered proofs are all refused, whichever byte it was")
    func altered() throws {
        var numbers = SeededRandom(seed: Self.seed)
        var check = ledger.check
        let documents = try ledger.users.prefix(8).map { try ledger.proof(of: $0).bytes }
        var refused = 0
        for round in 0..<Self.refusals {
            let document = documents[round % documents.count]
            check.whom = .init(
                clientID: SampleLedger.clientID,
                label: SampleLedger.label(ledger.users[round % documents.count].id)
            )
            var bytes = document
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch round % 5 {
            case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 2: bytes[place] = bytes[place] &+ UInt8.random(in: 1...255, using: &numbers)
            case 3: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            }
            guard let proof = try? StateProof(bytes), let verdict = try? check.verify(proof) else {
                refused += 1
                continue
            }
            Issue.record("byte \(place), round \(round), of \(verdict.clientID)")
        }
        #expect(refused == Self.refusals)
    }
}
