internal import Crypto
package import Ledger
package import MerkleLog

/// Writes a bundle with constant memory; whoever was killed goes on from the last `commit`.
///
/// Memory grows only with identities: it then keeps each distinct subject, 16 bytes and the set's
/// overhead.
package final class BundleWriter {
    /// What is written; when an unfinished bundle was resumed, what that was begun with.
    package let plan: BundlePlan
    /// The distinct subjects of the events so far; empty unless the plan has identities.
    package private(set) var subjects: Set<Identifier> = []

    let folder: DiskFolder
    private let files: [ResumableFile]
    let eventsFile: ResumableFile
    private let csvFile: ResumableFile?
    private let proofsFile: ResumableFile?
    private var identitiesFile: ResumableFile?
    private var lastIdentity: Identifier?
    private var progress: ExportProgress

    /// The position to go on from.
    package var next: Int64 { progress.next }
    /// How many events are in it.
    package var events: Int64 { progress.events }

    /// Begins in a folder that is empty or not there, or goes on with what was begun in it.
    ///
    /// Going on, the plan that the bundle was begun with stays: export id, positions, checkpoint.
    /// The one given must ask for the same, or `BundleError.otherPlan` is thrown. Where nothing was
    /// begun, `resuming` begins. No other process may write the folder at that time.
    package init(folder path: String, plan: BundlePlan, resuming: Bool) throws(BundleError) {
        folder = DiskFolder(path)
        try folder.make()
        let stored = try Self.begin(folder, plan: plan, resuming: resuming)
        self.plan = stored.plan
        progress = stored.progress
        let layout = stored.plan.layout
        var files: [ResumableFile] = []
        for mark in stored.progress.marks {
            files.append(try ResumableFile(mark, in: folder, isGzipped: layout.isGzipped))
        }
        guard let events = files.first else { throw .damagedProgress }
        self.files = files
        eventsFile = events
        csvFile = layout.hasCSV ? files.first { $0.mark.name == layout.csv } : nil
        proofsFile = layout.hasProofs ? files.first { $0.mark.name == layout.proofs } : nil
        if csvFile?.mark.lines == 0 { try csvFile?.appendHeader() }
        if layout.hasIdentities { try readSubjects() }
    }

    /// Finds out where to go on, and that nothing foreign is in the folder.
    private static func begin(
        _ folder: DiskFolder,
        plan: BundlePlan,
        resuming: Bool
    ) throws(BundleError) -> (plan: BundlePlan, progress: ExportProgress) {
        let names = try folder.names()
        guard names.contains(BundleLayout.progress) else {
            // A kill before the first step leaves at most the file that was to become it.
            let unborn = ExportProgress.newName(BundleLayout.progress)
            if let foreign = names.first(where: { $0 != unborn }) {
                guard resuming, names.contains(BundleLayout.manifestNote) else {
                    throw .occupied(name: foreign)
                }
                throw .finished
            }
            let marks = plan.layout.dataNames.map { ResumableFile.Mark(name: $0) }
            let progress = ExportProgress(next: plan.positions.lowerBound, marks: marks)
            try store(progress, of: plan, in: folder)
            return (plan, progress)
        }
        guard resuming else { throw .unfinished }
        let (stored, progress) = try storedProgress(in: folder)
        if let what = stored.difference(plan) { throw .otherPlan(what: what) }
        let known = stored.layout.allNames
        if let foreign = names.first(where: { !known.contains($0) }) {
            throw .occupied(name: foreign)
        }
        return (stored, progress)
    }

    private static func storedProgress(
        in folder: DiskFolder
    ) throws(BundleError) -> (BundlePlan, ExportProgress) {
        let bytes = try folder.contents(
            BundleLayout.progress,
            bytesMax: ExportLimits.progressBytesMax
        )
        let (plan, progress) = try ExportProgress.decode(bytes) { reader in
            try BundlePlan(from: &reader)
        }
        guard progress.marks.map(\.name) == plan.layout.dataNames,
            plan.positions.lowerBound <= progress.next, progress.next <= plan.positions.upperBound
        else { throw .damagedProgress }
        return (plan, progress)
    }

    private static func store(
        _ progress: ExportProgress,
        of plan: BundlePlan,
        in folder: DiskFolder
    ) throws(BundleError) {
        try folder.replace(
            BundleLayout.progress,
            progress.encoded { writer in plan.write(to: &writer) }
        )
    }

    /// Finds the subjects of the events that were written before.
    private func readSubjects() throws(BundleError) {
        let lines = try LineFile(
            folder.file(eventsFile.mark.name),
            isGzipped: plan.isGzipped && eventsFile.mark.bytes > 0
        )
        while let page = try lines.next() {
            for line in page.ranges { try noteSubject(of: page.bytes[line]) }
        }
    }

    private func noteSubject(of record: ArraySlice<UInt8>) throws(BundleError) {
        do {
            if let subject = try RecordColumns.subject(of: record) { subjects.insert(subject) }
        } catch {
            throw .malformedRecord(position: next)
        }
    }
}

extension BundleWriter {
    /// Adds events in the order of their positions.
    ///
    /// `lines` has the records, each with a newline behind it; `ends` says where each line ends
    /// (behind the newline); `proofs` has their inclusion proofs in the plan's tree, and is needed
    /// exactly when the plan's proof is `inclusion`.
    package func append(
        lines: [UInt8],
        ends: [Int],
        positions: [Int64],
        proofs: [[MerkleHash]]?
    ) throws(BundleError) {
        precondition(ends.count == positions.count, "each line has a position")
        precondition((proofs?.count ?? ends.count) == ends.count, "each event has a proof")
        precondition((proofs != nil) == (plan.proof == .inclusion), "proofs are as planned")
        progress.add(positions, in: plan.positions)
        if plan.hasIdentities {
            var start = 0
            for end in ends {
                try noteSubject(of: lines[start..<end - 1])
                start = end
            }
        }
        // Bytes that are not a record stop all files, not only the table.
        var rows: [UInt8] = []
        if csvFile != nil {
            try CSVTable.append(lines: lines, ends: ends, positions: positions, to: &rows)
        }
        try eventsFile.append(lines, lines: ends.count)
        try csvFile?.append(rows, lines: ends.count)
        if let proofs { try append(proofs, of: positions) }
    }

