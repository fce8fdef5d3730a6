/// What one measurement gave.
struct Measurement: Sendable {
    /// The times of single operations, in milliseconds.
    struct Times: Sendable {
        let p50: Double
        let p99: Double
    }

    /// What was done, in a few words.
    var name: String
    let clients: Int
    let count: Int
    let seconds: Double
    /// Nil where one operation did all of it.
    let times: Times?
    /// The processor time of one operation; nil where it was not measured.
    let processor: ProcessorTime?
    /// The rate that others are compared with.
    var isBaseline = false

    /// How many a second.
    var rate: Double { seconds > 0 ? Double(count) / seconds : 0 }

    /// Takes the time of each operation, in microseconds, in any order, and the processor time of
    /// all of them.
    init(
        name: String,
        clients: Int,
        seconds: Double,
        microseconds: [Int],
        processor: ProcessorTime? = nil,
        isBaseline: Bool = false
    ) {
        let sorted = microseconds.sorted()
        self.name = name
        self.clients = clients
        self.seconds = seconds
        count = sorted.count
        times = Times(p50: Self.quantile(0.50, of: sorted), p99: Self.quantile(0.99, of: sorted))
        self.processor = Self.share(processor, of: count)
        self.isBaseline = isBaseline
    }

    /// Takes the time of one operation over many things.
    init(
        name: String,
        clients: Int = 1,
        count: Int,
        seconds: Double,
        processor: ProcessorTime?,
        isBaseline: Bool = false
    ) {
        self.name = name
        self.clients = clients
        self.count = count
        self.seconds = seconds
        times = nil
        self.processor = Self.share(processor, of: count)
        self.isBaseline = isBaseline
    }

    /// The one in the middle of several, by their rates.
    static func middle(_ rounds: [Measurement]) -> Measurement? {
        rounds.isEmpty ? nil : rounds.sorted { $0.rate < $1.rate }[rounds.count / 2]
    }

    private static func share(_ processor: ProcessorTime?, of count: Int) -> ProcessorTime? {
        count > 0 ? processor.map { $0 * (1 / Double(count)) } : nil
    }

    private static func quantile(_ share: Double, of sorted: [Int]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
        return Double(sorted[index]) / 1_000
    }
}
