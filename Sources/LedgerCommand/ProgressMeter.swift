import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// Shows on standard error how far a long work is: a bar for a person, now and then a line for a
/// log file.
final class ProgressMeter: Sendable {
    private static let barWidth: Int64 = 30
    /// How many characters the longest bar line has, to wipe it.
    private static let lineWidth = 78

    private struct State {
        var shownAt: ContinuousClock.Instant = .now
        var isBarOpen = false
    }

    private let state = Mutex(State())
    private let isTerminal = isatty(STDERR_FILENO) == 1
    /// A bar moves ten times a second; a line every ten seconds tells enough.
    private var pause: Duration { isTerminal ? .milliseconds(100) : .seconds(10) }

    private let title: String

    /// Names the work, for lines of a log file.
    init(_ title: String) {
        self.title = title
    }

    /// Shows a step, unless one was shown just now.
    func show(_ done: Int64, of total: Int64, _ noun: String) {
        state.withLock { state in
            guard ContinuousClock.now - state.shownAt >= pause else { return }
            state.shownAt = .now
            let text = "\(done) of \(total) \(noun)"
            guard isTerminal else { return Terminal.message("\(title): \(text)") }
            state.isBarOpen = true
            let filled = Int(
                min(Self.barWidth, done * Self.barWidth / max(1, total))
            )
            let bar =
                String(repeating: "█", count: filled)
                + String(repeating: "░", count: Int(Self.barWidth) - filled)
            Terminal.progress("\r\(bar) \(text)")
        }
    }

    /// Wipes the bar.
    func end() {
        state.withLock { state in
            guard state.isBarOpen else { return }
            state.isBarOpen = false
            Terminal.progress("\r" + String(repeating: " ", count: Self.lineWidth) + "\r")
        }
    }
}
