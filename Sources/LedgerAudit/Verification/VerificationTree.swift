internal import LedgerStore
internal import MerkleLog

/// Grows a log's tree from recomputed tiles and compares it with every checkpoint.
///
/// Where a stored tile says something else than the records, both histories are grown until the
/// next checkpoint tells which of them was signed. That names the very record.
struct VerificationTree: Sendable {
    /// A tree whose leaves are tiles of level 0.
    struct Branch: Sendable {
        private(set) var frontier = TreeFrontier()
        /// Its tiles are those of the log one level above.
        private var tiles = TileBuilder()

        init() {}

        /// Resumes from what is stored; the caller compares the root with a signed one.
        init(frontier: TreeFrontier, tiles: TileBuilder) {
            self.frontier = frontier
            self.tiles = tiles
        }

        mutating func append(_ root: MerkleHash) {
            frontier.append(root)
            tiles.append(root)
        }

        mutating func takeTiles() -> [Tile] { tiles.takeTiles().filter(\.address.isFull) }

        /// The roots of the log's tree with the first leaves of one more tile.
        func roots(adding leaves: [MerkleHash], counts: [Int]) -> [MerkleHash?] {
            // The perfect subtrees of so many tiles are those of all their leaves.
            let subtrees = MerkleHash.list(Array(frontier.bytes.dropFirst(8))) ?? []
            guard
                var grown = try? TreeFrontier(
                    size: frontier.size * TileAddress.fullWidth,
                    subtrees: subtrees
                )
            else { return [] }
            var roots: [MerkleHash?] = []
            var taken = 0
            for count in counts {
                while taken < min(count, leaves.count) {
                    grown.append(leaves[taken])
                    taken += 1
                }
                roots.append(grown.root)
            }
            return roots
        }
    }

    let logID: Int32
    private(set) var branch: Branch
    /// The history as the stored tiles tell it, while that is another one.
    private var other: Branch?
    /// Positions at which the two differ, with no checkpoint having told yet.
    private var suspects: [Int64] = []
    private var isLost = false
    /// The records before this size are those that were signed.
    private(set) var provedSize: Int64
    private(set) var findings: [VerificationReport.Finding] = []

    init(logID: Int32, branch: Branch = Branch(), provedSize: Int64 = 0) {
        self.logID = logID
        self.branch = branch
        self.provedSize = provedSize
    }

    /// Takes the next unit, and gives the full tiles of higher levels that came to be, for
    /// comparison with the stored ones.
    ///
    /// While two histories are open there are none.
    mutating func take(_ unit: VerificationPage.Unit, root: MerkleHash?) -> [Tile] {
        if let differing = unit.differing {
            if other == nil { other = branch }
            for (offset, leaf) in unit.leaves.enumerated() where leaf != differing[offset] {
                suspects.append(unit.start + Int64(offset))
            }
        }
        let counts = unit.checkpoints.map { Int($0.size - unit.start) }
        let roots = counts.isEmpty ? [] : branch.roots(adding: unit.leaves, counts: counts)
        let isRight = zip(roots, unit.checkpoints).allSatisfy { $0 == $1.root }
        var isOtherRight = false
        if let other, !counts.isEmpty {
            isOtherRight = zip(
                other.roots(adding: unit.differing ?? unit.leaves, counts: counts),
                unit.checkpoints
            ).allSatisfy { $0 == $1.root }
        }
        if let root {
            branch.append(root)
            other?.append(unit.differing.map(VerificationPage.Unit.root) ?? root)
        }
        if let last = unit.checkpoints.last {
            decide(unit, roots, isRight: isRight, isOtherRight: isOtherRight, last)
        }
        let tiles = branch.takeTiles()
        return other == nil && !isLost ? tiles : []
    }

    private mutating func decide(
        _ unit: VerificationPage.Unit,
        _ roots: [MerkleHash?],
        isRight: Bool,
        isOtherRight: Bool,
        _ last: SoundCheckpoint
    ) {
        switch (isRight, isOtherRight) {
        case (true, let isOtherRight):
            provedSize = last.size
            isLost = false
            // Both may be right about a checkpoint that is older than the difference.
            guard other != nil, !isOtherRight else { return }
            for tile in Set(suspects.map { $0 / Int64(TileAddress.fullWidth) }).sorted() {
                add(nil, .tile(level: 0, number: tile, .differs))
            }
            other = nil
            suspects = []
        case (false, true):
            provedSize = last.size
            isLost = false
            reportSuspects(.recordNotSigned)
            if let other { branch = other }
            other = nil
        case (false, false):
            reportSuspects(.recordNotInTile)
            other = nil
            guard !isLost else { return }
            isLost = true
            let wrong = zip(roots, unit.checkpoints).first { $0 != $1.root }?.1 ?? last
            let end = wrong.size
            let proved = zip(roots, unit.checkpoints).prefix { $0 == $1.root }.last?.1.size
            provedSize = max(provedSize, proved ?? 0)
            findings.append(
                VerificationReport.Finding(
                    logID,
                    min(provedSize, end - 1),
                    end: end,
                    .rootDiffers(wrong.source, size: end)
                )
            )
        }
    }

    /// Reports what no checkpoint has decided.
    mutating func finish() {
        reportSuspects(.recordOrTileDiffers)
        other = nil
    }

    private mutating func reportSuspects(_ flaw: VerificationFlaw) {
        for position in suspects.prefix(VerificationReport.findingsMax) { add(position, flaw) }
        suspects = []
    }

    private mutating func add(_ position: Int64?, _ flaw: VerificationFlaw) {
        findings.append(VerificationReport.Finding(logID, position, flaw))
    }

    /// Hands out what was found since the last time.
    mutating func takeFindings() -> [VerificationReport.Finding] {
        defer { findings = [] }
        return findings
    }
}
