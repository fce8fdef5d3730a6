import ArgumentParser
import Ledger

/// `--log facts` and `--log access`, the names that HTTP has for them.
extension Log: ExpressibleByArgument {
    /// Reads a name.
    package init?(argument: String) {
        self.init(name: argument)
    }
}
