package import Ledger
package import Logging
package import Measures
internal import MerkleLog
internal import Postgres
internal import ServiceLifecycle
internal import Synchronization
internal import Vault

/// Tails the logs, stores full tiles once and publishes a signed checkpoint about every second.
///
/// Safe in several copies: one publishes, the others follow and compare. Before the first signature
/// after a start it has recomputed the tree from stored records, so it never signs two trees that
/// disagree; what does not fit is an alarm, and then nothing is signed any more. Where witnesses
/// are configured, a checkpoint is published with their cosignatures or not at all; appends never
/// wait for them.
package final class Integrator: Service {
    /// How long to wait between two looks at the logs.
    static let interval: Duration = .seconds(1)
    /// How often is looked, in memory alone, whether something was stated.
    static let statementPause: Duration = .milliseconds(20)
    /// How many records one checkpoint takes in at most, to bound the tiles held in memory.
    private static let growthMax: Int64 = 131_072
    /// How often in a row witnesses may be away before that is told as a fault
    /// (docs/threats.md#f45).
    private static let outagesMax = 2
    /// How long nothing may be read or published before that is told as a standstill: some thirty
    /// looks, and more than the slowest answer of a witness.
    package static let standstillMax: Duration = .seconds(30)

    /// Shows a checkpoint to the witnesses.
    package typealias Cosign = @Sendable (CosignRequest) async throws -> CosignAnswer

    let store: LedgerStore
    private let pools: LogPools
    private let folder: CheckpointFolder?
    private let cosign: Cosign?
    /// One for each pair of logs, in order, or none.
    let maps: [MapKeeper]
    private let standstillMax: Duration
    private let logger: Logger
    private let states = Mutex<[Log: IntegrationState]>([:])
    /// The logs of maps in which a statement waits for its checkpoint: they are looked at without a pause.
    let stated = Mutex<Set<Log>>([])

    /// Makes the integrator of a store; its queries go through pools with time for long reads.
    ///
    /// `cosign` asks the witnesses; nil when none are needed. `maps` are taken along, and stated: one for each
    /// pair of logs, or none where nobody asks what is current. Tests change `standstillMax`.
    package init(
        store: LedgerStore,
        pools: LogPools,
        checkpointFolder: String?,
        cosign: Cosign? = nil,
        maps: [MapKeeper] = [],
        standstillMax: Duration = Integrator.standstillMax,
        logger: Logger
    ) {
        self.store = store
        self.pools = pools
        folder = checkpointFolder.map { CheckpointFolder(path: $0) }
        self.cosign = cosign
        self.maps = maps
        self.standstillMax = standstillMax
        self.logger = logger
    }

    /// What is wrong with the evidence, log by log.
    ///
    /// An alarm and a log without checkpoints are reasons not to be ready. While only witnesses
    /// are away, the log goes on.
    package var conditions: [ReadinessCondition] {
        let states = states.withLock { $0 }
        let ofLogs = store.logs.all.flatMap {
            states[$0]?.conditions(of: $0, at: .now, standstillMax: standstillMax) ?? []
        }
        return ofLogs + maps.flatMap(\.conditions)
    }

    /// Adds how the evidence stands to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        let states = states.withLock { $0 }
        for log in store.logs.all {
            (states[log] ?? IntegrationState(start: .now)).fill(&page, log, at: .now)
        }
        for maps in maps { maps.fill(&page) }
    }

    /// Works until the graceful shutdown.
    ///
    /// An alarm ends the work on its log and not the service: appends go on.
    package func run() async throws {
        states.withLock { states in
            for log in store.logs.all { states[log] = IntegrationState(start: .now) }
        }
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for log in self.store.logs.all {
                    group.addTask { await self.tend(log) }
                }
            }
        }
    }

    private func update(_ log: Log, _ change: (inout IntegrationState) -> Void) {
        states.withLock { change(&$0[log, default: IntegrationState(start: .now)]) }
    }

    private func tend(_ log: Log) async {
        var watched: WatchedLog?
        var problem = ""
        var outageCount = 0
        while !Task.isCancelled {
            do {
                try await look(at: log, &watched)
                problem = ""
                if outageCount >= Self.outagesMax {
                    logger.notice("witnesses sign again", metadata: ["log": "\(log.id)"])
                }
                outageCount = 0
                update(log) { $0.succeeded(at: .now) }
            } catch let alarm as IntegrationAlarm {
                update(log) { $0.alarm = alarm }
                logger.critical(
                    "history mismatch",
                    metadata: ["log": "\(log.id)", "alarm": "\(alarm)"]
                )
                // Only a person can end an alarm; until the shutdown there is nothing to do.
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
            } catch let outage as WitnessOutage {
                outageCount += 1
                update(log) { $0.progress = .now }
                tell(outage, log, count: outageCount)
            } catch {
                update(log) { $0.problem = "\(error)" }
                // The database is away, or we are being stopped: look again later, and say the
                // same thing once.
                if "\(error)" != problem, !Task.isCancelled {
                    problem = "\(error)"
                    logger.warning(
                        "integration paused",
                        metadata: ["log": "\(log.id)", "error": "\(error)"]
                    )
                }
            }
            await pause(before: log)
        }
    }

    /// Says once that witnesses are away, and once more when that lasts.
    private func tell(_ outage: WitnessOutage, _ log: Log, count: Int) {
        let metadata: Logger.Metadata = ["log": "\(log.id)", "error": "\(outage)"]
        if count == 1 { logger.warning("checkpoint not cosigned", metadata: metadata) }
        guard count >= Self.outagesMax else { return }
        if count == Self.outagesMax { logger.error("witnesses are away", metadata: metadata) }
        update(log) { $0.outage = "\(outage)" }
    }

    /// Looks at a log once: follows what others published, then publishes what is new.
    ///
    /// `watched` is nil at the start, and only then.
    ///
    /// Throws `IntegrationAlarm` when something does
    /// not fit, `WitnessOutage` when only witnesses are missing, and other errors when it is worth
    /// looking again.
    package func look(at log: Log, _ watched: inout WatchedLog?) async throws {
        var current = try watched ?? WatchedLog(expectations(of: log))
        defer { watched = current }
        do {
            try await integrate(&current)
        } catch {
            tell(current, log, isWhole: false)
            throw error
        }
        tell(current, log, isWhole: true)
        await takeMapsAlong(log, current.tree.publishedSize)
    }

    /// Says that there are records that the service did not write, as far as that was not said.
    private func tell(_ watched: WatchedLog, _ log: Log, isWhole: Bool) {
        let forged = [watched.tree.forged, watched.candidate?.forged].compactMap { $0 }
            .max { $0.count < $1.count }
        let isNew = states.withLock { states in
            states[log, default: IntegrationState(start: .now)]
                .take(forged: forged?.count ?? 0, isWhole: isWhole)
        }
        guard let forged, isNew else { return }
        logger.critical(
            "records that the service did not write",
            metadata: [
                "log": "\(log.id)", "count": "\(forged.count)", "first": "\(forged.first)",
            ]
        )
    }

    /// Notes that records were read, so that a long way is not taken for a standstill.
    private func hasRead(_ log: Log) -> @Sendable () -> Void {
        { [weak self] in self?.update(log) { $0.progress = .now } }
    }

    /// An empty tree that must reproduce the checkpoint that is kept outside of the database.
    private func expectations(of log: Log) throws -> LogTree {
        var tree = LogTree(log: log, vault: store.vault)
        let source = "the checkpoint folder"
        do {
            if let note = try folder?.read(logID: log.id) {
                let kept = try store.vault.ownCheckpoint(note, logID: log.id)
                tree.expect(
                    LogTree.Expectation(size: Int64(kept.size), root: kept.root, source: source)
                )
            }
        } catch is NoteError {
            throw IntegrationAlarm.foreignCheckpoint(source: source)
        } catch is CheckpointFolderError {
            throw IntegrationAlarm.foreignCheckpoint(source: source)
        }
        return tree
    }

    private func integrate(_ watched: inout WatchedLog) async throws {
        // The checkpoint before the size: another copy may append and publish in between, and the
        // size that was read would look too small.
        let log = watched.tree.log
        let stored = try await store.lastStoredCheckpoint(log: log)
        let latest = try await store.latestCheckpoint(log: log)
        let size = try await size(of: log)
        update(log) { $0.saw(size: size, checkpoint: stored, at: .now) }
        try compare(watched.tree, with: latest, size: size)
        if let latest {
            let known = watched.tree.size
            try await follow(latest, &watched.tree)
            if watched.tree.size != known { watched.candidate = nil }
        }
        try await meetExpectations(&watched.tree)
        if let latest { try await show(latest, &watched) }
        guard size > watched.tree.size || (latest == nil && size == 0) else { return }
        // What is published next is grown on a copy: if somebody else is faster, it is dropped.
        var grown = watched.tree
        if let candidate = watched.candidate, candidate.size <= size { grown = candidate }
        let target = max(watched.tree.size + Self.growthMax, watched.witnessedSize)
        try await grown.grow(to: min(size, target), pools[log], hasRead: hasRead(log))
        watched.candidate = grown
        guard let note = try await cosigned(try sign(grown), grown, &watched) else { return }
        if try await store.publish(note, grown, after: stored?.size, pools[log]) {
            update(log) {
                $0.saw(size: size, checkpoint: (grown.size, store.clock.now()), at: .now)
            }
            keep(note, size: grown.size, log: log)
            grown.tilesAreStored()
            watched.tree = grown
            watched.candidate = nil
        }
    }

    /// What is in the database now against what is known.
    private func compare(
        _ tree: LogTree,
        with latest: PublishedCheckpoint?,
        size: Int64
    ) throws(IntegrationAlarm) {
        if let expected = tree.lastExpectation, expected.size > size {
            throw .behind(size: size, checkpoint: expected.size, source: expected.source)
        }
        if let latest, latest.size > size {
            throw .behind(size: size, checkpoint: latest.size, source: "the last checkpoint")
        }
        guard let published = tree.publishedSize else { return }
        // A database that was set back while we work has lost what we saw in it.
        if published > size {
            throw .behind(size: size, checkpoint: published, source: "the last checkpoint")
        }
        if (latest?.size ?? -1) < published { throw .lostCheckpoint(size: published) }
        if let latest, latest.size == tree.size, latest.root != tree.root {
            throw .differentRoot(size: latest.size, source: "the last checkpoint")
        }
    }

    /// Recomputes the tree up to a checkpoint that is in the database.
    private func follow(_ latest: PublishedCheckpoint, _ tree: inout LogTree) async throws {
        guard latest.size > tree.size || tree.publishedSize == nil else { return }
        // The store gives only what our key has signed.
        let note = try SignedNote(Array(latest.note.utf8))
        tree.expect(
            LogTree.Expectation(
                size: latest.size,
                root: latest.root,
                source: "the last checkpoint"
            )
        )
        try await tree.grow(
            to: latest.size,
            pools[tree.log],
            keepsTiles: false,
            hasRead: hasRead(tree.log)
        )
        tree.tilesAreStored()
        keep(note, size: latest.size, log: tree.log)
    }

    /// Nothing is signed before everything that is known was met: the records before a checkpoint
    /// that is kept outside are recomputed once, and only then are they signed piece by piece.
    private func meetExpectations(_ tree: inout LogTree) async throws {
        guard let expected = tree.lastExpectation else { return }
        var probe = tree
        try await probe.grow(
            to: expected.size,
            pools[tree.log],
            keepsTiles: false,
            hasRead: hasRead(tree.log)
        )
        tree.expectationsAreMet()
    }

    /// Shows the checkpoint that was found at the start to the witnesses, before anything is
    /// signed: they know whether the log was larger once, or other than it is now
    /// (docs/threats.md#t17).
    private func show(_ latest: PublishedCheckpoint, _ watched: inout WatchedLog) async throws {
        guard cosign != nil, !watched.isShown else { return }
        let note = try SignedNote(Array(latest.note.utf8))
        _ = try await cosigned(note, watched.tree, &watched)
        watched.isShown = true
    }

    /// The note with its cosignatures; nil when a witness has signed a larger tree meanwhile.
    private func cosigned(
        _ note: SignedNote,
        _ tree: LogTree,
        _ watched: inout WatchedLog
    ) async throws -> SignedNote? {
        guard let cosign else { return note }
        let answer = try await cosign(
            CosignRequest(note: note) { [store] old in
                try await tree.consistency(from: old, store)
            }
        )
        if let (witness, why) = answer.refusal {
            throw IntegrationAlarm.witnessRefused(size: tree.size, witness: witness, why: why)
        }
        if let (witness, witnessed) = answer.ahead {
            // Another copy of the service may have been faster; then the records are here.
            let size = try await store.size(log: tree.log)
            guard witnessed <= size else {
                throw IntegrationAlarm.witnessRefused(
                    size: tree.size,
                    witness: witness,
                    why: "it has signed a checkpoint of \(witnessed) records, and the log has "
                        + "\(size): an older database was restored, or records were removed"
                )
            }
            watched.witnessedSize = max(watched.witnessedSize, Int64(witnessed))
        }
        if answer.note == nil, answer.ahead == nil || !answer.failures.isEmpty {
            throw WitnessOutage(failures: answer.failures)
        }
        return answer.note
    }

    private func sign(_ tree: LogTree) throws -> SignedNote {
        let signer = store.vault.checkpointSigner(logID: tree.log.id)
        return try signer.sign(
            Checkpoint(origin: signer.key.name, size: Int(tree.size), root: tree.root)
        )
    }

    /// Remembers a checkpoint outside of the database, unless a newer one is there: several copies
    /// may share a folder.
    private func keep(_ note: SignedNote, size: Int64, log: Log) {
        guard let folder else { return }
        do {
            if let kept = try folder.read(logID: log.id),
                let checkpoint = try? store.vault.ownCheckpoint(kept, logID: log.id),
                checkpoint.size >= size
            {
                return
            }
            try folder.write(note, logID: log.id)
        } catch {
            logger.error("checkpoint folder not written", metadata: ["log": "\(log.id)"])
        }
    }
}