    private func append(
        _ proofs: [[MerkleHash]],
        of positions: [Int64]
    ) throws(BundleError) {
        var bytes: [UInt8] = []
        for (position, path) in zip(positions, proofs) {
            BundleProof(position: position, path: path).append(to: &bytes)
        }
        try proofsFile?.append(bytes, lines: positions.count)
    }

    /// Makes everything so far durable; a resumed bundle goes on from this position.
    ///
    /// Compressed files begin a new member behind it, so a step should have megabytes in it.
    package func commit(next: Int64) throws(BundleError) {
        for file in files { try file.commit() }
        progress.advance(to: next, in: plan.positions, marks: files.map(\.mark))
        try Self.store(progress, of: plan, in: folder)
    }

    /// Adds who the subjects are, once all events are in: one row for each of `subjects`,
    /// ascending.
    ///
    /// A subject of whom nothing is known any more has a row without names. It can be called page
    /// by page. It is no durable step: who resumes begins it again.
    package func identities(_ rows: [BundleIdentity]) throws(BundleError) {
        let file = try openIdentities()
        var bytes: [UInt8] = []
        for row in rows {
            precondition(
                lastIdentity.map { $0 < row.subject } ?? true && subjects.contains(row.subject),
                "identities are those of the events' subjects, ascending"
            )
            lastIdentity = row.subject
            row.append(to: &bytes)
        }
        try file.append(bytes, lines: rows.count)
    }

    private func openIdentities() throws(BundleError) -> ResumableFile {
        precondition(plan.hasIdentities, "identities were not planned")
        if let identitiesFile { return identitiesFile }
        let file = try ResumableFile(
            ResumableFile.Mark(name: plan.layout.identities),
            in: folder,
            isGzipped: plan.isGzipped
        )
        identitiesFile = file
        return file
    }

    /// Completes the bundle; `sign` signs a note with the log's key, and `page` makes what is around
    /// the files in the bundle's page, if one was planned.
    ///
    /// Whatever happens on the way, the bundle can be resumed and finished again with the same
    /// bytes, for nothing in them depends on the moment.
    package func finish(
        page: ((BundlePage.Content) throws -> BundlePage)? = nil,
        sign: (String) throws -> SignedNote
    ) throws -> BundleManifest {
        precondition((page != nil) == plan.hasPage, "the page is as planned")
        try commit(next: plan.positions.upperBound)
        var complete = files
        if plan.hasIdentities {
            complete.append(try openIdentities())
            precondition(
                identitiesFile?.mark.lines == Int64(subjects.count),
                "every subject has an identity"
            )
        }
        for file in complete { try file.commit(isComplete: true) }
        try folder.replace(BundleLayout.checkpoint, plan.checkpoint.bytes)
        try folder.replace(BundleLayout.firstCheckpoint, plan.firstCheckpoint.bytes)
        try folder.replace(BundleLayout.consistency, plan.consistency.bundleBytes)
        if let page { try write(page, sign: sign) }
        let manifest = try manifest(of: complete.map(\.mark))
        let bytes = manifest.encoded()
        try folder.replace(BundleLayout.manifest, bytes)
        let note = try sign(BundleManifest.noteText(bytes))
        try folder.replace(BundleLayout.manifestNote, note.bytes)
        try folder.remove(BundleLayout.progress)
        return manifest
    }

    private func manifest(of marks: [ResumableFile.Mark]) throws -> BundleManifest {
        manifest(
            files: try plan.layout.fileNames.map { name in
                let lines = marks.first { $0.name == name }?.lines
                return try BundleManifest.File(describing: name, in: folder, lines: lines)
            }
        )
    }

    /// What the log signs of these files.
    func manifest(files: [BundleManifest.File]) -> BundleManifest {
        BundleManifest(
            export: plan.export,
            madeAt: plan.madeAt,
            madeBy: plan.madeBy,
            reason: plan.reason,
            origin: plan.tree.origin,
            verifierKey: plan.verifierKey.description,
            query: plan.query,
            positions: plan.positions,
            treeSize: Int64(plan.tree.size),
            root: plan.tree.root,
            proof: plan.proof,
            events: progress.events,
            span: progress.span,
            files: files
        )
    }
}

extension ResumableFile {
    /// Begins a table.
    func appendHeader() throws(BundleError) { try append(CSVTable.header, lines: 1) }
}

extension BundleManifest.File {
    /// Reads a file once; its lines are counted unless they are known.
    init(describing name: String, in folder: DiskFolder, lines: Int64?) throws(BundleError) {
        let file = try DiskFile.reading(folder.file(name))
        var hasher = SHA256()
        var bytes: Int64 = 0
        var newlines: Int64 = 0
        while true {
            let chunk = try file.read(upTo: ExportLimits.chunkBytes)
            if chunk.isEmpty { break }
            hasher.update(data: chunk)
            bytes += Int64(chunk.count)
            if lines == nil { newlines += Int64(chunk.count { $0 == UInt8(ascii: "\n") }) }
        }
        self.init(
            name: name,
            bytes: bytes,
            sha256: MerkleHash(sha256: hasher),
            lines: lines ?? newlines
        )
    }
}
