import Foundation
import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

@Suite("Resumed exports", .timeLimit(.minutes(5)))
struct ResumeTests {
    private struct Killed: Error {}

    /// The kinds of bundles that differ in what has to be resumed.
    private static func plan(_ log: SampleLog, _ kind: Int) throws -> BundlePlan {
        try log.plan(
            kind == 0 ? EventQuery() : EventQuery(clientID: SampleLog.clientIDs[1]),
            csv: kind != 3,
            gzip: kind > 1,
            identities: kind != 1,
            page: kind != 3
        )
    }

    /// Works like a process that is killed behind so many calls.
    private func work(_ log: SampleLog, _ plan: BundlePlan, _ path: String, calls: Int) throws {
        let writer = try BundleWriter(folder: path, plan: plan, resuming: true)
        var calls = calls
        func step() throws {
            guard calls > 0 else { throw Killed() }
            calls -= 1
        }
        var rest = log.positions(writer.plan, from: writer.next)[...]
        var pages = 0
        while !rest.isEmpty {
            try step()
            let page = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            try log.append(page, to: writer)
            pages += 1
            guard pages % 2 == 0, let last = page.last else { continue }
            try step()
            try writer.commit(next: last + 1)
        }
        try step()
        if writer.plan.hasIdentities {
            try writer.identities(SampleLog.identities(writer.subjects))
        }
        try step()
        try log.finish(writer) { text in
            try step()
            return try log.signer.sign(text)
        }
    }

    @Test("whoever is killed at any step ends with the same bytes", arguments: 0..<4)
    func everyStep(_ kind: Int) throws {
        let log = try SampleLog(31)
        let plan = try Self.plan(log, kind)
        let folder = try TemporaryFolder()
        try log.write(plan, to: folder.file("whole"))
        let whole = try folder.contents("whole")
        var calls = 0
        while calls < 1_000 {
            let name = "calls-\(calls)"
            do {
                try work(log, plan, folder.file(name), calls: calls)
                break
            } catch is Killed {
                calls += 1
            }
            // What was under way when the process died may stand behind the last durable step.
            for file in plan.layout.dataNames {
                try folder.write(
                    name + "/" + file,
                    try folder.read(name + "/" + file) + Array("{\"torn".utf8)
                )
            }
            let late = try log.plan(
                plan.query,
                positions: plan.positions,
                export: 99,
                csv: plan.hasCSV,
                gzip: plan.isGzipped,
                identities: plan.hasIdentities,
                page: plan.hasPage
            )
            try work(log, late, folder.file(name), calls: 1_000)
            #expect(try folder.contents(name) == whole, "\(calls) calls")
        }
        #expect(calls > 5 && calls < 1_000)
        #expect(try folder.contents("calls-\(calls)") == whole)
    }

    @Test("whoever is killed between the last files ends with the same bytes")
    func lastFiles() throws {
        let log = try SampleLog(31)
        let plan = try Self.plan(log, 2)
        let folder = try TemporaryFolder()
        try log.write(plan, to: folder.file("whole"))
        let whole = try folder.contents("whole")
        // Pages, durable steps behind every second one, and the identities: then the end begins.
        let pages = (log.positions(plan).count + 2) / 3
        #expect(throws: Killed.self) {
            try work(log, plan, folder.file("cut"), calls: pages + pages / 2 + 1)
        }
        let cut = try folder.contents("cut")
        let last = [
            "identities.ndjson.gz", "checkpoint", "checkpoint.first", "consistency.json",
            "index.html", "manifest.json", "manifest.note",
        ]
        for count in 0...last.count {
            for hasNew in [false, true] {
                let name = "state-\(count)-\(hasNew)"
                try FileManager.default.createDirectory(
                    atPath: folder.file(name),
                    withIntermediateDirectories: false
                )
                for (file, bytes) in cut { try folder.write(name + "/" + file, bytes) }
                for file in last.prefix(count) {
                    try folder.write(name + "/" + file, try #require(whole[file]))
                }
                if hasNew {
                    try folder.write(name + "/progress.json.new", Array("{\"torn".utf8))
                    try folder.write(name + "/manifest.note.new", Array("torn".utf8))
                }
                try work(log, plan, folder.file(name), calls: 1_000)
                #expect(try folder.contents(name) == whole, "\(name)")
            }
        }
    }

