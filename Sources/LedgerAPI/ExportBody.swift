internal import HTTPTypes
internal import Hummingbird
internal import LedgerExport
internal import LedgerStore
internal import Logging
internal import NIOCore

/// An answer of any size, page by page in constant memory: the next page is read while the last
/// one is written.
struct ExportBody<Page: Sendable, Place: Sendable>: Sendable {
    let first: Page
    /// Where the page after a page begins; nil after the last.
    let next: @Sendable (Page) -> Place?
    let read: @Sendable (Place) async throws -> Page
    /// What stands before the first page.
    let head: [UInt8]
    /// Writes a page behind other bytes.
    let spell: @Sendable (Page, inout [UInt8]) throws -> Void
    /// Held until the answer has ended.
    let running: RunningExport
    /// Who gets it, for as long as that may be.
    let reader: StandingCaller
    let store: LedgerStore
    let requestID: String
    let logger: Logger

    /// The answer with a head's fields.
    func response(_ head: ExportHead) -> Response {
        Response(
            status: .ok,
            headers: head.fields,
            body: ResponseBody { writer in
                // It ends with the answer.
                async let _ = reader.cutOffWhenInvalid(store)
                do {
                    try await write(to: &writer, isCompressed: head.isCompressed)
                } catch let error as ReaderGone {
                    logger.info(
                        reader.wasCutOff
                            ? "export ended, its key is not valid any more"
                            : "export left by its reader",
                        metadata: ["request_id": "\(requestID)"]
                    )
                    throw error
                } catch {
                    // The connection ends without the end of the answer, so that nobody takes the
                    // part for the whole.
                    logger.error(
                        "export broken off",
                        metadata: [
                            "request_id": "\(requestID)", "error": "\(LedgerError(error))",
                        ]
                    )
                    throw error
                }
                try await writer.finish(nil)
            }
        )
    }

    @concurrent private func write(
        to writer: inout any ResponseBodyWriter,
        isCompressed: Bool
    ) async throws {
        let gzip = isCompressed ? GzipWriter() : nil
        var piece = try piece(of: first, behind: head, gzip)
        while let next = piece.next {
            async let following = read(next)
            try await Self.write(piece.bytes, to: &writer)
            piece = try self.piece(of: try await following, behind: [], gzip)
        }
        try await Self.write(piece.bytes, to: &writer)
    }

    /// What is held of a page while its reader takes it: its bytes, once.
    private struct Piece {
        let bytes: ByteBuffer
        let next: Place?
    }

    private func piece(
        of page: Page,
        behind head: [UInt8],
        _ gzip: GzipWriter?
    ) throws -> Piece {
        var bytes = head
        try spell(page, &bytes)
        let next = next(page)
        if let gzip {
            bytes = gzip.append(bytes)
            if next == nil { bytes += gzip.finish() }
        }
        return Piece(bytes: ByteBuffer(bytes: bytes), next: next)
    }

    @concurrent private static func write(
        _ bytes: ByteBuffer,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        guard bytes.readableBytes > 0 else { return }
        do {
            try await writer.write(bytes)
        } catch {
            throw ReaderGone()
        }
    }
}

/// What an export's answer begins with, and all that HEAD gets.
struct ExportHead: Sendable {
    let fields: HTTPFields
    let isCompressed: Bool

    /// The answer is compressed for callers who prefer it.
    init(_ request: Request, contentType: String, fileName: String) {
        isCompressed = AcceptEncoding(request.headers[.acceptEncoding] ?? "").prefersGzip
        var fields: HTTPFields = [
            .contentType: contentType,
            .contentDisposition: "attachment; filename=\"\(fileName)\"",
            .vary: "Accept-Encoding",
        ]
        if isCompressed { fields[.contentEncoding] = "gzip" }
        self.fields = fields
    }
}

/// Whoever read the answer has closed the connection.
struct ReaderGone: Error {}
