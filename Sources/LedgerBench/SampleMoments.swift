/// Times of one kind of call: how many, their mean and how they spread.
struct SampleMoments: Sendable {
    private(set) var count = 0.0
    private(set) var mean = 0.0
    private var squares = 0.0

    /// Takes one more (Welford's method, which loses no digits where the mean is large).
    mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    }

    var variance: Double { count > 1 ? squares / (count - 1) : 0 }

    /// Welch's t of two kinds of call: how far their means are apart, beside what chance makes of it.
    static func t(_ left: SampleMoments, _ right: SampleMoments) -> Double {
        let spread = left.variance / left.count + right.variance / right.count
        guard spread > 0 else { return left.mean == right.mean ? 0 : .infinity }
        return (left.mean - right.mean) / spread.squareRoot()
    }
}
