import AsyncHTTPClient
import HumanConnect
import Ledger
import LedgerExport
import LedgerStore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import LedgerAPI

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ExportStreamTests {
    private func unzipped(_ bytes: [UInt8]) throws -> [UInt8] {
        let reader = GzipReader()
        var rest = bytes[...]
        var plain: [UInt8] = []
        while !rest.isEmpty { plain += try reader.read(&rest) }
        try reader.finish()
        return plain
    }

    /// Rows of the own app that are no real records, so that an export is long.
    private func fill(_ service: TestService, _ count: Int) async throws {
        try await service.damage(
            """
            insert into ledger.event (log_id, position, event_id, app_id, type, recorded_at, record)
            select 0, p, md5('fill' || p)::uuid, '\(service.app.id)', 'launch.closed', now(),
                convert_to('{"filled":"' || repeat(md5(p::text), 14) || '"}', 'UTF8')
            from generate_series((select size from ledger.log where log_id = 0),
                (select size from ledger.log where log_id = 0) + \(count) - 1) p;
            update ledger.log set size = size + \(count) where log_id = 0;
            """
        )
    }

    static let encodings: [(header: String, isCompressed: Bool)] = [
        ("gzip", true), ("GZip", true), ("x-gzip", true), ("deflate, gzip;q=0.5, br", true),
        ("*", true), ("*;q=0.1", true), ("gzip;q=0.001", true), ("gzip ; q=1.000", true),
        ("gzip;q=0.5, identity;q=0.5", true), ("identity;q=0, *;q=0.3", true),
        ("", false), ("br", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("*;q=0", false),
        ("gzip;q=0, *", false), ("identity", false), ("gzip;q=0.4, identity", false),
        ("gzip;q=2", false), ("gzip;q=", false), ("gzip;q=0.0001", false), ("gzip;q=1.001", false),
        ("gzip;level=9", false), (";q=1", false), ("gzip;q=0.5;x=1", false),
    ]

    @Test("gzip is sent to those who prefer it, and to nobody else")
    func compressed() async throws {
        for (header, isCompressed) in Self.encodings {
            #expect(AcceptEncoding(header).prefersGzip == isCompressed, "\(header)")
        }
        try await TestService.run { service in
            try await service.connect("zipped")
            try await fill(service, 12_000)
            for path in [
                "/v1/export", "/v1/export?format=csv&until_position=8", "/v1/export/identities",
            ] {
                let plain = try await service.get(path)
                #expect(plain.headers["content-encoding"] == nil)
                for header in ["gzip", "gzip;q=0", "identity"] {
                    let answer = try await service.get(path, headers: ["Accept-Encoding": header])
                    #expect(answer.headers["vary"] == "Accept-Encoding")
                    #expect(answer.headers["content-type"] == plain.headers["content-type"])
                    guard header == "gzip" else {
                        #expect(answer.headers["content-encoding"] == nil)
                        #expect(answer.bytes == plain.bytes)
                        continue
                    }
                    #expect(answer.headers["content-encoding"] == "gzip")
                    #expect(try unzipped(answer.bytes) == plain.bytes)
                    if plain.bytes.count > 1_000 {
                        #expect(answer.bytes.count < plain.bytes.count)
                    }
                }
            }
            let empty = try await service.get(
                "/v1/export?until_position=0",
                headers: ["Accept-Encoding": "gzip"]
            )
            #expect(try unzipped(empty.bytes).isEmpty)
        }
    }

    @Test("an export during appends ends, and is the log as it was when it began")
    func concurrent() async throws {
        try await TestService.run { service in
            try await fill(service, 30_000)
            let before = try await service.store.size(log: .facts)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var number = 0
                        while !Task.isCancelled {
                            _ = try await service.launch("writer \(writer) \(number)")
                            number += 1
                        }
                    }
                }
                var ends: [Int64] = []
                for _ in 0..<4 {
                    let answer = try await service.get("/v1/export?from_position=\(before)")
                    let whole = try await service.get("/v1/export")
                    #expect(answer.status == 200 && whole.status == 200)
                    let exports = try await service.records(log: .access)
                        .compactMap { record -> LedgerEvent.Export? in
                            if case .logExported(let export) = record.event { export } else { nil }
                        }.suffix(2)
                    let end = try #require(exports.last?.positions.upperBound)
                    try #require(end <= (try await service.store.size(log: .facts)))
                    ends.append(end)
                    let rows = try await rows(service, below: end)
                    #expect(whole.bytes == rows)
                }
                #expect(Set(ends).count > 1, "the log grew meanwhile")
                group.cancelAll()
                while let _ = try? await group.next() {}
            }
        }
    }

    private func rows(_ service: TestService, below end: Int64) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var position: Int64 = 0
        while position < end {
            let page = try await service.store.page(log: .facts, from: position)
            try #require(!page.isEmpty)
            for event in page {
                position = event.position + 1
                guard event.app == service.app.id, event.position < end else { continue }
                bytes += event.bytes + [UInt8(ascii: "\n")]
            }
        }
        return bytes
    }

    @Test(
        "PostgreSQL gone midway: the transfer is broken off, and no client takes it for whole",
        arguments: ["identity", "gzip"]
    )
    func brokenOff(encoding: String) async throws {
        try await TestCluster.run { cluster in
            try await TestService.run(on: cluster) { service in
                try await fill(service, 120_000)
                let client = HTTPClient(eventLoopGroupProvider: .singleton)
                do {
                    var request = HTTPClientRequest(url: service.url + "/v1/export")
                    request.headers.add(name: "Authorization", value: "Bearer " + service.key)
                    request.headers.add(name: "Accept-Encoding", value: encoding)
                    let response = try await client.execute(request, timeout: .seconds(120))
                    #expect(response.status == .ok)
                    var body = response.body.makeAsyncIterator()
                    var count = try await body.next()?.readableBytes ?? 0
                    #expect(count > 0)
                    try await cluster.stop()
                    await #expect(throws: (any Error).self) {
                        while let part = try await body.next() { count += part.readableBytes }
                    }
                    #expect(count < 120_000 * 450)
                    #expect(
                        service.logs.lines.contains { $0.contains("export broken off") }
                    )
                } catch {
                    Issue.record(error)
                }
                try await client.shutdown()
            }
        }
    }
}
