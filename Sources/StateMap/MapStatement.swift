package import Ledger
package import MerkleLog

/// The entry of the log of maps: at which checkpoint of the facts the maps had these roots.
///
/// Lines as in C2SP `tlog-checkpoint`: a line that says what it is, then the three lines of the
/// facts' checkpoint, then time and maps. These bytes are the log's leaf. There is one spelling.
///
/// A ledger of several pairs of logs has a map in each, and who is not in one may be in another. So the statement
/// says how many there are and how many of them nobody new belongs to, and the origin of the facts which of them it
/// is of (docs/decisions/0067-k-logs-of-facts.md#what-lives-where).
package struct MapStatement: Sendable, Equatable {
    /// One map as a whole.
    package struct Map: Sendable, Equatable {
        /// How many keys it has.
        package let count: Int
        /// Its root.
        package let root: MerkleHash

        package init(count: Int, root: MerkleHash) {
            self.count = count
            self.root = root
        }
    }

    /// Nine short lines and an origin.
    package static let bytesMax = 1 << 10

    private static let header = "token-ledger/map@v1"

    /// The checkpoint of the log of facts that the maps were computed from.
    package let facts: Checkpoint
    /// Which logs the ledger has: a line says how many pairs where there are two or more, and another one how many
    /// of them are closed where any is.
    package let logs: Logs
    /// Which log of facts that is; the statement stands in the log of maps of the same pair.
    package let log: Log
    /// When it was made, in seconds since 1970.
    package let time: Int
    /// The map of states.
    package let states: Map
    /// The map of names; nil where a deployment keeps none.
    package let names: Map?

    /// Makes a statement; refuses a checkpoint with further lines, negative numbers, and facts that are not of
    /// one of these logs.
    package init(
        facts: Checkpoint,
        logs: Logs,
        time: Int,
        states: Map,
        names: Map?
    ) throws(StateProofError) {
        guard facts.extensions.isEmpty, time >= 0, states.count >= 0, names?.count ?? 0 >= 0,
            let log = Log(origin: facts.origin), log.kind == .facts, logs.contains(log)
        else { throw .malformedStatement }
        self.facts = facts
        self.log = log
        self.logs = logs
        self.time = time
        self.states = states
        self.names = names
    }

    /// Reads an entry, strictly.
    package init(_ bytes: [UInt8]) throws(StateProofError) {
        guard bytes.count <= Self.bytesMax else { throw .malformedStatement }
        var reader = LineReader(bytes)
        guard let first = reader.line(), first.elementsEqual(Self.header.utf8),
            let origin = reader.line(), let size = reader.line(), let root = reader.line(),
            let checkpoint = try? Checkpoint(
                String(decoding: origin + [0x0A] + size + [0x0A] + root + [0x0A], as: UTF8.self)
            ),
            let time = reader.line(after: "time").flatMap({ LineReader.decimal($0) })
        else { throw .malformedStatement }
        let logs = try Self.logs(&reader)
        guard let states = reader.line(after: "states").flatMap({ Map($0) })
        else { throw .malformedStatement }
        var names: Map?
        if !reader.isAtEnd {
            guard let line = reader.line(after: "names"), let map = Map(line) else {
                throw .malformedStatement
            }
            names = map
        }
        try self.init(facts: checkpoint, logs: logs, time: time, states: states, names: names)
        guard self.bytes == bytes else { throw .malformedStatement }
    }

    /// One pair where no line says how many there are.
    private static func logs(_ reader: inout LineReader) throws(StateProofError) -> Logs {
        guard let line = reader.line(after: "pairs") else { return .one }
        guard let pairs = LineReader.decimal(line), 2...Log.pairsMax ~= pairs else {
            throw .malformedStatement
        }
        guard let line = reader.line(after: "closed") else { return Logs(pairs: pairs) }
        guard let closed = LineReader.decimal(line), 1..<pairs ~= closed else {
            throw .malformedStatement
        }
        return Logs(pairs: pairs, closedPairs: closed)
    }

    /// The entry.
    package var bytes: [UInt8] {
        var text = "\(Self.header)\n\(facts.text)time \(time)\n"
        if logs.pairs > 1 { text += "pairs \(logs.pairs)\n" }
        if logs.closedPairs > 0 { text += "closed \(logs.closedPairs)\n" }
        text += "states \(states)\n"
        if let names { text += "names \(names)\n" }
        return Array(text.utf8)
    }

    /// Whose log that is: what is before the log's number in the origin.
    var deployment: String { String(facts.origin.dropLast("/\(log.id)".count)) }

    /// Its hash in the log of maps.
    package var leaf: MerkleHash { MerkleHash(leaf: bytes) }
}

extension MapStatement.Map: CustomStringConvertible {
    /// `count root`, as it stands in the statement.
    package var description: String { "\(count) \(root)" }

    init?(_ line: some Collection<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, let count = LineReader.decimal(parts[0]),
            let root = MerkleHash(base64: parts[1])
        else { return nil }
        self.init(count: count, root: root)
    }
}
