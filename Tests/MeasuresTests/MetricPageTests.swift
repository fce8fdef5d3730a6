import Measures
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MetricPageTests {
    private static let openings = MetricFamily.gauge("openings", "How many are open")

    @Test("a page says of each metric what it is, and then its series")
    func lines() {
        var page = MetricPage()
        page.add(Self.openings, 3, ["server": "api"])
        page.add(.counter("doors_total", "How many doors there were"), 7)
        #expect(
            page.text == """
                # HELP doors_total How many doors there were
                # TYPE doors_total counter
                doors_total 7
                # HELP openings How many are open
                # TYPE openings gauge
                openings{server="api"} 3

                """
        )
    }

    @Test("what several add to one metric stands together, under one head")
    func grouping() {
        var page = MetricPage()
        page.add(Self.openings, 3, ["server": "api"])
        page.add(.gauge("other", "Something else"), 1)
        page.add(Self.openings, 1, ["server": "metrics"])
        let lines = page.text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("# TYPE openings") } == 1)
        #expect(lines[2...3] == ["openings{server=\"api\"} 3", "openings{server=\"metrics\"} 1"])
    }

    @Test("a metric without series is named all the same")
    func named() {
        var page = MetricPage()
        page.name(Self.openings)
        page.name(Self.openings)
        #expect(page.text == "# HELP openings How many are open\n# TYPE openings gauge\n")
    }

    @Test("backslashes, line ends and quotes cannot end a value or a line")
    func escaping() {
        var page = MetricPage()
        page.add(.gauge("a", "One \\ two\n\"three\""), 1, ["b": "one \\ two\n\"three\""])
        #expect(
            page.text == #"""
                # HELP a One \\ two\n"three"
                # TYPE a gauge
                a{b="one \\ two\n\"three\""} 1

                """#
        )
    }

    @Test("a histogram's buckets add up, and its count is the last of them")
    func histogram() {
        let histogram = Histogram(.numbers([1, 10]))
        for value in [0, 1, 2, 10, 11] { histogram.record(value) }
        var page = MetricPage()
        page.add(.histogram("sizes", "How many at once"), histogram, ["log": "facts"])
        #expect(
            page.text == """
                # HELP sizes How many at once
                # TYPE sizes histogram
                sizes_bucket{log="facts",le="1.0"} 2
                sizes_bucket{log="facts",le="10.0"} 4
                sizes_bucket{log="facts",le="+Inf"} 5
                sizes_sum{log="facts"} 24.0
                sizes_count{log="facts"} 5

                """
        )
        #expect(histogram.count == 5)
    }

    @Test("times are shown in seconds")
    func times() {
        let histogram = Histogram(.times([.milliseconds(5), .seconds(1)]))
        histogram.record(.milliseconds(5))
        histogram.record(.microseconds(5_001))
        histogram.record(.seconds(90))
        var page = MetricPage()
        page.add(.histogram("a_seconds", "How long it took"), histogram)
        let lines = page.text.split(separator: "\n").dropFirst(2)
        #expect(
            lines == [
                "a_seconds_bucket{le=\"0.005\"} 1", "a_seconds_bucket{le=\"1.0\"} 2",
                "a_seconds_bucket{le=\"+Inf\"} 3", "a_seconds_sum 90.010001", "a_seconds_count 3",
            ]
        )
    }

    @Test("what is no number has the names that Prometheus reads")
    func specials() {
        var page = MetricPage()
        for value in [Double.nan, .infinity, -.infinity, 0.25] { page.add(Self.openings, value) }
        page.add(Self.openings, .milliseconds(1_500))
        page.add(Self.openings, is: true)
        let lines = page.text.split(separator: "\n").dropFirst(2)
        #expect(
            lines.map { $0.dropFirst("openings ".count) } == [
                "NaN", "+Inf", "-Inf", "0.25", "1.5", "1",
            ]
        )
    }

    @Test("counters of many tasks lose nothing, and a table's words begin at 0")
    func counters() async {
        enum Word: CaseIterable { case one, other }
        let table = CounterTable<Word>()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1_000 { table.add(.one) } } }
        }
        #expect(table[.one] == 8_000)
        #expect(table[.other] == 0)
    }
}
