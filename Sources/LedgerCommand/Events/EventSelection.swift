import ArgumentParser
import Ledger
import LedgerStack

/// The flags that say which events a service is asked for; the same words as in `GET /v1/events/tail`.
struct EventSelection: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only events of this user, by the app's own id.",
            valueName: "clientUserId"
        )
    )
    var user: String?

    @Option(help: ArgumentHelp("Only events of this user, by the pseudonym.", valueName: "uuid"))
    var subject: String?

    @OptionGroup var conditions: EventConditions

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "The first position; by default only what comes, with --no-follow all.",
            discussion: """
                Where there are several logs, one but 0 is of the one that --log or the user names.
                """,
            valueName: "position"
        )
    )
    var start: Int64?

    @Flag(name: .customLong("no-follow"), help: "End where the log ends now.")
    var endsNow = false

    func validate() throws {
        guard user == nil || subject == nil else {
            throw ValidationError("--user and --subject name the same thing; one is enough.")
        }
        guard start ?? 0 >= 0 else { throw ValidationError("Positions count from 0.") }
    }

    /// What stands behind the path; what is wrong with it, the service says.
    var query: String {
        let start = start.map(String.init) ?? (endsNow ? nil : "end")
        let types = conditions.types
        let members: [(name: String, value: String?)] = [
            ("user", user), ("subject", subject), ("log", conditions.log.name),
            ("type", types.isEmpty ? nil : types.joined(separator: ",")),
            ("since", conditions.since), ("until", conditions.before), ("from_position", start),
            ("follow", endsNow ? "false" : nil),
        ]
        return members.compactMap { name, value in
            value.map { "\(name)=" + HTTPCaller.encoded($0) }
        }.joined(separator: "&")
    }
}
