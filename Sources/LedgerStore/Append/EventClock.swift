package import Ledger
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Gives out times and identifiers in increasing order.
package final class EventClock: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var sequence: UInt16 = 0
        var random = RandomStock()
    }

    private let state = Mutex(State())

    package init() {}

    /// The time of day, in microseconds.
    package func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        )
    }

    /// A new version 7 identifier of what stands in a log, in order of time.
    ///
    /// What belongs to no log has an identifier of the log of facts. One is greater than all that this
    /// clock gave out before.
    package func identifier(in log: Log = .facts) -> Identifier {
        let now = UInt64(max(0, self.now().microseconds)) / 1_000
        return state.withLock { state in
            if now > state.milliseconds {
                state.milliseconds = now
                // The upper half stays free, so that one millisecond has room for 2,048 more.
                state.sequence = UInt16(state.random.next() & 0x07FF)
            } else if state.sequence == 0x0FFF {
                state.milliseconds += 1
                state.sequence = 0
            } else {
                state.sequence += 1
            }
            return Identifier(
                milliseconds: state.milliseconds,
                sequence: state.sequence,
                random: state.random.next(),
                in: log
            )
        }
    }
}

/// Random numbers of the system, of which many are fetched at once: each call of the system costs
/// more than all else that an identifier takes.
private struct RandomStock {
    private var numbers: [UInt64] = []

    private static let count = 32

    mutating func next() -> UInt64 {
        if let number = numbers.popLast() { return number }
        let bytes = unsafe [UInt64](unsafeUninitializedCapacity: Self.count) { buffer, count in
            let size = Self.count * MemoryLayout<UInt64>.size
            // 256 bytes come whole or not at all.
            guard unsafe getentropy(buffer.baseAddress, size) == 0 else {
                preconditionFailure("The system has no random numbers.")
            }
            count = Self.count
        }
        numbers = bytes
        return numbers.removeLast()
    }
}
