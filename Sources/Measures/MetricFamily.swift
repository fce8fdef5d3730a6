/// One metric as `/metrics` shows it: its name, its kind, and what it means.
package struct MetricFamily: Sendable {
    /// What may be done with its values.
    package enum Kind: String, Sendable {
        /// It only grows, from 0 at the start of the process.
        case counter
        /// It goes up and down.
        case gauge
        /// Values between bounds.
        case histogram
    }

    /// As Prometheus has it: lower case, with the unit at its end.
    package let name: String
    package let kind: Kind
    /// What it means, in one sentence without the full stop; docs/operator.md has the same.
    package let help: String

    private init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// A metric that only grows; its name ends in `_total`.
    package static func counter(_ name: String, _ help: String) -> MetricFamily {
        precondition(name.hasSuffix("_total"), "A counter's name ends in _total.")
        return MetricFamily(name, .counter, help)
    }

    /// A metric that goes up and down.
    package static func gauge(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(name, .gauge, help)
    }

    /// A metric of values between bounds.
    package static func histogram(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(name, .histogram, help)
    }
}
