internal import HumanConnectSandbox
internal import NIOHTTP1
internal import SeededRandom
internal import Wire

/// One user with the app's backend and page: what it does is what `docs/integrator.md` asks for.
struct Visitor {
    /// Where the user's app calls.
    struct Place: Sendable {
        /// The copies of the service; each call goes to another one, where there are several.
        let ledgerURLs: [String]
        let key: String
        let app: Provider.App
        let provider: Provider
        let journal: Journal
        let notes: Notes
    }

    let user: String
    private let place: Place
    private var random: SeededRandom
    private var visits = 0
    /// A finish that was kept back.
    private var kept: Finish?

    private struct Finish: Sendable {
        let launch: String
        let path: String
        let body: JSONValue
        let session: String
    }

    private struct Launch {
        let launched: JournalEntry.Launched
        /// Of the finish, at any copy of the service.
        let finishPath: String
    }

    /// What a visit calls the service for.
    private enum Step: Int {
        case launch, finish, read
    }

    private enum LaunchEnd {
        case served(Launch)
        case refused
    }

    private static let timeMax = Duration.seconds(20)
    /// How long somebody tries again before he gives up.
    private static let patience = Duration.seconds(60)
    private static let triesPause = Duration.milliseconds(250)
    /// How long a page still lives that dies while it posts.
    private static let deathTime = Duration.milliseconds(5)

    init(user: String, place: Place, seed: UInt64) {
        self.user = user
        self.place = place
        random = SeededRandom(seed: seed)
    }

    /// Launches, uses the popup, finishes and reads, in the manner of a habit chosen at random.
    mutating func visit() async throws {
        let habit = Habit.choose(using: &random)
        visits += 1
        guard let launch = await launch(twice: habit == .repeatedLaunch) else { return }
        if habit == .killedBeforePopup { return }
        var opened = launch
        if habit == .secondTab {
            guard let second = await self.launch() else { return }
            opened = second
        }
        let act: Provider.Act = habit == .closed ? .close : .connect(visit: visits)
        guard let finish = try await popup(opened, act) else { return }
        let earlier = kept.take()
        if habit == .forgedClaim {
            await forge(opened)
            // The forged one may be all that is heard of this launch.
            if Bool.random(using: &random) { return }
        }
        switch habit {
        case .killedAfterDone: break
        case .killedAtFinish: _ = await post(finish, timeMax: Self.deathTime)
        case .late: kept = finish
        case .repeated: await sendAtOnce(finish)
        default: await send(finish)
        }
        if let earlier { await send(earlier) }
        await read()
        try await changeElsewhere(habit)
    }

    /// Sends what was kept back.
    mutating func end() async {
        if let kept = kept.take() { await send(kept) }
    }

    /// Whether everything works for the user now that everything runs: launch, popup, finish, read.
    ///
    /// Gives what does not, in words. The checker judges popups that are refused; one may be, after a
    /// change that the ledger could not know of, and then the next one opens.
    mutating func probe() async throws -> String? {
        // Whose exchanges never succeed at the sandbox can open the popup, and no more.
        let isOddity = user.contains(Self.oddity) && !user.contains(SandboxBehaviour.slow.rawValue)
        for _ in 0..<2 {
            guard let launch = await launch() else {
                return isUnprovable ? nil : "\(user) gets no launch"
            }
            guard let finish = try await popup(launch, isOddity ? .close : .change) else {
                if isOddity { return nil }
                continue
            }
            guard await send(finish)?.isAcknowledged == true else {
                return "a finish of \(user) comes to nothing"
            }
            return await read()?.status == "connected" ? nil : "\(user) is not connected"
        }
        return isUnprovable ? nil : "the popup of \(user) stays shut"
    }

    /// Without an App Key nobody can say whether the provider knows a user.
    private var isUnprovable: Bool { !place.app.sharesAppKey }

    /// How the names of behaviours begin.
    private static let oddity = "sandbox_"
}

// MARK: Launch and popup

extension Visitor {
    /// The copy that a step is for; what is done several times at once goes to others as well.
    private func ledgerURL(_ step: Step, number: Int = 0) -> String {
        place.ledgerURLs[(visits + step.rawValue + number) % place.ledgerURLs.count]
    }

