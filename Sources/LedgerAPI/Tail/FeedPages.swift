/// The last pages of a log, each beginning where the one before ends: for who is a moment late.
struct FeedPages: Sendable {
    private var pages: [FeedPage] = []
    /// How much memory they hold.
    private(set) var byteCount = 0

    /// Keeps one more, and lets go of the first ones when there is too much.
    mutating func append(_ page: FeedPage) {
        pages.append(page)
        byteCount += page.byteCount
        while pages.count > RequestLimits.feedPagesMax || byteCount > RequestLimits.feedBytesMax {
            byteCount -= pages.removeFirst().byteCount
        }
    }

    /// The one that has a position, unless it was let go of.
    func page(at position: Int64) -> FeedPage? {
        pages.last { $0.positions.lowerBound <= position }
    }
}
