import Foundation
@testable import LedgerImport
import SeededRandom
import Testing

@Suite("sorting more than fits into memory")
struct SortedSpoolTests {
    private func sorted(_ entries: [SpoolEntry], runEntries: Int) throws -> [SpoolEntry] {
        let spool = try SortedSpool(folder: NSTemporaryDirectory(), runEntries: runEntries)
        for entry in entries { try spool.append(entry) }
        var reader = try spool.sorted()
        var result: [SpoolEntry] = []
        while let entry = try reader.next() { result.append(entry) }
        return result
    }

    @Test(
        "every entry comes back, in order, however many runs there are",
        arguments: [0, 1, 7, 8, 9, 1_000, 5_000],
        [1, 8, 700]
    )
    func order(count: Int, runEntries: Int) throws {
        var random = SeededRandom(seed: UInt64(count * 1_000 + runEntries))
        let entries = (0..<min(count, runEntries == 1 ? 200 : count)).map { number in
            // Few keys, so that many are equal.
            SpoolEntry(
                key: UInt128(random.next() % 50) << 100,
                line: Int64(random.next() % 20),
                tag: Int64(number)
            )
        }
        #expect(try sorted(entries, runEntries: runEntries) == entries.sorted())
    }

    @Test("nothing is left behind in the folder, also while it is in use")
    func leavesNothing() throws {
        let folder = NSTemporaryDirectory() + "spool-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let spool = try SortedSpool(folder: folder, runEntries: 2)
        for number in 0..<9 {
            try spool.append(SpoolEntry(key: UInt128(number), line: 0, tag: 0))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        _ = try spool.sorted()
    }
}
