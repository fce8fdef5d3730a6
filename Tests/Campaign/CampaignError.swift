/// Why the campaign itself cannot go on; what it finds is a `Violation` instead.
enum CampaignError: Error, CustomStringConvertible {
    /// A service, or the nodes of a database, did not become ready.
    case notReady(log: String)
    /// A program that a fault needs is not on this machine.
    case notInstalled(String)
    /// The world has another kind of database than the fault is for.
    case otherDatabase
    /// A service ended that nobody had killed.
    case died(status: String, log: String)
    /// A service did not die at its crash point.
    case notCrashed(String)
    /// A command failed.
    case command([String], output: String)
    /// The sandbox answered what it never should.
    case sandbox(path: String, status: Int?)
    /// The sandbox has forgotten requests that nobody had collected.
    case forgotten
    /// There was no load, so that a fault has proved nothing.
    case noLoad(fault: String)
    /// A fault that was to be injected was not.
    case notInjected(fault: String, words: String)
    /// PostgreSQL does not start any more, so that everything is lost.
    case destroyed(String)
    /// What a broken variant changes is not there exactly once.
    case variant(file: String, places: Int)

    var description: String {
        switch self {
        case .notReady(let log): "it did not become ready; its log ends with:\n\(log)"
        case .notInstalled(let program):
            "\(program) is not installed; run: make ready-for-tests (on Debian it does apt-get "
                + "install patroni etcd-server postgresql, and has none of them start a service)"
        case .otherDatabase: "the fault is for another kind of database"
        case .died(let status, let log):
            "the service ended by itself, \(status); its log ends with:\n\(log)"
        case .notCrashed(let words): "the service did not die at its crash point: \(words)"
        case .command(let arguments, let output):
            "\(arguments.joined(separator: " ")) failed: \(output)"
        case .sandbox(let path, let status):
            "the sandbox answered \(status.map(String.init) ?? "nothing") to \(path)"
        case .forgotten: "the sandbox has forgotten requests; rounds must be shorter"
        case .noLoad(let fault): "\(fault): nothing was acknowledged, so nothing was tried"
        case .notInjected(let fault, let words): "\(fault): \(words)"
        case .destroyed(let words): "PostgreSQL does not start any more: \(words)"
        case .variant(let file, let places):
            "the place to break is \(places) times in \(file); the variant must follow the source"
        }
    }
}
