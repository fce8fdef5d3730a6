import AsyncHTTPClient
import Ledger
import LedgerStore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Vault

@testable import LedgerAPI

@Suite("Room for exports", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ExportRoomTests {
    private static let app = Identifier(value: 1)

    @Test("an app has its share, all apps have theirs, and a place is left with its holder")
    func places() throws {
        let room = ExportRoom()
        var places: [AppPlace] = []
        for _ in 0..<RequestLimits.exportsOfAppMax { places.append(try room.enter(Self.app)) }
        #expect(throws: LedgerError.tooManyExports) { try room.enter(Self.app) }
        var number: UInt128 = 2
        while places.count < RequestLimits.exportsMax {
            places.append(try room.enter(Identifier(value: number)))
            number += 1
        }
        #expect(throws: LedgerError.tooManyExports) { try room.enter(Identifier(value: number)) }
        places.removeFirst()
        places.append(try room.enter(Self.app))
        #expect(throws: LedgerError.tooManyExports) { try room.enter(Identifier(value: number)) }
        places.removeAll()
        places.append(try room.enter(Self.app))
    }

    @Test("one export too many is refused without a trace, and taken when another one has ended")
    func refusal() async throws {
        try await TestService.run { service in
            try await service.connect("exported")
            try await service.damage(Self.filling(service))
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            do {
                try await Self.refuse(service, client)
            } catch {
                Issue.record(error)
            }
            try await client.shutdown()
        }
    }

    @Test("who watches sees how far an export is, until it has ended")
    func watched() async throws {
        try await TestService.run { service in
            try await service.damage(Self.filling(service))
            let visitor = try await TestVisitor(service, key: service.key)
            #expect(try await visitor.get("/console/exports").headers["refresh"] == nil)
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            do {
                var request = HTTPClientRequest(url: service.url + "/v1/export")
                request.headers.add(name: "Authorization", value: "Bearer " + service.key)
                let answer = try await client.execute(request, timeout: .seconds(60))
                let page = try await visitor.get("/console/exports?watch=true")
                #expect(page.headers["refresh"] == "1")
                let bar = page.text.firstMatch(of: /<progress value="([0-9]+)" max="([0-9]+)">/)
                let (done, total) = try #require(bar.map { (Int($0.1), Int($0.2)) })
                let size = try await service.store.size(log: .facts)
                #expect(total == Int(size) && done ?? 0 < Int(size), "\(page.text)")
                for try await _ in answer.body {}
                try await eventually("it has ended") {
                    try await visitor.get("/console/exports?watch=true").text
                        .contains("None in this copy of the service.")
                }
            } catch {
                Issue.record(error)
            }
            try await client.shutdown()
        }
    }

    @Test("an export ends with its key, however much of it is left, and is not taken for whole")
    func keys() async throws {
        try await TestService.run { service in
            try await service.damage(Self.filling(service))
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            do {
                for path in ["/v1/export", "/v1/export?log=facts&format=csv"] {
                    let key = try await service.key(.export)
                    let id = try #require(APIKey(key)).id
                    var request = HTTPClientRequest(url: service.url + path)
                    request.headers.add(name: "Authorization", value: "Bearer " + key)
                    let answer = try await client.execute(request, timeout: .seconds(60))
                    #expect(answer.status == .ok)
                    try await service.damage(
                        "update ledger.api_key set revoked_at = now() where key_id = '\(id)'"
                    )
                    try await eventually("it takes no more calls") {
                        try await service.call(.HEAD, "/v1/export", key: key).status == 401
                    }
                    // What was on its way comes, and then the end of the connection.
                    try await eventually("the place is free") {
                        await service.metrics.contains("\ntoken_ledger_exports 0\n")
                    }
                    await #expect(throws: (any Error).self) {
                        for try await _ in answer.body {}
                    }
                    // Not because it was read too slowly.
                    let cut = await service.metrics.split(separator: "\n").filter {
                        $0.contains("connections_cut_total") && $0.contains("slow_reader")
                    }
                    #expect(cut.count == 1 && cut.allSatisfy { $0.hasSuffix(" 0") }, "\(cut)")
                }
            } catch {
                Issue.record(error)
            }
            try await client.shutdown()
        }
    }

    /// 24 MB of records.
    private static func filling(_ service: TestService) -> String {
        """
        insert into ledger.event
            (log_id, position, event_id, app_id, type, recorded_at, record)
        select 0, size + n, gen_random_uuid(), '\(service.app.id)', 'launch.closed', now(),
            convert_to('{"filled":"' || repeat('x', 8000) || '"}', 'UTF8')
        from ledger.log, generate_series(0, 2999) n where log_id = 0;
        update ledger.log set size = size + 3000 where log_id = 0;
        """
    }

    /// Fills the room of the own app with readers who take nothing, and asks for more.
    private static func refuse(_ service: TestService, _ client: HTTPClient) async throws {
        var readers: [HTTPClientResponse] = []
        for _ in 0..<RequestLimits.exportsOfAppMax {
            var request = HTTPClientRequest(url: service.url + "/v1/export")
            request.headers.add(name: "Authorization", value: "Bearer " + service.key)
            // Nobody takes its body; what cannot wait on the way waits in the service.
            let answer = try await client.execute(request, timeout: .seconds(60))
            #expect(answer.status == .ok)
            readers.append(answer)
        }
        let before = try await service.records(log: .access).count
        for path in ["/v1/export", "/v1/export?format=csv", "/v1/export/identities"] {
            let refused = try await service.get(path)
            #expect(refused.status == 429)
            #expect(refused.code == "too_many_exports")
            #expect(refused.headers["retry-after"] == "10")
            let head = try await service.call(.HEAD, path, key: service.key)
            #expect(head.status == 200, "nothing leaves")
            let other = try await service.call(.GET, path, key: service.foreignKey)
            #expect(other.status == 200, "another app has a share of its own")
        }
        #expect(try await service.records(log: .access).count == before + 3)
        readers.removeLast()
        try await eventually("a reader that has gone leaves its place") {
            try await service.get("/v1/export/identities").status == 200
        }
        readers.removeAll()
    }
}
