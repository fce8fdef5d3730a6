import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

@Suite("Manifests", .timeLimit(.minutes(5)))
struct ManifestTests {
    /// Statements that can not be true, whatever the files have in them.
    private static let contradictions: [@Sendable (inout BundleManifest) throws -> Void] = [
        { $0.positions = 0..<31 },
        { $0.positions = 1..<30 },
        { $0.positions = 0..<29 },
        { $0.treeSize = 31 },
        { $0.query.clientID = "shop" },
        { $0.query.types = ["app.added"] },
        { $0.query.before = Timestamp(microseconds: 0) },
        { $0.proof = .inclusion },
        { $0.events = 29 },
        { $0.events = 31 },
        { $0.events = 0 },
        { $0.span = nil },
        { $0.span = 0...30 },
        { $0.span = 1...29 },
        { $0.files.swapAt(0, 1) },
        { $0.files.append($0.files[0]) },
        { $0.files.removeLast() },
        { $0.files.removeAll { $0.name == "checkpoint" } },
        { $0.files.removeAll { $0.name == "checkpoint.first" } },
        { $0.files.removeAll { $0.name == "consistency.json" } },
        { $0.files.removeAll { $0.name == "events.ndjson" } },
        { $0.files[3].name = "events.csv.gz" },
        { $0.files[3].name = "../events.csv" },
        { $0.files[4].name = "events.ndjson.gz" },
        {
            $0.files.append(
                .init(name: "proofs.ndjson", bytes: 0, sha256: $0.root, lines: 0)
            )
        },
    ]

    @Test("a manifest that contradicts itself is refused by both verifiers")
    func contradictions() async throws {
        let log = try SampleLog(30)
        let whole = try EditableBundle(log, log.plan(csv: true))
        var bundles: [EditableBundle] = []
        for (index, change) in Self.contradictions.enumerated() {
            var bundle = whole
            try bundle.edit(signedBy: log.signer, change)
            bundles.append(bundle)
            #expect(throws: BundleError.self, "\(index)") { try bundle.manifest }
            let findings = try bundle.findings(keys: [log.signer.key])
            #expect(findings.map(\.file) == ["manifest.json"], "\(index)")
            #expect(findings.map(\.kind) == [.manifestMalformed], "\(index)")
        }
        let key = log.signer.key.description
        for (index, answer) in try await PythonVerifier.ask(bundles, key: key).enumerated() {
            #expect(!answer.accepted, "\(index)")
        }
    }

    @Test("a part of the log is within the checkpoint's tree, and a plan is, too")
    func rangeOfPart() async throws {
        let log = try SampleLog(30)
        let query = EventQuery(clientID: SampleLog.clientIDs[1])
        #expect(throws: BundleError.self) { try log.plan(query, positions: 0..<31) }
        var bundle = try EditableBundle(log, log.plan(query))
        try bundle.edit(signedBy: log.signer) { $0.positions = 0..<31 }
        #expect(throws: BundleError.self) { try bundle.manifest }
        let key = log.signer.key.description
        #expect(try await PythonVerifier.ask([bundle], key: key).map(\.accepted) == [false])
    }

    @Test("a part without a filter has every position of its range")
    func unfilteredPart() async throws {
        let log = try SampleLog(30)
        let part = try EditableBundle(log, log.plan(positions: 4..<20))
        let key = log.signer.key
        #expect(try part.findings(keys: [key]) == [])
        var fewer = part
        // What somebody would sign who left an event out.
        try fewer.edit(signedBy: log.signer) { $0.events = 15 }
        #expect(throws: BundleError.self) { try fewer.manifest }
        let answers = try await PythonVerifier.ask([part, fewer], key: key.description)
        #expect(answers.map(\.accepted) == [true, false])
    }

    @Test("a manifest has one spelling, and both verifiers take no other")
    func spellings() async throws {
        let log = try SampleLog(30)
        let query = EventQuery(clientID: SampleLog.clientIDs[1], types: ["app.added"])
        let whole = try EditableBundle(log, log.plan(query))
        let text = String(decoding: try #require(whole.files["manifest.json"]), as: UTF8.self)
        var bundles: [EditableBundle] = []
        for (old, new) in [
            ("{\"format\"", "{ \"format\""), ("\n", ""), ("\n", "\n\n"), ("/", "\\/"),
            ("[\"app.added\"]", "[]"), ("\"tree_size\":30", "\"tree_size\":30.0"),
            ("\"tree_size\":30", "\"tree_size\":3e1"), ("\"tree_size\":30", "\"tree_size\":030"),
            ("\"tree_size\":30", "\"tree_size\":9223372036854775808"),
            ("\"tree_size\":30", "\"tree_size\":-1"), ("bundle/1", "bundle/2"),
            ("\"made_by\":\"operator\",", ""), ("operator", "op\\u0065rator"),
            ("\"files\":[", "\"more\":1,\"files\":["), ("a.", "A."), ("T20:26", "T25:26"),
            ("\"lines\":1}", "\"lines\":\"1\"}"),
        ] {
            let changed = text.replacing(old, with: new)
            guard changed != text else { continue }
            var bundle = whole
            bundle.files["manifest.json"] = Array(changed.utf8)
            let note = try log.signer.sign(BundleManifest.noteText(Array(changed.utf8)))
            bundle.files["manifest.note"] = note.bytes
            bundles.append(bundle)
            #expect(throws: BundleError.self, "\(new)") { try bundle.manifest }
        }
        #expect(bundles.count > 14)
        let key = log.signer.key.description
        for (index, answer) in try await PythonVerifier.ask(bundles, key: key).enumerated() {
            #expect(!answer.accepted, "\(index)")
        }
    }

    @Test("what was planned is bounded, so that the manifest can be read again")
    func bounded() throws {
        let log = try SampleLog(5)
        func plan(_ text: String, _ query: EventQuery = EventQuery()) throws -> BundlePlan {
            try BundlePlan(
                export: Identifier(value: 1),
                madeAt: Timestamp(microseconds: 0),
                madeBy: text,
                reason: text,
                query: query,
                positions: 0..<5,
                verifierKey: log.signer.key,
                checkpoint: log.checkpoint(5),
                firstCheckpoint: log.checkpoint(5),
                consistency: []
            )
        }
        let longest = String(repeating: "\u{1}", count: 2_000)
        let query = EventQuery(clientID: longest, types: [longest])
        let widest = try plan(longest, query)
        let folder = try TemporaryFolder()
        try log.write(widest, to: folder.file("bundle"))
        #expect(try BundleReader(path: folder.file("bundle")).manifest?.reason == longest)
        #expect(throws: BundleError.self) { try plan(longest + "x") }
        #expect(throws: BundleError.self) {
            try plan("", EventQuery(types: [longest, "x"]))
        }
    }
}