    private mutating func launch(twice: Bool = false) async -> Launch? {
        let key = twice ? "\(user) \(visits)" : nil
        if twice { _ = await launchOnce(key: key) }
        guard case .served(let launch)? = await patiently({ await launchOnce(key: key) }) else {
            return nil
        }
        return launch
    }

    /// Does something again until it gives an end; nil when that takes too long.
    private func patiently<End>(_ attempt: () async -> End?) async -> End? {
        let begin = ContinuousClock.now
        while ContinuousClock.now - begin < Self.patience {
            if let end = await attempt() { return end }
            try? await Task.sleep(for: Self.triesPause)
            if Task.isCancelled { return nil }
        }
        return nil
    }

    /// Gives nil when it is to be tried again.
    private func launchOnce(key: String?) async -> LaunchEnd? {
        let begin = place.journal.now
        var mayMislead = place.notes.providerIsDisturbed
        var headers = ["Authorization": "Bearer \(place.key)"]
        if let key { headers["Idempotency-Key"] = key }
        let copy = ledgerURL(.launch)
        let answer = await LedgerClient.call(
            .POST,
            copy + "/v1/launches",
            headers: headers,
            json: ["client_user_id": .string(user), "finish": "direct"],
            timeMax: Self.timeMax
        )
        mayMislead = mayMislead || place.notes.providerIsDisturbed
        let launch = answer.flatMap { Self.launch(in: $0) }
        let call = JournalEntry.Call.launch(.init(answer), launch?.launched)
        place.journal.add(call, of: user, since: begin, at: copy)
        guard let launch else {
            return JournalEntry.Answer(answer).saysToWait ? nil : .refused
        }
        let token = launch.finishPath.split(separator: "/").last.map(String.init) ?? ""
        place.notes.issued(launchToken: token)
        if mayMislead { place.notes.excuse(launch.launched.launch) }
        return .served(launch)
    }

    private static func launch(in answer: LedgerClient.Answer) -> Launch? {
        let json = answer.json
        guard answer.status == 201, let launch = json["launch_id"]?.text,
            let publicToken = json["options"]?["publicToken"]?.text,
            let url = json["finish_url"]?.text
        else { return nil }
        return Launch(
            launched: .init(launch: launch, publicToken: publicToken),
            finishPath: "/" + url.split(separator: "/").suffix(3).joined(separator: "/")
        )
    }

    /// Opens the popup; gives what is to be posted at the end.
    private func popup(_ launch: Launch, _ act: Provider.Act) async throws -> Finish? {
        let begin = place.journal.now
        let id = launch.launched.launch
        let end = try await place.provider.play(
            act,
            app: place.app,
            user: user,
            publicToken: launch.launched.publicToken
        )
        place.journal.add(.popup(launch: id, end), of: user, since: begin)
        switch end {
        case .refused(let code):
            await report(.failed, ["code": .string(code)], launch)
            return nil
        case .closed:
            await report(.closed, [:], launch)
            return nil
        case .finished(let session, let human):
            place.notes.met(human)
            return Finish(
                launch: id,
                path: launch.finishPath,
                body: [
                    "humanId": .string(human), "clientId": .string(place.app.clientID),
                    "sessionToken": .string(session),
                ],
                session: session
            )
        }
    }

    private func report(
        _ what: JournalEntry.Report,
        _ body: JSONValue,
        _ launch: Launch
    ) async {
        _ = await patiently { () -> JournalEntry.Answer? in
            let begin = place.journal.now
            let answer = await LedgerClient.call(
                .POST,
                ledgerURL(.finish) + launch.finishPath + "/\(what)",
                json: body,
                timeMax: Self.timeMax
            )
            place.journal.add(
                .report(launch: launch.launched.launch, what, .init(answer)),
                of: user,
                since: begin
            )
            return JournalEntry.Answer(answer).unlessToWait
        }
    }
}

// MARK: Finish and read

extension Visitor {
    /// Posts a finish until there is an answer that says how it ended; that answer.
    @discardableResult
    private func send(_ finish: Finish, number: Int = 0) async -> JournalEntry.Answer? {
        await patiently { await post(finish, number: number, timeMax: Self.timeMax).unlessToWait }
    }

