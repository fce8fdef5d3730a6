import LedgerStore
import LineLog
import Logging
import Synchronization

/// The program's log: lines on standard error.
enum ProgramLog {
    private static let isStarted = Mutex(false)

    /// Starts the log at a level, once for the whole program, and gives the program's logger.
    ///
    /// - Throws: `CommandError` for a level that does not exist.
    static func start(level name: String?, default usual: Logger.Level = .info) throws -> Logger {
        let chosen = try level(name, default: usual)
        let isFirst = isStarted.withLock { started in
            defer { started = true }
            return !started
        }
        if isFirst {
            let clock = EventClock()
            LoggingSystem.bootstrap {
                LineLogHandler(
                    label: $0,
                    level: chosen,
                    lines: .standardError,
                    now: { clock.now() }
                )
            }
        }
        return Logger(label: "token-ledger")
    }

    /// The level of a name.
    ///
    /// - Throws: `CommandError` for one that does not exist.
    static func level(_ name: String?, default usual: Logger.Level) throws -> Logger.Level {
        guard let name else { return usual }
        guard let level = Logger.Level(rawValue: name.lowercased()) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError("\(name) is no log level. There are: \(names).")
        }
        return level
    }
}
