internal import ConnectFlow
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault
internal import Webhooks
internal import Wire

/// Where an app has its events sent: endpoints, and what they were sent.
struct WebhookRoutes: Sendable {
    let store: LedgerStore
    let addresses: WebhookAddresses

    /// How often a change is made anew because another call was faster.
    private static let triesMax = 3

    func add(to router: Router<LedgerRequestContext>) {
        let one: RouterPath = "/v1/webhook-endpoints/:endpoint"
        router.get("/v1/webhook-endpoints") { try await list($0, $1) }
        router.post("/v1/webhook-endpoints") { try await create($0, $1) }
        router.get(one) { try await show($0, $1) }
        router.patch(one) { try await update($0, $1) }
        router.delete(one) { try await remove($0, $1) }
        router.post("/v1/webhook-endpoints/:endpoint/secret") { try await rotate($0, $1) }
        router.post("/v1/webhook-endpoints/:endpoint/test") { try await test($0, $1) }
        router.get("/v1/webhook-endpoints/:endpoint/deliveries") { try await deliveries($0, $1) }
        router.post("/v1/webhook-endpoints/:endpoint/replay") { try await replay($0, $1) }
    }

    private func caller(
        _ request: Request,
        _ context: LedgerRequestContext,
        keys: Set<String> = []
    ) async throws -> (Caller, Query) {
        let caller = try await Caller(request, context, scope: .webhooksManage, store: store)
        return (caller, try Query(request, keys: keys))
    }

    /// The endpoint that a path names; `LedgerError.notFound` for unknown and foreign ones alike.
    private func webhook(
        _ context: LedgerRequestContext,
        of app: StoredApp
    ) async throws -> StoredWebhook {
        guard let id = Identifier(try context.pathParameter("endpoint")),
            let webhook = try await store.webhook(id, of: app)
        else { throw LedgerError.notFound }
        return webhook
    }

    private func list(_ request: Request, _ context: LedgerRequestContext) async throws -> Response
    {
        let (caller, _) = try await caller(request, context)
        var writer = JSONWriter()
        writer.open()
        writer.key("webhook_endpoints")
        writer.openArray()
        let found = try await store.webhooks(of: caller.app)
        for webhook in found.opened {
            writer.element()
            webhook.write(to: &writer)
        }
        writer.closeArray()
        if !found.damaged.isEmpty { writer.member("damaged", found.damaged.map { "\($0)" }) }
        writer.close()
        return .json(.ok, writer)
    }

    private func show(_ request: Request, _ context: LedgerRequestContext) async throws -> Response
    {
        let (caller, _) = try await caller(request, context)
        return Self.answer(try await webhook(context, of: caller.app))
    }

