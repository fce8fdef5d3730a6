import Ledger
import MerkleLog
import StateMap
import Testing

/// What a few lines of Python computed, from docs/auditor.md and nothing of ours.
@Suite("Known answers")
struct KnownAnswerTests {
    private let origin = "token-ledger/0123456789abcdef/0"
    private let clientID = "demo-client"

    private func subject(_ digit: Int) throws -> Identifier {
        try #require(Identifier("019ab8f0-0000-7000-8000-00000000000\(digit)"))
    }

    @Test("keys, labels and values")
    func hashes() throws {
        let subject = try subject(1)
        let key = MapKey.state(origin: origin, clientID: clientID, subject: subject)
        #expect(key.description == "RYOzANUPmrPV+AdHCRlGMOp0Fu0VIyTV3zZxuDRXN14=")
        let label = MapKey.label(of: Secret("användare-1"), nameKey: Array(0..<32))
        #expect(label.description == "a0741bda554107f30b5deeedb278c66a")
        let name = MapKey.name(origin: origin, clientID: clientID, label: label)
        #expect(name.description == "5c18N28+/984ePe5KuKHldQi4nKRKahCrQM7BOxCq4s=")
        #expect(
            MapState.name(of: subject).description
                == "66Lly+heTtxp1MPhk/+Jl202jjcg9yuldDfVUNbo/m8="
        )
    }

    @Test("a map of two users, a map of one name, and the statement about them")
    func statement() throws {
        let record = MerkleHash(leaf: Array("a record".utf8))
        #expect(record.description == "c1F6z+zp9+rysWL5BWS8/OfkePn4v6NlZG9mdgXec5s=")
        let state = MapState(
            version: 7,
            position: 42,
            record: record,
            state: Array("{\"version\":7,\"status\":\"launched\"}".utf8)
        )
        #expect(state.value.description == "soZK2QI2wi3+PJvYlV1RU07Ann0aMJyvHNjJqHiTL7Y=")
        let erased = MapState(
            version: 8,
            position: 43,
            record: record,
            state: Array("{\"version\":8,\"status\":\"erased\"}".utf8)
        )
        #expect(erased.value.description == "s29ODAaB9duriyEDSj84owVKJxNZ4WoTLgHf53qKIPI=")
        var states = MerkleMap()
        for (digit, value) in [(1, state.value), (2, erased.value)] {
            let subject = try subject(digit)
            states.set(
                value,
                for: MapKey.state(origin: origin, clientID: clientID, subject: subject)
            )
        }
        states.publish()
        let root = states.root
        #expect(root.description == "EAAPqSN3wnxx0PdK6LF9OI7gn6TjamKJz/foiz9Prv0=")
        var names = MerkleMap()
        let label = MapKey.label(of: Secret("användare-1"), nameKey: Array(0..<32))
        names.set(
            MapState.name(of: try subject(1)),
            for: MapKey.name(origin: origin, clientID: clientID, label: label)
        )
        names.publish()
        let nameRoot = names.root
        #expect(nameRoot.description == "u5sVkmuMn1dJagXE98+h6bcQ+pfoGytiZiNTpFunENo=")
        let statement = try MapStatement(
            facts: Checkpoint(origin: origin, size: 44, root: record),
            logs: .one,
            time: 1_764_450_000,
            states: MapStatement.Map(count: 2, root: root),
            names: MapStatement.Map(count: 1, root: nameRoot)
        )
        #expect(statement.bytes.count == 223)
        #expect(statement.leaf.description == "NGQF7c6eQCfkxB1sh5CKian25YCDQvSVaPn+82TEV/M=")
        #expect(try MapStatement(statement.bytes) == statement)
    }

    @Test("a statement of one of three pairs of logs")
    func pairs() throws {
        let map = MerkleHash.emptyTree
        let statement = try MapStatement(
            facts: Checkpoint(origin: "token-ledger/0123456789abcdef/4", size: 44, root: map),
            logs: Logs(pairs: 3),
            time: 1_764_450_000,
            states: MapStatement.Map(count: 2, root: map),
            names: MapStatement.Map(count: 1, root: map)
        )
        #expect(statement.log == Log(.facts, pair: 2))
        #expect(statement.bytes.count == 231)
        #expect(statement.leaf.description == "MoOQI+Fdm75fon5xFDZId8PkhOTTMdhnB/10NBQOnAU=")
        #expect(try MapStatement(statement.bytes) == statement)
        let text = String(decoding: statement.bytes, as: UTF8.self)
        let others = [
            text.replacing("pairs 3\n", with: ""), text.replacing("pairs 3", with: "pairs 1"),
            // There must be the pair that it is of.
            text.replacing("pairs 3", with: "pairs 2"), text.replacing("/4", with: "/6"),
            text.replacing("pairs 3", with: "pairs 513"), text.replacing("pairs", with: "Pairs"),
            text.replacing("pairs 3", with: "pairs 03"), text.replacing("pairs 3", with: "pairs"),
            text.replacing("pairs 3", with: "pairs 3\npairs 3"),
            // Of facts.
            text.replacing("/4", with: "/5"), text.replacing("/4", with: "/1026"),
            text.replacing("/4", with: "/04"), text.replacing("/4", with: "/x"),
        ]
        for other in others {
            #expect(throws: StateProofError.malformedStatement, "\(other)") {
                try MapStatement(Array(other.utf8))
            }
        }
    }

    @Test("a statement of one of four pairs of logs, of which two are closed")
    func closedPairs() throws {
        let map = MerkleHash.emptyTree
        let statement = try MapStatement(
            facts: Checkpoint(origin: "token-ledger/0123456789abcdef/4", size: 44, root: map),
            logs: Logs(pairs: 4, closedPairs: 2),
            time: 1_764_450_000,
            states: MapStatement.Map(count: 2, root: map),
            names: MapStatement.Map(count: 1, root: map)
        )
        #expect(statement.leaf.description == "6r+oBucro599ehTdGeD7E0kSXLdOm/fq4fr2g8zgoqc=")
        #expect(try MapStatement(statement.bytes) == statement)
        let text = String(decoding: statement.bytes, as: UTF8.self)
        #expect(text.contains("\npairs 4\nclosed 2\nstates 2 "))
        let others = [
            text.replacing("closed 2", with: "closed 0"),
            text.replacing("closed 2", with: "closed 4"),
            text.replacing("closed 2", with: "closed 5"),
            text.replacing("closed 2", with: "closed 02"),
            text.replacing("closed 2", with: "closed -1"),
            text.replacing("closed 2", with: "closed"),
            text.replacing("closed 2", with: "closed 2\nclosed 2"),
            text.replacing("pairs 4\nclosed 2", with: "closed 2\npairs 4"),
            text.replacing("/4\n", with: "/0\n").replacing("pairs 4\n", with: ""),
            text.replacing("pairs 4", with: "pairs 1"), text.replacing("closed", with: "Closed"),
            text.replacing("closed 2", with: "closed 99999999999999999999"),
        ]
        for other in others {
            #expect(throws: StateProofError.malformedStatement, "\(other)") {
                try MapStatement(Array(other.utf8))
            }
        }
    }

    @Test("a statement has one spelling")
    func spellings() throws {
        let text = """
            token-ledger/map@v1
            \(origin)
            44
            \(MerkleHash.emptyTree)
            time 1764450000
            states 2 \(MerkleHash.emptyTree)
            names 1 \(MerkleHash.emptyTree)

            """
        #expect(throws: Never.self) { try MapStatement(Array(text.utf8)) }
        let withoutNames = text.split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
        #expect(try MapStatement(Array(withoutNames.utf8)).names == nil)
        let others = [
            "", text + "\n", text + "more\n", String(text.dropLast()), "\n" + text,
            text.replacing("@v1", with: "@v2"), text.replacing("\n44\n", with: "\n044\n"),
            text.replacing("time 1", with: "time 01"), text.replacing("time", with: "Time"),
            text.replacing("states 2", with: "states -2"),
            text.replacing("states 2", with: "states  2"),
            text.replacing("names 1 ", with: "names 1"), text.replacing("\n", with: "\r\n"),
            text.replacing("time", with: "extension\ntime"),
            text.replacing("\nstates", with: "\npairs 1\nstates"),
            String(repeating: "x", count: 2_000),
        ]
        for other in others {
            #expect(throws: StateProofError.malformedStatement, "\(other)") {
                try MapStatement(Array(other.utf8))
            }
        }
    }
}
