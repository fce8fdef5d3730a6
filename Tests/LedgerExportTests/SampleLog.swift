import Ledger
import LedgerExport
import MerkleLog

/// A signed log of invented events of every kind, with texts that break careless formats.
struct SampleLog {
    static let ledger = "token-ledger/6c6f67"
    static let origin = "\(ledger)/0"
    static let clientIDs = ["shop", "=cmd(1), \"x\"", "two\nlines,\r\nand é😀"]

    let records: [[UInt8]]
    let decoded: [Record]
    let signer: NoteSigner
    private let levels: [[MerkleHash]]

    /// So many events of five users, whose events are counted from 1, and of administration; of the log of this
    /// number.
    init(_ count: Int, seed: UInt64 = 7, log: Int32 = 0) throws {
        var history = SampleHistory(seed: seed)
        let records = (0..<count).map { history.record($0) }
        try self.init(records.map { $0.encoded() }, decoded: records, log: log)
    }

    /// A log of anything.
    init(_ records: [[UInt8]], decoded: [Record] = [], log: Int32 = 0) throws {
        self.records = records
        self.decoded = decoded
        signer = try Self.signer(1, name: "\(Self.ledger)/\(log)")
        var levels = [records.map { MerkleHash(leaf: $0) }]
        while let row = levels.last, row.count > 1 {
            levels.append(
                stride(from: 1, to: row.count, by: 2).map { MerkleHash(row[$0 - 1], row[$0]) }
            )
        }
        self.levels = levels
    }

    /// A signer of the log's name; only number 1 is the log.
    static func signer(_ number: UInt8, name: String = origin) throws -> NoteSigner {
        try NoteSigner(name: name, seed: [UInt8](repeating: number, count: 32))
    }

    var size: Int { records.count }

    private func hashes(_ plan: ProofPlan) -> [MerkleHash] {
        plan.hashes { levels[$0.level][$0.index] }
    }

    func root(_ size: Int) -> MerkleHash { hashes(.root(of: size)).first ?? .emptyTree }

    func path(_ position: Int64, _ size: Int) throws -> [MerkleHash] {
        hashes(try .inclusion(of: Int(position), in: size))
    }

    func consistency(_ old: Int, _ new: Int) throws -> ConsistencyProof {
        let hashes = hashes(try .consistency(from: old, to: new))
        return ConsistencyProof(old: old, new: new, hashes: hashes)
    }

    func checkpoint(_ size: Int) throws -> SignedNote {
        try signer.sign(Checkpoint(origin: signer.key.name, size: size, root: root(size)))
    }

    /// A plan for a bundle of this log.
    func plan(
        _ query: EventQuery = EventQuery(),
        positions: Range<Int64>? = nil,
        export: UInt128 = 77,
        csv: Bool = false,
        gzip: Bool = false,
        identities: Bool = false,
        page: Bool = false
    ) throws -> BundlePlan {
        let first = size * 2 / 3
        return try BundlePlan(
            export: Identifier(value: UInt128(export)),
            madeAt: Timestamp(microseconds: 1_780_000_000_123_456),
            madeBy: "operator",
            reason: "audit of \"2026\", line\nbreak",
            query: query,
            positions: positions ?? 0..<Int64(size),
            verifierKey: signer.key,
            checkpoint: checkpoint(size),
            firstCheckpoint: checkpoint(first),
            consistency: consistency(first, size).hashes,
            hasCSV: csv,
            isGzipped: gzip,
            hasIdentities: identities,
            hasPage: page
        )
    }

    /// The positions of the events that a plan asks for, from a position on.
    func positions(_ plan: BundlePlan, from start: Int64? = nil) -> [Int64] {
        let asked = (start ?? plan.positions.lowerBound)..<plan.positions.upperBound
        return asked.filter { decoded.isEmpty || plan.query.matches(decoded[Int($0)]) }
    }

    /// Some events, as a store would hand them out.
    func lines(_ positions: some Sequence<Int64>) -> (lines: [UInt8], ends: [Int]) {
        var lines: [UInt8] = []
        var ends: [Int] = []
        for position in positions {
            lines += records[Int(position)] + [0x0A]
            ends.append(lines.count)
        }
        return (lines, ends)
    }
}

extension SampleLog {
    /// Writes a page of events into a bundle.
    func append(_ positions: [Int64], to writer: BundleWriter) throws {
        let (lines, ends) = lines(positions)
        let proofs =
            writer.plan.proof == .root
            ? nil : try positions.map { try path($0, writer.plan.tree.size) }
        try writer.append(lines: lines, ends: ends, positions: positions, proofs: proofs)
    }

    static func identities(_ subjects: some Sequence<Identifier>) -> [BundleIdentity] {
        subjects.sorted().map {
            let low = $0.bytes[15]
            return BundleIdentity(
                subject: $0,
                clientUserID: low % 3 == 0 ? nil : "user \"\(low)\"",
                humanID: low % 2 == 0 ? nil : "human-\(low)"
            )
        }
    }

    /// Writes a whole bundle, in pages of three events and durable steps of two pages.
    @discardableResult
    func write(_ plan: BundlePlan, to folder: String) throws -> BundleManifest {
        let writer = try BundleWriter(folder: folder, plan: plan, resuming: false)
        try write(to: writer)
        return try finish(writer) { try signer.sign($0) }
    }

    /// Completes a bundle, with a page that tells of each event how long it is if one was planned.
    @discardableResult
    func finish(
        _ writer: BundleWriter,
        sign: (String) throws -> SignedNote
    ) throws -> BundleManifest {
        guard writer.plan.hasPage else { return try writer.finish(sign: sign) }
        return try writer.finish { content in
            BundlePage(
                head: Array("<!doctype html>\n\(content.manifest.events)\n".utf8),
                foot: Array("end\n".utf8)
            ) { record in
                Array("[\"\(record.count)\"]".utf8)
            }
        } sign: {
            try sign($0)
        }
    }

    /// Writes what is left of a bundle, except for its end.
    func write(to writer: BundleWriter) throws {
        var rest = positions(writer.plan, from: writer.next)[...]
        var pages = 0
        while !rest.isEmpty {
            let page = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            try append(page, to: writer)
            pages += 1
            if pages % 2 == 0, let last = page.last { try writer.commit(next: last + 1) }
        }
        if writer.plan.hasIdentities {
            try writer.identities(Self.identities(writer.subjects))
        }
    }
}
