package import Wire

/// What honest callers got while others meant harm, for people and for programs.
package struct HostileReport: BenchResult {
    /// One attack.
    struct Stage: Sendable {
        let attack: Attack
        /// Honest callers just before, with nobody hostile.
        let quiet: ArrivalTally
        /// Honest callers meanwhile.
        let honest: ArrivalTally
        let hostile: HostileCallers.Tally
        /// By how many bytes the service grew at most.
        let growth: Int

        /// The honest requests that were answered, of all that were due.
        var goodput: Double { HostileReport.share(honest) }

        /// How much later the slowest in a hundred was answered than before.
        var slowdown: Double { honest.accepted.times.p99 / quiet.accepted.times.p99 }

        var growthMegabytes: Double { Double(growth) / Double(Attack.bytesPerMegabyte) }

        var misses: [String] {
            var all: [String] = []
            if goodput < HostileReport.goodputMin { all.append("goodput") }
            if slowdown > HostileReport.slowdownMax { all.append("p99") }
            if growth > attack.growthMax { all.append("memory") }
            return all
        }
    }

    let stages: [Stage]

    /// The aims (docs/threats.md#g27).
    private static let goodputMin = 0.8
    private static let slowdownMax = 2.0

    private static func share(_ tally: ArrivalTally) -> Double {
        tally.accepted.perSecond / tally.arrivals.perSecond
    }

    private var sentences: [String] {
        let missed = stages.filter { !$0.misses.isEmpty }
        return [
            "Honest callers: \(Int(stages.first?.quiet.arrivals.perSecond ?? 0)) requests a second, "
                + "whatever becomes of those before; beside each time stands that of the seconds just "
                + "before, with nobody hostile. All share the machine.",
            "The aims: 80 % answered, p99 at most twice that of before, at most 64 MB more (32 MB for floods).",
            missed.isEmpty
                ? "All are reached."
                : "Missed: "
                    + missed.map { "\($0.attack.name) (\($0.misses.joined(separator: ", ")))" }
                    .joined(separator: "; ") + ".",
        ]
    }

    package func table(head style: (String) -> String) -> String {
        let number = BenchReport.decimal
        let head = [
            "", "answered %", "p50 ms", "before", "p99 ms", "before", "× before", "MB more",
            "served", "refused", "closed",
        ]
        let rows = stages.map { stage in
            let (honest, quiet) = (stage.honest.accepted.times, stage.quiet.accepted.times)
            return [
                stage.attack.name, number(100 * stage.goodput), number(honest.p50),
                number(quiet.p50), number(honest.p99), number(quiet.p99), number(stage.slowdown),
                number(stage.growthMegabytes), "\(stage.hostile.served)",
                "\(stage.hostile.refused)", "\(stage.hostile.closed)",
            ]
        }
        var lines = BenchReport.columns([head] + rows)
        lines[0] = style(lines[0])
        return (lines + sentences + BenchReport.caution).joined(separator: "\n")
    }

    package var document: JSONValue {
        [
            "benchmark": "hostile", "build": .string(BenchReport.build),
            "notes": .array(sentences.map { .string($0) }),
            "attacks": .array(stages.map(Self.document)),
        ]
    }

    private static func document(_ stage: Stage) -> JSONValue {
        [
            "name": .string(stage.attack.name), "answered_ratio": number(stage.goodput),
            "p50_ms": number(stage.honest.accepted.times.p50),
            "p99_ms": number(stage.honest.accepted.times.p99),
            "p50_before_ms": number(stage.quiet.accepted.times.p50),
            "p99_before_ms": number(stage.quiet.accepted.times.p99),
            "p99_ratio": number(stage.slowdown),
            "memory_growth_bytes": .number("\(stage.growth)"),
            "refused_per_second": number(stage.honest.refused.perSecond),
            "failed": .number("\(stage.honest.failed)"),
            "unsent": .number("\(stage.honest.unsent)"),
            "hostile_served": .number("\(stage.hostile.served)"),
            "hostile_refused": .number("\(stage.hostile.refused)"),
            "hostile_closed": .number("\(stage.hostile.closed)"),
            "missed": .array(stage.misses.map { .string($0) }),
        ]
    }

    private static func number(_ value: Double) -> JSONValue {
        .number(BenchReport.decimal(value.isFinite ? value : 0))
    }
}
