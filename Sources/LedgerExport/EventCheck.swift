internal import Dispatch
internal import Ledger
internal import MerkleLog
internal import Synchronization

/// Looks at each event of a page by itself, on two cores.
struct EventCheck: Sendable {
    /// What was found out of some neighbouring events.
    struct Result: Sendable {
        /// An event that does not fit, by its place in the page.
        struct Problem: Sendable {
            let check: BundleVerification.Check
            let index: Int
            let flaw: BundleFlaw
        }

        var positions: [Int64] = []
        var leaves: [MerkleHash] = []
        var subjects: [Identifier?] = []
        var versions: [Int64?] = []
        /// The rows that a table has of them, and where each ends.
        var rows: [UInt8] = []
        var rowEnds: [Int] = []
        var problems: [Problem] = []
        /// The first event whose proof can not be read, by its place in the page.
        var unreadableProof: Int?

        fileprivate mutating func append(_ other: Result) {
            positions += other.positions
            unreadableProof = unreadableProof ?? other.unreadableProof
            leaves += other.leaves
            subjects += other.subjects
            versions += other.versions
            rowEnds += other.rowEnds.map { $0 + rows.count }
            rows += other.rows
            problems += other.problems
        }
    }

    let query: EventQuery
    let treeSize: Int64
    let root: MerkleHash
    let hasCSV: Bool

    /// Both halves at once: hashing and reading take nearly all of the time.
    private static let partsCount = 2

    /// Checks a page.
    ///
    /// `proofs` has a line for each event; without it the events are the whole tree, and the first
    /// one stands at `position`.
    func run(_ page: LineFile.Page, from position: Int64, proofs: LineFile.Page?) -> Result {
        let ranges = Array(page.ranges)
        let proofRanges = proofs.map { Array($0.ranges) }
        let results = Mutex([Result](repeating: Result(), count: Self.partsCount))
        let count = ranges.count
        DispatchQueue.concurrentPerform(iterations: Self.partsCount) { part in
            let indexes = count * part / Self.partsCount..<count * (part + 1) / Self.partsCount
            var result = Result()
            for index in indexes {
                var proof = BundleProof(position: position + Int64(index), path: [])
                if let proofs, let proofRanges {
                    do {
                        proof = try BundleProof(decoding: Array(proofs.bytes[proofRanges[index]]))
                    } catch {
                        result.unreadableProof = result.unreadableProof ?? index
                    }
                }
                let isProved = proofs != nil
                check(page.bytes[ranges[index]], index, proof, isProved: isProved, &result)
            }
            results.withLock { $0[part] = result }
        }
        var whole = Result()
        for result in results.withLock({ $0 }) { whole.append(result) }
        return whole
    }

    private func check(
        _ slice: ArraySlice<UInt8>,
        _ index: Int,
        _ proof: BundleProof,
        isProved: Bool,
        _ result: inout Result
    ) {
        result.positions.append(proof.position)
        let bytes = Array(slice)
        let leaf = MerkleHash(leaf: bytes)
        result.leaves.append(leaf)
        var record: Record?
        do {
            let decoded = try Record(decoding: bytes)
            record = decoded
            if !query.matches(decoded) {
                result.problems.append(
                    .init(check: .query, index: index, flaw: .eventNotAskedFor)
                )
            }
        } catch {
            result.problems.append(
                .init(check: .record, index: index, flaw: .recordUnreadable)
            )
        }
        result.subjects.append(record?.subject)
        result.versions.append(record?.subjectVersion)
        if isProved { check(proof, of: leaf, index, &result) }
        guard hasCSV else { return }
        do {
            try CSVTable.append(slice, position: proof.position, to: &result.rows)
        } catch {
            result.problems.append(
                .init(check: .record, index: index, flaw: .recordUnreadable)
            )
        }
        result.rowEnds.append(result.rows.count)
    }

    private func check(
        _ proof: BundleProof,
        of leaf: MerkleHash,
        _ index: Int,
        _ result: inout Result
    ) {
        let inclusion = InclusionProof(
            index: Int(proof.position),
            size: Int(treeSize),
            hashes: proof.path
        )
        do {
            try inclusion.verify(leaf: leaf, root: root)
        } catch {
            result.problems.append(
                .init(check: .inclusion, index: index, flaw: .eventNotProved(error))
            )
        }
    }
}
