internal import NIOCore
internal import NIOPosix

/// The threads on which connections make load, apart from those of the service, so that what they
/// take of the processors can be told.
enum LoadThreads {
    /// More than the cores of a small machine gains nothing, and one may be too slow for a fast
    /// service.
    private static let count = 2

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: count)
    private static let clocks = group.makeIterator().compactMap { loop in
        try? loop.submit { ProcessorClock.ofThisThread() }.wait()
    }

    /// The thread of one more connection.
    static func next() -> any EventLoop { group.next() }

    /// What they have had of the processors.
    static var seconds: Double { clocks.reduce(0) { $0 + ($1.seconds ?? 0) } }
}
