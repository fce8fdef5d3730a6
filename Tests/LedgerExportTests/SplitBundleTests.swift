import Foundation
import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

/// Bundles of several logs.
@Suite("Split bundles", .timeLimit(.minutes(5)))
struct SplitBundleTests {
    /// Three pairs, of which the third has no facts.
    private struct Scene {
        let folder: TemporaryFolder
        let logs: [(log: Log, sample: SampleLog)]
        let cut: Cut

        var path: String { folder.file("bundle") }
        var key: VerifierKey { logs[0].sample.signer.key }

        init(
            _ query: EventQuery = EventQuery(),
            export: (Int) -> UInt128 = { _ in 77 },
            change: (inout [Cut.Tree]) -> Void = { _ in }
        ) throws {
            folder = try TemporaryFolder()
            logs = try [23, 14, 0].enumerated().map { pair, count in
                let log = Log(.facts, pair: pair)
                return (log, try SampleLog(count, seed: UInt64(pair) + 7, log: log.id))
            }
            let other = Cut.Tree(size: 9, root: MerkleHash(leaf: [1]))
            var trees = logs.flatMap { log in
                [Cut.Tree(size: log.sample.size, root: log.sample.root(log.sample.size)), other]
            }
            change(&trees)
            cut = try Cut(name: SampleLog.ledger + "/cut", trees: trees)
            let bundle = SplitBundle(folder: folder.file("bundle"))
            let note = try Self.signer().sign(cut.text)
            _ = try bundle.begin(note, of: logs.map(\.log), resuming: false)
            for (index, log) in logs.enumerated() where log.sample.size > 0 {
                let plan = try log.sample.plan(query, export: export(index), page: true)
                try log.sample.write(plan, to: bundle.part(log.log))
            }
        }

        static func signer(_ number: UInt8 = 1) throws -> NoteSigner {
            try SampleLog.signer(number, name: SampleLog.ledger + "/cut")
        }

        func verify(
            _ checks: Set<SplitVerification.Check> = Set(SplitVerification.Check.allCases)
        ) throws -> SplitReport {
            try SplitVerification.run(folder: path, keys: [key], checks: checks)
        }
    }

    @Test("what was written is accepted, with any log's key, and by Python", arguments: [0, 1])
    func accepted(_ query: Int) async throws {
        let scene = try Scene(BundleTests.queries[query])
        for log in scene.logs {
            let report = try SplitVerification.run(
                folder: scene.path,
                keys: [log.sample.signer.key]
            )
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect(report.cut == scene.cut)
            #expect(report.keySource == .pinned)
            #expect(report.parts.map(\.log.name) == ["facts", "facts-1"])
            #expect(report.events > 0)
            #expect(report.sentences.contains { $0.hasPrefix("facts-1: ") })
        }
        let unpinned = try SplitVerification.run(folder: scene.path, keys: [])
        #expect(unpinned.findings.isEmpty && unpinned.keySource == .bundle)
        let python = try await PythonVerifier.verify(scene.path, key: "\(scene.key)")
        #expect(python.status == 0, "\(python.text)")
    }

    @Test("each part is a bundle by itself")
    func parts() async throws {
        let scene = try Scene()
        let part = scene.path + "/facts-1"
        let key = scene.logs[1].sample.signer.key
        #expect(!SplitBundle(folder: part).isThere && SplitBundle(folder: scene.path).isThere)
        #expect(try BundleVerification.run(folder: part, keys: [key]).findings.isEmpty)
        #expect(try await PythonVerifier.verify(part, key: "\(key)").status == 0)
    }

