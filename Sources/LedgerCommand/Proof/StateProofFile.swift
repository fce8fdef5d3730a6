import Foundation
import Ledger
import MerkleLog
import StateMap
import Wire

/// What `token-ledger verify PROOF` reads.
struct StateProofFile {
    /// What it says of one.
    struct Answer {
        let verdict: Result<StateVerdict, StateProofError>
        let bytes: Int

        var isRefused: Bool { (try? verdict.get()) == nil }
    }

    private let bytes: [UInt8]

    /// Whether something is at this path and no folder.
    static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return isThere && !isFolder.boolValue
    }

    init(_ path: String) throws {
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            // One byte too many is enough to be refused.
            bytes = Array(try file.read(upToCount: StateDocument.bytesMax + 1) ?? Data())
        } catch {
            throw CommandError("\(path) cannot be read.")
        }
    }

    func verified(by options: StateProofOptions, keys: [VerifierKey]) throws -> Answer {
        let check = try options.check(keys: keys, now: Int(Date().timeIntervalSince1970))
        do throws(StateProofError) {
            return Answer(
                verdict: .success(try check.verify(StateDocument(bytes))),
                bytes: bytes.count
            )
        } catch {
            return Answer(verdict: .failure(error), bytes: bytes.count)
        }
    }
}

extension StateProofFile.Answer {
    func show(asJSON: Bool) {
        if asJSON { return Terminal.result(document) }
        switch verdict {
        case .success(let verdict):
            for sentence in verdict.sentences { Terminal.message(sentence) }
            Terminal.message("\(bytes) bytes checked: everything fits.")
        case .failure(let error):
            Terminal.result("\(error.kind): \(error)")
            Terminal.message("Refused: the file does not prove what you asked for.")
        }
    }

    private var document: JSONValue {
        switch verdict {
        case .success(let verdict):
            let state = verdict.state
            return [
                "is_clean": true,
                "client_id": .string(verdict.clientID),
                "subject": verdict.subject.map { .string("\($0)") } ?? .null,
                "status": state.map { .string($0.status.rawValue) } ?? .null,
                "version": state.map { .number(String($0.version)) } ?? .null,
                "position": verdict.position.map { .number(String($0)) } ?? .null,
                "pairs": .number(String(verdict.statement.logs.pairs)),
                "closed_pairs": .number(String(verdict.statement.logs.closedPairs)),
                "facts_size": .number(String(verdict.factsSize)),
                "stated_at": .number(String(verdict.statedAt)),
                "age_seconds": .number(String(verdict.ageSeconds)),
                "cosigners": .array(verdict.cosigners.map { .string($0) }),
                "findings": .array([]),
                "verdict": .array(verdict.sentences.map { .string($0) }),
            ]
        case .failure(let error):
            return [
                "is_clean": false,
                "findings": .array([
                    ["kind": .string(error.kind), "problem": .string("\(error)")]
                ]),
            ]
        }
    }
}
