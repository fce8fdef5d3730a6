internal import Synchronization
internal import Wire

/// The reading of one list of users, while it arrives.
final class UserListReading: Sendable {
    /// Real entries have about 160 bytes, and their fields at most 16,384 each.
    static let entryBytesMax = 65_536
    /// More than fit into the bytes that are read, when they are real ones.
    static let entriesMax = 1_000_000
    /// A list with more of them is no list of users, or in a form that we do not know.
    static let unreadableMax = 1_000

    private struct State {
        var reader = JSONArrayReader(elementBytesMax: UserListReading.entryBytesMax)
        var entries = 0
        var unreadable = 0

        var isTooLong: Bool {
            entries > UserListReading.entriesMax || unreadable > UserListReading.unreadableMax
        }
    }

    private let app: ProviderApp
    private let visit: @Sendable (ListedUser) -> Void
    private let state = Mutex(State())

    init(app: ProviderApp, visit: @escaping @Sendable (ListedUser) -> Void) {
        self.app = app
        self.visit = visit
    }

    /// Reads on.
    func read(_ part: [UInt8]) throws(HumanConnectError) {
        try change { state throws(JSONArrayReader.NoArray) in
            var (entries, unreadable) = (state.entries, state.unreadable)
            try state.reader.read(part) { element in
                entries += 1
                // What comes after too many is not looked at any more.
                guard unreadable <= Self.unreadableMax else { return }
                let user = ListedUser(element, of: app)
                if case .unreadable = user { unreadable += 1 }
                visit(user)
            }
            (state.entries, state.unreadable) = (entries, unreadable)
        }
        if state.withLock({ $0.isTooLong }) { throw .unknown(.listTooLong) }
    }

    /// Checks that the list is whole, and tells how many entries could not be read.
    func end() throws(HumanConnectError) -> Int {
        try change { state throws(JSONArrayReader.NoArray) in try state.reader.end() }
        return state.withLock { $0.unreadable }
    }

    private func change(
        _ body: (inout State) throws(JSONArrayReader.NoArray) -> Void
    ) throws(HumanConnectError) {
        do {
            try state.withLock { state throws(JSONArrayReader.NoArray) in try body(&state) }
        } catch {
            throw .unknown(.malformedAnswer)
        }
    }
}
