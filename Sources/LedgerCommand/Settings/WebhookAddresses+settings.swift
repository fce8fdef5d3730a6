import Ledger
import Webhooks

extension WebhookAddresses {
    /// Public addresses, and the networks that are set.
    init(_ settings: Settings) throws {
        try self.init(networks: try settings.text(.webhookNetworks) ?? "")
    }

    /// Public addresses, and networks with commas between.
    init(networks text: String) throws {
        var networks: [IPNetwork] = []
        for part in text.split(separator: ",") {
            let name = part.drop { $0 == " " }
            do {
                networks.append(try IPNetwork(String(name)))
            } catch {
                throw CommandError("Of the webhook networks, \(name) is none: \(error).")
            }
        }
        self.init(networks: networks)
    }
}
