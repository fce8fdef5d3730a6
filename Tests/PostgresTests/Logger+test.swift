import Logging

extension Logger {
    /// A logger nobody listens to.
    static var test: Logger {
        Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    }
}
