import Foundation
import Ledger
import MerkleLog
import SeededRandom
import Testing

@testable import LedgerExport

/// Bytes that nobody meant, from a fixed seed.
///
/// Whatever is accepted must be written back as the same bytes: then two spellings of one statement
/// do not exist.
@Suite("Foreign bytes in exports", .timeLimit(.minutes(5)))
struct ForeignBytesTests {
    private static let rounds = 3_000 * FuzzLength.times
    private static let seed: UInt64 = 11_223_344

    private func fuzz(
        _ sample: [UInt8],
        rounds: Int = rounds,
        _ read: ([UInt8]) throws -> [UInt8]?
    ) {
        var numbers = SeededRandom(seed: Self.seed)
        #expect((try? read(sample)) == sample, "the sample itself is accepted")
        for _ in 0..<rounds {
            let bytes = numbers.mutated(sample)
            guard let written = (try? read(bytes)) ?? nil else { continue }
            #expect(written == bytes, "seed \(Self.seed)")
        }
    }

    private func line(_ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        append(&bytes)
        return bytes.dropLast()
    }

    @Test("manifests")
    func manifests() throws {
        let log = try SampleLog(20)
        let query = EventQuery(
            clientID: SampleLog.clientIDs[1],
            subject: SampleHistory.subject(1),
            types: ["a", "b"],
            since: Timestamp(microseconds: 1_770_000_000_000_000),
            before: Timestamp(microseconds: 1_770_000_000_000_000)
        )
        for plan in [try log.plan(), try log.plan(query, csv: true, gzip: true)] {
            let bundle = try EditableBundle(log, plan)
            fuzz(try #require(bundle.files["manifest.json"])) {
                try BundleManifest(decoding: $0).encoded()
            }
        }
    }

    @Test("what was noted of unfinished exports")
    func progress() throws {
        let log = try SampleLog(20)
        let plan = try log.plan(EventQuery(types: ["a"]), csv: true, identities: true)
        var progress = ExportProgress(
            next: 9,
            marks: [.init(name: "events.ndjson", bytes: 5, lines: 1), .init(name: "x")]
        )
        progress.add([9, 11], in: 0..<20)
        progress.advance(to: 12, in: 0..<20, marks: progress.marks)
        fuzz(progress.encoded(plan: plan.write)) { bytes in
            let (plan, progress) = try ExportProgress.decode(bytes) { try BundlePlan(from: &$0) }
            return progress.encoded(plan: plan.write)
        }
        let filePlan = ExportFilePlan(
            export: Identifier(value: 3),
            parts: [
                ExportFilePlan.Part(origin: SampleLog.origin, positions: 2..<100),
                ExportFilePlan.Part(origin: "\(SampleLog.ledger)/2", positions: 0..<7),
            ],
            query: EventQuery(subject: SampleHistory.subject(1)),
            format: .csv,
            isGzipped: true
        )
        progress.begin("\(SampleLog.ledger)/2", at: 3)
        fuzz(progress.encoded(plan: filePlan.write)) { bytes in
            let (plan, progress) = try ExportProgress.decode(bytes) {
                try ExportFilePlan(from: &$0)
            }
            return progress.encoded(plan: plan.write)
        }
    }

    @Test("proofs and identities")
    func lines() throws {
        let log = try SampleLog(20)
        let proof = BundleProof(position: 7, path: try log.path(7, 20))
        fuzz(line(proof.append)) { bytes in line(try BundleProof(decoding: bytes).append) }
        let identity = BundleIdentity(
            subject: SampleHistory.subject(1),
            clientUserID: "a \"b\"\u{1}é",
            humanID: "c"
        )
        fuzz(line(identity.append)) { bytes in line(try BundleIdentity(decoding: bytes).append) }
        let consistency = try log.plan().consistency
        fuzz(consistency.bundleBytes) { try ConsistencyProof(bundleBytes: $0).bundleBytes }
    }

    @Test("records that become rows")
    func rows() throws {
        var numbers = SeededRandom(seed: Self.seed)
        for record in try SampleLog(20).records {
            for _ in 0..<300 * FuzzLength.times {
                let bytes = numbers.mutated(record)
                var rows: [UInt8] = [1]
                do {
                    try CSVTable.append(bytes[...], position: 3, to: &rows)
                    #expect(rows.count > 1 && rows.suffix(2) == [0x0D, 0x0A])
                } catch {
                    #expect(rows == [1])
                    #expect(throws: RecordError.self) { try Record(decoding: bytes) }
                }
            }
        }
    }

    @Test("compressed files")
    func gzip() throws {
        var numbers = SeededRandom(seed: Self.seed)
        let writer = GzipWriter()
        let content = try SampleLog(20).lines(0..<20).lines
        let bytes = writer.append(content) + writer.finish()
        var damaged = 0
        for _ in 0..<2_000 * FuzzLength.times {
            let reader = GzipReader()
            var input = numbers.mutated(bytes)[...]
            do {
                while try !reader.read(&input).isEmpty || !input.isEmpty {}
                try reader.finish()
            } catch {
                damaged += 1
            }
        }
        #expect(damaged > 1_900 * FuzzLength.times)
    }

