#if CRASH_POINTS
internal import Glibc
internal import Synchronization

/// A place at which the process can be made to end as by a crash, to see what is found afterwards
/// (docs/threats.md#55-crash-points).
///
/// The environment's `CRASH_POINT` chooses one: `P6` ends the process when it comes there, `P6:3`
/// when it comes there for the third time. Nothing of this is in a release.
package enum CrashPoint: String, Sendable {
    /// The intent is about to be sent to the database.
    case intentUnsent = "P1"
    /// The intent is known to be durable.
    case intentDurable = "P2"
    /// The dispatch is known to be durable; the provider is not connected.
    case dispatchDurable = "P3"
    /// Connected for the exchange; none of its bytes has left.
    case connected = "P4"
    /// Some of the bytes of the exchange have left.
    case requestPartlySent = "P5"
    /// The exchange's answer begins to arrive; nobody has looked at it.
    case answerArrives = "P6"
    /// Some of the answer's bytes are read.
    case answerPartlyRead = "P7"
    /// The outcome is about to be sent to the database.
    case outcomeUnsent = "P8"
    /// All bytes of the outcome's append have left for the database; its answer is not read.
    case outcomeSent = "P9"
    /// The outcome is known to be durable.
    case outcomeDurable = "P10"
    /// The reply to the finish is computed; none of its bytes has left.
    case replyUnsent = "P11"
    /// The settler is about to take one of its steps; the count says which.
    case settling = "P12"
    /// Messages of webhooks have arrived; nothing of that is written yet.
    case webhookDelivered = "P13"
    /// The maps stand at a checkpoint of the facts; their roots are about to be stated.
    case statementUnsent = "P14"
    /// The statement is known to be durable; no checkpoint covers it.
    case statementDurable = "P15"

    /// The one that the environment chooses, if it does.
    package static var chosen: CrashPoint? { choice?.point }

    /// The process has come here: it ends now if the environment has chosen this pass.
    package func reach() {
        guard let choice = Self.choice, choice.point == self,
            Self.passes.wrappingAdd(1, ordering: .relaxed).newValue == choice.pass
        else { return }
        // Not exit or abort: nothing may be tidied up, by anybody.
        kill(getpid(), SIGKILL)
    }

    /// How often the chosen point was reached.
    private static let passes = Atomic(0)

    private static let choice: (point: CrashPoint, pass: Int)? = {
        guard let value = unsafe getenv("CRASH_POINT") else { return nil }
        let parts = unsafe String(cString: value).split(
            separator: ":",
            omittingEmptySubsequences: false
        )
        guard let point = CrashPoint(rawValue: String(parts[0])), parts.count <= 2,
            let pass = parts.count == 2 ? Int(parts[1]) : 1, pass > 0
        else { fatalError("CRASH_POINT must be P1 to P15, or such as P6:3 for the third pass.") }
        return (point, pass)
    }()
}
#endif
