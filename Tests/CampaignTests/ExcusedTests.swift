import Campaign
import SeededRandom
import Testing
import Wire

/// What looks wrong and is not.
@Suite(.timeLimit(.minutes(2)))
struct ExcusedTests {
    private func violations(_ write: (inout Story) -> Void) -> [Violation] {
        var story = Story()
        write(&story)
        return Checker.violations(in: story.evidence)
    }

    @Test(
        "a launch may ask to wait",
        arguments: [
            (nil, nil), (429, nil), (503, "database_unavailable"), (503, "provider_unavailable"),
            (503, "overloaded"), (503, "outcome_unknown"), (409, "conflict"),
        ] as [(Int?, String?)]
    )
    func waiting(status: Int?, code: String?) {
        let found = violations { story in
            let answer = JournalEntry.Answer(status: status, code: code)
            story.journal(.launch(answer, nil), of: "cid", since: story.tick())
        }
        #expect(found == [])
    }

    @Test(
        "without an App Key nobody can say whom the provider knows",
        arguments: ["person_unproven", "finalize_in_progress"]
    )
    func unproven(code: String) {
        let found = violations { story in
            story.other.usersWithoutAppKey = ["cid"]
            let answer = JournalEntry.Answer(status: 409, code: code)
            story.journal(.launch(answer, nil), of: "cid", since: story.tick())
            story.beRefused("cid", "user_already_exists")
        }
        #expect(found == [])
    }

    @Test("nor whether who was deleted there came back")
    func returned() {
        let found = violations { story in
            story.other.usersWithoutAppKey = ["cid"]
            story.connect("cid")
            story.delete("cid")
            // The first one is excused by the deletion itself.
            story.beRefused("cid", "user_already_exists")
            story.beRefused("cid", "user_already_exists")
        }
        #expect(found == [])
    }

    @Test("who came back with a finish is known again")
    func returnedWithFinish() {
        let found = violations { story in
            story.other.usersWithoutAppKey = ["cid"]
            story.connect("cid")
            story.delete("cid")
            story.beRefused("cid", "user_already_exists")
            story.connect("cid")
            story.users["cid"]?.isLinked = false
            story.beRefused("cid", "user_already_exists")
        }
        #expect(found.map(\.rule) == [.stuck])
    }

    @Test("a popup that another one overtook may be refused")
    func overtaken() {
        let found = violations { story in
            let launch = story.launch("cid")
            story.connect("cid")
            let refused = JournalEntry.PopupEnd.refused(code: "user_already_exists")
            story.journal(.popup(launch: launch, refused), of: "cid", since: story.tick())
        }
        #expect(found == [])
    }

    @Test("a change elsewhere excuses a refusal")
    func elsewhere() {
        let found = violations { story in
            story.connect("cid")
            story.other.changesElsewhere["cid"] = [story.tick()]
            story.beRefused("cid", "invalid_public_token")
        }
        #expect(found == [])
    }

    @Test("a read that overlaps a finish may have either version")
    func overlapping() {
        let found = violations { story in
            story.connect("cid")
            story.read("cid")
            let begin = story.tick()
            let before = story.users["cid"]
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.finalized(finish)
            story.read("cid")
            story.answer(finish, 201)
            let end = story.tick()
            story.read("cid") { user in
                (user.access, user.publicToken) = (before?.access ?? 0, before?.publicToken ?? 0)
                user.held = before?.held ?? user.held
            }
            story.move(begin: begin, end: end)
        }
        #expect(found == [])
    }

    @Test("a worker that was taken for lost may dispatch anew what was not sent")
    func resumed() {
        let found = violations { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.unresolved", finish, "class", "worker_lost")
            story.note("finalize.abandoned", finish, "reason", "answer_lost")
            story.dispatch(finish, number: 2)
            story.exchange(&finish)
            story.finalized(finish)
            story.answer(finish, 201)
        }
        #expect(found == [])
    }

    @Test("an answer kept on disk may be superseded after its refusal")
    func refusedAgain() {
        let found = violations { story in
            let finish = story.refuse("cid")
            story.note("finalize.superseded", finish, "access_token", "fingerprint")
        }
        #expect(found == [])
    }

    @Test("a late rejection of what was never made may follow the loss")
    func rejectedLate() {
        let found = violations { story in
            let finish = story.lose("cid", acts: false)
            story.note("finalize.rejected", finish, "status", 412)
        }
        #expect(found == [])
    }

    @Test("a finish about another person is refused at once, without an exchange")
    func refusedAtOnce() {
        let found = violations { story in
            story.connect("cid")
            let finish = story.receive("cid")
            story.note("finalize.refused", finish, "which", "human_id")
            story.answer(finish, 409, "different_person")
        }
        #expect(found == [])
    }

    @Test("a token that comes again is no rotation")
    func keptToken() {
        let found = violations { story in
            story.connect("cid")
            story.connect("cid")
            story.remove("access_token.rotated")
            story.read("cid") { user in
                user.access = 1
                user.held.0 = user.person.accessTokens[0]
            }
        }
        #expect(found == [])
    }

    @Test("the held public token may be recovered again under its version")
    func recoveredAgain() {
        let found = violations { story in
            story.connect("cid")
            story.recover("cid")
            story.again("public_token.recovered")
        }
        #expect(found == [])
    }

    @Test("secrets are found exactly where they stand", arguments: 1...20 as ClosedRange<UInt64>)
    func search(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func text(_ count: Int) -> String {
            String((0..<count).map { _ in "ab=".randomElement(using: &random) ?? "a" })
        }
        var evidence = Evidence()
        evidence.secrets = Set((0..<20).map { _ in text(Int.random(in: 4..<9, using: &random)) })
        evidence.secrets.insert("")
        for index in 0..<40 { evidence.texts.append(("text-\(index)", text(30))) }
        let expected = evidence.texts.filter { text in
            evidence.secrets.contains { !$0.isEmpty && text.text.contains($0) }
        }
        let found = Checker.violations(in: evidence)
        #expect(found.count == expected.count)
        for (name, _) in expected {
            #expect(found.contains { $0.words.contains(" \(name),") })
        }
        #expect(!expected.isEmpty && expected.count < 40)
    }
}
