import CLibPQ
import Glibc

/// libpq's connection, closed when it goes out of scope.
///
/// Only one task at a time may use it.
@safe struct ConnectionHandle: ~Copyable {
    private let pointer: OpaquePointer
    /// What the server warned of during the statement.
    let warnings = Warnings()

    private init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
        // Without a receiver libpq prints notices, which can quote values, to standard error.
        unsafe PQsetNoticeReceiver(
            pointer,
            { receiver, notice in
                guard let receiver = unsafe receiver else { return }
                let warnings = unsafe Unmanaged<Warnings>.fromOpaque(receiver)
                unsafe warnings.takeUnretainedValue().take(notice)
            },
            Unmanaged.passUnretained(warnings).toOpaque()
        )
    }

    deinit {
        unsafe PQfinish(pointer)
    }

    /// Connects, which blocks until a host has accepted or all have failed.
    ///
    /// libpq itself gives each host its time: only its blocking call goes on to the next one.
    static func open(
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) -> ConnectionHandle {
        let keywords = configuration.keywords(
            hasSeveralHosts: try Self.hasSeveralHosts(configuration.url)
        )
        guard let pointer = unsafe Self.connect(keywords, PQconnectdbParams) else {
            throw PostgresError(.connectionFailed, message: "out of memory")
        }
        let handle = unsafe ConnectionHandle(owning: pointer)
        guard handle.isOpen else {
            throw PostgresError(.connectionFailed, message: handle.errorMessage)
        }
        // From here on only `wait` waits, and it knows a limit.
        unsafe PQsetnonblocking(handle.pointer, 1)
        return handle
    }

    /// Begins to connect as `open` does, for whoever goes on step by step, and ends it with
    /// `PQfinish`.
    static func begin(
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) -> OpaquePointer? {
        let keywords = configuration.keywords(
            hasSeveralHosts: try Self.hasSeveralHosts(configuration.url)
        )
        return unsafe Self.connect(keywords, PQconnectStartParams)
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

    /// How long connecting was allowed to take, as we or the connection string said.
    var connectTimeMax: Duration? {
        guard let options = unsafe PQconninfo(pointer) else { return nil }
        defer { unsafe PQconninfoFree(options) }
        return unsafe Self.value(of: "connect_timeout", in: options).flatMap(Int64.init).flatMap {
            $0 > 0 ? .seconds($0) : nil
        }
    }

    /// The process that libpq was told of when it connected.
    ///
    /// A pooler names one of its own making.
    var announcedProcess: Int32 { unsafe PQbackendPID(pointer) }

    /// What the server said of its version when it was connected to.
    var serverVersion: String? {
        unsafe PQparameterStatus(pointer, "server_version").map { unsafe String(cString: $0) }
    }

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

    /// Waits until `nextResult` need not wait; false when that takes longer than allowed.
    ///
    /// Sends what has not left yet. A lost connection is no reason to wait: libpq reports it.
    func wait(until deadline: ContinuousClock.Instant?) -> Bool {
        while true {
            let unsent = unsafe PQflush(pointer)
            if unsent < 0 { return true }
            if unsent == 0, unsafe PQisBusy(pointer) == 0 { return true }
            let events = unsent == 0 ? POLLIN : POLLIN | POLLOUT
            var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
            let found = unsafe poll(&descriptor, 1, Self.milliseconds(until: deadline))
            if found == 0 { return false }
            guard found > 0, unsafe PQconsumeInput(pointer) == 1 else {
                if found < 0, errno == EINTR { continue }
                return true
            }
            // libpq may leave half of an encrypted record unread, which no poll would show.
            if unsafe PQsslInUse(pointer) == 1 { _ = unsafe PQconsumeInput(pointer) }
        }
    }

    #if CRASH_POINTS
    /// Waits until all that was sent has left; false when the connection is lost.
    func flush() -> Bool {
        while true {
            let unsent = unsafe PQflush(pointer)
            guard unsent > 0 else { return unsent == 0 }
            var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&descriptor, 1, -1)
        }
    }
    #endif

    /// The next answer; nil after the last one.
    ///
    /// Call `wait` before.
    func nextResult() -> PostgresResult? {
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        return unsafe PostgresResult(owning: result)
    }

    /// Literals of the program end with a zero byte, so libpq can read them where they are.
    private static func text(_ literal: StaticString) -> UnsafePointer<CChar> {
        precondition(literal.hasPointerRepresentation, "A statement is longer than one letter.")
        return unsafe UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// Whether there is more than one place to connect to.
    ///
    /// The string's text never goes into an error, as libpq's complaint would quote it with the
    /// password.
    private static func hasSeveralHosts(_ url: String) throws(PostgresError) -> Bool {
        guard let start = unsafe PQconninfoParse(url, nil) else {
            throw PostgresError(.connectionFailed, message: "malformed connection string")
        }
        defer { unsafe PQconninfoFree(start) }
        return ["host", "hostaddr"].contains { keyword in
            unsafe Self.value(of: keyword, in: start)?.contains(",") ?? false
        }
    }

    /// One of libpq's options, the last of which has no keyword.
    static func value(
        of keyword: String,
        in options: UnsafeMutablePointer<PQconninfoOption>
    ) -> String? {
        var next = unsafe options
        while let name = unsafe next.pointee.keyword {
            if unsafe strcmp(name, keyword) == 0 {
                return unsafe next.pointee.val.map { unsafe String(cString: $0) }
            }
            unsafe next += 1
        }
        return nil
    }

    /// How long `poll` may wait: -1 stands for ever.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        // Rounded up, so that the last wait does not end just before its time.
        return Int32(clamping: max(0, Int64(left / .milliseconds(1)) + 1))
    }

    private static func connect(
        _ keywords: [(String, String)],
        _ call: (
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?, Int32
        ) -> OpaquePointer?
    ) -> OpaquePointer? {
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
        return unsafe call(names, values, 1)
    }
}
