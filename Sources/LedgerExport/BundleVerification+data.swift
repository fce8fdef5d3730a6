internal import Ledger
internal import MerkleLog

/// What is open and known while the data files of a bundle are read side by side.
private final class DataState {
    let manifest: BundleManifest
    let layout: BundleLayout
    let events: LineFile
    let proofs: LineFile?
    var csv: TableComparison?
    var tree = TreeFrontier()
    var first: Int64?
    var last: Int64?
    var count: Int64 = 0
    var subjects: Set<Identifier> = []
    /// The last of the user's counts, and how many were seen.
    var version: Int64?
    var versionsCount: Int64 = 0

    init(_ manifest: BundleManifest, _ layout: BundleLayout, _ folder: DiskFolder) throws {
        self.manifest = manifest
        self.layout = layout
        events = try LineFile(folder.file(layout.events), isGzipped: layout.isGzipped)
        proofs =
            layout.hasProofs
            ? try LineFile(folder.file(layout.proofs), isGzipped: layout.isGzipped) : nil
        csv =
            layout.hasCSV
            ? try TableComparison(folder.file(layout.csv), isGzipped: layout.isGzipped) : nil
    }
}

extension BundleVerification {
    /// Reads all data files, each once, and compares them with each other and with the manifest.
    mutating func checkData(
        _ manifest: BundleManifest,
        _ progress: (Int64, Int64) -> Void
    ) throws {
        guard let layout = manifest.layout else { return }
        do {
            let state = try DataState(manifest, layout, folder)
            try checkEvents(state, progress)
            try checkEnd(state)
            if layout.hasIdentities { try checkIdentities(state) }
        } catch let error as BundleError {
            // What can not be read to its end can not be compared with anything.
            report.add(BundleReport.Finding(error))
        }
    }

    private mutating func checkEvents(
        _ state: DataState,
        _ progress: (Int64, Int64) -> Void
    ) throws {
        let manifest = state.manifest
        let check = EventCheck(
            query: manifest.query,
            treeSize: manifest.treeSize,
            root: manifest.root,
            hasCSV: state.csv != nil
        )
        while let page = try state.events.next() {
            try Task.checkCancellation()
            let count = page.ends.count
            let proofs = try state.proofs.map { try Self.readProofs($0, count: count) }
            let result = check.run(page, from: state.count, proofs: proofs)
            if let index = result.unreadableProof, let file = state.proofs {
                throw BundleError.malformedLine(
                    file: file.name,
                    line: state.count + Int64(index) + 1,
                    .foreign
                )
            }
            checkPage(state, result)
            state.count += Int64(count)
            report.events = state.count
            progress(state.count, manifest.events)
        }
    }

    /// As many lines as there are events on a page.
    private static func readProofs(_ file: LineFile, count: Int) throws -> LineFile.Page {
        var proofs = LineFile.Page()
        while proofs.ends.count < count {
            guard let page = try file.next(linesMax: count - proofs.ends.count) else {
                throw BundleError.malformedLine(
                    file: file.name,
                    line: file.lines + 1,
                    .proofMissing
                )
            }
            proofs.ends += page.ends.map { $0 + proofs.bytes.count }
            proofs.bytes += page.bytes
        }
        return proofs
    }

    /// What concerns the order of events, and all of them together.
    private mutating func checkPage(_ state: DataState, _ result: EventCheck.Result) {
        let positions = result.positions
        let file = state.layout.events
        for problem in result.problems {
            add(
                problem.check,
                file,
                line: state.count + Int64(problem.index) + 1,
                position: positions[problem.index],
                problem.flaw
            )
        }
        for (index, position) in positions.enumerated() {
            let line = state.count + Int64(index) + 1
            if let last = state.last, position <= last {
                add(.positions, file, line: line, position: position, .positionOutOfOrder)
            }
            if !state.manifest.positions.contains(position) {
                add(.positions, file, line: line, position: position, .positionOutsideOfRange)
            }
            state.first = state.first ?? position
            state.last = position
            if state.proofs == nil { state.tree.append(result.leaves[index]) }
            if state.layout.hasIdentities, let subject = result.subjects[index] {
                state.subjects.insert(subject)
            }
            checkVersion(state, result.versions[index], line: line, position: position)
        }
        guard let row = state.csv?.compare(result.rows, ends: result.rowEnds) else { return }
        add(.csv, state.layout.csv, position: positions[row], .tableRowDiffers)
    }

