package import Ledger
package import LedgerStore

/// Takes over the users of a file that was checked.
package struct ImportRun {
    /// What came of it.
    package struct Result: Sendable {
        package var taken: Int64 = 0
        package var present: Int64 = 0
        /// The lines that were refused although the check had found nothing: somebody was faster.
        package var refused: [(line: Int64, flaw: LineFlaw)] = []

        fileprivate mutating func take(_ line: Int64, _ takeOver: TakeOver) {
            switch takeOver {
            case .taken: taken += 1
            case .present: present += 1
            case .refused(let refusal): refused.append((line, .refused(refusal)))
            }
        }
    }

    /// Writes all that the plan does not leave out, several at a time.
    ///
    /// Whatever ends it early, the next run goes on: what was written is durable, and is not written
    /// again. Throws `ImportError`, or `StoreError`.
    package static func run(
        _ file: ImportFile,
        _ plan: ImportPlan,
        of app: StoredApp,
        in store: LedgerStore,
        context: RecordContext,
        progress: (Int64, Int64) -> Void
    ) async throws -> Result {
        guard try file.stamp() == plan.stamp else { throw ImportError.changed }
        var reader = try ImportReader(file)
        var leftOut = try plan.leftOut()
        var next = try leftOut.next()
        var result = Result()
        var done: Int64 = 0
        let togetherMax = store.logs.pairs > 1 ? ImportLimits.togetherMax : 1
        let write = Write(app: app, store: store, checkedFrom: plan.checkedFrom, context: context)
        try await withThrowingTaskGroup(of: [Outcome].self) { group in
            var underWay = 0
            func take(_ outcomes: [Outcome]) {
                underWay -= 1
                for (number, takeOver) in outcomes { result.take(number, takeOver) }
                done += Int64(outcomes.count)
                progress(done, plan.new)
            }
            var lines: [Line] = []
            while let line = try reader.next() {
                if let (number, _) = next, number == line.number {
                    next = try leftOut.next()
                    continue
                }
                // Each time: what was read meanwhile may not be what was checked.
                guard case .success(let user) = line.content, try file.stamp() == plan.stamp else {
                    throw ImportError.changed
                }
                lines.append((line.number, user))
                guard lines.count == togetherMax else { continue }
                if underWay == ImportLimits.writesMax / togetherMax,
                    let outcomes = try await group.next()
                {
                    take(outcomes)
                }
                group.addTask { [lines] in try await write.run(lines) }
                underWay += 1
                lines = []
            }
            group.addTask { [lines] in try await write.run(lines) }
            for try await outcomes in group { take(outcomes) }
        }
        guard try file.stamp() == plan.stamp else { throw ImportError.changed }
        return result
    }

    private typealias Line = (number: Int64, user: TakenOverUser)
    private typealias Outcome = (number: Int64, takeOver: TakeOver)

    /// How lines are taken over.
    private struct Write: Sendable {
        let app: StoredApp
        let store: LedgerStore
        let checkedFrom: TakeOversBegin
        let context: RecordContext

        func run(_ lines: [Line]) async throws -> [Outcome] {
            var areTaken = [Bool](repeating: false, count: lines.count)
            if lines.count > 1 {
                areTaken = await store.takeOverTogether(
                    lines.map(\.user),
                    of: app,
                    checkedFrom: checkedFrom,
                    context: context
                )
            }
            var outcomes: [Outcome] = []
            for (line, isTaken) in zip(lines, areTaken) {
                let takeOver =
                    isTaken
                    ? .taken
                    : try await ImportRun.patiently {
                        try await store.takeOver(
                            line.user,
                            of: app,
                            checkedFrom: checkedFrom,
                            context: context
                        )
                    }
                outcomes.append((line.number, takeOver))
            }
            return outcomes
        }
    }

    /// Tries again while what fails may pass: the same user is never taken over twice.
    private static func patiently(
        _ body: () async throws -> TakeOver
    ) async throws -> TakeOver {
        let latest = ContinuousClock.now + ImportLimits.patience
        while true {
            do {
                return try await body()
            } catch StoreError.damaged {
                return .refused(.damaged)
            } catch let error as StoreError where error.isPassing && ContinuousClock.now < latest {
                try await Task.sleep(for: ImportLimits.pause)
            }
        }
    }
}
