internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import NIOCore
internal import Vault
internal import Wire

/// The log as C2SP `tlog-tiles` serves it, and proofs for single questions.
///
/// The first log is at the root, every log also under `/logs/{log_id}/`.
struct TreeRoutes: Sendable {
    let store: LedgerStore
    let access: TreeAccess
    /// In the form in which they leave: however many do not read what they have asked for, it is in
    /// memory once.
    private let bundles = SharedAnswers<BundlePlace, ByteBuffer>(
        costMax: RequestLimits.cachedBundleBytesMax
    )

    private struct BundlePlace: Hashable, Sendable {
        let log: Log
        let address: TileAddress
    }

    init(store: LedgerStore, access: TreeAccess) {
        self.store = store
        self.access = access
    }

    /// A tile, full or partial, never changes at its address.
    private static let immutable = "max-age=31536000, immutable"

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/checkpoint") { request, context in
            try await authorize(request, context)
            return try await checkpoint(.facts)
        }
        router.get("/tile/**") { request, context in
            try await authorize(request, context)
            return try await tile(request, context, .facts, prefix: "")
        }
        router.get("/logs/:log_id/checkpoint") { request, context in
            try await authorize(request, context)
            return try await checkpoint(try log(context))
        }
        router.get("/logs/:log_id/tile/**") { request, context in
            try await authorize(request, context)
            let log = try log(context)
            return try await tile(request, context, log, prefix: "/logs/\(log.id)")
        }
        router.get("/v1/events/:position/proof") { try await proof($0, $1) }
        router.get("/v1/consistency") { try await consistency($0, $1) }
    }

    /// Asks for a key where the tree is not for everybody.
    private func authorize(_ request: Request, _ context: LedgerRequestContext) async throws {
        switch access {
        case .open: try context.meter.countAddress()
        case .key: _ = try await Caller(request, context, scope: .eventsRead, store: store)
        }
    }

    private func log(_ context: LedgerRequestContext) throws(LedgerError) -> Log {
        guard let text = context.parameters.get("log_id"), let id = Int32(text),
            "\(id)" == text, let log = Log(id: id), store.logs.contains(log)
        else { throw .notFound }
        return log
    }

    private func checkpoint(_ log: Log) async throws -> Response {
        guard let latest = try await store.shownCheckpoint(log: log) else {
            throw LedgerError.notFound
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: latest.note))
        )
    }

    private func tile(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ log: Log,
        prefix: String
    ) async throws -> Response {
        guard request.uri.path.hasPrefix(prefix),
            let address = TileAddress(path: String(request.uri.path.dropFirst(prefix.count)))
        else { throw LedgerError.notFound }
        let bytes: ByteBuffer?
        switch address.layer {
        case .hashes:
            bytes = try await store.tile(address, log: log).map { ByteBuffer(bytes: $0.bytes) }
        case .entries: bytes = try await bundle(address, log)
        }
        guard let bytes else { throw LedgerError.notFound }
        // A shared cache must not hand to others what it was given for a key.
        let cacheControl = (access == .open ? "public, " : "private, ") + Self.immutable
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .cacheControl: cacheControl],
            body: Self.body(bytes)
        )
    }

    /// In pieces, none of which is a copy.
    private static func body(_ bytes: ByteBuffer) -> ResponseBody {
        ResponseBody(contentLength: bytes.readableBytes) { writer in
            var rest = bytes
            while rest.readableBytes > 0 {
                let length = min(RequestLimits.pieceBytes, rest.readableBytes)
                guard let piece = rest.readSlice(length: length) else { break }
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        }
    }

    private func bundle(
        _ address: TileAddress,
        _ log: Log
    ) async throws(StoreError) -> ByteBuffer? {
        guard try await store.shows(address, log: log) else { return nil }
        return try await bundles.answer(
            to: BundlePlace(log: log, address: address),
            cost: \.readableBytes
        ) { () async throws(StoreError) in
            try await store.entryBundle(address, log: log).map { ByteBuffer(bytes: $0) }
        }
    }

    /// One record with the proof that the log holds it at its position.
    private func proof(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .eventsRead, store: store)
        let query = try Query(request, keys: ["log"])
        let log = try store.log(query)
        guard let position = URLText.number(try context.pathParameter("position")),
            let event = try await store.event(at: position, log: log),
            event.app == caller.app.id
        else { throw LedgerError.notFound }
        guard let proved = try await store.proved(event) else { throw LedgerError.notIntegrated }
        var writer = JSONWriter()
        writer.open()
        proved.write(to: &writer)
        writer.close()
        return .json(.ok, writer)
    }

    /// The proof that the log of one size is the beginning of the log of another.
    private func consistency(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        _ = try await Caller(request, context, scope: .eventsRead, store: store)
        let query = try Query(request, keys: ["from", "to", "log"])
        let log = try store.signedLog(query)
        guard let from = try query.position("from") else {
            throw LedgerError.malformed("from is missing.")
        }
        let end = try query.position("to")
        guard let latest = try await store.shownCheckpoint(log: log) else {
            throw LedgerError.notIntegrated
        }
        let to = end ?? latest.size
        guard from <= to, to <= latest.size else {
            throw LedgerError.malformed(
                "from and to must be sizes, from <= to <= \(latest.size), the last checkpoint's."
            )
        }
        var tree = TreeReader(store, size: to, log: log)
        var writer = JSONWriter()
        writer.open()
        writer.member("from", from)
        writer.member("to", to)
        writer.hashes("consistency", try await tree.consistency(from: from))
        writer.member("checkpoint", latest.note)
        writer.close()
        return .json(.ok, writer)
    }
}

extension JSONWriter {
    /// A member that lists hashes in base64.
    fileprivate mutating func hashes(_ name: StaticString, _ hashes: [MerkleHash]) {
        key(name)
        openArray()
        for hash in hashes {
            element()
            string(hash.description)
        }
        closeArray()
    }
}
