import HumanConnect
import Ledger
import LedgerExport
import LedgerStore
import NIOHTTP1
import Postgres
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ExportTests {
    /// Some users in all stages, and the records of the own app with their positions.
    private func history(
        _ service: TestService
    ) async throws -> [(position: Int64, record: Record)] {
        for number in 0..<4 { try await service.connect("user \(number)") }
        try await service.connect("user 0", "lab")
        _ = try await service.launch("user 9")
        _ = try await service.post(service.user("user 1", "/broken"))
        return try await ownRecords(service)
    }

    private func ownRecords(
        _ service: TestService
    ) async throws -> [(position: Int64, record: Record)] {
        try await service.records(log: .facts).enumerated()
            .map { (Int64($0.offset), $0.element) }
            .filter { $0.record.clientID == service.app.clientID }
    }

    private func lines(_ records: [(position: Int64, record: Record)]) -> String {
        records.map { String(decoding: $0.record.encoded(), as: UTF8.self) + "\n" }.joined()
    }

    /// Reads a table as RFC 4180 has it.
    private func table(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false
        var characters = Array(text.unicodeScalars)[...]
        while let character = characters.popFirst() {
            switch (character, isQuoted) {
            case ("\"", true) where characters.first == "\"":
                characters.removeFirst()
                field += "\""
            case ("\"", _): isQuoted.toggle()
            case (",", false):
                row.append(field)
                field = ""
            case ("\r", false) where characters.first == "\n":
                characters.removeFirst()
                rows.append(row + [field])
                row = []
                field = ""
            default: field.unicodeScalars.append(character)
            }
        }
        #expect(field.isEmpty && row.isEmpty && !isQuoted, "the last row is ended too")
        return rows
    }

    @Test("the records leave byte for byte, with what says so")
    func records() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            let answer = try await service.get("/v1/export")
            #expect(answer.status == 200)
            #expect(answer.text == lines(records))
            #expect(answer.headers["content-type"] == "application/x-ndjson")
            #expect(
                answer.headers["content-disposition"]
                    == "attachment; filename=\"facts.ndjson\""
            )
            #expect(answer.headers["vary"] == "Accept-Encoding")
            #expect(answer.headers["content-encoding"] == nil)
            #expect(answer.headers["cache-control"] == "no-store")
        }
    }

    @Test("a table is read back as the events, with and without its header row")
    func csv() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            for (query, header) in [
                ("", "present"), ("&header=present", "present"), ("&header=absent", "absent"),
            ] {
                let answer = try await service.get("/v1/export?format=csv" + query)
                #expect(
                    answer.headers["content-type"]
                        == "text/csv; charset=utf-8; header=\(header)"
                )
                #expect(
                    answer.headers["content-disposition"]
                        == "attachment; filename=\"facts.csv\""
                )
                var rows = table(answer.text)
                if header == "present" {
                    try #require(!rows.isEmpty)
                    #expect(rows.removeFirst().joined(separator: ",").hasPrefix("position,id,"))
                }
                #expect(rows.count == records.count)
                for (row, (position, record)) in zip(rows, records) {
                    try #require(row.count == 12)
                    #expect(row[0] == "\(position)")
                    #expect(row[1] == record.id.description)
                    #expect(row[2] == "/apps/own-client")
                    #expect(row[3] == "\(record.event.type)")
                    #expect(row[4] == record.subject?.description ?? "")
                    #expect(row[5] == record.subjectVersion.map(String.init) ?? "")
                    #expect(row[6] == "\(record.time)")
                    let text = String(decoding: record.encoded(), as: UTF8.self)
                    #expect(text.hasSuffix(",\"data\":\(row[11])}"))
                }
            }
        }
    }

    @Test("filters hold together, and mean what the list means by them")
    func filters() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            let subject = try #require(
                records.first { "\($0.record.event.type)" == "edit.launched" }?.record.subject
            )
            let since = records[records.count / 3].record.time
            let until = records[records.count * 2 / 3].record.time
            let types = ["connect.launched", "public_token.rotated"]
            var found = 0
            for bits in 0..<16 {
                var query: [String] = []
                if bits & 1 != 0 { query.append("type=" + types.joined(separator: ",")) }
                if bits & 2 != 0 {
                    query.append(bits & 4 == 0 ? "subject=\(subject)" : "user=user%200")
                }
                if bits & 4 != 0 { query.append("since=\(since)") }
                if bits & 8 != 0 { query.append("until=\(until)") }
                let expected = records.filter { _, record in
                    (bits & 1 == 0 || types.contains("\(record.event.type)"))
                        && (bits & 2 == 0 || record.subject == subject)
                        && (bits & 4 == 0 || record.time >= since)
                        && (bits & 8 == 0 || record.time < until)
                }
                found += expected.count
                let text = query.joined(separator: "&")
                let answer = try await service.get("/v1/export?" + text)
                #expect(answer.text == lines(expected), "\(text)")
                guard !text.contains("user=") else { continue }
                let list = try await service.get("/v1/events?limit=500&" + text)
                guard case .array(let events)? = list.json["events"] else {
                    Issue.record("\(list.text)")
                    continue
                }
                #expect(events.count == expected.count, "\(text)")
            }
            #expect(found > 50)
        }
    }

    @Test("an export goes on from any event and from any position, and stops where it is told")
    func resumed() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            let whole = lines(records)
            for index in records.indices {
                let head = lines(Array(records[...index]))
                let rest = try await service.get("/v1/export?after=\(records[index].record.id)")
                #expect(head + rest.text == whole)
                let position = records[index].position + 1
                let next = try await service.get("/v1/export?from_position=\(position)")
                #expect(head + next.text == whole)
                let first = try await service.get("/v1/export?until_position=\(position)")
                #expect(first.text == head)
            }
            let table = try await service.get("/v1/export?format=csv")
            let end = records[7].position + 1
            let first = try await service.get("/v1/export?format=csv&until_position=\(end)")
            let second = try await service.get(
                "/v1/export?format=csv&from_position=\(end)&header=absent"
            )
            #expect(first.text + second.text == table.text)
            let access = try await service.get("/v1/export?log=access")
            #expect(access.headers["content-disposition"]?.contains("access.ndjson") == true)
            #expect(access.text.contains("log.exported"))
            for query in ["from_position=999999", "from_position=3&until_position=3"] {
                let empty = try await service.get("/v1/export?" + query)
                #expect(empty.status == 200)
                #expect(empty.bytes.isEmpty)
            }
        }
    }

    @Test("what cannot be asked is refused, and is no export")
    func refused() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            let foreign = try await service.store.page(log: .facts, from: 0)
                .first { $0.app != service.app.id }
            let foreignID = try #require(try foreign?.record().id)
            for query in [
                "format=xml", "format=", "header=present", "format=csv&header=x",
                "from_position=-1", "from_position=x", "from_position=01", "until_position=x",
                "from_position=5&until_position=4", "after=x", "after=\(foreignID)",
                "after=\(records[0].record.id)&from_position=0",
                "after=\(records[0].record.id)&log=access", "log=2", "type=", "type=x",
                "type=token.read,", "type=token.read&type=token.read", "subject=x", "since=x",
                "until=", "user=", "user=user%200&subject=\(records[0].record.id)", "unknown=1",
            ] {
                let answer = try await service.get("/v1/export?" + query)
                #expect(answer.status == 400, "\(query)")
                #expect(answer.code == "malformed_request", "\(query)")
            }
            for path in ["/v1/export", "/v1/export/identities"] {
                let unknown = try await service.get(path + "?user=nobody")
                #expect(unknown.status == 404)
                #expect(unknown.code == "not_connected")
                let foreign = try await service.call(
                    .GET,
                    path + "?user=user%200",
                    key: service.foreignKey
                )
                #expect(foreign.lasting == unknown.lasting)
                #expect(foreign.status == 404)
            }
            #expect(try await service.records(log: .access).isEmpty)
        }
    }

    @Test("an export is on record before it leaves, with what was asked")
    func recorded() async throws {
        try await TestService.run { service in
            let records = try await history(service)
            let size = try await service.store.size(log: .facts)
            let user = try #require(
                records.first { "\($0.record.event.type)" == "edit.launched" }?.record.subject
            )
            let answer = try await service.get(
                "/v1/export?format=csv&user=user%200&type=edit.launched,token.read"
                    + "&from_position=2&until_position=99999&since=2026-01-01T00:00:00Z"
                    + "&until=2096-01-01T00:00:00Z"
            )
            let record = try #require(
                try await service.records(log: .access).last
            )
            guard case .logExported(let export) = record.event else {
                Issue.record("\(record)")
                return
            }
            #expect(
                export
                    == LedgerEvent.Export(
                        export: export.export,
                        log: 0,
                        format: .csv,
                        positions: 2..<size,
                        query: EventQuery(
                            types: ["edit.launched", "token.read"],
                            since: Timestamp("2026-01-01T00:00:00Z"),
                            before: Timestamp("2096-01-01T00:00:00Z")
                        )
                    )
            )
            #expect(record.subject == user)
            #expect(record.requestID == answer.headers["x-request-id"])
            #expect(record.actor == "key:" + (try #require(APIKey(service.key)).id))
            _ = try await service.get("/v1/export/identities")
            guard
                case .logExported(let identities) = try await service.records(
                    log: .access
                ).last?.event
            else {
                Issue.record("identities are an export")
                return
            }
            #expect(identities.format == .identities)
            #expect(identities.identities)
            #expect(identities.positions.upperBound == size)
        }
    }

    @Test(
        "nothing leaves when the export cannot be recorded",
        arguments: ["/v1/export", "/v1/export/identities"]
    )
    func unrecorded(path: String) async throws {
        try await TestService.run { service in
            _ = try await history(service)
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin if new.type = 'log.exported' then raise exception 'no'; end if; return new; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            let answer = try await service.get(path)
            #expect(answer.status == 500)
            #expect(answer.code == "internal")
            #expect(!answer.text.contains("specversion"))
            #expect(!answer.text.contains("user 0"))
        }
    }

    @Test("nothing personal is in an export; identities have it, and their own scope")
    func identities() async throws {
        try await TestService.run { service in
            _ = try await history(service)
            var personal = (0..<4).map { "user \($0)" } + ["user 9"]
            for number in 0..<4 {
                let facts = try await service.sandbox.user("user \(number)")
                personal.append(try #require(facts?["human_id"]?.text))
                personal.append(try #require(facts?["access_token"]?.text))
            }
            for query in ["", "?format=csv", "?log=access", "?log=access&format=csv"] {
                let text = try await service.get("/v1/export" + query).text
                #expect(!text.isEmpty)
                #expect(personal.filter { text.contains($0) } == [], "\(query)")
            }
            let key = try await service.key(.export)
            let refused = try await service.call(.GET, "/v1/export/identities", key: key)
            #expect(refused.status == 403)
            let answer = try await service.get("/v1/export/identities")
            #expect(answer.headers["content-type"] == "application/x-ndjson")
            let lines = answer.text.split(separator: "\n")
                .compactMap { try? JSONParser.parse(Array($0.utf8), depthMax: 2) }
            #expect(lines.count == 5)
            for line in lines {
                let name = try #require(line["client_user_id"]?.text)
                let facts = try await service.sandbox.user(name)
                #expect(line["human_id"]?.text == facts?["human_id"]?.text)
                #expect((line["human_id"] == nil) == (name == "user 9"))
                #expect(line["access_token"] == nil)
                let subject = try #require(line["subject"]?.text)
                for query in [
                    "subject=\(subject)",
                    "user=\(PercentCoding.encode(name, keeping: .unreserved))",
                ] {
                    let one = try await service.get("/v1/export/identities?" + query)
                    #expect(Array(one.text.utf8) == line.encoded + [0x0A])
                }
            }
            let subject = try #require(lines.first?["subject"]?.text)
            let foreign = try await service.call(
                .GET,
                "/v1/export/identities?subject=\(subject)",
                key: service.foreignKey
            )
            #expect(foreign.status == 200)
            #expect(foreign.bytes.isEmpty)
        }
    }
}
