internal import Ledger
internal import LedgerStore

/// What the feeds have at one moment for somebody who follows them.
struct FollowLook {
    /// Where the follower is, with what the feeds know of it.
    private(set) var places: LogPlaces
    /// All from where the follower is on, of the logs of these indices.
    private(set) var pages: [(index: Int, page: FeedPage)] = []
    /// Which logs have more than their feeds keep, and up to where: they must be read.
    private var behind: [(index: Int, end: Int64)] = []
    /// A log that is another one than the follower has read.
    private(set) var lost: Log?

    init(at places: LogPlaces, _ feeds: [EventFeed], _ losses: [Int]) {
        self.places = places
        for (index, feed) in feeds.enumerated() {
            switch feed.step(at: places.reached[index].next, losses: losses[index]) {
            case .page(let page): pages.append((index, page))
            case .behind(let end): behind.append((index, end))
            case .nothing(let place):
                guard let place else { continue }
                self.places = self.places.with(LogPlaces.Reached(behind: place), at: index)
            case .lost:
                lost = feed.log
                return
            }
        }
    }

    /// Whether a log must be read.
    var isBehind: Bool { !behind.isEmpty }

    /// How far each log can be read.
    var ends: [Int64] {
        var ends = places.reached.map(\.next)
        for (index, page) in pages { ends[index] = page.positions.upperBound }
        for (index, end) in behind { ends[index] = end }
        return ends
    }

    /// Where the follower is behind the pages.
    var reached: LogPlaces {
        pages.reduce(places) { places, next in
            places.with(LogPlaces.Reached(behind: next.page.last), at: next.index)
        }
    }

    /// The events of the pages that somebody asks for, by the times of their records, each with the places
    /// behind it.
    func merged(of app: Identifier, _ query: EventQuery) -> [(FeedPage.Frame, LogPlaces)] {
        var rest = pages.map { index, page in
            page.single(of: app, query, from: places.reached[index].next)[...]
        }
        var merged: [(FeedPage.Frame, LogPlaces)] = []
        var running = places
        while true {
            let first = rest.indices.filter { !rest[$0].isEmpty }.min { left, right in
                rest[left][rest[left].startIndex].time < rest[right][rest[right].startIndex].time
            }
            guard let first, let frame = rest[first].popFirst() else { return merged }
            running = running.with(
                LogPlaces.Reached(behind: frame.place),
                at: pages[first].index
            )
            merged.append((frame, running))
        }
    }
}
