package import Ledger

/// Where spans go, and what is said of who sends them.
package struct ExportTarget: Sendable {
    /// A header that collectors ask for.
    package struct Header: Sendable {
        let name: String
        /// Mostly a key.
        let value: Secret

        package init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    package let url: CollectorURL
    let headers: [Header]
    /// How long one request may take.
    let timeMax: Duration
    /// What is said of this service, by name.
    let resource: [(name: String, value: String)]

    /// - Parameters:
    ///   - url: whom to call.
    ///   - headers: what each call carries.
    ///   - timeMax: how long one request may take.
    ///   - resource: what is said of this service, by name.
    package init(
        url: CollectorURL,
        headers: [Header] = [],
        timeMax: Duration,
        resource: [(name: String, value: String)]
    ) {
        self.url = url
        self.headers = headers
        self.timeMax = timeMax
        self.resource = resource
    }
}
