internal import NIOCore

/// What is waited for on a connection, and until when.
struct Patience {
    enum Awaited {
        /// Nothing that the caller would do.
        case nothing
        /// The first byte of a new connection.
        case first
        /// Another request.
        case request
        /// The rest of a head.
        case head
        /// The rest of a body.
        case body
        /// That the caller closes its side.
        case close
    }

    private let limits: ServerLimits
    private(set) var awaited = Awaited.first
    /// Nil while nothing is waited for.
    private(set) var end: NIODeadline?
    /// When the request began that is being read; the first one began with its connection.
    private var begin: NIODeadline?
    /// Since when it is waited.
    private(set) var since: NIODeadline?

    /// A connection was accepted.
    init(_ limits: ServerLimits, at now: NIODeadline) {
        self.limits = limits
        begin = now
        since = now
        end = now + limits.headTimeMax
    }

    /// The caller could have closed its side by now.
    mutating func hurry(at now: NIODeadline) {
        guard awaited == .close, let end else { return }
        self.end = min(end, now + ServerLimits.floodLingerTime)
    }

    /// This is waited for from now on.
    mutating func wait(for next: Awaited, at now: NIODeadline) {
        awaited = next
        since = next == .nothing ? nil : now
        switch next {
        case .head, .body:
            let begin = begin ?? now
            self.begin = begin
            since = begin
            end = begin + (next == .head ? limits.headTimeMax : limits.requestTimeMax)
        case .request:
            begin = nil
            end = now + limits.idleTimeMax
        case .close: end = now + ServerLimits.lingerTime
        case .nothing, .first:
            begin = nil
            end = nil
        }
    }
}
