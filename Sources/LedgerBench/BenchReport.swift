internal import Foundation
package import Wire

/// The measurements of one run, for people and for programs.
package struct BenchReport: BenchResult {
    let title: String
    let measurements: [Measurement]
    /// What the rates are compared with, if anything.
    var reference: String?
    /// What the measurements come to beside what they are to come to.
    var aims: [AimResult] = []
    /// What follows from the measurements, a sentence each.
    var notes: [String] = []

    /// Whether something is not what it is to be.
    package var isMissed: Bool { aims.contains { !$0.isReached } }

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
        let head =
            [
                "", "callers", "per second", "p50 ms", "p99 ms", "service µs", "PostgreSQL µs",
                "load µs",
            ] + (reference.map { ["× " + $0] } ?? [])
        let rows = measurements.map { measurement in
            [
                measurement.name, "\(measurement.clients)", "\(Int(measurement.rate))",
                measurement.times.map { Self.decimal($0.p50) } ?? "",
                measurement.times.map { Self.decimal($0.p99) } ?? "",
                Self.micro(measurement.processor?.service),
                Self.micro(measurement.processor?.postgres),
                Self.micro(measurement.processor?.load),
            ] + (reference == nil ? [] : [ratio(measurement).map(Self.decimal) ?? ""])
        }
        var lines = Self.columns([head] + rows)
        lines[0] = style(lines[0])
        if !aims.isEmpty {
            var compared = Self.columns([AimResult.head] + aims.map(\.cells))
            compared[0] = style(compared[0])
            lines += [""] + compared + (notes.isEmpty ? [] : [""])
        }
        return (lines + notes + Self.caution).joined(separator: "\n")
    }

    package var document: JSONValue {
        [
            "benchmark": .string(title), "build": .string(Self.build),
            "reference": reference.map { .string($0) } ?? .null,
            "notes": .array(notes.map { .string($0) }),
            "aims": .array(aims.map(\.document)),
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
                        "service_us": Self.number(measurement.processor?.service),
                        "postgres_us": Self.number(measurement.processor?.postgres),
                        "load_us": Self.number(measurement.processor?.load),
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

    /// Seconds as microseconds; a share of one says nothing beside many.
    private static func micro(_ seconds: Double?) -> String {
        guard let microseconds = seconds.map({ $0 * 1_000_000 }) else { return "" }
        return String(format: microseconds < 10 ? "%.1f" : "%.0f", microseconds)
    }

    private static func number(_ seconds: Double?) -> JSONValue {
        seconds.map { .number(decimal($0 * 1_000_000)) } ?? .null
    }

    /// Rows whose cells stand below each other: the first to the left, the others to the right.
    static func columns(_ rows: [[String]]) -> [String] {
        let widths = rows.reduce(into: [Int]()) { widths, row in
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                cell(text, column == 0 ? -widths[column] : widths[column] + 2)
            }.joined()
        }
    }

    /// Fills up to a width: to the left of a number, to the right of a text (a negative width).
    static func cell(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + padding : padding + text
    }
}
