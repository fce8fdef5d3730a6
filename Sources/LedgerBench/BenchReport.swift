internal import Foundation
package import Wire

/// The measurements of one run, for people and for programs.
package struct BenchReport: BenchResult {
    let title: String
    let measurements: [Measurement]
    /// What the rates are compared with, if anything.
    var reference: String?
    /// What follows from the measurements, a sentence each.
    var notes: [String] = []

    private var baseline: Double? { measurements.first(where: \.isBaseline)?.rate }

    static var build: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    /// What is said of a build whose numbers tell nothing.
    static var caution: [String] {
        build == "debug" ? ["A debug build: the numbers tell nothing."] : []
    }

    package func table(head style: (String) -> String) -> String {
        let width = measurements.map(\.name.count).max() ?? 0
        let last = reference.map { "× " + $0 } ?? ""
        let lastWidth = last.count + 2
        let head =
            Self.cell("", -width) + Self.cell("callers", 9) + Self.cell("per second", 12)
            + Self.cell("p50 ms", 9) + Self.cell("p99 ms", 9) + Self.cell(last, lastWidth)
        let rows = measurements.map { measurement in
            Self.cell(measurement.name, -width) + Self.cell("\(measurement.clients)", 9)
                + Self.cell("\(Int(measurement.rate))", 12)
                + Self.cell(measurement.times.map { Self.decimal($0.p50) } ?? "", 9)
                + Self.cell(measurement.times.map { Self.decimal($0.p99) } ?? "", 9)
                + Self.cell(ratio(measurement).map(Self.decimal) ?? "", lastWidth)
        }
        return ([style(head)] + rows + notes + Self.caution).joined(separator: "\n")
    }

    package var document: JSONValue {
        [
            "benchmark": .string(title), "build": .string(Self.build),
            "reference": reference.map { .string($0) } ?? .null,
            "notes": .array(notes.map { .string($0) }),
            "measurements": .array(
                measurements.map { measurement in
                    [
                        "name": .string(measurement.name),
                        "clients": .number(String(measurement.clients)),
                        "count": .number(String(measurement.count)),
                        "seconds": .number(Self.decimal(measurement.seconds)),
                        "per_second": .number(Self.decimal(measurement.rate)),
                        "p50_ms": measurement.times.map { .number(Self.decimal($0.p50)) } ?? .null,
                        "p99_ms": measurement.times.map { .number(Self.decimal($0.p99)) } ?? .null,
                        "ratio_to_reference": ratio(measurement).map {
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

    /// Two digits after the point.
    static func decimal(_ number: Double) -> String {
        String(format: "%.2f", number)
    }

    /// Fills up to a width: to the left of a number, to the right of a text (a negative width).
    static func cell(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + padding : padding + text
    }
}
