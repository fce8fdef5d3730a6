/// What `/metrics` answers: Prometheus' text format, version 0.0.4.
///
/// Whoever owns a number adds it; what several add to one metric stands together in the end, as the
/// format wants it.
package struct MetricPage: Sendable {
    /// Names and values that tell the series of one metric apart.
    ///
    /// The values must come from bounded sets: a route's pattern, a word, a name of the configuration.
    package typealias Labels = KeyValuePairs<String, String>

    /// What an answer of this format says it is.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Part {
        let family: MetricFamily
        var lines = ""
    }

    private var parts: [Part] = []
    private var places: [String: Int] = [:]

    /// An empty page.
    package init() {}

    /// Adds a metric that may have no series now, so that the page always names it.
    package mutating func name(_ family: MetricFamily) { _ = place(of: family) }

    /// Adds a whole number.
    package mutating func add(_ family: MetricFamily, _ value: Int, _ labels: Labels = [:]) {
        append(family, Self.line(family.name, Self.text(labels), "\(value)"))
    }

    /// Adds a number, such as seconds.
    package mutating func add(_ family: MetricFamily, _ value: Double, _ labels: Labels = [:]) {
        append(family, Self.line(family.name, Self.text(labels), Self.text(value)))
    }

    /// Adds a time, in seconds.
    package mutating func add(_ family: MetricFamily, _ time: Duration, _ labels: Labels = [:]) {
        add(family, time / .seconds(1), labels)
    }

    /// Adds whether something is so, as 1 or 0.
    package mutating func add(_ family: MetricFamily, is value: Bool, _ labels: Labels = [:]) {
        add(family, value ? 1 : 0, labels)
    }

    /// Adds what was counted.
    package mutating func add(_ family: MetricFamily, _ value: Counter, _ labels: Labels = [:]) {
        add(family, value.value, labels)
    }

    /// Adds what was counted by word, each with the label that says which.
    package mutating func add<Word: RawRepresentable<String>>(
        _ family: MetricFamily,
        _ table: CounterTable<Word>,
        by label: String,
        _ labels: Labels = [:]
    ) {
        let own = Self.text(labels)
        for word in Word.allCases {
            let labels = own + (own.isEmpty ? "" : ",") + Self.text([label: word.rawValue])
            append(family, Self.line(family.name, labels, "\(table[word])"))
        }
    }

    /// Adds the buckets, the sum and the count of a histogram.
    package mutating func add(
        _ family: MetricFamily,
        _ histogram: Histogram,
        _ labels: Labels = [:]
    ) {
        let own = Self.text(labels)
        let (counts, sum) = histogram.snapshot
        let shown = histogram.bounds.unitsShown
        let bounds = histogram.bounds.values.map { Self.text(Double($0) / shown) } + ["+Inf"]
        var below = 0
        var lines = ""
        for (bound, count) in zip(bounds, counts) {
            below += count
            let labels = own + (own.isEmpty ? "" : ",") + "le=\"\(bound)\""
            lines += Self.line("\(family.name)_bucket", labels, "\(below)")
        }
        lines += Self.line("\(family.name)_sum", own, Self.text(sum))
        // Not counted by itself: it must be what the last bucket says.
        lines += Self.line("\(family.name)_count", own, "\(below)")
        append(family, lines)
    }

    /// The whole page, its metrics in the order of their names.
    package var text: String {
        var text = ""
        for part in parts.sorted(by: { $0.family.name < $1.family.name }) {
            let family = part.family
            text += "# HELP \(family.name) \(Self.escaped(family.help, quote: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            text += part.lines
        }
        return text
    }

    private mutating func append(_ family: MetricFamily, _ lines: String) {
        parts[place(of: family)].lines += lines
    }

    private mutating func place(of family: MetricFamily) -> Int {
        if let place = places[family.name] { return place }
        places[family.name] = parts.count
        parts.append(Part(family: family))
        return parts.count - 1
    }

    private static func line(_ name: String, _ labels: String, _ value: String) -> String {
        "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
    }

    private static func text(_ labels: Labels) -> String {
        labels.map { "\($0)=\"\(escaped($1, quote: true))\"" }.joined(separator: ",")
    }

    /// Go's words for what is no number; Swift's are others.
    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    /// A line is a line, and a label's value ends where it is said to.
    private static func escaped(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
