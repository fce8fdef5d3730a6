import HumanConnect
import Ledger
import Testing

@testable import ConnectFlow

@Suite("What a list says of those who ask")
struct UserCrowdTests {
    private func lookups(
        _ clientUserIDs: [String],
        _ entries: [ListedUser],
        _ failure: HumanConnectError? = nil
    ) -> [UserLookup?] {
        var crowd = UserCrowd(clientUserIDs.map { Secret($0) })
        for entry in entries { crowd.visit(entry) }
        let ended = crowd.ended(failure)
        return clientUserIDs.map { ended[Secret($0)] }
    }

    private func person(_ humanID: String, _ clientUserID: String?) -> ListedUser {
        .person(humanID: Secret(humanID), clientUserID: clientUserID.map { Secret($0) })
    }

    @Test("each is found, not listed, or unclear")
    func answers() {
        let found = lookups(
            ["a", "b", "same", "twice", "bad", "bad twice"],
            [
                person("0", nil), person("1", "a"), person("2", "A"), person("3", "same"),
                person("3", "same"), person("4", "twice"), person("5", "twice"),
                person("4", "twice"), .unreadable(clientUserID: Secret("bad")),
                .unreadable(clientUserID: nil), .unreadable(clientUserID: Secret("bad twice")),
                person("6", "bad twice"),
            ]
        )
        #expect(
            found == [
                .found(humanID: Secret("1")), .notListed, .found(humanID: Secret("3")), .unclear,
                .unclear, .unclear,
            ]
        )
    }

    @Test("ids are compared by bytes: neither case nor Unicode's equivalence makes two users one")
    func bytes() {
        let found = lookups(
            ["\u{E9}", "e\u{301}", "\u{212A}"],
            [person("1", "e\u{301}"), person("2", "K"), person("3", "k")]
        )
        #expect(found == [.notListed, .found(humanID: Secret("1")), .notListed])
    }

    @Test("a list that was cut says who is there, and of nobody that he is not")
    func cut() {
        let error = HumanConnectError.unknown(.listTooLong)
        #expect(
            lookups(["a", "b"], [person("1", "a")], error)
                == [.found(humanID: Secret("1")), .unfinished(error)]
        )
    }
}
