import Foundation
import SystemPackage
import Wire

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// The two streams of a command: results on standard output, messages on standard error.
enum Terminal {
    /// Writes a result, and at once: scripts wait for it.
    static func result(_ text: String) {
        do {
            try FileDescriptor.standardOutput.writeAll(Array((text + "\n").utf8))
        } catch Errno.brokenPipe {
            endUnread()
        } catch {
            message("The result cannot be written (\(error)).")
            exit(1)
        }
    }

    /// Ends the program, whose results nobody takes any more, as the signal would that says so: libraries that make
    /// connections have it ignored.
    private static func endUnread() -> Never {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(1)
    }

    /// Writes a result as one JSON document on a line.
    static func result(_ json: JSONValue) {
        result(String(decoding: json.encoded, as: UTF8.self))
    }

    /// Writes a message.
    static func message(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Writes a part of a line that is written over again.
    static func progress(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Whether results may be coloured: a person reads them and has not said no
    /// (https://no-color.org).
    static var isColoured: Bool {
        isatty(STDOUT_FILENO) == 1
            && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    static func bold(_ text: String) -> String { coloured(text, "1") }
    static func green(_ text: String) -> String { coloured(text, "32") }
    static func red(_ text: String) -> String { coloured(text, "31") }
    static func faint(_ text: String) -> String { coloured(text, "2") }

    private static func coloured(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
