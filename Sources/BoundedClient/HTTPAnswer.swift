package import NIOHTTP1

/// One answer over HTTP, all of it.
package struct HTTPAnswer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]
}

/// What came of one call.
package enum CallOutcome: Sendable {
    case answered(HTTPAnswer)
    /// The answer has more bytes than the caller takes.
    case tooLarge
    /// There was no whole answer in time, or the caller was cancelled.
    case gaveUp
    /// What the HTTP client threw.
    case failed(any Error)
}
