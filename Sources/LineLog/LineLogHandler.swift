package import Ledger
package import Logging

/// One line for each message: time, level, label, what belongs to it by name, the module, the words.
package struct LineLogHandler: LogHandler {
    private let label: String
    private let lines: LineQueue
    private let now: @Sendable () -> Timestamp
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// A handler of one label that writes to `lines` what is said at `now`.
    package init(
        label: String,
        level: Logger.Level,
        lines: LineQueue,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.label = label
        self.lines = lines
        self.now = now
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "\(now()) \(event.level.rawValue) \(label):"
        var named = metadata
        if let provided = metadataProvider?.get() { named.merge(provided) { _, new in new } }
        if let own = event.metadata { named.merge(own) { _, new in new } }
        if let error = event.error { named["error"] = "\(error)" }
        for (name, value) in named.sorted(by: { $0.key < $1.key }) {
            line += " \(name)=\(value)"
        }
        line += " [\(event.source)] \(event.message)"
        // What a server or a proxy has said may have ends of lines of its own.
        lines.append(line.utf8.contains { $0 < 0x20 } ? line.onOneLine : line)
    }
}

extension String {
    fileprivate var onOneLine: String {
        String(decoding: utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
