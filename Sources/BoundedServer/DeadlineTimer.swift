internal import NIOCore

/// One timer for a deadline that is moved far more often than it passes.
///
/// The timer is left where it is when the deadline moves away, and looks again when it goes off.
final class DeadlineTimer {
    private let eventLoop: any EventLoop
    private let onPassing: () -> Void
    private var deadline: NIODeadline?
    private var timer: (time: NIODeadline, task: Scheduled<Void>)?
    /// Whether the deadline was put off because the process had stood still.
    private var isPutOff = false

    /// Must be cancelled to be let go of.
    init(on eventLoop: any EventLoop, onPassing: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onPassing = onPassing
    }

    /// Sets when the deadline is; nil means never.
    func set(_ deadline: NIODeadline?) {
        self.deadline = deadline
        isPutOff = false
        guard let deadline, timer.map({ deadline < $0.time }) ?? true else { return }
        schedule(at: deadline)
    }

    func cancel() {
        deadline = nil
        timer?.task.cancel()
        timer = nil
    }

    private func schedule(at time: NIODeadline) {
        timer?.task.cancel()
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.goOff() }
        timer = (time, task)
    }

    private func goOff() {
        timer = nil
        guard let deadline else { return }
        let now = eventLoop.now
        if now < deadline {
            schedule(at: deadline)
        } else if !isPutOff, now - deadline > ServerLimits.standstillMin {
            isPutOff = true
            self.deadline = now + ServerLimits.standstillMin
            schedule(at: now + ServerLimits.standstillMin)
        } else {
            self.deadline = nil
            onPassing()
        }
    }
}

@available(*, unavailable)
extension DeadlineTimer: Sendable {}
