import Campaign
import Wire

/// The steps of a finish.
extension Story {
    /// One finish on its way.
    struct Finish {
        let user: String
        let launch: String
        let session: String
        let finalize: String
        let begin: Duration
        /// What the provider has made of it.
        var tokens: (access: String, publicToken: String)?
    }

    /// A finish is received, after a launch and a popup if there is none yet.
    mutating func receive(_ user: String, launch given: String? = nil) -> Finish {
        let launch = given ?? launch(user)
        let session = popup(user, launch)
        let finish = Finish(
            user: user,
            launch: launch,
            session: session,
            finalize: name("finalize"),
            begin: tick()
        )
        event(
            "finish.received",
            user,
            [
                ("finalize", .string(finish.finalize)), ("launch", .string(launch)),
                ("session", .string(name("fingerprint"))),
                ("human", .string(users[user]?.human ?? "")),
            ]
        )
        return finish
    }

    mutating func dispatch(_ finish: Finish, number: Int = 1) {
        event(
            "exchange.dispatched",
            finish.user,
            [("finalize", .string(finish.finalize)), ("number", .number("\(number)"))]
        )
    }

    /// The request reaches the provider, which makes tokens or refuses.
    mutating func exchange(_ finish: inout Finish, acts: Bool = true) {
        other.exchanges.append(ProviderExchange(session: Self.hash(finish.session), acted: acts))
        guard acts, let person = users[finish.user]?.person else { return }
        let access = secret("access")
        let publicToken = secret("public")
        finish.tokens = (access, publicToken)
        users[finish.user]?.person = ProviderUser(
            human: person.human,
            publicToken: publicToken,
            accessTokens: person.accessTokens + [access]
        )
    }

    /// The outcome with tokens, in one append.
    mutating func finalized(_ finish: Finish) {
        guard let tokens = finish.tokens, var state = users[finish.user] else { return }
        let isEdit = editLaunches.contains(finish.launch)
        event(
            isEdit ? "edit.finalized" : "connect.finalized",
            finish.user,
            [
                ("finalize", .string(finish.finalize)), ("launch", .string(finish.launch)),
                ("human", .string(state.human)),
            ]
        )
        state.access += 1
        state.publicToken += 1
        state.held = (tokens.access, tokens.publicToken)
        state.isLinked = true
        users[finish.user] = state
        for (type, version) in [
            ("access_token.rotated", state.access), ("public_token.rotated", state.publicToken),
        ] {
            event(
                type,
                finish.user,
                [
                    ("version", .number("\(version)")),
                    ("fingerprint", .string(name("fingerprint"))),
                    ("cause", .string(finish.finalize)),
                ]
            )
        }
    }

    /// An event that has the finalize and one more member.
    mutating func note(_ type: String, _ finish: Finish, _ name: String, _ value: JSONValue) {
        event(type, finish.user, [("finalize", .string(finish.finalize)), (name, value)])
    }

    mutating func answer(_ finish: Finish, _ status: Int?, _ code: String? = nil) {
        journal(
            .finish(
                launch: finish.launch,
                session: finish.session,
                .init(status: status, code: code)
            ),
            of: finish.user,
            since: finish.begin
        )
    }
}