    /// Of one user's events none may be missing between two others.
    private mutating func checkVersion(
        _ state: DataState,
        _ version: Int64?,
        line: Int64,
        position: Int64
    ) {
        guard state.manifest.query.isWholeSubject, let version else { return }
        let isFromStart = state.manifest.positions.lowerBound == 0
        if let expected = state.version.map({ $0 + 1 }) ?? (isFromStart ? 1 : nil),
            version != expected
        {
            add(
                .versions,
                state.layout.events,
                line: line,
                position: position,
                .userEventsMissing
            )
        }
        state.version = version
        state.versionsCount += 1
    }

    /// What can be said once everything was read.
    private mutating func checkEnd(_ state: DataState) throws {
        let manifest = state.manifest
        if let proofs = state.proofs, try proofs.next() != nil {
            add(.counts, proofs.name, line: state.count + 1, .proofSurplus)
        }
        if state.count != manifest.events {
            add(.counts, state.events.name, .eventCountDiffers(state.count))
        }
        if state.first != manifest.span?.lowerBound
            || state.last != manifest.span?.upperBound
        {
            add(.counts, state.events.name, .positionsDiffer)
        }
        if manifest.proof == .root, state.tree.root != manifest.root {
            add(.root, state.events.name, .rootDiffers)
        }
        if manifest.query.isWholeSubject { report.countedEvents = state.versionsCount }
        checkSum(state.events.name, state.events.sum, lines: state.events.lines, manifest)
        if let proofs = state.proofs {
            checkSum(proofs.name, proofs.sum, lines: proofs.lines, manifest)
        }
        if let csv = state.csv {
            if try csv.hasMore() {
                add(.csv, state.layout.csv, .tableDiffers)
            }
            checkSum(state.layout.csv, csv.sum, lines: state.count + 1, manifest)
        }
    }

    private mutating func checkSum(
        _ name: String,
        _ sum: ContentFile.Sum,
        lines: Int64,
        _ manifest: BundleManifest
    ) {
        guard let listed = manifest.files.first(where: { $0.name == name }) else { return }
        if listed.bytes != sum.bytes || listed.sha256 != sum.sha256 {
            add(.sums, name, .fileDiffers)
        }
        if listed.lines != lines {
            add(.counts, name, .lineCountDiffers(lines))
        }
    }

    /// Identities are those of exactly the events' subjects.
    private mutating func checkIdentities(_ state: DataState) throws {
        let file = try LineFile(
            folder.file(state.layout.identities),
            isGzipped: state.layout.isGzipped
        )
        var last: Identifier?
        while let page = try file.next() {
            let before = file.lines - Int64(page.ends.count)
            for (index, range) in page.ranges.enumerated() {
                let line = before + Int64(index) + 1
                guard let row = try? BundleIdentity(decoding: Array(page.bytes[range])) else {
                    throw BundleError.malformedLine(
                        file: file.name,
                        line: line,
                        .foreign
                    )
                }
                if let last, row.subject <= last {
                    add(.identities, file.name, line: line, .identityOutOfOrder)
                }
                last = row.subject
                if !state.subjects.contains(row.subject) {
                    add(.identities, file.name, line: line, .identityOfNobody)
                }
            }
        }
        if file.lines != Int64(state.subjects.count) {
            add(.identities, file.name, .identityCountDiffers(file.lines))
        }
        checkSum(file.name, file.sum, lines: file.lines, state.manifest)
    }
}

extension BundleReport.Finding {
    /// A file that can not be read, or not to its end.
    fileprivate init(_ error: BundleError) {
        let flaw = BundleFlaw.cutShort(error)
        switch error {
        case .malformedLine(let file, let line, _):
            self.init(file: file, line: line, position: nil, flaw: flaw)
        case .gzip(let file, _), .system(let file, _):
            self.init(file: file, line: nil, position: nil, flaw: flaw)
        case .occupied, .unfinished, .finished, .inUse, .otherPlan, .damagedProgress, .damagedFile,
            .malformedPlan, .malformedManifest, .malformedRecord:
            self.init(file: nil, line: nil, position: nil, flaw: flaw)
        }
    }
}
