import CLibPQ
import Glibc

/// libpq's connection, closed when it goes out of scope.
///
/// Only one task at a time may use it.
@safe struct ConnectionHandle: ~Copyable {
    private let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
        // Notices can quote values, and libpq would print them to standard error.
        unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
    }

    deinit {
        unsafe PQfinish(pointer)
    }

    /// Connects, which blocks until a host has accepted or all have failed.
    static func open(
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) -> ConnectionHandle {
        let keywords = configuration.keywords(
            optionsOfURL: try Self.options(ofURL: configuration.url)
        )
        guard let pointer = unsafe Self.connect(keywords) else {
            throw PostgresError(.connectionFailed, message: "out of memory")
        }
        let handle = unsafe ConnectionHandle(owning: pointer)
        guard handle.isOpen else {
            throw PostgresError(.connectionFailed, message: handle.errorMessage)
        }
        return handle
    }

    /// Whether libpq has seen no failure of the connection so far.
    var isOpen: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }

    /// Whether no transaction is open.
    var isOutsideTransaction: Bool { unsafe PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// The descriptor, which stays the same as long as the connection is open.
    var socket: Int32 { unsafe PQsocket(pointer) }

    /// libpq's own words about the last failure.
    ///
    /// They can quote values.
    var errorMessage: String { unsafe String(cString: PQerrorMessage(pointer)) }

    /// What another thread needs to cancel a statement.
    func cancelHandle() -> CancelHandle? {
        guard let pointer = unsafe PQgetCancel(pointer) else { return nil }
        return unsafe CancelHandle(owning: pointer)
    }

    /// Sends a statement to be prepared; false when libpq reports that it could not.
    func sendPrepare(_ name: StaticString, _ sql: StaticString, types: [UInt32]) -> Bool {
        unsafe types.withUnsafeBufferPointer { types in
            unsafe PQsendPrepare(
                pointer,
                Self.text(name),
                Self.text(sql),
                Int32(types.count),
                types.baseAddress
            )
                == 1
        }
    }

    /// Sends a prepared statement; false when libpq reports that it could not.
    func send(_ name: StaticString, _ parameters: ParameterBuffer) -> Bool {
        parameters.withPointers { values, lengths, formats in
            unsafe PQsendQueryPrepared(
                pointer,
                Self.text(name),
                Int32(parameters.types.count),
                values,
                lengths,
                formats,
                1
            ) == 1
        }
    }

    /// Sends one or several statements in the simple protocol.
    func send(script: String) -> Bool {
        unsafe PQsendQuery(pointer, script) == 1
    }

    /// The next answer; nil after the last one.
    func nextResult() -> PostgresResult? {
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        return unsafe PostgresResult(owning: result)
    }

    /// Literals of the program end with a zero byte, so libpq can read them where they are.
    private static func text(_ literal: StaticString) -> UnsafePointer<CChar> {
        precondition(literal.hasPointerRepresentation, "A statement is longer than one letter.")
        return unsafe UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// The `options` a connection string sets itself.
    ///
    /// Its text never goes into an error, as
    /// libpq's complaint would quote it with the password.
    private static func options(ofURL url: String) throws(PostgresError) -> String? {
        guard let start = unsafe PQconninfoParse(url, nil) else {
            throw PostgresError(.connectionFailed, message: "malformed connection string")
        }
        defer { unsafe PQconninfoFree(start) }
        var next = unsafe start
        while let keyword = unsafe next.pointee.keyword {
            if unsafe strcmp(keyword, "options") == 0 {
                return unsafe next.pointee.val.map { unsafe String(cString: $0) }
            }
            unsafe next += 1
        }
        return nil
    }

    private static func connect(_ keywords: [(String, String)]) -> OpaquePointer? {
        var names: [UnsafePointer<CChar>?] = unsafe keywords.map {
            unsafe UnsafePointer(strdup($0.0))
        }
        var values: [UnsafePointer<CChar>?] = unsafe keywords.map {
            unsafe UnsafePointer(strdup($0.1))
        }
        defer {
            unsafe (names + values).forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) }
        }
        unsafe names.append(nil)
        unsafe values.append(nil)
        // The last argument makes libpq read the value of `dbname` as a connection string.
        return unsafe PQconnectdbParams(names, values, 1)
    }
}