    private func create(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, _) = try await caller(request, context)
        let body = try await JSONBody(request, keys: ["url", "types", "client_user_id", "label"])
        guard let definition = try order(body).definition else {
            throw LedgerError.malformed("url is missing.")
        }
        if definition.namesUser { try Self.checkMayName(caller) }
        let recordContext = context.recordContext(key: caller)
        guard let key = try request.idempotencyKey(for: "webhook endpoint") else {
            let made = try await store.add(definition, of: caller.app, context: recordContext)
            guard let made else { throw LedgerError.tooManyWebhooks }
            return Self.answer(made, .created, withSecret: true)
        }
        let addition = try await store.add(
            definition,
            of: caller.app,
            idempotencyKey: key,
            context: recordContext
        )
        switch addition {
        case .added(let made): return Self.answer(made, .created, withSecret: true)
        case .keyReused: throw LedgerError.connect(.keyReused)
        case .tooMany: throw LedgerError.tooManyWebhooks
        }
    }

    private func update(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, _) = try await caller(request, context)
        let body = try await JSONBody(
            request,
            keys: ["url", "types", "client_user_id", "label", "paused"]
        )
        let change = try order(body).change
        let isPaused = try body.bool("paused")
        let recordContext = context.recordContext(key: caller)
        try await changed(context, of: caller.app) { webhook in
            // Whoever moves one is told as much as who makes one.
            let isTold = change.namesUser ?? (change.url != nil && webhook.definition.namesUser)
            if isTold { try Self.checkMayName(caller) }
            return try await store.update(webhook, change, of: caller.app, context: recordContext)
        }
        if let isPaused {
            try await changed(context, of: caller.app) { webhook in
                isPaused
                    ? try await store.pause(
                        webhook,
                        .requested,
                        of: caller.app,
                        context: recordContext
                    )
                    : try await store.resume(webhook, of: caller.app, context: recordContext)
            }
        }
        return Self.answer(try await webhook(context, of: caller.app))
    }

    private func remove(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, _) = try await caller(request, context)
        let recordContext = context.recordContext(key: caller)
        guard let id = Identifier(try context.pathParameter("endpoint")) else {
            throw LedgerError.notFound
        }
        try await changed {
            let outcome = try await store.removeWebhook(id, of: caller.app, context: recordContext)
            guard let outcome else { throw LedgerError.notFound }
            return outcome
        }
        return Response(status: .noContent)
    }

    private func rotate(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, _) = try await caller(request, context)
        let body = try await JSONBody(request, keys: ["overlap_seconds"], isOptional: true)
        let overlap = try body.number("overlap_seconds") ?? WebhookLimits.usualOverlapSeconds
        guard (0...WebhookLimits.overlapSecondsMax).contains(overlap) else {
            throw LedgerError.malformed(
                "overlap_seconds must be 0 to \(WebhookLimits.overlapSecondsMax)."
            )
        }
        let rotated = try await store.rotateSecret(
            of: try await webhook(context, of: caller.app),
            overlapSeconds: overlap,
            of: caller.app,
            context: context.recordContext(key: caller)
        )
        guard let rotated else { throw LedgerError.store(.conflict) }
        return Self.answer(rotated, withSecret: true)
    }

    private func test(_ request: Request, _ context: LedgerRequestContext) async throws -> Response
    {
        let (caller, _) = try await caller(request, context)
        let made = try Self.asked(
            try await store.test(
                try await webhook(context, of: caller.app),
                of: caller.app,
                context: context.recordContext(key: caller)
            )
        )
        var writer = JSONWriter()
        made.write(to: &writer)
        return .json(.accepted, writer)
    }

    private func order(_ body: JSONBody) throws(LedgerError) -> WebhookOrder {
        var order = WebhookOrder()
        let (url, types, label) = (
            try body.string("url"), try body.strings("types"), try body.string("label")
        )
        do {
            if let url { try order.setURL(url, addresses) }
            if let types { try order.setTypes(types) }
            if let label { try order.setLabel(label) }
        } catch {
            throw .malformed(error.description)
        }
        order.change.namesUser = try body.bool("client_user_id")
        return order
    }

    /// Makes a change, anew where another call was faster.
    private func changed(
        _ context: LedgerRequestContext,
        of app: StoredApp,
        _ body: (StoredWebhook) async throws -> AdministrationOutcome
    ) async throws {
        try await changed { try await body(try await webhook(context, of: app)) }
    }

    private func changed(_ body: () async throws -> AdministrationOutcome) async throws {
        for _ in 0..<Self.triesMax {
            let outcome = try await body()
            if outcome != .conflict { return }
        }
        throw LedgerError.store(.conflict)
    }

    /// Messages that name users say what the scope guards.
    private static func checkMayName(_ caller: Caller) throws(LedgerError) {
        guard caller.has(.exportIdentities) else { throw .insufficientScope(.exportIdentities) }
    }

    private static func asked<Asked>(_ ask: WebhookAsk<Asked>) throws(LedgerError) -> Asked {
        switch ask {
        case .asked(let asked): asked
        case .gone: throw .notFound
        case .full: throw .tooManyWebhookAsks
        }
    }

    private static func answer(
        _ webhook: StoredWebhook,
        _ status: HTTPResponse.Status = .ok,
        withSecret showsSecret: Bool = false
    ) -> Response {
        var writer = JSONWriter()
        webhook.write(to: &writer, withSecret: showsSecret)
        return .json(status, writer)
    }
}

