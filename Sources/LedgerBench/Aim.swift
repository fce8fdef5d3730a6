internal import Wire

/// What is measured in every round of `bench aims`, in the order of its table.
enum AimedRow: CaseIterable, Hashable {
    case pgbenchOne, pgbench, pgbenchMany
    case storeConnected, storeNew
    case launchConnected, launchNew, tokens, user, livez
}

/// A ratio that is to be reached, and one to reach for.
struct Aim: Sendable {
    let name: String
    let aim: Double
    /// Nil where nothing beyond the aim is reached for.
    var extreme: Double?
    /// Whether less is better.
    var isCeiling = false

    /// The aims of launches, of connected users unless they are new, and of reads: rates in the
    /// same round.
    static let ratios: [(aim: Aim, of: AimedRow, to: AimedRow)] = [
        (
            Aim(name: "store, connected users × pgbench, 8 callers", aim: 3.5, extreme: 5),
            .storeConnected, .pgbench
        ),
        (
            Aim(name: "store, new users × pgbench, 8 callers", aim: 2, extreme: 3.3),
            .storeNew, .pgbench
        ),
        (
            Aim(name: "HTTP launch × pgbench, 8 callers", aim: 0.75, extreme: 1.25),
            .launchConnected, .pgbench
        ),
        (Aim(name: "HTTP launch / livez", aim: 0.3, extreme: 0.5), .launchConnected, .livez),
        (Aim(name: "HTTP tokens, recorded / livez", aim: 0.3, extreme: 0.5), .tokens, .livez),
        (Aim(name: "HTTP user / livez", aim: 0.45, extreme: 0.65), .user, .livez),
    ]

    /// The aims of growth: cost at the last size beside that at the first.
    static func growth(_ name: String) -> Aim { Aim(name: name, aim: 1.2, isCeiling: true) }
    static let growthOfPostgres = Aim(
        name: "PostgreSQL's time of a launch, last / first",
        aim: 1.15,
        extreme: 1.05,
        isCeiling: true
    )
    static let memory = Aim(name: "the service's memory at the last, MB", aim: 150, isCeiling: true)
}

/// An aim, and what was measured.
struct AimResult: Sendable {
    let aim: Aim
    let value: Double

    var isReached: Bool { aim.isCeiling ? value <= aim.aim : value >= aim.aim }

    static let head = ["", "measured", "aim", "extreme", ""]

    /// The cells of its row, below `head`.
    var cells: [String] {
        [
            aim.name, BenchReport.decimal(value),
            (aim.isCeiling ? "≤ " : "≥ ") + BenchReport.decimal(aim.aim),
            aim.extreme.map(BenchReport.decimal) ?? "", isReached ? "reached" : "missed",
        ]
    }

    var document: JSONValue {
        [
            "name": .string(aim.name), "measured": .number(BenchReport.decimal(value)),
            "aim": .number(BenchReport.decimal(aim.aim)),
            "extreme": aim.extreme.map { .number(BenchReport.decimal($0)) } ?? .null,
            "reached": .bool(isReached),
        ]
    }
}
