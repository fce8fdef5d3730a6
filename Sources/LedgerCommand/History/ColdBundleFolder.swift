import Ledger
import LedgerAudit
import LedgerExport
import LedgerStore
import MerkleLog

/// A bundle on disk that has all records of some positions of a log: checked as `verify` checks it, then read.
final class ColdBundleFolder {
    let path: String
    let log: Log
    let bundle: ColdBundle

    /// Checks the bundle under the keys that are trusted; under its own where there are none.
    ///
    /// - Throws: `CommandError` where something does not fit, or the bundle leaves records out.
    init(_ path: String, keys: [VerifierKey]) throws {
        guard !SplitBundle(folder: path).isThere else {
            throw CommandError(
                "\(path) has a bundle for each of several logs: name the folder of one."
            )
        }
        let meter = ProgressMeter("bundle")
        let report: BundleReport
        do {
            report = try BundleVerification.run(folder: path, keys: keys) {
                meter.show($0, of: $1, "events")
            }
        } catch let error as BundleError {
            throw CommandError("The bundle \(path) cannot be read: \(error).")
        }
        meter.end()
        if let finding = report.findings.first {
            throw CommandError(
                "The bundle \(path) is not in order: \(finding). token-ledger verify \(path) says all."
            )
        }
        guard let manifest = report.manifest, let log = Log(origin: manifest.origin) else {
            throw CommandError("The bundle \(path) is of no log of a ledger.")
        }
        guard manifest.query.isEmpty else {
            throw CommandError("The bundle \(path) was made with a filter: it leaves records out.")
        }
        self.path = path
        self.log = log
        bundle = ColdBundle(
            export: manifest.export,
            manifest: manifest.digest,
            positions: manifest.positions,
            tree: (manifest.treeSize, manifest.root)
        )
    }

    /// Reads the records; they were checked, and each file is compared once more at its end.
    func pages() throws -> ColdPages {
        do {
            return ColdPages(try BundleReader(path: path), path)
        } catch {
            throw CommandError("The bundle \(path) cannot be read: \(error).")
        }
    }

    /// Compares what is cold in a database and in the bundle; the report says that it was read.
    func check(_ databases: DatabaseMap, _ report: inout VerificationReport) async throws {
        let stretches = report.cold(of: log).filter {
            bundle.positions.clamped(to: $0.positions) == $0.positions
        }
        guard !stretches.isEmpty else {
            throw CommandError(
                "The bundle \(path) has no stretch of log \(log.name) that is cold history in this database."
            )
        }
        let verification = try await ColdVerification.open(log, in: databases)
        for stretch in stretches {
            let pages = try pages()
            while let page = try pages.next(within: stretch.positions) {
                try await verification.compare(page.records, at: page.position, &report)
            }
            report.hasRead(stretch, of: log)
        }
        await verification.close()
    }
}

/// The records of a bundle without a filter, page by page.
final class ColdPages {
    private let reader: BundleReader
    private let path: String

    init(_ reader: BundleReader, _ path: String) {
        (self.reader, self.path) = (reader, path)
    }

    /// The next records of some positions; nil at the bundle's end, which is read in any case.
    func next(within positions: Range<Int64>) throws -> ColdPage? {
        do {
            while let page = try reader.nextPage() {
                var found = ColdPage()
                var start = 0
                for (end, position) in zip(page.ends, page.positions) {
                    if positions.contains(position) {
                        if found.records.isEmpty { found.position = position }
                        // Without its line end.
                        found.records.append(Array(page.lines[start..<end - 1]))
                    }
                    start = end
                }
                if !found.records.isEmpty { return found }
            }
            return nil
        } catch {
            throw CommandError("The bundle \(path) cannot be read: \(error).")
        }
    }
}

/// Records that stand one behind the other in a log.
struct ColdPage {
    var position: Int64 = 0
    var records: [[UInt8]] = []
}
