package import AsyncHTTPClient
internal import NIOCore

extension HTTPClient.Configuration {
    /// For calls that go to the host that was named, and once.
    ///
    /// - Parameters:
    ///   - connectTimeMax: a host that takes longer to accept a connection is away.
    ///   - totalTimeMax: how long each call may take.
    /// - Returns: a configuration without redirects, retries and decompression.
    package static func bounded(
        connectTimeMax: Duration,
        totalTimeMax: Duration
    ) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // A redirect would carry what is in the request to a host that nobody configured.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(connectTimeMax)
        configuration.timeout.read = TimeAmount(totalTimeMax)
        // A few bytes could become more than was allowed.
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        // Whether to try again is for the caller to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
