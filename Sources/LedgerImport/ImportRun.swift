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
        let checkedFrom = plan.checkedFrom
        try await withThrowingTaskGroup(of: (Int64, TakeOver).self) { group in
            var underWay = 0
            while let line = try reader.next() {
                if let (number, _) = next, number == line.number {
                    next = try leftOut.next()
                    continue
                }
                // Each time: what was read meanwhile may not be what was checked.
                guard case .success(let user) = line.content, try file.stamp() == plan.stamp else {
                    throw ImportError.changed
                }
                if underWay == ImportLimits.writesMax,
                    let (number, takeOver) = try await group.next()
                {
                    underWay -= 1
                    result.take(number, takeOver)
                    done += 1
                    progress(done, plan.new)
                }
                group.addTask {
                    let takeOver = try await patiently {
                        try await store.takeOver(
                            user,
                            of: app,
                            checkedFrom: checkedFrom,
                            context: context
                        )
                    }
                    return (line.number, takeOver)
                }
                underWay += 1
            }
            for try await (number, takeOver) in group {
                result.take(number, takeOver)
                done += 1
                progress(done, plan.new)
            }
        }
        guard try file.stamp() == plan.stamp else { throw ImportError.changed }
        return result
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
