import Foundation
import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

@Suite("Exported files", .timeLimit(.minutes(5)))
struct ExportFileTests {
    private struct Killed: Error {}

    private func plan(
        _ log: SampleLog,
        _ format: ExportFormat,
        gzip: Bool = false,
        query: EventQuery = EventQuery()
    ) -> ExportFilePlan {
        ExportFilePlan(
            export: Identifier(value: 3),
            parts: [
                ExportFilePlan.Part(origin: SampleLog.origin, positions: 2..<Int64(log.size))
            ],
            query: query,
            format: format,
            isGzipped: gzip
        )
    }

    private func work(_ log: SampleLog, _ plan: ExportFilePlan, _ path: String, calls: Int) throws {
        let file = try ExportFile(path: path, plan: plan, resuming: true)
        var calls = calls
        for start in stride(from: file.next, to: Int64(log.size), by: 4) {
            guard calls > 0 else { throw Killed() }
            calls -= 1
            let positions = Array(start..<min(start + 4, Int64(log.size)))
            let (lines, ends) = log.lines(positions)
            try file.append(lines: lines, ends: ends, positions: positions)
            guard calls > 0 else { throw Killed() }
            calls -= 1
            try file.commit(next: start + Int64(positions.count))
        }
        guard calls > 0 else { throw Killed() }
        try file.finish()
    }

    @Test("a killed export goes on and ends with the same bytes", arguments: 0..<4)
    func everyStep(_ kind: Int) throws {
        let log = try SampleLog(27)
        let plan = plan(log, kind % 2 == 0 ? .ndjson : .csv, gzip: kind > 1)
        let folder = try TemporaryFolder()
        try work(log, plan, folder.file("whole"), calls: 1_000)
        let whole = try folder.read("whole")
        #expect(try folder.contents().keys.sorted() == ["whole"])
        #expect(try filePermissions(folder.file("whole")) == 0o600)
        if kind == 0 { #expect(whole == log.lines(2..<27).lines) }
        if kind == 1 { #expect(whole.starts(with: CSVTable.header)) }
        for calls in 0..<14 {
            let name = "calls-\(calls)"
            #expect(throws: Killed.self) {
                try work(log, plan, folder.file(name), calls: calls)
            }
            try folder.write(name, try folder.read(name) + [1, 2, 3])
            try work(log, plan, folder.file(name), calls: 1_000)
            #expect(try folder.read(name) == whole, "\(calls)")
        }
    }

    private func work(
        _ logs: [SampleLog],
        _ plan: ExportFilePlan,
        _ path: String,
        calls: Int
    ) throws {
        let file = try ExportFile(path: path, plan: plan, resuming: true)
        var calls = calls
        func call() throws {
            guard calls > 0 else { throw Killed() }
            calls -= 1
        }
        for part in file.part..<logs.count {
            try call()
            file.go(to: part)
            let end = plan.parts[part].positions.upperBound
            for start in stride(from: file.next, to: end, by: 4) {
                let positions = Array(start..<min(start + 4, end))
                let (lines, ends) = logs[part].lines(positions)
                try call()
                try file.append(lines: lines, ends: ends, positions: positions)
                try call()
                // Every other step is durable, so some are within a log and some between two.
                if start % 8 == 0 { try file.commit(next: start + Int64(positions.count)) }
            }
        }
        try call()
        try file.finish()
    }

    @Test(
        "a file of several logs is gone on with in any of them, and ends with the same bytes",
        arguments: 0..<4
    )
    func severalLogs(_ kind: Int) throws {
        let logs = try [(17, Int32(0)), (0, 2), (9, 4)].map {
            try SampleLog($0, seed: UInt64($1) + 7, log: $1)
        }
        let plan = ExportFilePlan(
            export: Identifier(value: 3),
            parts: logs.map {
                ExportFilePlan.Part(origin: $0.signer.key.name, positions: 0..<Int64($0.size))
            },
            query: EventQuery(),
            format: kind % 2 == 0 ? .ndjson : .csv,
            isGzipped: kind > 1
        )
        let folder = try TemporaryFolder()
        try work(logs, plan, folder.file("whole"), calls: 1_000)
        let whole = try folder.read("whole")
        if kind == 0 {
            #expect(whole == logs.flatMap { $0.lines(0..<Int64($0.size)).lines })
        }
        for calls in 0..<20 {
            let name = "calls-\(calls)"
            #expect(throws: Killed.self) {
                try work(logs, plan, folder.file(name), calls: calls)
            }
            let progress = String(decoding: try folder.read("\(name).progress"), as: UTF8.self)
            #expect(progress.contains("\"log\":\"\(SampleLog.ledger)/"), "it names its place")
            try folder.write(name, try folder.read(name) + [1, 2, 3])
            try work(logs, plan, folder.file(name), calls: 1_000)
            #expect(try folder.read(name) == whole, "\(calls)")
        }
        // Of other logs it is another file.
        #expect(throws: Killed.self) { try work(logs, plan, folder.file("less"), calls: 3) }
        let less = ExportFilePlan(
            export: plan.export,
            parts: Array(plan.parts.prefix(2)),
            query: plan.query,
            format: plan.format,
            isGzipped: plan.isGzipped
        )
        #expect(throws: BundleError.otherPlan(what: "log")) {
            _ = try ExportFile(path: folder.file("less"), plan: less, resuming: true)
        }
    }

    @Test("a reader takes the whole log from a single file", arguments: [false, true])
    func reader(_ isGzipped: Bool) throws {
        let log = try SampleLog(27)
        let folder = try TemporaryFolder()
        try work(log, plan(log, .ndjson, gzip: isGzipped), folder.file("log"), calls: 1_000)
        let page = try BundleReader(path: folder.file("log")).nextPage()
        #expect(page?.lines == log.lines(2..<27).lines)
    }

    @Test("what is there already is never overwritten, and other questions are refused")
    func refusals() throws {
        let log = try SampleLog(27)
        let folder = try TemporaryFolder()
        try folder.write("old", [1])
        func open(_ name: String, _ plan: ExportFilePlan, resuming: Bool) throws {
            _ = try ExportFile(path: folder.file(name), plan: plan, resuming: resuming)
        }
        let ndjson = plan(log, .ndjson)
        #expect(throws: BundleError.occupied(name: "old")) {
            try open("old", ndjson, resuming: false)
        }
        #expect(throws: BundleError.finished) { try open("old", ndjson, resuming: true) }
        #expect(throws: Killed.self) { try work(log, ndjson, folder.file("new"), calls: 3) }
        #expect(throws: BundleError.unfinished) { try open("new", ndjson, resuming: false) }
        #expect(throws: BundleError.otherPlan(what: "format")) {
            try open("new", plan(log, .csv), resuming: true)
        }
        let query = EventQuery(clientID: "shop")
        #expect(throws: BundleError.otherPlan(what: "query")) {
            try open("new", plan(log, .ndjson, query: query), resuming: true)
        }
        try open("new", ndjson, resuming: true)
    }
}
