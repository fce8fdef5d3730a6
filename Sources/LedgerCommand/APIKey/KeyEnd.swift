import ArgumentParser
import Ledger
import LedgerStore

/// When a key shall end.
enum KeyEnd: ExpressibleByArgument {
    case at(Timestamp)
    case after(TimeSpan)
    case never

    /// Reads `never`, an RFC 3339 time or a span of time.
    init?(argument: String) {
        if argument == "never" {
            self = .never
        } else if let time = Timestamp(argument) {
            self = .at(time)
        } else if let span = TimeSpan(argument: argument) {
            self = .after(span)
        } else {
            return nil
        }
    }

    /// Refuses what is not in the future.
    func check(_ flag: String) throws {
        let now = EventClock().now()
        if let time = time(after: now), time <= now {
            throw ValidationError(
                "\(flag) is not in the future; token-ledger api-key revoke ends a key at once."
            )
        }
    }

    /// The moment; nil for never.
    func time(after now: Timestamp) -> Timestamp? {
        switch self {
        case .at(let time): time
        case .after(let span): span.end(after: now)
        case .never: nil
        }
    }
}
