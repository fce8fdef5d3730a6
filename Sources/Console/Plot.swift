/// A plot of counts by the hour, as SVG: bars on a line, the last one at the right.
///
/// Everything is an attribute, for the page's policy allows no styles within it.
struct Plot: Sendable {
    /// A bar, in the plot's own units.
    struct Bar: Sendable {
        let x: Int
        let y: Int
        let height: Int
        /// What a screen reader and a pointer are told.
        let label: String
    }

    let name: String
    let total: Int64
    let bars: [Bar]
    let width: Int
    let height = Plot.barHeightMax
    /// The highest bar's count, which is the plot's scale.
    let highest: Int64
    /// When the first hour begins.
    let first: ShownTime
    let summary: String

    private static let barStep = 12
    private static let barHeightMax = 60
    /// A count of one must be seen beside one of a million.
    private static let barHeightMin = 2

    /// One bar for each count, of the hours that begin at these times; `note` says how far was counted.
    init(_ name: String, counts: [Int64], hours: [ShownTime], note: String) {
        self.name = name
        first = hours[0]
        let highest = max(1, counts.max() ?? 0)
        self.highest = counts.max() ?? 0
        total = counts.reduce(0, +)
        width = counts.count * Self.barStep
        bars = zip(counts, hours).enumerated().map { index, bar in
            let scaled = Int(bar.0 * Int64(Self.barHeightMax) / highest)
            let height = bar.0 == 0 ? 0 : max(Self.barHeightMin, scaled)
            return Bar(
                x: index * Self.barStep,
                y: Self.barHeightMax - height,
                height: height,
                label: "\(bar.1.readable): \(bar.0)"
            )
        }
        summary = "\(name): \(total) \(note), at most \(counts.max() ?? 0) in an hour"
    }
}
