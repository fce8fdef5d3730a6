#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A socket of datagrams at which a service manager listens (unix(7)).
struct NotifySocket: Sendable {
    /// A path, or a name that is in no folder, which begins with a zero byte.
    private let name: [UInt8]

    /// The address as `NOTIFY_SOCKET` has it: a path from the root, or `@` and a name; nil for any
    /// other.
    init?(_ address: String) {
        var name = Array(address.utf8)
        guard let first = name.first, name.count > 1, name.count < Self.nameBytesMax else {
            return nil
        }
        switch first {
        case UInt8(ascii: "/"): break
        case UInt8(ascii: "@"): name[0] = 0
        default: return nil
        }
        self.name = name
    }

    /// How many bytes a name has at most (`sun_path`).
    private static let nameBytesMax = 108

    /// Sends one message; false when nobody took it.
    ///
    /// Nothing waits: whoever does not read is not told.
    @discardableResult
    func send(_ message: String) -> Bool {
        let descriptor = socket(AF_UNIX, Self.type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            unsafe path.copyBytes(from: name)
        }
        // Without a zero byte at the end: a name in no folder is as long as is said.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = Array(message.utf8)
        let sent = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(
                    descriptor,
                    bytes,
                    bytes.count,
                    CInt(MSG_NOSIGNAL | MSG_DONTWAIT),
                    address,
                    length
                )
            }
        }
        return sent == bytes.count
    }

    private static var type: CInt { CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue) }
}