    @Test("a wrong, missing or foreign part is found, and by the check that is there for it")
    func damages() async throws {
        let files = FileManager.default
        func found(
            _ scene: Scene,
            _ kinds: [BundleReport.Finding.Kind],
            without check: SplitVerification.Check?,
            _ comment: Comment
        ) async throws {
            let report = try scene.verify()
            #expect(report.findings.map(\.kind) == kinds, comment)
            #expect(report.sentences == [BundleReport.nothingProved], comment)
            if let check {
                let checks = Set(SplitVerification.Check.allCases).subtracting([check])
                #expect(try scene.verify(checks).findings.isEmpty, comment)
            }
            let python = try await PythonVerifier.verify(scene.path, key: "\(scene.key)")
            #expect(python.status == 1, comment)
        }
        let missing = try Scene()
        try files.removeItem(atPath: missing.path + "/facts-1")
        try await found(missing, [.partMissing], without: .names, "a part is missing")

        let foreign = try Scene()
        try foreign.folder.write("bundle/note.txt", [1])
        try await found(foreign, [.partForeign], without: .names, "a file that is no part")

        let empty = try Scene()
        try files.copyItem(atPath: empty.path + "/facts-1", toPath: empty.path + "/facts-2")
        try await found(empty, [.partForeign], without: .names, "a part of a log without events")

        let swapped = try Scene()
        try files.removeItem(atPath: swapped.path + "/facts-1")
        try files.copyItem(atPath: swapped.path + "/facts", toPath: swapped.path + "/facts-1")
        try await found(
            swapped,
            [.keyNotPinned, .cutDiffers, .partOfOtherExport],
            without: nil,
            "a part in another one's place"
        )

        let larger = try Scene(change: { trees in
            trees[2] = Cut.Tree(size: 15, root: trees[2].root)
        })
        try await found(larger, [.cutDiffers, .partOfOtherExport], without: nil, "another size")

        let other = try Scene(change: { trees in
            trees[0] = Cut.Tree(size: 23, root: trees[1].root)
        })
        try await found(other, [.cutDiffers], without: .tree, "another root")

        let mixed = try Scene(export: { UInt128($0) })
        try await found(mixed, [.partOfOtherExport], without: .export, "parts of two exports")

        for text in ["", "x", SampleLog.ledger + "/cut\n1\n"] {
            let unsound = try Scene()
            try unsound.folder.write("bundle/cut", Array(text.utf8))
            try await found(unsound, [.cutUnsound], without: nil, "\(text)")
        }
        let forged = try Scene()
        let note = try Scene.signer(2).sign(forged.cut.text)
        try forged.folder.write("bundle/cut", note.bytes)
        try await found(forged, [.cutUnsound], without: .key, "signed by somebody else")

        let checkpoint = try Scene()
        let signed = try checkpoint.logs[0].sample.signer.sign(checkpoint.cut.text)
        try checkpoint.folder.write("bundle/cut", signed.bytes)
        try await found(checkpoint, [.cutUnsound], without: .key, "signed under a log's name")
    }

    @Test("it begins in an empty folder only, and goes on with its own cut")
    func begins() throws {
        let scene = try Scene()
        let bundle = SplitBundle(folder: scene.path)
        let later = try Scene.signer().sign(
            try Cut(
                name: SampleLog.ledger + "/cut",
                trees: scene.cut.trees.map { Cut.Tree(size: $0.size + 1, root: $0.root) }
            ).text
        )
        let logs = scene.logs.map(\.log)
        #expect(throws: BundleError.occupied(name: "cut")) {
            try bundle.begin(later, of: logs, resuming: false)
        }
        let resumed = try bundle.begin(later, of: logs, resuming: true)
        #expect(try Cut(resumed.text) == scene.cut)
        try scene.folder.write("bundle/facts/progress.json", [])
        #expect(throws: BundleError.unfinished) {
            try bundle.begin(later, of: logs, resuming: false)
        }
        #expect(throws: BundleError.occupied(name: "facts-1")) {
            try bundle.begin(later, of: [.facts], resuming: true)
        }
        let occupied = try TemporaryFolder()
        try occupied.write("x", [1])
        #expect(throws: BundleError.occupied(name: "x")) {
            try SplitBundle(folder: occupied.path).begin(later, of: logs, resuming: true)
        }
    }
}