    @Test("files of lines, compressed and not, with lines of every length")
    func files() throws {
        var numbers = SeededRandom(seed: Self.seed)
        let folder = try TemporaryFolder()
        let max = ExportLimits.lineBytesMax
        for length in [0, 1, max - 1, max, max + 1, 3 * max, 300_000] {
            let line = [UInt8](repeating: 0x61, count: length)
            try folder.write("lines", [0x0A] + line + [0x0A] + line)
            let reader = try BundleReader(path: folder.file("lines"))
            // The last line has no end; before that, one may be too long.
            if length > 0 {
                #expect(throws: BundleError.self) { while try reader.nextPage() != nil {} }
            }
            try folder.write("lines", [0x0A] + line + [0x0A] + line + [0x0A])
            let file = try LineFile(folder.file("lines"))
            if length > max {
                #expect(throws: BundleError.self) { while try file.next() != nil {} }
            } else {
                let page = try #require(try file.next())
                #expect(page.ranges.map(\.count) == [0, length, length])
                #expect(try file.next() == nil)
            }
        }
        let content = try SampleLog(50).lines(0..<50).lines
        for round in 0..<300 * FuzzLength.times {
            let writer = GzipWriter()
            let bytes = round % 2 == 0 ? content : writer.append(content) + writer.finish()
            try folder.write("fuzz", numbers.mutated(bytes))
            let reader = try BundleReader(path: folder.file("fuzz"))
            var events = 0
            do {
                while let page = try reader.nextPage() {
                    #expect(page.positions.first == Int64(events))
                    events += page.ends.count
                }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test("a line without end is given up early, and what is no file is refused")
    func endless() throws {
        let folder = try TemporaryFolder()
        try folder.write("endless", [UInt8](repeating: 0x61, count: 300_000))
        let tooLong = BundleError.malformedLine(file: "endless", line: 1, .tooLong)
        let reader = try BundleReader(path: folder.file("endless"))
        #expect(throws: tooLong) { try reader.nextPage() }
        let made = unsafe mkfifo(folder.file("pipe"), 0o600)
        try #require(made == 0)
        let noFile = BundleError.system(file: "pipe", problem: "it is no regular file")
        #expect(throws: noFile) { try BundleReader(path: folder.file("pipe")) }
    }

    @Test("a compressed file that was cut off is no shorter log")
    func cutFile() throws {
        let folder = try TemporaryFolder()
        let writer = GzipWriter()
        let bytes = writer.append(Array("a\nb\n".utf8)) + writer.finish()
        for count in GzipReader.magic.count..<bytes.count {
            try folder.write("cut", Array(bytes[..<count]))
            let reader = try BundleReader(path: folder.file("cut"))
            #expect(throws: BundleError.self, "\(count)") {
                while try reader.nextPage() != nil {}
            }
        }
    }

    @Test("many lines come in pages, in order and complete", arguments: [false, true])
    func pages(_ isGzipped: Bool) throws {
        let folder = try TemporaryFolder()
        let content = (0..<20_000).flatMap { Array("line \($0)\n".utf8) }
        let writer = GzipWriter()
        try folder.write("lines", isGzipped ? writer.append(content) + writer.finish() : content)
        let reader = try BundleReader(path: folder.file("lines"))
        var read: [UInt8] = []
        var positions: [Int64] = []
        while let page = try reader.nextPage() {
            #expect(page.ends.count <= ExportLimits.pageLinesMax)
            read += page.lines
            positions += page.positions
        }
        #expect(read == content)
        #expect(positions == Array(0..<20_000))
    }

    @Test("whole bundles of nonsense that the log's key signed")
    func bundles() throws {
        let log = try SampleLog(12)
        var numbers = SeededRandom(seed: Self.seed)
        for gzip in [false, true] {
            let whole = try EditableBundle(
                log,
                log.plan(
                    EventQuery(clientID: SampleLog.clientIDs[1]),
                    csv: true,
                    gzip: gzip,
                    identities: true
                )
            )
            let names = whole.files.keys.sorted().filter { !$0.hasPrefix("manifest") }
            for _ in 0..<150 {
                var bundle = whole
                let name = names[Int(numbers.next() % UInt64(names.count))]
                bundle.files[name] = numbers.mutated(try #require(whole.files[name]))
                guard bundle.files != whole.files else { continue }
                try bundle.resum(signedBy: log.signer)
                let findings = try bundle.findings(keys: [log.signer.key])
                // Names in identities are proved by nothing, further signatures by their keys, and
                // content may be compressed in many ways.
                let isProved = !name.hasPrefix("identities") && !name.hasPrefix("checkpoint")
                #expect(!findings.isEmpty || !isProved || gzip, "\(name)")
            }
        }
    }
}
