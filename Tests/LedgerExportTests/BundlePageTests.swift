import Foundation
import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

@Suite("The page of a bundle", .timeLimit(.minutes(5)))
struct BundlePageTests {
    /// What stands in a page, taken apart as a browser does it.
    private struct Page {
        let text: String
        var files: [String: [UInt8]] = [:]

        init(_ bytes: [UInt8], in folder: TemporaryFolder) throws {
            text = String(decoding: bytes, as: UTF8.self)
            let pattern =
                /<script type="text\/plain" data-file="([a-z.]+)">([A-Za-z0-9+\/=]*)<\/script>\n/
            for match in text.matches(of: pattern) {
                let packed = try #require(Data(base64Encoded: String(match.2)))
                try folder.write("packed", Array(packed))
                let content = try ContentFile(folder.file("packed"), isGzipped: true)
                var bytes: [UInt8] = []
                while true {
                    let piece = try content.next()
                    if piece.isEmpty { break }
                    bytes += piece
                }
                files[String(match.1)] = bytes
            }
        }
    }

    @Test(
        "it holds the very bytes, and a list of them that the log signed",
        arguments: BundleTests.queries.indices,
        [false, true]
    )
    func holds(_ query: Int, _ isGzipped: Bool) throws {
        let log = try SampleLog(60)
        let folder = try TemporaryFolder()
        let asked = BundleTests.queries[query]
        let plan = try log.plan(asked, csv: true, gzip: isGzipped, identities: true, page: true)
        let manifest = try log.write(plan, to: folder.file("bundle"))
        let plain = try EditableBundle(log, log.plan(asked, csv: true, identities: true))
        let page = try Page(try folder.read("bundle/index.html"), in: folder)
        #expect(page.text.hasPrefix("<!doctype html>\n\(manifest.events)\n<script"))
        #expect(page.text.hasSuffix("</script>\nend\n"))
        let data = plain.files.keys.filter { !$0.hasPrefix("manifest") && $0 != "events.csv" }
        #expect(
            Set(page.files.keys)
                == Set(data + ["history.ndjson", "manifest.json", "manifest.note"])
        )
        for name in data { #expect(page.files[name] == plain.files[name], "\(name)") }
        let lengths = try plain.lines("events.ndjson").map { "[\"\($0.count)\"]\n" }.joined()
        #expect(page.files["history.ndjson"] == Array(lengths.utf8))
        // The list is signed, and neither it nor its signature can be taken for a bundle's.
        let list = try #require(page.files["manifest.json"])
        let note = try SignedNote(try #require(page.files["manifest.note"]))
        #expect(note.text == BundleManifest.noteText(list, format: BundleManifest.pageFormat))
        #expect(try note.verify([log.signer.key]).count == 1)
        #expect(throws: BundleError.self) { try BundleManifest(decoding: list) }
        let said = String(decoding: list, as: UTF8.self)
        for (name, bytes) in page.files where !name.hasPrefix("manifest") {
            try folder.write("one", bytes)
            let file = try BundleManifest.File(
                describing: "one",
                in: DiskFolder(folder.path),
                lines: nil
            )
            let entry =
                "{\"name\":\"\(name)\",\"bytes\":\(file.bytes),\"sha256\":\""
                + "\(file.sha256.hexadecimal)\",\"lines\":\(file.lines)}"
            #expect(said.contains(entry), "\(name)")
        }
        #expect(said.matches(of: /"name"/).count == page.files.count - 2)
    }

    @Test("a page that was changed, removed or put there is found by both verifiers")
    func changed() async throws {
        let log = try SampleLog(20)
        let key = log.signer.key
        let with = try EditableBundle(log, log.plan(page: true))
        let without = try EditableBundle(log, log.plan())
        #expect(try with.findings(keys: [key]) == [])
        var changed = with
        changed.files["index.html"]?[20] ^= 1
        var removed = with
        removed.files["index.html"] = nil
        var added = without
        added.files["index.html"] = with.files["index.html"]
        #expect(try changed.findings(keys: [key]).map(\.kind) == [.fileDiffers])
        #expect(try removed.findings(keys: [key]).map(\.kind) == [.fileMissing, .fileUnreadable])
        #expect(try added.findings(keys: [key]).map(\.kind) == [.fileNotListed])
        let answers = try await PythonVerifier.ask(
            [with, without, changed, removed, added],
            key: key.description
        )
        #expect(answers.map(\.accepted) == [true, true, false, false, false])
    }

    @Test("the verdict says what the page is")
    func verdict() throws {
        let log = try SampleLog(20)
        let folder = try TemporaryFolder()
        try log.write(try log.plan(page: true), to: folder.file("bundle"))
        let report = try BundleVerification.run(
            folder: folder.file("bundle"),
            keys: [log.signer.key]
        )
        #expect(report.sentences.contains { $0.contains("The page index.html is the one") })
    }

    @Test("more than a browser holds is not on the page, which is there all the same")
    func tooLarge() throws {
        let log = try SampleLog(1)
        let record = try #require(log.records.first)
        let count = Int(ExportLimits.shownEventsMax) + 1
        let folder = try TemporaryFolder()
        let plan = try BundlePlan(
            export: Identifier(value: 1),
            madeAt: Timestamp(microseconds: 0),
            madeBy: "operator",
            reason: "test",
            query: EventQuery(),
            positions: 0..<Int64(count),
            verifierKey: log.signer.key,
            checkpoint: log.signer.sign(
                Checkpoint(origin: SampleLog.origin, size: count, root: log.root(1))
            ),
            firstCheckpoint: log.checkpoint(1),
            consistency: [],
            isGzipped: true,
            hasPage: true
        )
        let writer = try BundleWriter(folder: folder.file("bundle"), plan: plan, resuming: false)
        let lines = [[UInt8]](repeating: record + [0x0A], count: count).flatMap { $0 }
        try writer.append(
            lines: lines,
            ends: (1...count).map { $0 * (record.count + 1) },
            positions: (0..<Int64(count)).map { $0 },
            proofs: nil
        )
        var hasEvents = true
        _ = try writer.finish { content in
            hasEvents = content.hasEvents
            return BundlePage(head: [], foot: []) { _ in [] }
        } sign: {
            try log.signer.sign($0)
        }
        #expect(!hasEvents)
        let page = try Page(try folder.read("bundle/index.html"), in: folder)
        #expect(
            page.files.keys.sorted() == [
                "checkpoint", "checkpoint.first", "consistency.json", "manifest.json",
                "manifest.note",
            ]
        )
    }
}
