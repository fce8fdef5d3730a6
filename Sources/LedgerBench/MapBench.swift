internal import Glibc
internal import Ledger
internal import MerkleLog
internal import StateMap
internal import Wire

/// Maps of made-up users, in this process alone, and what their proofs cost.
struct MapBench: ~Copyable {
    /// What was measured.
    struct Figures {
        var bytesPerUser = 0.0
        var buildSeconds = 0.0
        /// Processor time of one event, in seconds, by the size of a batch.
        var update: [(batch: Int, seconds: Double)] = []
        /// Of the file, without the state's own bytes.
        var proofBytes = 0
        var namedProofBytes = 0
        var stateBytes = 0
        var makeMicroseconds: [Double] = []
        var verifyMicroseconds: [Double] = []
        /// What it takes to name where two maps differ.
        var differences = 0
        var compareSeconds = 0.0
    }

    static let batches = [1, 64, 1_000]
    private static let eventsMeasured = 64_000
    private static let eventsWarm = 4_000
    private static let proofs = 2_000
    /// A year of statements, one a second, would be 31 million; the last one's way depends on the
    /// ones among the digits of the size, which are 12 here as they are in the middle of others.
    private static let statements = 1_000_000
    private static let clientID = "demo-client"
    private static let time = 1_764_450_000
    private static let nameKey = [UInt8](repeating: 7, count: MapKey.nameKeyByteCount)

    /// Who signs what proofs hold.
    struct Signers {
        let maps: NoteSigner
        let facts: NoteSigner
        let witness: Cosigner

        init() throws {
            let seed = [UInt8](repeating: 1, count: 32)
            maps = try NoteSigner(name: "token-ledger/0123456789abcdef/\(Log.map.id)", seed: seed)
            facts = try NoteSigner(name: "token-ledger/0123456789abcdef/0", seed: seed)
            witness = try Cosigner(
                name: "witness.example/w1",
                seed: [UInt8](repeating: 2, count: 32)
            )
        }
    }

    private let users: Int
    private let signers: Signers
    private var states = MerkleMap()
    private var names = MerkleMap()
    private var figures = Figures()

    init(users: Int, signers: Signers) {
        self.users = users
        self.signers = signers
    }

    /// Measures everything.
    mutating func run(tell: (String) -> Void) throws -> Figures {
        tell("Building a map of \(users) users …")
        let process = Int(getpid())
        let resident = try ProcessorMeter.memory(of: process)
        let begin = Self.processorSeconds()
        for number in 0..<users { states.set(state(number, 1).value, for: key(number)) }
        states.publish()
        figures.buildSeconds = Self.processorSeconds() - begin
        let grown = try ProcessorMeter.memory(of: process) - resident
        figures.bytesPerUser = Double(grown) / Double(users)
        for batch in Self.batches {
            tell("Events in batches of \(batch) …")
            _ = update(batch, events: Self.eventsWarm)
            let seconds = update(batch, events: Self.eventsMeasured)
            figures.update.append((batch, seconds / Double(Self.eventsMeasured)))
        }
        compare(tell)
        tell("Building a map of names, and proofs …")
        for number in 0..<users {
            let key = MapKey.name(
                origin: signers.facts.key.name,
                clientID: Self.clientID,
                label: label(number)
            )
            names.set(MapState.name(of: subject(number)), for: key)
        }
        names.publish()
        try proveAll()
        return figures
    }

    /// The map as it was built beside that of the users who have had events since.
    private mutating func compare(_ tell: (String) -> Void) {
        tell("Comparing it with a map of before …")
        var before = MerkleMap()
        for number in 0..<users { before.set(state(number, 1).value, for: key(number)) }
        before.publish()
        let begin = Self.processorSeconds()
        figures.differences = states.differences(from: before, max: users).count
        figures.compareSeconds = Self.processorSeconds() - begin
    }

    /// Random users get events, as many in each version of the map; gives the processor time.
    private mutating func update(_ batch: Int, events: Int) -> Double {
        let begin = Self.processorSeconds()
        var done = 0
        while done < events {
            for _ in 0..<batch {
                let number = Int.random(in: 0..<users)
                states.set(state(number, Int64(2 + done)).value, for: key(number))
                done += 1
            }
            _ = states.nextRoot()
            states.publish()
        }
        return Self.processorSeconds() - begin
    }

