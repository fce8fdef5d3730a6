import HumanConnect
import Testing

@Suite("a process that stood still")
struct StandstillTests {
    private static let timeMax = Duration.milliseconds(10)

    /// How often a call is made that takes a while and fails the first time.
    private func calls(
        lasting time: Duration,
        failing error: HumanConnectError
    ) async -> (count: Int, value: String?) {
        var count = 0
        let value = try? await Standstill.askingAgain(timeMax: Self.timeMax) {
            () async throws(HumanConnectError) in
            count += 1
            guard count == 1 else { return "answer" }
            try? await Task.sleep(for: time)
            throw error
        }
        return (count, value)
    }

    @Test(
        "asks again when its time ran out meanwhile",
        arguments: [HumanConnectError.unknown(.timedOut), .notSent(.connectTimedOut)]
    )
    func askedAgain(_ error: HumanConnectError) async {
        let calls = await calls(lasting: .milliseconds(1_100), failing: error)
        #expect(calls.count == 2)
        #expect(calls.value == "answer")
    }

    @Test(
        "does not ask again when the provider was late, or said something",
        arguments: [
            (Duration.milliseconds(10), HumanConnectError.unknown(.timedOut)),
            (.milliseconds(1_100), .unknown(.connectionLost)),
            (.milliseconds(1_100), .rejected(status: 404)),
        ]
    )
    func notAskedAgain(_ time: Duration, _ error: HumanConnectError) async {
        let calls = await calls(lasting: time, failing: error)
        #expect(calls.count == 1)
        #expect(calls.value == nil)
    }
}
