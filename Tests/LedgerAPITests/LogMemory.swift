import Logging
import Synchronization

/// Keeps every log line as it would be printed.
final class LogMemory: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    func logger() -> Logger {
        var logger = Logger(label: "service") { _ in Handler(memory: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let memory: LogMemory
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var all = metadata
            for (key, value) in event.metadata ?? [:] { all[key] = value }
            let line = "\(event.level) \(event.message) \(all) \(event.error.map { "\($0)" } ?? "")"
            memory.kept.withLock { $0.append(line) }
        }
    }
}
