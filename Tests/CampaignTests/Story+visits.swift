import Campaign
import Wire

/// Whole visits, with what the ledger does about them.
extension Story {
    @discardableResult
    mutating func connect(_ user: String) -> Finish {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish)
        finalized(finish)
        answer(finish, 201)
        return finish
    }

    /// The answer is lost; in the end nobody waits for it.
    @discardableResult
    mutating func lose(_ user: String, acts: Bool = true) -> Finish {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish, acts: acts)
        note("finalize.unresolved", finish, "class", "timed_out")
        answer(finish, 202, "finalize_unresolved")
        recover(user)
        note("finalize.abandoned", finish, "reason", "answer_lost")
        return finish
    }

    /// The answer is lost, and newer tokens come before anybody has ended it.
    mutating func overtake(_ user: String) {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish)
        note("finalize.unresolved", finish, "class", "connection_lost")
        answer(finish, nil)
        connect(user)
    }

    /// The answer comes after newer ones.
    @discardableResult
    mutating func supersede(_ user: String) -> Finish {
        let finish = lose(user)
        connect(user)
        note("finalize.superseded", finish, "access_token", "fingerprint")
        return finish
    }

    /// The answer comes late, and counts.
    mutating func comeLate(_ user: String) {
        let finish = lose(user)
        finalized(finish)
    }

    @discardableResult
    mutating func reject(_ user: String) -> Finish {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish, acts: false)
        note("finalize.rejected", finish, "status", 412)
        answer(finish, 422, "session_rejected")
        return finish
    }

    @discardableResult
    mutating func refuse(_ user: String) -> Finish {
        var finish = receive(user)
        dispatch(finish)
        exchange(&finish)
        note("finalize.refused", finish, "which", "human_id")
        answer(finish, 409, "different_person")
        return finish
    }

    /// Nothing could be sent, for a day.
    @discardableResult
    mutating func giveUp(_ user: String) -> Finish {
        let finish = receive(user)
        dispatch(finish)
        note("finalize.unresolved", finish, "class", "not_sent")
        dispatch(finish, number: 2)
        note("finalize.unresolved", finish, "class", "not_sent")
        note("finalize.abandoned", finish, "reason", "never_sent")
        answer(finish, 202, "finalize_unresolved")
        return finish
    }

    /// The public token is fetched anew, and is another one.
    mutating func recover(_ user: String) {
        guard var state = users[user], state.isLinked else { return }
        state.publicToken += 1
        state.held.1 = state.person.publicToken
        users[user] = state
        event(
            "public_token.recovered",
            user,
            [
                ("version", .number("\(state.publicToken)")),
                ("fingerprint", .string(name("fingerprint"))), ("human", .string(state.human)),
            ]
        )
    }

    /// The user is deleted at the provider, and a launch finds out.
    mutating func delete(_ user: String) {
        guard var state = users[user], state.isLinked else { return }
        other.formerUsers[user, default: []].append(state.person)
        other.changesElsewhere[user, default: []].append(tick())
        event("person.gone", user, [("human", .string(state.human))])
        let publicToken = secret("public")
        state.isLinked = false
        state.human = name("fingerprint")
        state.person = ProviderUser(
            human: secret("human"),
            publicToken: publicToken,
            accessTokens: []
        )
        users[user] = state
    }
}
