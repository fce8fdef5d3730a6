import Ledger
import NIOHTTP1
import TestSupport
import Testing
import Wire

@testable import LedgerStore

@Suite("A row that is damaged", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct DamagedRowTests {
    @Test("one user's damaged row hides no other from the list, and stops no other")
    func user() async throws {
        try await TestService.run { service in
            for name in ["a", "b", "c"] { try await service.connect(name) }
            let subject = try #require(try await service.get(service.user("b"))["subject"])
            let before = try await Self.entries(service)
            try await service.damage(
                "update vault.user_state set state = '{\"status\": 7}' where subject = '\(subject)'"
            )
            let after = try await Self.entries(service)
            #expect(after.count == 3)
            #expect(after[subject] == ["subject": .string(subject), "damaged": .bool(true)])
            for (other, entry) in before where other != subject { #expect(after[other] == entry) }
            #expect(try await service.get(service.user("b")).status == 500)
            for name in ["a", "c"] { #expect(try await service.tokens(name).status == 200) }
            #expect(try await service.launch("a").mode == "edit")
            let lines = try await service.get("/v1/export/identities").text.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(
                lines.filter { $0 == "{\"subject\":\"\(subject)\",\"damaged\":true}" }.count == 1
            )
            // A value that does not open is damage of the same user alone, too.
            try await service.damage("update vault.user_state set client_user_id = '\\x00'")
            #expect(
                try await Self.entries(service).values.allSatisfy { $0["damaged"] == .bool(true) }
            )
        }
    }

    @Test("who moves a name to another's row gets nobody that one's tokens")
    func moved() async throws {
        try await TestService.run { service in
            for name in ["alice", "bob"] { try await service.connect(name) }
            try await service.damage(
                """
                create temporary table old as select subject, fingerprint from vault.user_state;
                update vault.user_state u set fingerprint = null;
                update vault.user_state u set fingerprint = o.fingerprint from old o
                where o.subject <> u.subject;
                """
            )
            for name in ["alice", "bob"] {
                let tokens = try await service.tokens(name)
                #expect(tokens.status == 500 && tokens["access_token"] == nil, "\(tokens.text)")
                let launch = try await service.post(
                    "/v1/launches",
                    "{\"client_user_id\":\"\(name)\"}"
                )
                #expect(launch.status == 500 && !launch.text.contains("public_token"))
                let recovered = try await service.post(service.user(name, "/public-token"), "")
                #expect(recovered.status == 500 && recovered["public_token"] == nil)
            }
        }
    }

    @Test("a record that the service did not write is shown as such, and hides no other")
    func forged() async throws {
        try await TestService.run { service in
            try await service.connect("a")
            try await service.damage(
                """
                alter table ledger.event disable trigger all;
                update ledger.event set mac = null where log_id = 0 and type = 'connect.launched';
                alter table ledger.event enable always trigger event_is_immutable;
                alter table ledger.event enable always trigger event_is_not_truncated;
                """
            )
            for path in ["/v1/events", service.user("a") + "/events"] {
                let answer = try await service.get(path)
                guard case .array(let events)? = answer.json["events"] else {
                    Issue.record("no events")
                    return
                }
                let forged = events.filter { $0["forged"] == .bool(true) }
                #expect(events.count > 5)
                #expect(
                    forged.map { $0["event"]?["type"]?.text } == [
                        "connect.launched"
                    ]
                )
            }
        }
    }

    private static func entries(_ service: TestService) async throws -> [String: JSONValue] {
        let answer = try await service.get("/v1/users")
        #expect(answer.status == 200)
        guard case .array(let users)? = answer.json["users"] else { return [:] }
        return Dictionary(uniqueKeysWithValues: users.map { ($0["subject"]?.text ?? "", $0) })
    }

    @Test("one app's damaged secrets stop that app alone")
    func app() async throws {
        try await TestService.run { service in
            try await service.connect("mine")
            try await service.damage(
                """
                update vault.value set sealed = '\\x00'
                where subject = '\(service.foreignApp.id)' and kind = 'client_secret'
                """
            )
            // What is remembered would hide it for some seconds.
            service.served.directory.forget()
            let refused = try await service.call(.GET, "/v1/users", key: service.foreignKey)
            #expect(refused.status == 500)
            service.served.directory.forget()
            #expect(try await service.tokens("mine").status == 200)
            let launch = try await service.launch("new")
            let session = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            #expect(try await service.get("/v1/users").status == 200)
        }
    }
}
