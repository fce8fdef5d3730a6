internal import HummingbirdCore
internal import Logging

/// Accepts connections while there is room, and makes room for those who come when there is none.
struct ConnectionRoom: AvailableConnectionsDelegate {
    private let connections: Connections
    private var openCount = 0

    init(_ connections: Connections) {
        self.connections = connections
    }

    mutating func connectionOpened() {
        openCount += 1
        connections.note(openCount: openCount)
    }

    mutating func connectionClosed() {
        openCount -= 1
        connections.note(openCount: openCount)
    }

    /// If not, it is asked again when one has ended.
    func isAcceptingNewConnections() -> Bool {
        guard connections.isFull else { return true }
        connections.makeRoom()
        return false
    }

    /// For how many connections there is room: as many as wanted, or as the system lets the process
    /// have.
    static func size(_ wanted: Int, logger: Logger) -> Int {
        let descriptors = DescriptorLimit.raise(to: wanted + ServerLimits.descriptorsKept)
        let size = fitting(wanted, descriptors: descriptors)
        if size < wanted {
            logger.warning(
                "the process may open few files, so fewer connections are accepted",
                metadata: ["limit": "\(descriptors)", "connections": "\(size)"]
            )
        }
        return size
    }

    /// How many connections fit into so many descriptors: all but those kept for the rest, and half
    /// of them where they are few.
    static func fitting(_ wanted: Int, descriptors: Int) -> Int {
        min(wanted, max(descriptors - ServerLimits.descriptorsKept, descriptors / 2))
    }
}
