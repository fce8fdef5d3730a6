import Foundation
import Ledger
import MerkleLog
import SeededRandom
import Testing

@testable import LedgerExport

@Suite("Changed bundles", .timeLimit(.minutes(5)))
struct MutationTests {
    private static let seed: UInt64 = 20_261_122

    /// Small bundles of every kind; the log's key signed them.
    private static func bundles(gzip: Bool) throws -> [EditableBundle] {
        let log = try SampleLog(5)
        return [
            try EditableBundle(log, log.plan(csv: true, gzip: gzip, identities: true, page: true)),
            try EditableBundle(
                log,
                log.plan(
                    EventQuery(clientID: SampleLog.clientIDs[1]),
                    csv: true,
                    gzip: gzip,
                    identities: true
                )
            ),
        ]
    }

    @Test("no byte of any file can be changed", arguments: [false, true])
    func everyByte(_ isGzipped: Bool) async throws {
        let key = try SampleLog.signer(1).key
        for (number, bundle) in try Self.bundles(gzip: isGzipped).enumerated() {
            let folder = try bundle.write()
            #expect(try BundleVerification.run(folder: folder.path, keys: [key]).findings == [])
            // The second kind differs in its proofs; its other files are like the first kind's.
            let files = bundle.files.filter { number == 0 || $0.key.hasPrefix("proofs") }
            for (name, bytes) in files {
                // Of compressed files every fifth, for their sums are checked like all others; of the
                // page, which is large and only summed up, every fiftieth.
                let step = name == BundleLayout.page ? 50 : isGzipped ? 5 : 1
                for index in stride(from: 0, to: bytes.count, by: step) {
                    await Task.yield()
                    var changed = bytes
                    changed[index] ^= 1 << UInt8(index % 8)
                    try folder.write(name, changed)
                    let report = try BundleVerification.run(folder: folder.path, keys: [key])
                    #expect(!report.findings.isEmpty, "\(name), byte \(index)")
                }
                try folder.write(name, bytes)
            }
        }
    }

    @Test("no file can be cut, made longer, removed or renamed")
    func everyFile() async throws {
        let key = try SampleLog.signer(1).key
        for bundle in try Self.bundles(gzip: false) + Self.bundles(gzip: true) {
            for (name, bytes) in bundle.files {
                var others = [bundle, bundle, bundle, bundle]
                others[0].files[name] = bytes.dropLast()
                others[1].files[name] = bytes + [0x0A]
                others[2].files[name] = nil
                others[3].files[name] = nil
                others[3].files[name + ".gz"] = bytes
                for (kind, other) in others.enumerated() {
                    await Task.yield()
                    #expect(try !other.findings(keys: [key]).isEmpty, "\(name), \(kind)")
                }
            }
        }
    }

    @Test("who can not sign gains nothing by making sizes and sums fit")
    func unsigned() throws {
        let log = try SampleLog(20)
        let stranger = try SampleLog.signer(9)
        let plan = try log.plan(EventQuery(clientID: SampleLog.clientIDs[1]), csv: true)
        let whole = try EditableBundle(log, plan)
        for name in ["events.ndjson", "proofs.ndjson"] {
            for kind in 0..<4 {
                var bundle = whole
                try bundle.edit(name) { lines in
                    switch kind {
                    case 0: lines.remove(at: 1)
                    case 1: lines.insert(lines[1], at: 1)
                    case 2: lines.swapAt(1, 2)
                    default: lines[1][lines[1].count / 2] ^= 1
                    }
                }
                // Once with the old signature, once with a new one of another key.
                var unsigned = bundle
                let note = bundle.files["manifest.note"]
                try unsigned.resum(signedBy: stranger)
                try bundle.resum(signedBy: stranger)
                unsigned.files["manifest.note"] = note
                for other in [unsigned, bundle] {
                    #expect(try !other.findings(keys: [log.signer.key]).isEmpty)
                    #expect(try !other.findings(keys: [stranger.key]).isEmpty)
                    #expect(try !other.findings(keys: []).isEmpty)
                }
            }
        }
    }

    @Test("the independent verifier accepts and refuses the same")
    func python() async throws {
        let key = try SampleLog.signer(1).key
        var numbers = SeededRandom(seed: Self.seed)
        for isGzipped in [false, true] {
            let bundles = try Self.bundles(gzip: isGzipped)
            var asked = bundles
            for bundle in bundles {
                for (name, bytes) in bundle.files.sorted(by: { $0.key < $1.key }) {
                    for _ in 0..<6 {
                        var changed = bundle
                        let index = Int.random(in: bytes.indices, using: &numbers)
                        changed.files[name]?[index] ^= 1 << UInt8(numbers.next() % 8)
                        asked.append(changed)
                    }
                    var missing = bundle
                    missing.files[name] = nil
                    asked.append(missing)
                }
            }
            let answers = try await PythonVerifier.ask(asked, key: key.description)
            for (index, answer) in answers.enumerated() {
                #expect(answer.accepted == (index < bundles.count), "\(answer.message)")
            }
        }
    }

    @Test("the independent verifier accepts every kind of bundle", arguments: [false, true])
    func pythonAccepts(_ isGzipped: Bool) async throws {
        let log = try SampleLog(50)
        var bundles: [EditableBundle] = []
        for query in BundleTests.queries {
            for options in 0..<4 {
                let plan = try log.plan(
                    query,
                    positions: options == 3 ? 5..<41 : nil,
                    csv: options & 1 != 0,
                    gzip: isGzipped,
                    identities: options & 2 != 0,
                    page: options & 1 == 0
                )
                bundles.append(try EditableBundle(log, plan))
            }
        }
        let empty = try SampleLog(0)
        bundles.append(try EditableBundle(empty, empty.plan(csv: true, gzip: isGzipped)))
        let answers = try await PythonVerifier.ask(bundles, key: log.signer.key.description)
        for answer in answers { #expect(answer.accepted, "\(answer.message)") }
    }

    @Test("folders and links in a bundle are refused by both")
    func foreignThings() async throws {
        let key = try SampleLog.signer(1).key
        let bundle = try Self.bundles(gzip: false)[0]
        let whole = try bundle.write()
        #expect(try await PythonVerifier.verify(whole.path, key: key.description).status == 0)
        for kind in 0..<3 {
            let folder = try bundle.write()
            let files = FileManager.default
            switch kind {
            case 0:
                try files.createDirectory(
                    atPath: folder.file("more"),
                    withIntermediateDirectories: false
                )
            case 1:
                try files.removeItem(atPath: folder.file("events.ndjson"))
                try files.createSymbolicLink(
                    atPath: folder.file("events.ndjson"),
                    withDestinationPath: whole.file("events.ndjson")
                )
            default:
                try files.removeItem(atPath: folder.file("manifest.note"))
                try files.createSymbolicLink(
                    atPath: folder.file("manifest.note"),
                    withDestinationPath: whole.file("manifest.note")
                )
            }
            let report = try BundleVerification.run(folder: folder.path, keys: [key])
            #expect(!report.findings.isEmpty, "\(kind)")
            let answer = try await PythonVerifier.verify(folder.path, key: key.description)
            #expect(answer.status == 1, "\(kind): \(answer.text)")
        }
    }
}
