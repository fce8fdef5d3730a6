import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

@Suite("Bundles", .timeLimit(.minutes(5)))
struct BundleTests {
    /// The kinds of bundles that there are.
    static let queries: [EventQuery] = [
        EventQuery(),
        EventQuery(clientID: SampleLog.clientIDs[1]),
        EventQuery(subject: SampleHistory.subject(2)),
        EventQuery(
            types: ["public_token.rotated", "connection.broken"],
            since: Timestamp(microseconds: 1_770_000_000_000_000),
            before: Timestamp(microseconds: 1_770_001_200_000_000)
        ),
        EventQuery(clientID: "nobody"),
    ]

    @Test("what was written is accepted", arguments: queries.indices, [false, true])
    func accepted(_ query: Int, _ isGzipped: Bool) throws {
        let log = try SampleLog(50)
        for options in 0..<4 {
            let folder = try TemporaryFolder()
            let plan = try log.plan(
                Self.queries[query],
                csv: options & 1 != 0,
                gzip: isGzipped,
                identities: options & 2 != 0,
                page: options & 1 == 0
            )
            let path = folder.file("bundle")
            let manifest = try log.write(plan, to: path)
            #expect(manifest.events == Int64(log.positions(plan).count))
            let report = try BundleVerification.run(folder: path, keys: [log.signer.key])
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect(report.manifest == manifest)
            #expect(report.events == manifest.events)
        }
    }

    @Test("an empty log and a range of nothing have bundles, too", arguments: [false, true])
    func empty(_ isGzipped: Bool) throws {
        let empty = try SampleLog(0)
        let log = try SampleLog(9)
        let plans = [
            (empty, try empty.plan(csv: true, gzip: isGzipped, identities: true, page: true)),
            (log, try log.plan(positions: 4..<4, csv: true, gzip: isGzipped, identities: true)),
        ]
        for (log, plan) in plans {
            let folder = try TemporaryFolder()
            let manifest = try log.write(plan, to: folder.file("bundle"))
            #expect(manifest.events == 0)
            let report = try BundleVerification.run(folder: folder.file("bundle"), keys: [])
            #expect(report.findings.isEmpty, "\(report.findings)")
        }
    }

    @Test("files are for their owner only, and none is left over")
    func files() throws {
        let log = try SampleLog(12)
        let folder = try TemporaryFolder()
        let path = folder.file("bundle")
        try log.write(
            try log.plan(Self.queries[1], csv: true, identities: true, page: true),
            to: path
        )
        let contents = try folder.contents("bundle")
        #expect(
            contents.keys.sorted() == [
                "checkpoint", "checkpoint.first", "consistency.json", "events.csv",
                "events.ndjson", "identities.ndjson", "index.html", "manifest.json",
                "manifest.note", "proofs.ndjson",
            ]
        )
        for name in contents.keys {
            #expect(try filePermissions(path + "/" + name) == 0o600)
        }
        #expect(try filePermissions(path) == 0o700)
    }

    @Test(
        "the events are the stored bytes, and the reader gives them back",
        arguments: [false, true]
    )
    func reader(_ isGzipped: Bool) throws {
        let log = try SampleLog(40)
        for query in Self.queries {
            let folder = try TemporaryFolder()
            let plan = try log.plan(query, gzip: isGzipped)
            try log.write(plan, to: folder.file("bundle"))
            let reader = try BundleReader(path: folder.file("bundle"))
            #expect(reader.manifest != nil)
            let (lines, ends) = log.lines(log.positions(plan))
            let page = try reader.nextPage()
            #expect(page?.lines ?? [] == lines)
            #expect(page?.ends ?? [] == ends)
            #expect(page?.positions ?? [] == log.positions(plan))
            #expect(try page == nil || reader.nextPage() == nil)
            let file = "bundle/events.ndjson" + (isGzipped ? ".gz" : "")
            let bare = try BundleReader(path: folder.file(file))
            #expect(bare.manifest == nil)
            #expect(try bare.nextPage()?.lines ?? [] == lines)
        }
    }

    @Test("a reader refuses files that the manifest does not name")
    func changedBeforeReading() throws {
        let log = try SampleLog(40)
        let folder = try TemporaryFolder()
        try log.write(try log.plan(), to: folder.file("bundle"))
        var events = try folder.read("bundle/events.ndjson")
        events[20] ^= 1
        try folder.write("bundle/events.ndjson", events)
        let reader = try BundleReader(path: folder.file("bundle"))
        #expect(throws: BundleError.self) { while try reader.nextPage() != nil {} }
    }

    @Test("the verdict says what was proved, under which key, and what was not")
    func sentences() throws {
        let log = try SampleLog(30)
        let folder = try TemporaryFolder()
        let subject = EventQuery(subject: SampleHistory.subject(1))
        let whole = folder.file("whole")
        let part = folder.file("part")
        try log.write(try log.plan(), to: whole)
        try log.write(try log.plan(subject, csv: true, identities: true), to: part)
        let pinned = try BundleVerification.run(folder: whole, keys: [log.signer.key])
        #expect(pinned.keySource == .pinned)
        #expect(pinned.sentences.contains { $0.contains("the key you named") })
        #expect(pinned.sentences.contains { $0.contains("the whole log of 30 records") })
        let unpinned = try BundleVerification.run(folder: part, keys: [])
        #expect(unpinned.keySource == .bundle)
        let text = unpinned.sentences.joined(separator: "\n")
        for words in ["came along in the manifest", "none of the user's", "Not proved: who the"] {
            #expect(text.contains(words), "\(text)")
        }
        let log2 = try SampleLog(30, seed: 8)
        let failed = try BundleVerification.run(folder: whole, keys: [log2.signer.key])
        #expect(failed.findings.isEmpty, "the same signer")
        let other = try SampleLog.signer(9).key
        let refused = try BundleVerification.run(folder: whole, keys: [other])
        #expect(refused.findings.map(\.kind) == [.keyNotPinned])
        #expect(refused.sentences.count == 1)
    }
}
