import Campaign
import Wire

/// What is missing in the log, or stands there twice.
extension Doctored {
    static let acknowledged = [
        Doctored(.acknowledged, of: "a launch is lost") { story in
            story.launch("cid")
            story.remove("connect.launched")
        },
        Doctored(.acknowledged, of: "a launch stands there in the other mode") { story in
            story.connect("cid")
            story.launch("cid")
            story.edit("edit.launched") { $0.type = "connect.launched" }
        },
        Doctored(.acknowledged, of: "a launch is answered without options") { story in
            story.launch("cid")
            story.journal(.launch(.init(status: 201), nil), of: "cid", since: story.tick())
        },
        Doctored(.acknowledged, of: "a read is answered without tokens") { story in
            story.journal(.read(.init(status: 200), nil), of: "cid", since: story.tick())
        },
        Doctored(.acknowledged, of: "a report is lost") { story in
            story.report("cid", .closed)
            story.remove("launch.closed")
        },
        Doctored(.acknowledged, of: "a failure is on record as closed") { story in
            story.report("cid", .failed)
            story.edit("launch.failed") { $0.type = "launch.closed" }
        },
        Doctored(.acknowledged, of: "a finish was acknowledged and its answer lost") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.unresolved", finish, "class", "timed_out")
            story.note("finalize.abandoned", finish, "reason", "answer_lost")
            story.answer(finish, 201)
        },
        Doctored(.acknowledged, of: "two finishes of a launch, one of them finalized") { story in
            let first = story.connect("cid")
            var second = story.receive("cid", launch: first.launch)
            story.dispatch(second)
            story.exchange(&second)
            story.note("finalize.refused", second, "which", "human_id")
            story.answer(second, 201)
        },
        Doctored(.acknowledged, of: "a first finalize without rotations") { story in
            story.connect("cid")
            story.remove("access_token.rotated")
            story.remove("public_token.rotated")
        },
        Doctored(.acknowledged, of: "a first finalize without its public token") { story in
            story.connect("cid")
            story.remove("public_token.rotated")
        },
    ]

    static let duplicated = [
        Doctored(.duplicated, of: "an event id stands there twice") { story in
            story.connect("cid")
            let id = story.events.last?.id ?? ""
            story.edit("connect.launched") { $0.id = id }
        },
        Doctored(.duplicated, of: "an access has another's id") { story in
            story.connect("cid")
            story.read("cid")
            story.accesses[story.accesses.count - 1].id = story.accesses[0].id
        },
        Doctored(.duplicated, of: "an event has no id") { story in
            story.launch("cid")
            story.edit("connect.launched") { $0.id = "" }
        },
        Doctored(.duplicated, of: "a launch stands there twice") { story in
            story.launch("cid")
            story.again("connect.launched")
        },
        Doctored(.duplicated, of: "a finalize begins twice") { story in
            story.connect("cid")
            story.again("finish.received") { $0["session"] = "fingerprint-other" }
        },
        Doctored(.duplicated, of: "a session begins two finalizes") { story in
            story.reject("cid")
            let session = story.events.last { $0.type == "finish.received" }?["session"]
            story.reject("cid")
            story.edit("finish.received") { $0["session"] = session }
        },
        Doctored(.duplicated, of: "an access token's version comes twice") { story in
            story.connect("cid")
            story.connect("cid")
            story.edit("access_token.rotated") { $0["version"] = 1 }
        },
        Doctored(.duplicated, of: "a public token's version is left out") { story in
            story.connect("cid")
            story.connect("cid")
            story.edit("public_token.rotated") { $0["version"] = 3 }
        },
        Doctored(.duplicated, of: "another token is recovered under the held version") { story in
            story.connect("cid")
            story.recover("cid")
            story.edit("public_token.recovered") { $0["version"] = 1 }
        },
        Doctored(.duplicated, of: "a subject's events have a hole") { story in
            story.launch("cid")
            story.launch("cid")
            story.edit("connect.launched") { $0.version = 3 }
        },
        Doctored(.duplicated, of: "a subject's event is not counted") { story in
            story.launch("cid")
            story.edit("connect.launched") { $0.version = 0 }
        },
    ]
}

/// What stands in the wrong order.
extension Doctored {
    static let order = [
        Doctored(.order, of: "dispatched before received") { story in
            story.connect("cid")
            let event = story.remove("finish.received")
            story.events.insert(event, at: story.events.count - 3)
        },
        Doctored(.order, of: "finalized without a dispatch") { story in
            story.connect("cid")
            story.remove("exchange.dispatched")
        },
        Doctored(.order, .order, of: "dispatched and rejected without an intent") { story in
            story.reject("cid")
            story.remove("finish.received")
        },
        Doctored(.order, of: "launched after received") { story in
            story.reject("cid")
            let event = story.remove("connect.launched")
            story.events.append(event)
        },
        Doctored(.order, of: "finished with the launch of another user") { story in
            let launch = story.launch("dan")
            story.launch("cid")
            let finish = story.receive("cid", launch: launch)
            story.note("finalize.refused", finish, "which", "human_id")
        },
        Doctored(.order, of: "the first dispatch has number 2") { story in
            story.connect("cid")
            story.edit("exchange.dispatched") { $0["number"] = 2 }
        },
        Doctored(.order, of: "dispatched again although it may have been sent") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.exchange(&finish)
            story.note("finalize.unresolved", finish, "class", "timed_out")
            story.dispatch(finish, number: 2)
            story.finalized(finish)
        },
        Doctored(.order, of: "dispatched again after the outcome") { story in
            let finish = story.reject("cid")
            story.dispatch(finish, number: 2)
        },
        Doctored(.order, of: "dispatched again after it was given up") { story in
            let finish = story.giveUp("cid")
            story.dispatch(finish, number: 3)
        },
        Doctored(.order, of: "unresolved without a dispatch") { story in
            let finish = story.receive("cid")
            story.note("finalize.unresolved", finish, "class", "not_sent")
            story.note("finalize.abandoned", finish, "reason", "never_sent")
        },
        Doctored(.order, of: "unresolved after the outcome") { story in
            let finish = story.reject("cid")
            story.note("finalize.unresolved", finish, "class", "timed_out")
        },
        Doctored(.order, of: "abandoned after the outcome") { story in
            var finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.unresolved", finish, "class", "worker_lost")
            story.exchange(&finish, acts: false)
            story.note("finalize.rejected", finish, "status", 412)
            story.note("finalize.abandoned", finish, "reason", "answer_lost")
        },
        Doctored(.order, of: "lost, and never said to be unresolved") { story in
            let finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.abandoned", finish, "reason", "answer_lost")
        },
        Doctored(.order, of: "never sent, and perhaps sent") { story in
            let finish = story.receive("cid")
            story.dispatch(finish)
            story.note("finalize.abandoned", finish, "reason", "never_sent")
        },
        Doctored(.order, of: "refused without a dispatch, and not at once") { story in
            let finish = story.receive("cid")
            story.launch("dan")
            story.note("finalize.refused", finish, "which", "human_id")
        },
        Doctored(.order, .order, of: "rotated apart from the finalize") { story in
            story.connect("cid")
            let rotations = [
                story.remove("access_token.rotated"), story.remove("public_token.rotated"),
            ]
            story.report("dan", .closed)
            story.events += rotations
        },
    ]
}
