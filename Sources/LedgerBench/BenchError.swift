/// Why nothing could be measured, in a sentence for the person at the terminal.
enum BenchError: Error, CustomStringConvertible {
    /// A program of PostgreSQL is not there.
    case notInstalled(String)
    /// A program of PostgreSQL failed; what it wrote.
    case programFailed(String, String)
    /// pgbench did not finish a transaction.
    case nothingMeasured
    /// Nobody got an answer.
    case nothingAnswered
    /// A user that was written is not there.
    case userNotFound
    /// The store did not write a change.
    case notWritten
    /// The service answered under load with another status line than it should.
    case unexpectedAnswer(String)
    /// The service closed a connection under load.
    case connectionClosed
    /// The service refused an export.
    case exportRefused(status: Int)
    /// Not every event reached every follower or endpoint.
    case notDelivered
    /// A user's later event came before an earlier one.
    case outOfOrder
    /// Verifying found something.
    case found(String)
    /// The rebuilt projection differs from the live one.
    case otherProjection
    /// The system does not say what the processes have used.
    case noProcessorTime
    /// More users were launched than there were.
    case usersUsedUp

    /// How much of what a program wrote is shown: its end.
    private static let shownCharacters = 400

    var description: String {
        switch self {
        case .notInstalled(let name):
            "\(name) is not installed. On Debian: apt-get install postgresql"
        case .programFailed(let name, let output):
            "\(name) failed: \(output.suffix(Self.shownCharacters))"
        case .nothingMeasured: "pgbench measured nothing."
        case .nothingAnswered: "The service answered nobody."
        case .userNotFound: "A user of the benchmark was not found."
        case .notWritten: "A change of the benchmark was not written."
        case .unexpectedAnswer(let line): "The service answered under load with \(line)."
        case .connectionClosed: "The service closed a connection under load."
        case .exportRefused(let status): "The service answered \(status) to an export."
        case .notDelivered: "Not every event reached every follower or endpoint in time."
        case .outOfOrder: "A user's later event came before an earlier one."
        case .found(let finding): "Found: \(finding)"
        case .otherProjection: "The rebuilt projection is another one."
        case .noProcessorTime: "The processor time or the memory of a process cannot be read."
        case .usersUsedUp: "More users were launched than were made: measure for less time."
        }
    }
}
