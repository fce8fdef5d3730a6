internal import Ledger
internal import Measures

/// What is counted of the appends to one log, for metrics.
final class AppendMeter: Sendable {
    /// What became of a command.
    enum Outcome: String, CaseIterable {
        /// It was written.
        case appended
        /// It was there already.
        case repeated
        /// Somebody else was faster, or has what it claims.
        case conflict
        /// Nothing was written, or nobody knows.
        case failed
    }

    /// How many commands went out together.
    let batchSizes = Histogram(.numbers([1, 2, 4, 8, 16, 32, 64, StoreLimits.batchCommandsMax]))
    /// How long a batch took, from when it was sent until its answers were known.
    let batchTimes = Histogram(.requestTimes)
    private let outcomes = CounterTable<Outcome>()
    /// How often the answer of a commit was lost, and it was asked what became of it.
    let lostAnswers = Counter()
    /// How often nobody could say in time.
    let unsettledAnswers = Counter()

    /// Takes the answers to a batch.
    func note(_ answers: [Result<AppendVerdict, StoreError>]) {
        for outcome in Outcome.allCases {
            let count = answers.count { Outcome($0) == outcome }
            if count > 0 { outcomes.add(outcome, count) }
        }
    }

    /// Adds all of it.
    func fill(_ page: inout MetricPage, _ log: Log) {
        let own: MetricPage.Labels = ["log": log.name]
        page.add(.batchSizes, batchSizes, own)
        page.add(.batchTimes, batchTimes, own)
        page.add(.commands, outcomes, by: "outcome", own)
        page.add(.lostAnswers, lostAnswers, own)
        page.add(.unsettledAnswers, unsettledAnswers, own)
    }
}

extension AppendMeter.Outcome {
    fileprivate init(_ answer: Result<AppendVerdict, StoreError>) {
        self =
            switch answer {
            case .success(.appended): .appended
            case .success(.repeated): .repeated
            case .success(.conflict), .success(.claimed), .success(.fenced): .conflict
            case .failure: .failed
            }
    }
}

extension MetricFamily {
    fileprivate static let batchSizes = histogram(
        "token_ledger_append_batch_commands",
        "How many commands one append carried"
    )
    fileprivate static let batchTimes = histogram(
        "token_ledger_append_duration_seconds",
        "How long an append took, until it was known what became of it"
    )
    fileprivate static let commands = counter(
        "token_ledger_append_commands_total",
        "Commands to append, by what became of them"
    )
    fileprivate static let lostAnswers = counter(
        "token_ledger_append_lost_answers_total",
        "Appends whose answer was lost, so that the database was asked what became of them"
    )
    fileprivate static let unsettledAnswers = counter(
        "token_ledger_append_unsettled_answers_total",
        "Appends of which nobody could say in time what became of them"
    )
}
