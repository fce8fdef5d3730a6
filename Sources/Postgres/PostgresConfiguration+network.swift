import CLibPQ
import Dispatch
import Glibc

extension PostgresConfiguration {
    /// Whether somebody in the network could read along, or stand in the server's place: a host is
    /// neither this machine nor one whose certificate and name are checked (`sslmode=verify-full`).
    ///
    /// It is asked what libpq goes by in the end, also from the environment and from service files.
    /// Nothing is sent for it. What libpq cannot read is not exposed, and no connection either.
    package func isExposed() async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "postgres.network").async {
                continuation.resume(returning: self.goesByAnOpenNetwork)
            }
        }
    }

    private var goesByAnOpenNetwork: Bool {
        guard let pointer = try? unsafe ConnectionHandle.begin(self) else { return false }
        defer { unsafe PQfinish(pointer) }
        guard let options = unsafe PQconninfo(pointer) else { return false }
        defer { unsafe PQconninfoFree(options) }
        func value(_ keyword: String) -> String? {
            unsafe ConnectionHandle.value(of: keyword, in: options)
        }
        guard value("sslmode") != "verify-full" else { return false }
        return !Self.areAllHere(hosts: value("host") ?? "", addresses: value("hostaddr") ?? "")
    }

    /// Whether every host of a list is this machine; where there are addresses, they are called.
    static func areAllHere(hosts: String, addresses: String) -> Bool {
        let hosts = hosts.split(separator: ",", omittingEmptySubsequences: false)
        let addresses = addresses.split(separator: ",", omittingEmptySubsequences: false)
        // An address that is empty means the host in its place.
        return (0..<max(hosts.count, addresses.count, 1)).allSatisfy { index in
            let address = index < addresses.count ? addresses[index] : ""
            let host = index < hosts.count ? hosts[index] : ""
            return isHere(String(address.isEmpty ? host : address))
        }
    }

    /// A Unix socket, which is also what no name at all means to libpq, or a loopback address.
    private static func isHere(_ host: String) -> Bool {
        if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" {
            return true
        }
        var version4 = in_addr()
        if unsafe inet_pton(AF_INET, host, &version4) == 1 {
            return UInt32(bigEndian: version4.s_addr) >> 24 == 127
        }
        var version6 = in6_addr()
        var loopback = in6addr_loopback
        return unsafe inet_pton(AF_INET6, host, &version6) == 1
            && memcmp(&version6, &loopback, MemoryLayout<in6_addr>.size) == 0
    }
}
