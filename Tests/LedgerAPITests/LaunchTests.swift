import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerStore
import NIOHTTP1
import SeededRandom
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct LaunchTests {
    @Test("a lost Done in edit mode: after closed, the next launch carries the current token")
    func lostDone() async throws {
        try await TestService.run { service in
            try await service.connect("lost")
            let launch = try await service.launch("lost")
            _ = try await service.play(launch, connect: ["watch"], done: false)
            #expect(try await service.play(launch).status == 409, "the old token is dead")
            _ = try await service.finish(launch.finishPath + "/closed", "", contentType: nil)
            let next = try await service.launch("lost")
            #expect(next.mode == "edit")
            #expect(
                next.publicToken
                    == (try await service.sandbox.user("lost")?["public_token"]?.text)
            )
            #expect(
                try await service.types("lost").suffix(3) == [
                    "launch.closed", "public_token.recovered", "edit.launched",
                ]
            )
            #expect(try await service.play(next, connect: ["lab"]).status == 200)
        }
    }

    @Test("a user whom only the provider knows is found there, and opens in edit mode")
    func unknownPerson() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("found")
            _ = try await service.play(launch, connect: ["band"], done: false)
            _ = try await service.finish(launch.finishPath + "/closed", "", contentType: nil)
            let next = try await service.launch("found")
            #expect(next.mode == "edit")
            #expect(!next.publicToken.isEmpty)
            #expect(
                try await service.types("found") == [
                    "connect.launched", "launch.closed", "public_token.recovered",
                    "edit.launched",
                ]
            )
            #expect(try await service.tokens("found").code == "not_connected")
            let shown = try await service.get(service.user("found"))
            #expect(shown["next_mode"] == "edit")
            #expect(shown["status"] == "launched")
            let session = try await service.session(next, connect: ["scale"])
            #expect(try await service.finish(next.finishPath, session).status == 201)
            #expect(try await service.tokens("found")["status"] == "connected")
        }
    }

    @Test("the provider is away: a launch that may do without it is served")
    func optionalRecovery() async throws {
        try await TestService.run { service in
            for user in ["optional", "new"] {
                if user == "optional" { try await service.connect(user) }
                let launch = try await service.launch(user)
                _ = try await service.finish(launch.finishPath + "/closed", "", contentType: nil)
            }
            await service.sandbox.stop()
            #expect(try await service.launch("optional").mode == "edit")
            let unknown = try await service.post("/v1/launches", #"{"client_user_id":"new"}"#)
            #expect(unknown.status == 503, "whether the provider knows the user decides the mode")
            #expect(unknown.code == "provider_unavailable")
            #expect(unknown.headers["retry-after"] != nil)
            #expect(try await service.launch("nobody doubted").mode == "create")
            let recovery = try await service.post(service.user("optional", "/public-token"))
            #expect(recovery.status == 503)
            #expect(recovery.code == "provider_unavailable")
            #expect(recovery.headers["retry-after"] != nil)
        }
    }

    @Test("a user deleted at the provider is not recovered, and the way back is a new launch")
    func deleted() async throws {
        try await TestService.run { service in
            try await service.connect("deleted")
            let held = try await service.tokens("deleted")
            try await service.sandbox.delete("deleted")
            let answer = try await service.post(service.user("deleted", "/public-token"))
            #expect(answer.status == 409)
            #expect(answer.code == "person_gone")
            let kept = try await service.tokens("deleted")
            #expect(kept["public_token"] == held["public_token"])
            #expect(kept["status"] == "broken")
            #expect(kept["reason"] == "person_gone")
            #expect(kept["next_step"] == "launch")
            #expect(try await service.get(service.user("deleted"))["next_mode"] == "create")
            try await service.connect("deleted")
            let now = try await service.tokens("deleted")
            #expect(now["status"] == "connected")
            #expect(now["human_id"] != held["human_id"])
            #expect(now.json["versions"]?["public_token"] == .number("2"))
            #expect(try await service.verifies())
        }
    }

    @Test("the same Idempotency-Key is the same launch, with another body it is refused")
    func idempotency() async throws {
        try await TestService.run { service in
            let headers = ["Idempotency-Key": "key 1"]
            let answers = try await parallel(20) { _ in
                try await service.launch("once", headers: headers)
            }
            #expect(Set(answers.map(\.id)).count == 1)
            #expect(Set(answers.map(\.answer.text)).count == 1)
            #expect(try await service.types("once") == ["connect.launched"])
            try await service.connect("once")
            let later = try await service.launch("once", headers: headers)
            #expect(later.id != answers[0].id, "its options would not open the popup any more")
            #expect(later.mode == "edit")
            #expect(try await service.launch("once", headers: headers).id == later.id)
            for body in [
                #"{"client_user_id":"another","finish":"direct"}"#,
                #"{"client_user_id":"once","finish":"relay"}"#,
            ] {
                let reused = try await service.post("/v1/launches", body, headers: headers)
                #expect(reused.status == 422, "\(reused.text)")
                #expect(reused.code == "key_reused")
            }
            #expect(try await service.get(service.user("another")).status == 404)
            let foreign = try await service.call(
                .POST,
                "/v1/launches",
                key: service.foreignKey,
                headers: headers.merging(["Content-Type": "application/json"]) { $1 },
                body: Array(#"{"client_user_id":"another"}"#.utf8)
            )
            #expect(foreign.status == 201, "another app's keys are its own")
            let edit = try await service.launch("once", headers: ["Idempotency-Key": "key 2"])
            try await service.connect("once", "lab")
            let editAgain = try await service.launch("once", headers: ["Idempotency-Key": "key 2"])
            #expect(editAgain.id != edit.id)
            #expect(try await service.play(editAgain).status == 200)
        }
    }

    @Test("a user id with reserved characters reaches the provider as the same user")
    func encoding() async throws {
        try await TestService.run { service in
            let users = ["a b+c%2B&ö@x", "?#/=&", "𝄞 \"quoted\"", "%", "+", "...", "a/b", "%2e"]
            for user in users {
                let launch = try await service.launch(user)
                #expect(launch.clientUserID.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
                #expect(launch.decodedUserID == user)
                let session = try await service.session(launch)
                #expect(try await service.finish(launch.finishPath, session).status == 201)
                let shown = try await service.get(service.user(user))
                #expect(shown["client_user_id"] == user)
                #expect(
                    try await service.tokens(user)["access_token"]
                        == (try await service.sandbox.user(user)?["access_token"]?.text)
                )
            }
            #expect(
                try await service.launch("a b+c%2B&ö@x").clientUserID
                    == "a%20b%2Bc%252B%26%C3%B6%40x"
            )
        }
    }

    @Test("User Already Exists never comes, whatever a user does (seeded)")
    func neverUserExists() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let sources = ["band", "watch", "scale", "glucose", "clinic", "pharmacy", "lab"]
        try await TestService.run { service in
            for step in 0..<30 {
                let note = "seed \(seed), step \(step)"
                let user = "random \(random.next() % 3)"
                let launch = try await service.launch(user)
                let done = random.next() % 2 == 0
                let connect = sources.filter { _ in random.next() % 3 == 0 }
                let disconnect = sources.filter { _ in random.next() % 5 == 0 }
                let played = try await service.play(
                    launch,
                    connect: connect,
                    disconnect: disconnect,
                    done: done
                )
                try #require(played.status == 200, "\(note): \(played.text)")
                if played["sessionToken"] != nil, random.next() % 4 != 0 {
                    let answer = try await service.finish(launch.finishPath, played.text)
                    #expect(answer.status == 201, "\(note)")
                } else if random.next() % 2 == 0 {
                    // Done was lost, or there was nothing to finish.
                    let path = launch.finishPath + "/closed"
                    _ = try await service.finish(path, "", contentType: nil)
                } else {
                    _ = try await service.finish(launch.finishPath + "/failed", "{}")
                }
            }
        }
    }
}
