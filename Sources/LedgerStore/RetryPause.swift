/// The pauses between tries that are in somebody's way: random, so that rivals part, and longer each
/// time.
struct RetryPause {
    private var longest = StoreLimits.retryPause

    /// Waits; cancelling the task cuts it short.
    mutating func wait() async {
        let pause = Duration.nanoseconds(Int64.random(in: 0...Int64(longest / .nanoseconds(1))))
        longest = min(longest * 2, StoreLimits.retryPauseMax)
        try? await Task.sleep(for: pause)
    }
}
