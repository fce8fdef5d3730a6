import Ledger
import MerkleLog
import SeededRandom
import StateMap
import Wire

/// A small deployment, or one pair of its logs: a log of facts, both maps, and a log of statements about them.
struct SampleLedger {
    static let clientID = "demo-client"
    static let nameKey = [UInt8](repeating: 7, count: MapKey.nameKeyByteCount)
    static let deployment = "token-ledger/0123456789abcdef"
    /// When the last statement was made.
    static let time = 1_764_450_000

    struct User {
        var subject: Identifier
        var id: Secret
        var state: MapState
    }

    /// Of the log of facts.
    let log: Log
    let users: [User]
    /// A user who has a name, and whom the map of states does not hold.
    let stateless: Identifier?
    let statements: [MapStatement]
    let states: MapBox
    let names: MapBox
    let factsNote: SignedNote
    let factsSigner: NoteSigner
    let mapSigner: NoteSigner
    let witness: Cosigner

    /// A map that can be shared.
    final class MapBox: Sendable {
        let map: MerkleMap

        init(_ map: consuming MerkleMap) {
            self.map = map
        }
    }

    static func label(_ id: Secret) -> Fingerprint { MapKey.label(of: id, nameKey: nameKey) }

    init(
        users count: Int,
        statements statementCount: Int = 5,
        seed: UInt64 = 1,
        facts factsDeployment: String = deployment,
        statelessUser: Int? = nil,
        pair: Int = 0,
        of logs: Logs = .one,
        time: Int = SampleLedger.time,
        mapLog: Log? = nil,
        changed: (MapState) -> MapState = { $0 }
    ) throws {
        let secret = [UInt8](repeating: 1, count: 32)
        let log = Log(.facts, pair: pair)
        self.log = log
        factsSigner = try NoteSigner(name: "\(factsDeployment)/\(log.id)", seed: secret)
        mapSigner = try NoteSigner(
            name: "\(Self.deployment)/\((mapLog ?? log.map).id)",
            seed: secret
        )
        witness = try Cosigner(name: "witness.example/w1", seed: [UInt8](repeating: 2, count: 32))
        let users = Self.users(count, seed, log, logs, changed)
        let stateless = statelessUser.map { users[$0].subject }
        let origin = factsSigner.key.name
        states = Self.states(users.filter { $0.subject != stateless }, origin)
        names = Self.names(users, origin)
        self.users = users
        self.stateless = stateless
        var facts = TreeFrontier()
        for position in 0..<4 * count {
            facts.append(MerkleHash(leaf: Array("record \(position)".utf8)))
        }
        let checkpoint = try Checkpoint(origin: origin, size: facts.size, root: facts.root)
        var note = try factsSigner.sign(checkpoint)
        try note.add([witness.sign(checkpoint, time: Self.time)])
        factsNote = note
        let (stateMap, nameMap) = (states, names)
        statements = try (0..<statementCount).map { number in
            try MapStatement(
                facts: checkpoint,
                logs: logs,
                time: time - statementCount + 1 + number,
                states: MapStatement.Map(count: stateMap.map.count, root: stateMap.map.root),
                names: MapStatement.Map(count: nameMap.map.count, root: nameMap.map.root)
            )
        }
    }

    /// The first id with this beginning that is at home in a log.
    static func id(_ begin: String, in log: Log, of logs: Logs) -> Secret {
        var (id, number) = (Secret(begin), 0)
        while logs.home(of: label(id)) != log {
            number += 1
            id = Secret("\(begin)-\(number)")
        }
        return id
    }

    private static func users(
        _ count: Int,
        _ seed: UInt64,
        _ log: Log,
        _ logs: Logs,
        _ changed: (MapState) -> MapState
    ) -> [User] {
        // They were there when their pair was open, and nobody who is new has their names.
        let name = logs.isClosed(log) ? "former" : "user"
        let logs = logs.isClosed(log) ? Logs(pairs: logs.closedPairs) : logs
        var numbers = SeededRandom(seed: seed)
        return (0..<count).map { number in
            let fingerprint = Hexadecimal.encode(numbers.hash().bytes.prefix(16))
            let isErased = number % 10 == 9
            let state =
                isErased
                ? "{\"version\":4,\"status\":\"erased\"}"
                : "{\"version\":4,\"status\":\"connected\",\"human\":\"\(fingerprint)\"}"
            return User(
                subject: Identifier(
                    milliseconds: UInt64(1_764_000_000_000 + number),
                    sequence: 0,
                    random: numbers.next(),
                    in: log
                ),
                id: id("\(name)-\(number)", in: log, of: logs),
                state: changed(
                    MapState(
                        version: 4,
                        position: Int64(4 * number + 3),
                        record: MerkleHash(leaf: Array("record \(4 * number + 3)".utf8)),
                        state: Array(state.utf8)
                    )
                )
            )
        }
    }

