internal import Ledger

/// Events of one or several logs, in one order.
///
/// An object, for it is given back by asynchronous functions (CONTRIBUTING.md#the-optimized-program).
package final class MergedEvents: Sendable {
    package let events: [StoredEvent]
    /// Where to go on.
    package let places: LogPlaces
    /// Whether no more can follow.
    package let isLast: Bool

    /// Of what was read from some places on, or before them.
    init(
        _ stretches: [LogMerge<StoredEvent>.Stretch],
        _ order: LogMerge<StoredEvent>.Order,
        limit: Int,
        from places: LogPlaces
    ) {
        let merge = LogMerge(stretches, order, limit: limit) {
            (try? Record(decoding: $0.bytes))?.time
        }
        events = merge.elements
        isLast = merge.isAtEnd
        self.places = LogPlaces(
            places.reached.enumerated().map { index, reached in
                let rest = merge.rest(index)?.position
                let next =
                    switch order {
                    case .oldestFirst: rest ?? merge.next(index)
                    case .newestFirst: rest.map { $0 + 1 } ?? merge.next(index)
                    }
                guard next != reached.next else { return reached }
                if order == .oldestFirst, let last = merge.last(index), last.position == next - 1 {
                    return LogPlaces.Reached(behind: LogPlace(of: last))
                }
                return LogPlaces.Reached(next: next)
            }
        )
    }
}
