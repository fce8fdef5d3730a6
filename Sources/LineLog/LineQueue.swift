internal import Dispatch
package import Measures
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Lines on their way to a file descriptor, which a queue of its own writes.
///
/// Nobody who logs waits for the reader of a full pipe. The lines that find no room are counted, and
/// the count is written in their place.
package final class LineQueue: Sendable {
    /// The one for standard error, whose lines are still written when the program ends.
    package static let standardError: LineQueue = {
        atexit { LineQueue.standardError.flush() }
        return LineQueue(descriptor: STDERR_FILENO)
    }()

    /// How much waits at most: some thousand lines.
    package static let bytesMax = 1_048_576
    /// How long the end of the program waits for a reader that does not read.
    private static let flushTimeMax = DispatchTimeInterval.seconds(1)

    private struct State {
        var bytes: [UInt8] = []
        var droppedCount = 0
        var isWriting = false
    }

    /// How many lines found no room, ever.
    private let droppedLines = Counter()
    private let descriptor: Int32
    private let state = Mutex(State())
    private let writer = DispatchQueue(label: "log")

    /// Writes to a descriptor that stays open.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Takes a line; its end is added.
    package func append(_ line: String) {
        let begins = state.withLock { state in
            guard state.bytes.count + line.utf8.count < Self.bytesMax else {
                state.droppedCount += 1
                droppedLines.add()
                return false
            }
            state.bytes.append(contentsOf: line.utf8)
            state.bytes.append(UInt8(ascii: "\n"))
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if begins { writer.async { self.drain() } }
    }

    /// Adds how it stands to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        page.add(.waitingBytes, state.withLock(\.bytes.count))
        page.add(.waitingBytesMax, Self.bytesMax)
        page.add(.droppedLines, droppedLines)
    }

    /// Waits until all that was taken is written, but not for long.
    package func flush() {
        let isWritten = DispatchSemaphore(value: 0)
        writer.async { isWritten.signal() }
        _ = isWritten.wait(timeout: .now() + Self.flushTimeMax)
    }

    private func drain() {
        while let bytes = next() { send(bytes) }
    }

    private func next() -> [UInt8]? {
        state.withLock { state in
            if state.droppedCount > 0 {
                state.bytes += "\(state.droppedCount) lines were dropped here\n".utf8
                state.droppedCount = 0
            }
            state.isWriting = !state.bytes.isEmpty
            guard state.isWriting else { return nil }
            defer { state.bytes = [] }
            return state.bytes
        }
    }

    private func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EAGAIN {
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&room, 1, -1)
            } else if count < 0, errno != EINTR {
                // Nobody is left who could miss anything.
                return
            }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

extension MetricFamily {
    fileprivate static let waitingBytes = gauge(
        "token_ledger_log_lines_waiting_bytes",
        "Bytes of log lines that wait for whoever reads standard error"
    )
    fileprivate static let waitingBytesMax = gauge(
        "token_ledger_log_lines_waiting_bytes_max",
        "How many bytes of log lines may wait; lines beyond that are dropped"
    )
    fileprivate static let droppedLines = counter(
        "token_ledger_log_lines_dropped_total",
        "Log lines that were dropped because nobody read those before them"
    )
}
