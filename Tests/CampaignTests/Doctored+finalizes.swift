import Campaign
import Wire

/// What becomes of a finish, and does not.
extension Doctored {
    static let finalizes = [
        Doctored(.oneExchange, of: "a session is exchanged twice") { story in
            var finish = story.connect("cid")
            story.exchange(&finish, acts: false)
        },
        Doctored(.oneOutcome, of: "finalized twice") { story in
            story.connect("cid")
            story.again("connect.finalized")
        },
        Doctored(.oneOutcome, of: "finalized and rejected") { story in
            let finish = story.connect("cid")
            story.note("finalize.rejected", finish, "status", 412)
        },
        Doctored(.oneOutcome, of: "refused and rejected") { story in
            let finish = story.reject("cid")
            story.note("finalize.refused", finish, "which", "human_id")
        },
        Doctored(.oneOutcome, of: "finalized and superseded") { story in
            let finish = story.connect("cid")
            story.note("finalize.superseded", finish, "access_token", "fingerprint")
        },
        Doctored(.oneOutcome, of: "superseded twice") { story in
            let finish = story.supersede("cid")
            story.note("finalize.superseded", finish, "access_token", "fingerprint")
        },
        Doctored(.ended, of: "received and left there") { story in
            story.answer(story.receive("cid"), nil)
        },
        Doctored(.ended, of: "dispatched and left there") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.other.sealedSessions = 1
        },
        Doctored(.ended, of: "unresolved and left there") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.unresolved", finish, "class", "timed_out")
        },
        Doctored(.ended, of: "not sent and left there") { story in
            let finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.unresolved", finish, "class", "not_sent")
        },
        Doctored(.ended, of: "unresolved after the last tokens") { story in
            story.connect("cid")
            let finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.unresolved", finish, "class", "timed_out")
        },
        Doctored(.sessions, of: "a session is left over") { story in
            story.connect("cid")
            story.other.sealedSessions = 1
        },
        Doctored(.ended, .sessions, of: "two sessions for one open finalize") { story in
            story.answer(story.receive("cid"), nil)
            story.other.sealedSessions = 2
        },
    ]

    static let silent = [
        Doctored(.silent, of: "tokens were made, and the finalize rejected") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.rejected", finish, "status", 412)
        },
        Doctored(.silent, of: "tokens were made, and the loss turned into a rejection") { story in
            let finish = story.lose("cid")
            story.note("finalize.rejected", finish, "status", 412)
        },
        Doctored(.silent, of: "tokens were made, and nothing is on record") { story in
            let session = story.popup("cid", story.launch("cid"))
            story.other.exchanges.append(
                ProviderExchange(session: Story.hash(session), acted: true)
            )
        },
        Doctored(.silent, of: "tokens were made, and the finalize given up as never sent") {
            var finish = $0.giveUp("cid")
            $0.exchange(&finish)
        },
        Doctored(.silent, of: "tokens were made, and newer ones hide it as not sent") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.unresolved", finish, "class", "not_sent")
            story.connect("cid")
        },
        Doctored(.ended, .silent, of: "tokens were made before any dispatch") { story in
            var finish = story.receive("cid")
            story.exchange(&finish)
        },
        Doctored(.silent, of: "tokens were made for a session that no popup gave") { story in
            story.other.exchanges.append(
                ProviderExchange(session: Story.hash("session of nobody"), acted: true)
            )
        },
        Doctored(.silent, of: "tokens were made for two sessions, one is on record") { story in
            let finish = story.connect("cid")
            let session = story.popup("cid", finish.launch)
            story.other.exchanges.append(
                ProviderExchange(session: Story.hash(session), acted: true)
            )
        },
        Doctored(.silent, of: "a rejection is denied behind another loss") { story in
            let launch = story.launch("cid")
            let lost = story.receive("cid", launch: launch)
            story.dispatch(lost)
            story.note("finalize.unresolved", lost, "class", "timed_out")
            story.note("finalize.abandoned", lost, "reason", "answer_lost")
            var finish = story.receive("cid", launch: launch)
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.rejected", finish, "status", 412)
            story.answer(finish, 422, "session_rejected")
        },
    ]

    static let bijection = [
        Doctored(.bijection, of: "a user is linked to another person") { story in
            story.connect("cid")
            story.connect("cid")
            story.edit("edit.finalized") { $0["human"] = "fingerprint-other" }
        },
        Doctored(.bijection, of: "two users are linked to one person") { story in
            story.connect("cid")
            let human = story.users["cid"]?.human ?? ""
            story.connect("dan")
            story.edit("connect.finalized") { $0["human"] = .string(human) }
        },
        Doctored(.bijection, of: "a token of another person is recovered") { story in
            story.connect("cid")
            story.recover("cid")
            story.edit("public_token.recovered") { $0["human"] = "fingerprint-other" }
        },
        Doctored(.bijection, of: "a person who is gone for one user belongs to another") { story in
            story.connect("cid")
            let human = story.users["cid"]?.human ?? ""
            story.launch("dan")
            story.event("person.gone", "dan", [("human", .string(human))])
            story.connect("dan")
            story.edit("connect.finalized") { $0["human"] = .string(human) }
        },
        Doctored(.bijection, of: "a user has two subjects") { story in
            story.launch("cid")
            story.launch("cid")
            story.edit("connect.launched") { $0.subject = "subject-other" }
        },
        Doctored(.bijection, of: "two users have one subject") { story in
            story.launch("cid")
            let subject = story.users["cid"]?.subject ?? ""
            story.launch("dan")
            story.edit("connect.launched") { $0.subject = subject }
        },
    ]
}
