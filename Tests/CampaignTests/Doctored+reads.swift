import Campaign
import Wire

/// What was read, and could not be.
extension Doctored {
    static let served = [
        Doctored(.served, of: "a rotation without a finalize") { story in
            story.connect("cid")
            story.connect("cid")
            story.edit("public_token.rotated") { $0["cause"] = "finalize-other" }
        },
        Doctored(.served, of: "a rotation caused by a rejected finalize") { story in
            story.connect("cid")
            let finish = story.reject("cid")
            story.connect("cid")
            story.edit("public_token.rotated") { $0["cause"] = .string(finish.finalize) }
        },
        Doctored(.order, .served, of: "a rotation caused by another user's finalize") { story in
            let finish = story.connect("dan")
            story.connect("cid")
            story.connect("cid")
            story.edit("public_token.rotated") { $0["cause"] = .string(finish.finalize) }
        },
        Doctored(.served, of: "another user's public token for a finish") { story in
            story.connect("cid")
            story.connect("dan")
            story.read("dan")
            let token = story.users["dan"]?.held.1 ?? ""
            story.journal(.handed(publicToken: token), of: "cid", since: story.tick())
        },
        Doctored(.served, of: "no public token for a finish") { story in
            story.connect("cid")
            story.journal(.handed(publicToken: ""), of: "cid", since: story.tick())
        },
        Doctored(.served, of: "an access token that was never issued") { story in
            story.connect("cid")
            story.read("cid") { $0.access = 5 }
        },
        Doctored(.served, of: "a public token that was never issued") { story in
            story.connect("cid")
            story.read("cid") { $0.publicToken = 5 }
        },
        Doctored(.served, of: "the access token of another user") { story in
            story.connect("cid")
            story.connect("dan")
            let access = story.users["dan"]?.held.0 ?? ""
            story.read("cid") { $0.held.0 = access }
        },
        Doctored(.served, of: "the name of another user's person") { story in
            story.connect("cid")
            story.connect("dan")
            let person = story.users["dan"]?.person.human ?? ""
            story.read("cid") { user in
                user.person = ProviderUser(human: person, publicToken: "", accessTokens: [])
            }
        },
        Doctored(.served, of: "nobody's name, and nobody was deleted") { story in
            story.connect("cid")
            story.read("cid") { $0.isLinked = false }
        },
        Doctored(.served, of: "one version with two values") { story in
            story.connect("cid")
            story.read("cid")
            story.read("cid") { $0.held.1 = "another" }
        },
        Doctored(.served, of: "tokens of a user who has no launch") { story in
            story.connect("cid")
            let state = story.users["cid"]
            story.users["dan"] = state
            story.read("dan")
        },
    ]

    static let stale = [
        Doctored(.stale, of: "an old access token after an acknowledged finish") { story in
            let (access, version) = story.connectTwice("cid")
            story.read("cid") { ($0.held.0, $0.access) = (access, version) }
        },
        Doctored(.stale, of: "an old public token after an acknowledged finish") { story in
            story.connect("cid")
            let token = story.users["cid"]?.held.1 ?? ""
            story.connect("cid")
            story.read("cid") { ($0.held.1, $0.publicToken) = (token, 1) }
        },
        Doctored(.stale, .stale, of: "no tokens after an acknowledged finish") { story in
            story.connect("cid")
            story.read("cid") { $0.access = 0 }
        },
        Doctored(.stale, of: "less than an earlier read, though nothing was acknowledged") {
            let access = $0.users["cid"]?.held.0
            $0.connectUnheard("cid")
            let first = $0.users["cid"]?.held.0 ?? access ?? ""
            $0.connectUnheard("cid")
            $0.read("cid")
            $0.read("cid") { ($0.held.0, $0.access) = (first, $0.access - 1) }
        },
        Doctored(.stale, .stale, of: "tokens before their finish began") { story in
            story.connect("cid")
            let begin = story.tick()
            let end = story.tick()
            story.connect("cid")
            story.read("cid")
            story.move(begin: begin, end: end)
        },
        Doctored(.stale, .stale, of: "tokens of a finish that nobody posted") { story in
            story.connectUnheard("cid")
            story.other.journal.removeAll { entry in
                guard case .finish = entry.call else { return false }
                return entry.user == "cid"
            }
            story.read("cid")
        },
        Doctored(.stale, .stale, of: "a later finish before an earlier one in the log") { story in
            var first = story.receive("cid")
            story.dispatch(first)
            story.exchange(&first)
            story.answer(first, 201)
            var second = story.receive("cid")
            story.dispatch(second)
            story.exchange(&second)
            story.finalized(second)
            story.answer(second, 201)
            story.finalized(first)
        },
        Doctored(.stale, of: "a launch that the finish does not find") { story in
            let launch = story.launch("cid")
            let session = story.popup("cid", launch)
            story.journal(
                .finish(
                    launch: launch,
                    session: session,
                    .init(status: 404, code: "launch_not_found")
                ),
                of: "cid",
                since: story.tick()
            )
        },
        Doctored(.stale, of: "a launch that the report does not find") { story in
            let launch = story.launch("cid")
            let answer = JournalEntry.Answer(status: 404, code: "launch_not_found")
            let begin = story.tick()
            story.journal(.report(launch: launch, .closed, answer), of: "cid", since: begin)
        },
    ]

    static let read = [
        Doctored(.read, of: "a read that is not on record") { story in
            story.connect("cid")
            story.read("cid")
            story.accesses.removeLast()
        },
        Doctored(.read, of: "two reads, of which one is on record") { story in
            story.connect("cid")
            story.read("cid")
            story.read("cid")
            story.accesses.removeLast()
        },
        Doctored(.read, of: "a read that is on record as another version") { story in
            story.connect("cid")
            story.read("cid")
            story.accesses[story.accesses.count - 1]["version"] = 7
        },
        Doctored(.read, of: "a read that is on record as the other kind") { story in
            story.connect("cid")
            story.read("cid")
            story.accesses[story.accesses.count - 1]["kind"] = "access_token"
        },
        Doctored(.read, of: "a read that is on record as another user's") { story in
            story.connect("cid")
            story.read("cid")
            story.accesses[story.accesses.count - 1].subject = "subject-other"
        },
    ]
}

extension Story {
    /// Connects twice; gives the first access token and its version.
    fileprivate mutating func connectTwice(_ user: String) -> (String, Int) {
        connect(user)
        let state = users[user]
        connect(user)
        return (state?.held.0 ?? "", state?.access ?? 0)
    }

    /// Connects, and the client never hears of it.
    fileprivate mutating func connectUnheard(_ user: String) {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish)
        finalized(finish)
        answer(finish, nil)
    }
}
