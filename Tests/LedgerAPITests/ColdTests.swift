import Ledger
import LedgerStore
import MerkleLog
import NIOHTTP1
import TestSupport
import Testing
import Vault
import Wire

@Suite("Cold history over HTTP", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ColdTests {
    /// Reads a token of a user three hundred times, and waits for a checkpoint that covers it.
    private func fill(_ service: TestService) async throws -> StoredUser {
        try await service.connect("alice")
        let user = try #require(try await service.store.user(Secret("alice"), of: service.app))
        let app = try #require(try await service.store.app(clientID: service.app.clientID))
        try await TestCold.read(300, of: user, app, service.store)
        try await eventually("a checkpoint covers it") {
            try await service.store.latestCheckpoint(log: .access)?.size ?? 0 >= 300
        }
        return user
    }

    /// Launches a user three hundred times, and moves those that can go out of the database.
    private func launch(_ service: TestService) async throws -> StoredUser {
        let begin = try #require(try await service.store.user(Secret("alice"), of: service.app))
        return try await launch(begin, service)
    }

    private func launch(_ begin: StoredUser, _ service: TestService) async throws -> StoredUser {
        let (store, owners) = (service.store, service.owners)
        let user = try await TestCold.launch(300, begin, store)
        try await eventually("a checkpoint and a statement cover it") {
            do {
                try await TestCold.detach(before: 256, log: user.log, store, owners)
                return true
            } catch ColdRefusal.noSuchLine, ColdRefusal.notStated {
                return false
            }
        }
        return user
    }

    @Test("of facts launches are gone, which changes nothing but lists, and these say so")
    func facts() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let first = try await service.get(service.user("alice", "/tokens"))
            let position = try await service.store.size(log: .facts)
            try await service.connect("alice", "clinic")
            let old = try await service.launch("alice")
            let user = try await launch(service)

            var (count, cold): (Int64, Int64) = (0, 0)
            var cursor = ""
            repeat {
                let page = try await service.get(
                    service.user("alice", "/events") + "?limit=3" + cursor
                )
                guard case .array(let events)? = page.json["events"] else { break }
                count += Int64(events.count)
                if let lacking = page.json["cold"] {
                    guard case .number(let number)? = lacking["events"] else { break }
                    cold += try #require(Int64(number))
                    #expect(lacking["before"] == 256)
                    #expect(lacking["exports"] == [.string("\(Identifier(value: 1))")])
                }
                cursor = page["next_cursor"].map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(cold > 200 && count + cold == user.state.version)

            let then = try await service.get(
                service.user("alice", "/tokens") + "?as_of_position=\(position - 1)"
            )
            #expect(then["access_token"] == first["access_token"])
            #expect(then["public_token"] == first["public_token"])
            #expect(try await service.get(service.user("alice", "/proof")).status == 200)
            let finish = try await service.finish(old.finishPath, "{}")
            #expect(finish.status == 404 && finish.code == "launch_not_found")

            let list = try await service.get("/v1/events?log=facts&limit=1")
            #expect(
                list.text.hasPrefix(#"{"cold_before":{"facts-0":256},"events":[{"position":256,"#)
            )
            for path in [
                "/v1/export?log=facts", "/v1/events/tail?log=facts&from_position=9&follow=false",
            ] {
                let answer = try await service.get(path)
                #expect(answer.status == 410 && answer.code == "history_cold", "\(path)")
            }
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console/users/\(user.subject)").text
            #expect(page.contains("\(cold) launches, or reports of launches, are not in this list"))
            let log = try await visitor.get("/console/log?log=facts&before=270").text
            #expect(log.contains("Events before position 256 are not listed here: launches among"))
        }
    }

    @Test("an export of several logs of which a later one lacks something does not begin")
    func severalLogs() async throws {
        try await TestService.run(pairs: 2) { service in
            var users: [StoredUser] = []
            while users.last?.log.pair != 1 {
                let name = "user \(users.count)"
                try await service.connect(name)
                let user = try await service.store.user(Secret(name), of: service.app)
                users.append(try #require(user))
            }
            _ = try await launch(try #require(users.last), service)
            let answer = try await service.get("/v1/export?log=facts")
            #expect(answer.status == 410 && answer.code == "history_cold")
            #expect(answer["detail"]?.contains("facts-1 before position 256") == true)
            #expect(try await service.get("/v1/export?log=facts-0").status == 200)
        }
    }

    @Test("pages of the console end where cold history begins, and say so")
    func console() async throws {
        try await TestService.run { service in
            let user = try await fill(service)
            try await TestCold.detach(before: 256, service.store, service.owners)
            let visitor = try await TestVisitor(service, key: service.key)
            let log = try await visitor.get("/console/log?log=access&before=270").text
            #expect(log.contains("Events before position 256 are cold history"))
            let newer = try await visitor.get("/console/log?log=facts").text
            #expect(!newer.contains("cold history"))
            let page = try await visitor.get("/console/users/\(user.subject)").text
            #expect(page.contains("Accesses before position 256 of their log are cold history"))
            let exports = try await visitor.get("/console/exports").text
            #expect(exports.contains("Older ones may be cold history"))
            let found = try await visitor.find("255")
            #expect(found.text.contains("Nothing in the log of access before position 256"))
            #expect(try await visitor.find("\(Identifier(value: 7))").status == 404)
            #expect(try await visitor.get("/console/events/access/255").status == 410)
        }
    }

    @Test("what is cold is 410 with where it is, lists begin behind it and say so, proofs stay")
    func answers() async throws {
        try await TestService.run { service in
            _ = try await fill(service)
            let earlier = try #require(try await service.store.event(at: 254, log: .access))
            let event = try #require(try await service.store.event(at: 255, log: .access))
            let next = try #require(try await service.store.event(at: 256, log: .access))
            let tile = try await service.call(.GET, "/logs/1/tile/0/000", key: nil)
            try await TestCold.detach(before: 256, service.store, service.owners)

            for path in [
                "/v1/events/tail?log=access&follow=false", "/v1/export?log=access",
                "/v1/export?log=access&from_position=255", "/v1/events/0/proof?log=access",
                "/logs/1/tile/entries/000",
                "/v1/events/tail?log=access&from_position=255&follow=false",
                "/v1/events/tail?log=access&after=\(try event.record().id)&follow=false",
                "/v1/export?log=access&after=\(try event.record().id)",
            ] {
                let answer = try await service.get(path)
                #expect(answer.status == 410 && answer.code == "history_cold", "\(path)")
                #expect(answer["detail"]?.contains("before position 256") == true)
                #expect(answer["detail"]?.contains("\(Identifier(value: 1))") == true)
            }
            // Whoever was there knows the log again, and is told that what followed is cold.
            for (behind, status) in [
                (LogPlace(of: earlier), 410), (LogPlace(of: event), 200), (LogPlace(of: next), 200),
            ] {
                let answer = try await service.get(
                    "/v1/events/tail?log=access&follow=false",
                    headers: ["Last-Event-ID": "\(behind)"]
                )
                #expect(answer.status == status, "\(behind)")
            }
            let list = try await service.get("/v1/events?log=access&limit=1")
            #expect(
                list.text.hasPrefix(#"{"cold_before":{"access-0":256},"events":[{"position":256,"#)
            )
            let cursor = try #require(list["next_cursor"])
            let page = try await service.get("/v1/events?log=access&limit=1&cursor=\(cursor)")
            #expect(page.status == 200)
            let access = try await service.get(service.user("alice", "/access") + "?limit=1")
            #expect(access.text.hasPrefix(#"{"access_log":"full","cold_before":256,"events":[{"#))
            #expect(try await service.get("/v1/events").text.hasPrefix(#"{"events":"#))
            let rest = try await service.get("/v1/export?log=access&from_position=256")
            #expect(rest.status == 200)
            #expect(
                try await service.call(.GET, "/logs/1/tile/0/000", key: nil).bytes == tile.bytes
            )
            #expect(try await service.get("/v1/consistency?log=access&from=7").status == 200)
            #expect(try await service.get("/v1/events/256/proof?log=access").status == 200)
        }
    }
}
