import Campaign
import Wire

/// Secrets that came out, and users who do not come in.
extension Doctored {
    static let secrets = [
        Doctored(.secrets, of: "a token in an event") { story in
            story.connect("cid")
            let token = story.users["cid"]?.held.0 ?? ""
            story.report("cid", .failed)
            story.edit("launch.failed") { $0["code"] = .string("code \(token)") }
        },
        Doctored(.secrets, of: "a token as a member's name, inside a list") { story in
            story.connect("cid")
            let token = story.users["cid"]?.held.1 ?? ""
            story.report("cid", .failed)
            story.edit("launch.failed") {
                $0["code"] = .array([.object([.init(token, .null)])])
            }
        },
        Doctored(.secrets, of: "a person's name in the access log") { story in
            story.connect("cid")
            story.read("cid")
            let human = story.users["cid"]?.person.human ?? ""
            story.accesses[story.accesses.count - 1]["key"] = .string(human)
        },
        Doctored(.secrets, of: "a session as part of a longer run in a text") { story in
            let session = story.connect("cid").session
            story.other.texts.append(("service", "finish=abc\(session)abc done"))
        },
        Doctored(.secrets, of: "a session as the whole of a text") { story in
            let session = story.connect("cid").session
            story.other.texts.append(("service", session))
        },
        Doctored(.secrets, of: "an access token in a URL") { story in
            story.connect("cid")
            let token = story.users["cid"]?.held.0 ?? ""
            let spelled = token.split(separator: "=").joined(separator: "%3D")
            story.other.texts.append(("service", "é GET /?token=\(spelled)&x\n"))
        },
        Doctored(.secrets, .secrets, of: "a token in each of two texts") { story in
            story.connect("cid")
            let token = story.users["cid"]?.held.1 ?? ""
            story.other.texts.append(("server", "'\(token)'"))
            story.other.texts.append(("service", "…\(token)"))
        },
        Doctored(.secrets, of: "a file in which a token was found") { story in
            story.connect("cid")
            story.other.tellingFiles.append("/data/pg_wal/000000010000000000000001")
        },
    ]

    static let stuck =
        [
            answered(500, "internal"), answered(404, "not_found"), answered(401, "unauthenticated"),
            answered(409, "person_unproven"), answered(409, "finalize_in_progress"),
            answered(409, "recovery_rejected"), answered(409, "person_unclear"),
            answered(422, "key_reused"), answered(503, "user_list_too_long"),
        ] + [
            Doctored(.stuck, of: "a finish fails") { story in
                var finish = story.receive("cid")
                story.dispatch(finish)
                story.exchange(&finish)
                story.finalized(finish)
                story.answer(finish, 500, "internal")
            },
            Doctored(.stuck, of: "a read fails") { story in
                story.journal(
                    .read(.init(status: 500, code: "internal"), nil),
                    of: "cid",
                    since: story.tick()
                )
            },
            Doctored(.stuck, of: "the popup of a new user is refused") { story in
                story.beRefused("cid", "user_already_exists")
            },
            Doctored(.stuck, of: "the popup of a connected user is refused") { story in
                story.connect("cid")
                story.beRefused("cid", "invalid_public_token")
            },
            Doctored(.stuck, of: "a change elsewhere excuses one refusal and no more") { story in
                story.connect("cid")
                story.other.changesElsewhere["cid"] = [story.tick()]
                story.beRefused("cid", "invalid_public_token")
                story.beRefused("cid", "invalid_public_token")
            },
            Doctored(.stuck, of: "a change after a refusal does not excuse it") { story in
                story.connect("cid")
                story.beRefused("cid", "invalid_public_token")
                story.other.changesElsewhere["cid"] = [story.tick()]
            },
            Doctored(.stuck, of: "refused without an App Key, and known to the ledger") { story in
                story.other.usersWithoutAppKey = ["cid"]
                story.connect("cid")
                story.users["cid"]?.isLinked = false
                story.beRefused("cid", "user_already_exists")
            },
        ]

    private static func answered(_ status: Int, _ code: String) -> Doctored {
        Doctored(.stuck, of: "a launch is answered \(status) \(code)") { story in
            let answer = JournalEntry.Answer(status: status, code: code)
            story.journal(.launch(answer, nil), of: "cid", since: story.tick())
        }
    }
}

extension Story {
    /// Launches, and the popup does not open.
    mutating func beRefused(_ user: String, _ code: String) {
        let launch = launch(user)
        journal(.popup(launch: launch, .refused(code: code)), of: user, since: tick())
    }
}
