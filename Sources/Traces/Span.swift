/// One thing that was done within a trace, from its beginning to its end.
package struct Span: Sendable {
    /// Which side of a call it is, by the number that OTLP gives it.
    package enum Kind: Int64, Sendable {
        case `internal` = 1
        case server = 2
        case client = 3
    }

    /// What is said of it.
    ///
    /// Names are literals, values from closed lists or of the configuration: nothing of a request's path,
    /// query, body or headers.
    package struct Attribute: Sendable, Equatable {
        /// A text or a whole number.
        package enum Value: Sendable, Equatable {
            case text(String)
            case number(Int)
        }

        package let name: String
        package let value: Value

        /// One that is a text.
        package init(_ name: StaticString, _ text: String) {
            self.name = "\(name)"
            value = .text(text)
        }

        /// One that is a whole number.
        package init(_ name: StaticString, _ number: Int) {
            self.name = "\(name)"
            value = .number(number)
        }
    }

    /// How it is told of once it has ended.
    package struct Description: Sendable {
        let name: String
        let kind: Kind
        let attributes: [Attribute]
        /// The class of its failure, from a closed list; nil where it did not fail.
        let failure: String?

        /// - Parameters:
        ///   - name: what was done, as a pattern.
        ///   - kind: which side of a call it is.
        ///   - attributes: what is said of it.
        ///   - failure: the class of its failure (`error.type`), if it failed.
        package init(
            _ name: String,
            _ kind: Kind,
            _ attributes: [Attribute] = [],
            failure: String? = nil
        ) {
            self.name = name
            self.kind = kind
            self.attributes = attributes + (failure.map { [Attribute("error.type", $0)] } ?? [])
            self.failure = failure
        }
    }

    package let trace: TraceID
    package let id: SpanID
    package let parent: SpanID?
    /// Whether the parent is somebody else's span.
    package let hasRemoteParent: Bool
    /// Nanoseconds since 1970.
    package let begin: UInt64
    package let end: UInt64
    package let name: String
    package let kind: Kind
    package let attributes: [Attribute]
    package let hasFailed: Bool
}
