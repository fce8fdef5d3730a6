/// Where metrics are answered.
package struct MetricsListener: Sendable {
    let host: String
    /// 0 takes any free one.
    let port: Int
    /// Told the port once the socket listens.
    let onRunning: @Sendable (_ port: Int) async -> Void

    /// Takes an address to listen at.
    package init(
        host: String,
        port: Int,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.onRunning = onRunning
    }
}