    @Test("what was begun goes on as it was begun, and says so")
    func storedPlan() throws {
        let log = try SampleLog(20)
        let larger = try SampleLog(31)
        let folder = try TemporaryFolder()
        let path = folder.file("bundle")
        #expect(throws: Killed.self) { try work(log, log.plan(), path, calls: 3) }
        let writer = try BundleWriter(
            folder: path,
            plan: try larger.plan(export: 5),
            resuming: true
        )
        #expect(writer.plan == (try log.plan()))
        #expect(writer.next == 6 && writer.events == 6)
    }

    @Test("other questions and foreign folders are refused")
    func refusals() throws {
        let log = try SampleLog(20)
        let folder = try TemporaryFolder()
        let path = folder.file("bundle")
        func open(_ plan: BundlePlan, resuming: Bool = true) throws {
            _ = try BundleWriter(folder: path, plan: plan, resuming: resuming)
        }
        #expect(throws: Killed.self) { try work(log, log.plan(), path, calls: 3) }
        #expect(throws: BundleError.unfinished) { try open(try log.plan(), resuming: false) }
        let query = EventQuery(clientID: "shop")
        for (other, what) in [
            (try log.plan(query), "query"), (try log.plan(positions: 1..<20), "query"),
            (try log.plan(csv: true), "choice of files"),
            (try log.plan(gzip: true), "choice of files"),
            (try log.plan(identities: true), "choice of files"),
            (try log.plan(page: true), "choice of files"),
        ] {
            #expect(throws: BundleError.otherPlan(what: what)) { try open(other) }
        }
        try folder.write("bundle/foreign", [])
        #expect(throws: BundleError.occupied(name: "foreign")) { try open(try log.plan()) }
        try FileManager.default.removeItem(atPath: folder.file("bundle/foreign"))
        do {
            let writer = try BundleWriter(folder: path, plan: try log.plan(), resuming: true)
            #expect(throws: BundleError.inUse) { try open(try log.plan()) }
            #expect(writer.next == 6)
        }
        let events = try folder.read("bundle/events.ndjson")
        try folder.write("bundle/events.ndjson", events.dropLast())
        #expect(throws: BundleError.damagedFile(name: "events.ndjson")) { try open(try log.plan()) }
        try folder.write("bundle/events.ndjson", events)
        let progress = try folder.read("bundle/progress.json")
        try folder.write("bundle/progress.json", progress.dropLast(4))
        #expect(throws: BundleError.damagedProgress) { try open(try log.plan()) }
        try folder.write("bundle/progress.json", progress)
        try work(log, log.plan(), path, calls: 100)
        #expect(throws: BundleError.finished) { try open(try log.plan()) }
        #expect(throws: BundleError.occupied(name: "checkpoint")) {
            try open(try log.plan(), resuming: false)
        }
    }

    @Test("an unfinished bundle is refused by both verifiers")
    func unfinished() async throws {
        let log = try SampleLog(20)
        let folder = try TemporaryFolder()
        let path = folder.file("bundle")
        #expect(throws: Killed.self) { try work(log, log.plan(), path, calls: 4) }
        let report = try BundleVerification.run(folder: path, keys: [log.signer.key])
        #expect(report.findings.map(\.file) == ["manifest.json"])
        #expect(report.findings.map(\.kind) == [.fileUnreadable])
        let key = log.signer.key.description
        #expect(try await PythonVerifier.verify(path, key: key).status == 1)
    }
}