    private static func states(_ users: [User], _ origin: String) -> MapBox {
        MapBox(
            .holding(
                users.map { user in
                    let key = MapKey.state(
                        origin: origin,
                        clientID: clientID,
                        subject: user.subject
                    )
                    return (key: key, value: user.state.value)
                }
            )
        )
    }

    /// Without those who were erased.
    private static func names(_ users: [User], _ origin: String) -> MapBox {
        MapBox(
            .holding(
                users.enumerated().filter { $0.offset % 10 != 9 }.map { _, user in
                    let key = MapKey.name(
                        origin: origin,
                        clientID: clientID,
                        label: label(user.id)
                    )
                    return (key: key, value: MapState.name(of: user.subject))
                }
            )
        )
    }

    /// A statement's place in the log of maps, cosigned at a time.
    func entry(
        _ index: Int,
        in size: Int,
        cosignedAt time: Int? = SampleLedger.time
    ) throws -> EntryProof {
        let leaves = statements.prefix(size).map(\.leaf)
        let plan = try ProofPlan.inclusion(of: index, in: size)
        var tree = TreeFrontier()
        for leaf in leaves { tree.append(leaf) }
        let checkpoint = try Checkpoint(origin: mapSigner.key.name, size: size, root: tree.root)
        var note = try mapSigner.sign(checkpoint)
        if let time { try note.add([witness.sign(checkpoint, time: time)]) }
        return try EntryProof(
            index: index,
            hashes: plan.hashes { node in
                var part = TreeFrontier()
                let width = 1 << node.level
                for leaf in leaves[node.index * width..<(node.index + 1) * width] {
                    part.append(leaf)
                }
                return part.root
            },
            note: note
        )
    }

    /// What the map of states says of a pseudonym.
    func statesPart(_ subject: Identifier) -> StateProof.States {
        let key = MapKey.state(
            origin: factsSigner.key.name,
            clientID: Self.clientID,
            subject: subject
        )
        return StateProof.States(
            subject: subject,
            state: subject == stateless ? nil : users.first { $0.subject == subject }?.state,
            proof: states.map.proof(for: key)
        )
    }

    /// What the map of names says of an id.
    func namesPart(_ id: Secret) -> StateProof.Names {
        let label = Self.label(id)
        let key = MapKey.name(
            origin: factsSigner.key.name,
            clientID: Self.clientID,
            label: label
        )
        return StateProof.Names(label: label, proof: names.map.proof(for: key))
    }

    func proof(
        _ states: StateProof.States?,
        _ names: StateProof.Names?,
        entry: EntryProof? = nil,
        statement: Int? = nil
    ) throws -> StateProof {
        try StateProof(
            clientID: Self.clientID,
            states: states,
            names: names,
            statement: statements[statement ?? statements.count - 1],
            facts: factsNote,
            entry: entry ?? self.entry(statements.count - 1, in: statements.count)
        )
    }

    /// The proof of a user, by pseudonym and by name.
    func proof(of user: User) throws -> StateProof {
        try proof(statesPart(user.subject), namesPart(user.id))
    }

    /// That an id is nobody's, as far as these maps say.
    func absence(_ id: Secret) throws -> StateProof { try proof(nil, namesPart(id)) }

    /// Rules that take all of this.
    var check: StateProofCheck {
        var check = StateProofCheck(keys: [factsSigner.key], now: Self.time + 1)
        check.ageMax = 60
        check.witnesses = [witness.key]
        let known = Set([witness.key])
        check.isQuorum = { $0.isSuperset(of: known) }
        return check
    }
}

extension StateProofCheck {
    /// Checks a file of one proof.
    func verify(_ proof: StateProof) throws(StateProofError) -> StateVerdict {
        try verify(StateDocument([proof]))
    }
}