    private mutating func proveAll() throws {
        let checkpoint = try Checkpoint(
            origin: signers.facts.key.name,
            size: 4 * users,
            root: states.root
        )
        var factsNote = try signers.facts.sign(checkpoint)
        try factsNote.add([signers.witness.sign(checkpoint, time: Self.time)])
        // So that each state is the one that is proved.
        for number in 0..<Self.proofs { states.set(state(number, 1).value, for: key(number)) }
        states.publish()
        let statement = try MapStatement(
            facts: checkpoint,
            logs: .one,
            time: Self.time,
            states: MapStatement.Map(count: states.count, root: states.root),
            names: MapStatement.Map(count: names.count, root: names.root)
        )
        let entry = try entry(statement)
        var check = StateProofCheck(keys: [signers.facts.key], now: Self.time)
        check.ageMax = 60
        check.witnesses = [signers.witness.key]
        let clock = ContinuousClock()
        for number in 0..<Self.proofs {
            var bytes: [UInt8] = []
            let made = try clock.measure {
                bytes = try proof(number, statement, factsNote, entry, isNamed: true).bytes
            }
            var isKnown = false
            let verified = try clock.measure {
                isKnown = try check.verify(StateDocument(bytes)).state != nil
            }
            precondition(isKnown, "a proof of what was just put there holds")
            figures.makeMicroseconds.append(made / .microseconds(1))
            figures.verifyMicroseconds.append(verified / .microseconds(1))
            let stateCount = state(number, 1).state.count
            let plain = try proof(number, statement, factsNote, entry, isNamed: false).bytes
            figures.stateBytes = max(figures.stateBytes, stateCount)
            figures.namedProofBytes = max(figures.namedProofBytes, bytes.count - stateCount)
            figures.proofBytes = max(figures.proofBytes, plain.count - stateCount)
        }
    }

    private func proof(
        _ number: Int,
        _ statement: MapStatement,
        _ factsNote: SignedNote,
        _ entry: EntryProof,
        isNamed: Bool
    ) throws -> StateProof {
        let label = label(number)
        let name = MapKey.name(
            origin: signers.facts.key.name,
            clientID: Self.clientID,
            label: label
        )
        return try StateProof(
            clientID: Self.clientID,
            states: StateProof.States(
                subject: subject(number),
                state: state(number, 1),
                proof: states.proof(for: key(number))
            ),
            names: isNamed ? StateProof.Names(label: label, proof: names.proof(for: name)) : nil,
            statement: statement,
            facts: factsNote,
            entry: entry
        )
    }

    /// The statement as the last of many.
    private func entry(_ statement: MapStatement) throws -> EntryProof {
        var tree = TreeFrontier()
        for number in 1..<Self.statements {
            tree.append(MerkleHash(leaf: Array("\(number)".utf8)))
        }
        // What the last leaf is joined with: the perfect subtrees before it, the smallest first.
        guard let way = MerkleHash.list(Array(tree.bytes.dropFirst(8))) else {
            preconditionFailure("a frontier is a size of 8 bytes, and hashes")
        }
        tree.append(statement.leaf)
        let checkpoint = try Checkpoint(
            origin: signers.maps.key.name,
            size: tree.size,
            root: tree.root
        )
        var note = try signers.maps.sign(checkpoint)
        try note.add([signers.witness.sign(checkpoint, time: Self.time)])
        return try EntryProof(index: tree.size - 1, hashes: way.reversed(), note: note)
    }

    private func subject(_ number: Int) -> Identifier {
        Identifier(
            milliseconds: UInt64(1_764_000_000_000 + number),
            sequence: 0,
            random: UInt64(number) &* 0x9E37_79B9_7F4A_7C15,
            in: .facts
        )
    }

    private func label(_ number: Int) -> Fingerprint {
        MapKey.label(of: Secret("user-\(number)"), nameKey: Self.nameKey)
    }

    private func key(_ number: Int) -> MerkleHash {
        MapKey.state(
            origin: signers.facts.key.name,
            clientID: Self.clientID,
            subject: subject(number)
        )
    }

    /// A connected user with both tokens.
    private static let json: [UInt8] = {
        let print = "0123456789abcdef0123456789abcdef"
        let time = "2026-01-31T12:00:00.000000Z"
        let token = "{\"version\":1,\"fingerprint\":\"\(print)\",\"issued_at\":\"\(time)\"}"
        let text =
            "{\"version\":1,\"status\":\"connected\",\"human\":\"\(print)\","
            + "\"access_token\":\(token),\"public_token\":\(token)}"
        return Array(text.utf8)
    }()

    private func state(_ number: Int, _ version: Int64) -> MapState {
        MapState(
            version: version,
            position: Int64(number),
            record: .emptyTree,
            state: Self.json
        )
    }

    private static func processorSeconds() -> Double {
        ProcessorClock.ofThisThread()?.seconds ?? 0
    }
}
