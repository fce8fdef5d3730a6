import Foundation
import HumanConnect

/// The measurements of one run, for people and for programs.
struct BenchReport {
    let title: String
    let plan: BenchStack.Plan
    let measurements: [Measurement]

    private var baseline: Double? { measurements.first(where: \.isBaseline)?.rate }

    private static var build: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    var table: String {
        let width = measurements.map(\.name.count).max() ?? 0
        let head =
            Self.cell("", -width) + Self.cell("callers", 9) + Self.cell("per second", 12)
            + Self.cell("p50 ms", 9) + Self.cell("p99 ms", 9) + Self.cell("× pgbench", 11)
        let rows = measurements.map { measurement in
            Self.cell(measurement.name, -width) + Self.cell("\(measurement.clients)", 9)
                + Self.cell("\(Int(measurement.rate))", 12)
                + Self.cell(Self.decimal(measurement.p50), 9)
                + Self.cell(Self.decimal(measurement.p99), 9)
                + Self.cell(ratio(measurement).map(Self.decimal) ?? "", 11)
        }
        let note = Self.build == "debug" ? "\nA debug build: the numbers tell nothing." : ""
        return "\(Terminal.bold(head))\n\(rows.joined(separator: "\n"))\(note)"
    }

    var document: JSONValue {
        [
            "benchmark": .string(title), "build": .string(Self.build),
            "seconds": .number(String(plan.seconds)),
            "measurements": .array(
                measurements.map { measurement in
                    [
                        "name": .string(measurement.name),
                        "clients": .number(String(measurement.clients)),
                        "count": .number(String(measurement.count)),
                        "per_second": .number(Self.decimal(measurement.rate)),
                        "p50_ms": .number(Self.decimal(measurement.p50)),
                        "p99_ms": .number(Self.decimal(measurement.p99)),
                        "ratio_to_pgbench": ratio(measurement).map {
                            .number(Self.decimal($0))
                        } ?? .null,
                    ]
                }
            ),
        ]
    }

    private func ratio(_ measurement: Measurement) -> Double? {
        guard let baseline, baseline > 0 else { return nil }
        return measurement.rate / baseline
    }

    private static func decimal(_ number: Double) -> String {
        String(format: "%.2f", number)
    }

    /// Fills up to a width: to the left of a number, to the right of a text (a negative width).
    private static func cell(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + padding : padding + text
    }
}
