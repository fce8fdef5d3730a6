import ArgumentParser
import Ledger

/// `--log facts` and `--log access`, the names that HTTP has for the logs of events.
extension Log: ExpressibleByArgument {
    /// Reads a name.
    package init?(argument: String) {
        guard let log = Logs.one.ofEvents.first(where: { $0.name == argument }) else { return nil }
        self = log
    }

    /// The names that help and errors list.
    package static var allValueStrings: [String] { Logs.one.ofEvents.map(\.name) }
}
