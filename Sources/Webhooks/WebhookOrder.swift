internal import Ledger
package import LedgerStore

/// What somebody wants an endpoint to be, before anything is written: what is wrong with it is said in a
/// sentence.
package struct WebhookOrder: Sendable {
    package struct Flaw: Error, CustomStringConvertible {
        package let description: String
    }

    private static let labelCharactersMax = 100

    /// What shall be so; nil where nothing was said.
    package var change = WebhookChange()

    package init() {}

    /// Takes where the endpoint is.
    package mutating func setURL(_ text: String, _ addresses: WebhookAddresses) throws(Flaw) {
        do {
            try addresses.check(try WebhookURL(text))
        } catch {
            throw Flaw(description: "The url is not one that is sent to: \(error).")
        }
        change.url = text
    }

    /// Takes which types the endpoint is sent; none are all.
    package mutating func setTypes(_ types: [String]) throws(Flaw) {
        guard Set(types).isSubset(of: LedgerEvent.factTypes) else {
            throw Flaw(
                description: "types must be types of events: "
                    + LedgerEvent.factTypes.joined(separator: ", ") + "."
            )
        }
        change.types = LedgerEvent.factTypes.filter(types.contains)
    }

    /// Takes what people call it.
    package mutating func setLabel(_ label: String) throws(Flaw) {
        guard (1...Self.labelCharactersMax).contains(label.unicodeScalars.count),
            label.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw Flaw(
                description:
                    "A label has 1 to \(Self.labelCharactersMax) characters, and no control "
                    + "characters."
            )
        }
        change.label = label
    }

    /// The endpoint as it begins; nil where it has no URL.
    package var definition: WebhookDefinition? {
        change.url.map { url in
            WebhookDefinition(
                url: url,
                types: change.types ?? [],
                namesUser: change.namesUser ?? false,
                label: change.label
            )
        }
    }
}
