internal import Ledger
package import LedgerStore

/// Reads a whole file and finds what speaks against it, before anything is written.
package struct ImportCheck {
    private let store: LedgerStore
    private let app: StoredApp
    private let plan: ImportPlan
    /// The fingerprints of all users, people and tokens, each with its line.
    ///
    /// Equal ones come together. Nothing of the values is in it.
    private let seen: SortedSpool
    private var batch: [(line: Int64, fingerprints: TakenOverFingerprints)] = []

    private init(
        _ store: LedgerStore,
        _ app: StoredApp,
        _ plan: ImportPlan,
        folder: String
    ) throws(ImportError) {
        self.store = store
        self.app = app
        self.plan = plan
        seen = try SortedSpool(folder: folder)
    }

    /// Checks a file for an app.
    ///
    /// `folder` is where what does not fit into memory is sorted; `progress` is told how many bytes
    /// of how many were read. Throws `ImportError`, or `StoreError`.
    package static func run(
        _ file: ImportFile,
        of app: StoredApp,
        in store: LedgerStore,
        folder: String,
        progress: (Int64, Int64) -> Void
    ) async throws -> ImportPlan {
        let plan = try ImportPlan(
            stamp: try file.stamp(),
            checkedFrom: try await store.takeOversBegin(),
            folder: folder
        )
        var check = try ImportCheck(store, app, plan, folder: folder)
        var reader = try ImportReader(file)
        while let line = try reader.next() {
            plan.lines += 1
            switch line.content {
            case .failure(let flaw): try plan.add(flaw, line: line.number)
            case .success(let user): try await check.take(user, line.number)
            }
            // One that grows as fast as it is read would be read for ever.
            guard reader.offset <= plan.stamp.size else { throw ImportError.changed }
            progress(reader.offset, plan.stamp.size)
        }
        try await check.compareBatch()
        try check.findRepeated()
        try plan.count()
        guard try file.stamp() == plan.stamp else { throw ImportError.changed }
        return plan
    }

    private mutating func take(_ user: TakenOverUser, _ line: Int64) async throws {
        let fingerprints = store.fingerprints(of: user, app)
        for kind in RepeatedValue.allCases {
            try seen.append(
                SpoolEntry(
                    key: kind.fingerprint(in: fingerprints).number,
                    line: line,
                    tag: kind.rawValue
                )
            )
        }
        batch.append((line, fingerprints))
        if batch.count == LedgerStore.takeOversMax { try await compareBatch() }
    }

    /// Compares with what the ledger holds.
    private mutating func compareBatch() async throws {
        guard !batch.isEmpty else { return }
        let takeOvers = try await store.takeOvers(of: batch.map(\.fingerprints), app: app)
        for ((line, _), takeOver) in zip(batch, takeOvers) {
            switch takeOver {
            case .taken: break
            case .present: try plan.addPresent(line: line)
            case .refused(let refusal): try plan.add(.refused(refusal), line: line)
            }
        }
        batch.removeAll(keepingCapacity: true)
    }

    /// Finds what stands on more than one line: each of them is bad, for nobody can say which counts.
    private func findRepeated() throws(ImportError) {
        var entries = try seen.sorted()
        var first: SpoolEntry?
        var isRepeated = false
        while let entry = try entries.next() {
            guard let before = first, before.key == entry.key else {
                first = entry
                isRepeated = false
                continue
            }
            guard let kind = RepeatedValue(rawValue: entry.tag) else { continue }
            if !isRepeated { try plan.add(kind.flaw(entry.line), line: before.line) }
            isRepeated = true
            try plan.add(kind.flaw(before.line), line: entry.line)
        }
    }
}

/// What only one line may have.
private enum RepeatedValue: Int64, CaseIterable {
    case user
    case person
    case accessToken
    case publicToken

    func fingerprint(in all: TakenOverFingerprints) -> Fingerprint {
        switch self {
        case .user: all.user
        case .person: all.human
        case .accessToken: all.accessToken
        case .publicToken: all.publicToken
        }
    }

    func flaw(_ line: Int64) -> LineFlaw {
        switch self {
        case .user: .sameUser(line: line)
        case .person: .samePerson(line: line)
        case .accessToken: .sameAccessToken(line: line)
        case .publicToken: .samePublicToken(line: line)
        }
    }
}

extension Fingerprint {
    fileprivate var number: UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }
}
