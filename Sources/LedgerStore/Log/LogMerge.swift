internal import Ledger

/// Puts what was read of several logs into one order: within a log that of positions, across logs that of
/// times, and where those are the same that of the logs.
///
/// Times across logs promise nothing, for every copy of the service has its own clock. What is promised
/// is that pages cut the one order, wherever they end.
struct LogMerge<Element: Sendable> {
    /// Which of two comes first.
    enum Order {
        case oldestFirst, newestFirst
    }

    /// What was read of one log, in order.
    final class Stretch: Sendable {
        let elements: [Element]
        /// Where to go on behind them.
        let next: Int64
        /// Whether the log has nothing there.
        let isAtEnd: Bool

        init(_ elements: [Element], next: Int64, isAtEnd: Bool) {
            self.elements = elements
            self.next = next
            self.isAtEnd = isAtEnd
        }
    }

    /// So many at most, in order.
    private(set) var elements: [Element] = []
    /// How many of each log are among them.
    private var taken: [Int]
    private let stretches: [Stretch]

    /// Merges until a log may have more than was read of it: that could come before what others have.
    ///
    /// `time` gives nil for what cannot be read, which waits for nothing.
    init(_ stretches: [Stretch], _ order: Order, limit: Int, time: (Element) -> Timestamp?) {
        self.stretches = stretches
        taken = Array(repeating: 0, count: stretches.count)
        // One log alone has its order, and nobody asks for times.
        guard stretches.count > 1 else {
            elements = Array(stretches[0].elements.prefix(limit))
            taken[0] = elements.count
            return
        }
        func key(_ element: Element) -> Int64 {
            guard let microseconds = time(element)?.microseconds else { return .min }
            return order == .oldestFirst ? microseconds : -microseconds
        }
        var heads = stretches.map { $0.elements.first.map(key) }
        while elements.count < limit {
            var first: (index: Int, key: Int64)?
            for (index, key) in heads.enumerated() {
                guard let key else {
                    guard stretches[index].isAtEnd else { return }
                    continue
                }
                if let found = first, found.key <= key { continue }
                first = (index, key)
            }
            guard let index = first?.index else { return }
            let stretch = stretches[index].elements
            elements.append(stretch[taken[index]])
            taken[index] += 1
            heads[index] = taken[index] < stretch.count ? key(stretch[taken[index]]) : nil
        }
    }

    /// The first of a log that is not among them; nil where all that was read is.
    func rest(_ index: Int) -> Element? {
        let stretch = stretches[index]
        return taken[index] < stretch.elements.count ? stretch.elements[taken[index]] : nil
    }

    /// The last of a log that is among them.
    func last(_ index: Int) -> Element? {
        taken[index] > 0 ? stretches[index].elements[taken[index] - 1] : nil
    }

    /// Where to go on in a log of which all that was read is among them.
    func next(_ index: Int) -> Int64 { stretches[index].next }

    /// Whether nothing is left in any log.
    var isAtEnd: Bool {
        stretches.indices.allSatisfy { stretches[$0].isAtEnd && rest($0) == nil }
    }
}
