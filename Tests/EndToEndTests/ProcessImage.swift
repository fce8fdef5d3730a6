import Foundation
import Glibc

/// What another process has in its memory.
struct ProcessImage {
    let process: pid_t

    /// How much of it may not be written to swap (proc(5), `VmLck`).
    var lockedKilobytes: Int {
        get throws { try status("VmLck:").flatMap { Int($0) } ?? 0 }
    }

    /// Whether the right CAP_IPC_LOCK lets it lock more than a limit says.
    var mayLockMemory: Bool {
        get throws { try (status("CapEff:").flatMap { UInt64($0, radix: 16) } ?? 0) & 1 << 14 != 0 }
    }

    private func status(_ name: String) throws -> Substring? {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first
    }

    /// How often a text stands there, in pages that can be written.
    func copies(of text: String) throws -> Int {
        let maps = try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8)
        let memory = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/mem"))
        defer { try? memory.close() }
        return maps.split(separator: "\n").reduce(0) { count, line in
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard fields[1].hasPrefix("rw"), ends.count == 2,
                (try? memory.seek(toOffset: ends[0])) != nil,
                // What has gone meanwhile holds nothing.
                let bytes = try? memory.read(upToCount: Int(ends[1] - ends[0]))
            else { return count }
            return count + Self.count(Array(text.utf8), in: bytes)
        }
    }

    private static func count(_ text: [UInt8], in bytes: Data) -> Int {
        var count = 0
        var rest = bytes[...]
        while let place = rest.range(of: Data(text)) {
            count += 1
            rest = rest[place.upperBound...]
        }
        return count
    }
}
