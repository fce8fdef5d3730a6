package import Wire

/// What a service did with more than it can do, for people and for programs.
package struct OverloadReport: BenchResult {
    /// The most launches a second that callers got who wait for their answers.
    let peak: Measurement
    let normal: ArrivalTally
    let overload: ArrivalTally
    let after: ArrivalTally
    /// How long each sync took at least.
    let syncMilliseconds: Int
    let connections: Int

    /// A second counts as usual again when its 99th percentile is at most this often the usual one.
    private static let usual = 2.0

    private var phases: [ArrivalTally] { [normal, overload, after] }

    /// Goodput beside the peak.
    private var goodput: Double { overload.accepted.perSecond / peak.rate }

    /// How much longer the slowest accepted took than usual.
    private var slowdown: Double { overload.accepted.times.p99 / normal.accepted.times.p99 }

    /// After how many seconds everything is as usual, and stays so; nil if it never is.
    private var secondsToNormal: Int? {
        let latest = Self.usual * normal.accepted.times.p99
        let calm = after.calmSeconds
        let last = calm.lastIndex { ($0 ?? .infinity) > latest }
        guard let last else { return 0 }
        return last + 1 < calm.count ? last + 1 : nil
    }

    private var sentences: [String] {
        let number = BenchReport.decimal
        let offered = overload.offered / peak.rate
        return [
            "The peak: \(Int(peak.rate)) launches/s with \(peak.clients) callers who wait for "
                + "their answers (p50 \(number(peak.times?.p50 ?? 0)) ms, "
                + "p99 \(number(peak.times?.p99 ?? 0)) ms).",
            syncMilliseconds > 0
                ? "Each sync of PostgreSQL takes \(syncMilliseconds) ms at least, so that the load "
                    + "fits on the machine beside the service."
                : "PostgreSQL syncs as fast as the disk does.",
            "Offered were \(number(offered)) times the peak, over \(connections) connections"
                + (overload.unsent > 0
                    ? "; all of these were busy for \(overload.unsent) more, which were not sent."
                    : "."),
            "Goodput under overload: \(number(100 * goodput)) % of the peak (aim: 80 %).",
            "Refused at p99 within \(number(overload.refused.times.p99)) ms (aim: 50 ms), "
                + "\(overload.unhelpful) of them without Retry-After; accepted at p99 within "
                + "\(number(slowdown)) times the usual (aim: 3).",
            secondsToNormal.map {
                "As usual again \($0) s after the overload (aim: 10 s)."
            } ?? "Not as usual again \(after.arrivals.seconds) s after the overload (aim: 10 s).",
        ]
    }

    package func table(head style: (String) -> String) -> String {
        let columns = [
            "offered/s", "accepted/s", "p50 ms", "p99 ms", "refused/s", "p50 ms", "p99 ms",
            "failed", "unsent", "sent late p99 ms",
        ]
        let rows = phases.map { phase in
            let number = BenchReport.decimal
            let (accepted, refused) = (phase.accepted, phase.refused)
            return [
                "\(Int(phase.offered))", "\(Int(accepted.perSecond))", number(accepted.times.p50),
                number(accepted.times.p99), "\(Int(refused.perSecond))", number(refused.times.p50),
                number(refused.times.p99), "\(phase.failed)", "\(phase.unsent)",
                number(phase.delay.p99),
            ]
        }
        let width = phases.map(\.arrivals.name.count).max() ?? 0
        let line = { (name: String, cells: [String]) in
            zip(columns, cells).reduce(BenchReport.cell(name, -width)) { line, cell in
                line + BenchReport.cell(cell.1, cell.0.count + 2)
            }
        }
        return
            ([style(line("", columns))] + zip(phases, rows).map { line($0.arrivals.name, $1) }
            + sentences + BenchReport.caution).joined(separator: "\n")
    }

    package var document: JSONValue {
        [
            "benchmark": "overload", "build": .string(BenchReport.build),
            "notes": .array(sentences.map { .string($0) }),
            "peak_per_second": Self.number(peak.rate),
            "goodput_ratio": Self.number(goodput),
            "accepted_p99_ratio": Self.number(slowdown),
            "seconds_to_normal": secondsToNormal.map { Self.number(Double($0)) } ?? .null,
            "phases": .array(phases.map(Self.document)),
        ]
    }

    private static func document(_ phase: ArrivalTally) -> JSONValue {
        [
            "name": .string(phase.arrivals.name), "offered_per_second": number(phase.offered),
            "accepted_per_second": number(phase.accepted.perSecond),
            "accepted_p50_ms": number(phase.accepted.times.p50),
            "accepted_p99_ms": number(phase.accepted.times.p99),
            "refused_per_second": number(phase.refused.perSecond),
            "refused_p50_ms": number(phase.refused.times.p50),
            "refused_p99_ms": number(phase.refused.times.p99),
            "refused_without_retry_after": number(Double(phase.unhelpful)),
            "failed": number(Double(phase.failed)), "unsent": number(Double(phase.unsent)),
            "sent_late_p99_ms": number(phase.delay.p99),
            "p99_ms_by_second": .array(
                phase.seconds.map { number(ArrivalTally.p99($0.accepted)) }
            ),
        ]
    }

    private static func number(_ value: Double) -> JSONValue {
        .number(BenchReport.decimal(value.isFinite ? value : 0))
    }
}
