import Ledger
import LedgerStore
import TestSupport
import Testing
import Vault

@Suite("A token that is handed out again", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct RepeatTests {
    @Test("a repeated launch and a repeated finish are on record before the public token leaves")
    func recorded() async throws {
        try await TestService.run { service in
            let first = try await service.launch("again")
            let session = try await service.session(first)
            let finish = try await service.finish(first.finishPath, session)
            let key = ["Idempotency-Key": "again"]
            let edit = try await service.launch("again", headers: key)
            #expect(edit.mode == "edit")
            let before = try await service.records(log: .access).count
            let repeated = try await service.finish(first.finishPath, session)
            #expect(repeated.text == finish.text)
            let relayed = try await service.post("/v1/launches/\(first.id)/finish", session)
            #expect(relayed.text == finish.text)
            let launched = try await service.launch("again", headers: key)
            #expect(launched.answer.text == edit.answer.text)
            let records = try await service.records(log: .access).dropFirst(before)
            let id = try #require(APIKey(service.key)).id
            #expect(
                records.map(\.event)
                    == ["launch", id, id].map {
                        .tokenRead(kind: .publicToken, version: 1, key: $0)
                    }
            )
            #expect(records.map(\.actor) == ["launch", "key:\(id)", "key:\(id)"])
            let answers = [repeated, relayed, launched.answer]
            #expect(records.map(\.requestID) == answers.map { $0.headers["x-request-id"] })
        }
    }

    @Test("what hands out no token again records none")
    func unrecorded() async throws {
        try await TestService.run { service in
            let key = ["Idempotency-Key": "new"]
            _ = try await service.launch("new", headers: key)
            _ = try await service.launch("new", headers: key)
            #expect(try await service.records(log: .access).isEmpty)
        }
    }

    @Test("no token leaves again when that cannot be recorded")
    func unrecordable() async throws {
        try await TestService.run { service in
            let first = try await service.launch("guarded")
            let session = try await service.session(first)
            let token = try #require(
                try await service.finish(first.finishPath, session)["publicToken"]
            )
            let key = ["Idempotency-Key": "guarded"]
            _ = try await service.launch("guarded", headers: key)
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin if new.type = 'token.read' then raise exception 'no'; end if; return new; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            let finish = try await service.finish(first.finishPath, session)
            #expect(finish.status == 500)
            let body = #"{"client_user_id":"guarded","finish":"direct"}"#
            let launch = try await service.post("/v1/launches", body, headers: key)
            #expect(launch.status == 500)
            #expect(!finish.text.contains(token) && !launch.text.contains(token))
        }
    }
}
