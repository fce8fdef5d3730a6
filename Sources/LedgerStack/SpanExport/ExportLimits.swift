/// How much is sent at a time, and how long is waited for a collector.
///
/// A trace is worth less than what it tells of: whatever does not go out in time is left out.
package struct ExportLimits: Sendable {
    /// How many spans one request has at most, OpenTelemetry's own number: some 300 kB.
    var spansMax = 512
    /// How often is looked whether spans wait.
    package var lookPause: Duration = .seconds(1)
    /// The first pause before a repeat; each is twice as long as the one before.
    package var pause: Duration = .seconds(1)
    /// How often the same spans are sent at most: half a minute altogether.
    var triesMax = 5
    /// How long a collector may ask to be left alone.
    var waitMax: Duration = .seconds(300)
    /// How long the end of the service waits for what is still to be sent.
    package var flushTimeMax: Duration = .seconds(3)
    /// Real answers have some 20 bytes.
    static let answerBytesMax = 65_536
    static let connectTimeMax: Duration = .seconds(3)

    package init() {}
}