extension WebhookRoutes {
    private func deliveries(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, query) = try await caller(
            request,
            context,
            keys: ["cursor", "limit", "state"]
        )
        let limit = try query.limit()
        var before: Identifier?
        if let cursor = query["cursor"] {
            guard let parsed = Cursor.decode(cursor, kind: .deliveries) else {
                throw LedgerError.malformed("The cursor is not one of this list.")
            }
            before = Identifier(value: parsed)
        }
        var state: WebhookDelivery.State?
        if let text = query["state"] {
            state = WebhookDelivery.State(rawValue: text)
            guard state != nil else {
                throw LedgerError.malformed("state must be pending, delivered or failed.")
            }
        }
        let webhook = try await webhook(context, of: caller.app)
        // One more than is shown tells whether the page is the last.
        let found = try await store.deliveries(
            to: webhook.id,
            state: state,
            before: before,
            limit: limit + 1
        )
        let page = found.prefix(limit)
        var writer = JSONWriter()
        writer.open()
        writer.key("deliveries")
        writer.openArray()
        for delivery in page {
            writer.element()
            delivery.write(to: &writer)
        }
        writer.closeArray()
        if found.count > limit, let last = page.last {
            writer.member("next_cursor", Cursor.encode(last.id.value, kind: .deliveries))
        }
        writer.close()
        return .json(.ok, writer)
    }

    private func replay(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (caller, _) = try await caller(request, context)
        var keys: Set = ["delivery", "from_position", "until_position"]
        // Where there is one log, nobody need name it.
        if store.logs.pairs > 1 { keys.insert("log") }
        let body = try await JSONBody(request, keys: keys)
        let webhook = try await webhook(context, of: caller.app)
        let delivery = try body.string("delivery")
        let stretch = try await stretch(body, delivery, webhook)
        let ask = try await store.replay(
            stretch.positions,
            in: stretch.log,
            to: webhook,
            takesAllTypes: delivery != nil,
            of: caller.app,
            context: context.recordContext(key: caller)
        )
        let positions = try Self.asked(ask)
        var writer = JSONWriter()
        writer.open()
        if stretch.log.pair > 0 { writer.member("log", stretch.log.name) }
        writer.member("from_position", positions.lowerBound)
        writer.member("until_position", positions.upperBound)
        writer.close()
        return .json(.accepted, writer)
    }

    /// Which stretch of a log is meant: that of a delivery, or the one that the body names.
    private func stretch(
        _ body: JSONBody,
        _ delivery: String?,
        _ webhook: StoredWebhook
    ) async throws -> (log: Log, positions: Range<Int64>) {
        let (first, end) = (try body.number("from_position"), try body.number("until_position"))
        let name = try body.string("log")
        if let delivery, first == nil, end == nil, name == nil {
            guard let id = Identifier(delivery),
                let found = try await store.delivery(id, to: webhook.id)
            else { throw LedgerError.notFound }
            guard let log = found.log, let position = found.position else {
                throw LedgerError.malformed("A test is not replayed: send another one.")
            }
            return (log, position..<position + 1)
        }
        let log = try store.logChoice(name, among: [.facts]).log
        let size = try await store.size(log: log)
        guard delivery == nil, let first, let end, 0 <= first, first < end, end <= size,
            end - first <= WebhookLimits.replayPositionsMax
        else {
            throw LedgerError.malformed(
                "Name a delivery, or from_position and until_position, of which the first is smaller "
                    + "and the second is in the log: \(WebhookLimits.replayPositionsMax) positions at most."
            )
        }
        return (log, first..<end)
    }
}
