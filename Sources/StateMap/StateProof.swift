package import Ledger
package import MerkleLog
internal import Wire

/// Proves what is current for a user by the maps of one pair of logs.
///
/// It is the state, its place in the map of states, the map's root in the log of maps, and both checkpoints; one or
/// several are a file (`StateDocument`).
///
/// The last part is a C2SP `tlog-proof` of the log of maps, byte for byte; what stands before it is
/// its entry and the way to it, in lines of the same kind. Nothing in it may be believed before
/// `StateProofCheck` has verified it.
package struct StateProof: Sendable, Equatable {
    /// What the map of states says of a pseudonym.
    package struct States: Sendable, Equatable {
        /// Whose state it is.
        package let subject: Identifier
        /// The state; nil where the map holds none.
        package let state: MapState?
        /// Shows either.
        package let proof: MapProof

        package init(subject: Identifier, state: MapState?, proof: MapProof) {
            self.subject = subject
            self.state = state
            self.proof = proof
        }
    }

    /// What the map of names says of a `clientUserId`: that it is the subject's, or nobody's.
    package struct Names: Sendable, Equatable {
        /// The keyed label of the `clientUserId`.
        package let label: Fingerprint
        /// Shows whether the map holds it.
        package let proof: MapProof

        package init(label: Fingerprint, proof: MapProof) {
            self.label = label
            self.proof = proof
        }
    }

    /// A state is far shorter; this bounds what is read.
    package static let stateBytesMax = 64 << 10
    /// A note for the facts, a `tlog-proof`, and what stands before them.
    package static let bytesMax = 2 * EntryProof.bytesMax

    /// The line that a proof begins with, and no other line of it is.
    static let header = "token-ledger/state-proof@v1"
    private static let clientIDBytesMax = 1 << 10

    /// The app's `clientId`.
    package let clientID: String
    /// Nil where a name is shown to be nobody's.
    package let states: States?
    /// Nil where a pseudonym was asked for, or the deployment keeps no map of names.
    package let names: Names?
    /// The entry of the log of maps.
    package let statement: MapStatement
    /// The checkpoint of the facts that the statement names, with its signatures, not verified.
    package let facts: SignedNote
    /// The statement's place in the log of maps, with that log's checkpoint, not verified.
    package let entry: EntryProof

    /// Puts the parts together; refuses parts that are not about each other.
    package init(
        clientID: String,
        states: States?,
        names: Names?,
        statement: MapStatement,
        facts: SignedNote,
        entry: EntryProof
    ) throws(StateProofError) {
        let stateBytes = states?.state?.state ?? []
        guard states != nil || names != nil, entry.extra == nil,
            facts.text.isIdentical(to: statement.facts.text),
            clientID.isNoteLine, clientID.utf8.count <= Self.clientIDBytesMax,
            stateBytes.count <= Self.stateBytesMax, stateBytes.allSatisfy({ $0 >= 0x20 })
        else { throw .malformed }
        self.clientID = clientID
        self.states = states
        self.names = names
        self.statement = statement
        self.facts = facts
        self.entry = entry
    }

    /// The proof.
    package var bytes: [UInt8] {
        var lines = [Self.header, "client \(clientID)"]
        if let states {
            lines.append("subject \(states.subject)")
            if let state = states.state {
                let json = String(decoding: state.state, as: UTF8.self)
                lines.append("state \(state.version) \(state.position) \(state.record) \(json)")
            }
            lines.append("states \(Base64.standard.encode(states.proof.bytes))")
        }
        if let names {
            lines.append("label \(names.label)")
            lines.append("names \(Base64.standard.encode(names.proof.bytes))")
        }
        let head = lines.map { $0 + "\n" }.joined() + "\n"
        let signatures = "\n" + facts.signatures.map(\.line).joined() + "\n"
        return Array(head.utf8) + statement.bytes + signatures.utf8 + entry.bytes
    }

    /// Reads a proof, strictly: it must be what `bytes` writes.
    package init(_ bytes: [UInt8]) throws(StateProofError) {
        guard bytes.count <= Self.bytesMax else { throw .malformed }
        var reader = LineReader(bytes)
        guard let first = reader.line(), first.elementsEqual(Self.header.utf8),
            let client = reader.line(after: "client"),
            let clientID = String(validating: client, as: UTF8.self)
        else { throw .malformed }
        let states = try Self.states(&reader)
        let names = try Self.names(&reader)
        guard let end = reader.line(), end.isEmpty, let statement = Self.part(&reader),
            let signatures = Self.part(&reader)
        else { throw .malformed }
        let stated = try MapStatement(statement)
        let note = Array(stated.facts.text.utf8) + [LineReader.newline] + signatures
        guard let facts = try? SignedNote(note), let entry = try? EntryProof(Array(reader.rest))
        else { throw .malformed }
        try self.init(
            clientID: clientID,
            states: states,
            names: names,
            statement: stated,
            facts: facts,
            entry: entry
        )
        guard self.bytes == bytes else { throw .malformed }
    }

    /// The lines up to the next empty one, which is taken as well.
    private static func part(_ reader: inout LineReader) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let line = reader.line() {
            if line.isEmpty { return bytes }
            bytes += line + [LineReader.newline]
        }
        return nil
    }

    private static func states(_ reader: inout LineReader) throws(StateProofError) -> States? {
        guard let line = reader.line(after: "subject") else { return nil }
        guard let text = String(validating: line, as: UTF8.self), let subject = Identifier(text)
        else { throw .malformed }
        var state: MapState?
        if let line = reader.line(after: "state") {
            let parts = line.split(
                separator: UInt8(ascii: " "),
                maxSplits: 3,
                omittingEmptySubsequences: false
            )
            guard parts.count == 4, let version = LineReader.decimal(parts[0]),
                let position = LineReader.decimal(parts[1]),
                let record = MerkleHash(base64: parts[2])
            else { throw .malformed }
            state = MapState(
                version: Int64(version),
                position: Int64(position),
                record: record,
                state: Array(parts[3])
            )
        }
        guard let proof = proof(&reader, "states") else { throw .malformed }
        return States(subject: subject, state: state, proof: proof)
    }

    private static func names(_ reader: inout LineReader) throws(StateProofError) -> Names? {
        guard let line = reader.line(after: "label") else { return nil }
        guard let text = String(validating: line, as: UTF8.self),
            let label = Fingerprint(hexadecimal: text), let proof = proof(&reader, "names")
        else { throw .malformed }
        return Names(label: label, proof: proof)
    }

    private static func proof(_ reader: inout LineReader, _ word: String) -> MapProof? {
        guard let line = reader.line(after: word), let bytes = Base64.standard.decode(line) else {
            return nil
        }
        return try? MapProof(bytes)
    }
}