    /// What an attacker posts who knows somebody's `humanId` and a launch of his own.
    private mutating func forge(_ launch: Launch) async {
        guard let victim = place.notes.anybody(using: &random) else { return }
        let session = (0..<5).map { _ in String(random.next(), radix: 16) }.joined()
        let forged = Finish(
            launch: launch.launched.launch,
            path: launch.finishPath,
            body: [
                "humanId": .string(victim), "clientId": .string(place.app.clientID),
                "sessionToken": .string(session),
            ],
            session: session
        )
        await send(forged)
    }

    private func sendAtOnce(_ finish: Finish) async {
        await withDiscardingTaskGroup { group in
            for number in 0..<3 { group.addTask { _ = await send(finish, number: number) } }
        }
    }

    private func post(
        _ finish: Finish,
        number: Int = 0,
        timeMax: Duration
    ) async -> JournalEntry.Answer {
        let begin = place.journal.now
        let answer = await LedgerClient.call(
            .POST,
            ledgerURL(.finish, number: number) + finish.path,
            json: finish.body,
            timeMax: timeMax
        )
        place.journal.add(
            .finish(launch: finish.launch, session: finish.session, .init(answer)),
            of: user,
            since: begin
        )
        if answer?.status == 201 {
            let token = answer?.json["publicToken"]?.text ?? ""
            place.journal.add(.handed(publicToken: token), of: user, since: begin)
        }
        return .init(answer)
    }

    /// What happens at the provider without us; the checker has to know of it.
    private func changeElsewhere(_ habit: Habit) async throws {
        guard [.changedElsewhere, .deletedElsewhere].contains(habit),
            let known = try await place.provider.user(user, of: place.app)
        else { return }
        if habit == .deletedElsewhere {
            try await place.provider.delete(known, of: place.app)
            place.notes.changed(user, at: place.journal.now, deleted: known)
        } else {
            _ = try await place.provider.play(
                .connect(visit: visits + 2),
                app: place.app,
                user: user,
                publicToken: known.publicToken
            )
            place.notes.changed(user, at: place.journal.now, deleted: nil)
        }
    }

    @discardableResult
    private func read() async -> JournalEntry.TokensRead? {
        let begin = place.journal.now
        let name = PercentCoding.encode(user, keeping: .unreserved)
        let answer = await LedgerClient.call(
            .GET,
            ledgerURL(.read) + "/v1/users/\(name)/tokens",
            headers: ["Authorization": "Bearer \(place.key)"],
            timeMax: Self.timeMax
        )
        let tokens = answer.flatMap { $0.status == 200 ? JournalEntry.TokensRead($0.json) : nil }
        place.journal.add(.read(.init(answer), tokens), of: user, since: begin)
        return tokens
    }
}

extension JournalEntry.Answer {
    init(_ answer: LedgerClient.Answer?) {
        self.init(status: answer?.status, code: answer?.json["code"]?.text)
    }

    /// Whether a client shall do the same again (docs/integrator.md#errors-to-handle).
    fileprivate var saysToWait: Bool {
        switch (status, code) {
        case (nil, _), (429, _), (503, _), (500, _): true
        case (409, "finalize_in_progress"), (409, "conflict"): true
        default: false
        }
    }

    /// Itself, or nil when a client shall do the same again.
    fileprivate var unlessToWait: Self? { saysToWait ? nil : self }
}

extension JournalEntry.TokensRead {
    fileprivate init?(_ json: JSONValue) {
        guard let status = json["status"]?.text, let access = json["access_token"]?.text,
            let publicToken = json["public_token"]?.text,
            case .number(let accessVersion) = json["versions"]?["access_token"],
            case .number(let publicVersion) = json["versions"]?["public_token"],
            let accessNumber = Int(accessVersion), let publicNumber = Int(publicVersion)
        else { return nil }
        self.init(
            status: status,
            // Nobody is named while the provider does not know the user any more.
            human: json["human_id"]?.text ?? "",
            accessToken: access,
            publicToken: publicToken,
            accessVersion: accessNumber,
            publicVersion: publicNumber
        )
    }
}
