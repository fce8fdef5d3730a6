package import Wire

/// What comparisons of times gave, for people and for programs.
package struct TimingReport: BenchResult {
    let comparisons: [TimingComparison]

    /// Whether something is not as it should be.
    package var isMissed: Bool { comparisons.contains { !$0.holds } }

    package func table(head style: (String) -> String) -> String {
        let rows = comparisons.map { one in
            [
                one.name, one.left, one.right, "\(Int(one.leftTimes.count + one.rightTimes.count))",
                BenchReport.decimal(one.leftTimes.mean), BenchReport.decimal(one.rightTimes.mean),
                BenchReport.decimal(abs(one.t)), verdict(one),
            ]
        }
        let head = ["", "left", "right", "samples", "left ns", "right ns", "|t|", ""]
        var lines = BenchReport.columns([head] + rows)
        lines[0] = style(lines[0])
        let bound = BenchReport.decimal(TimingComparison.bound)
        lines.append(
            "The bound is |t| < \(bound); the control, which ends early, must be beyond it. The "
                + "slowest tenth is left out."
        )
        return (lines + BenchReport.caution).joined(separator: "\n")
    }

    private func verdict(_ one: TimingComparison) -> String {
        switch (one.isControl, one.holds) {
        case (false, true): "not told apart"
        case (false, false): "TOLD APART"
        case (true, true): "told apart, as it must"
        case (true, false): "NOT TOLD APART: this run sees nothing"
        }
    }

    package var document: JSONValue {
        [
            "build": .string(BenchReport.build),
            "bound": .number("\(TimingComparison.bound)"),
            "comparisons": .array(
                comparisons.map { one in
                    [
                        "name": .string(one.name), "left": .string(one.left),
                        "right": .string(one.right), "is_control": .bool(one.isControl),
                        "left_samples": .number("\(Int(one.leftTimes.count))"),
                        "right_samples": .number("\(Int(one.rightTimes.count))"),
                        "dropped": .number("\(one.dropped)"),
                        "left_ns": .number("\(one.leftTimes.mean)"),
                        "right_ns": .number("\(one.rightTimes.mean)"), "t": .number("\(one.t)"),
                        "holds": .bool(one.holds),
                    ]
                }
            ),
        ]
    }
}
