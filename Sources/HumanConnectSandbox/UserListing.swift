import Foundation
import Hummingbird
import NIOCore
import Wire

/// The list of an app's users in pieces, since it may be long, or never end
/// (docs/provider.md#users-of-an-app).
struct UserListing: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let clientID: String
    /// The invented users, who stand before the real ones.
    private let strangers: Int
    private let users: [JSONValue]

    init(of clientID: String, in state: SandboxState) {
        self.clientID = clientID
        let all = state.users(of: clientID)
        let isEndless = all.contains { state.behaviour(of: $0.clientUserID) == .listEndless }
        strangers = isEndless ? .max : state.switches.listedStrangers
        users = all.flatMap { user -> [JSONValue] in
            switch state.behaviour(of: user.clientUserID) {
            case .listedUnreadably:
                [.object(user.json.members?.filter { $0.name != "humanId" } ?? [])]
            case .listedTwice: [user.json, user.twin.json]
            default: [user.json]
            }
        }
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(listing: self)
    }

    struct Iterator: AsyncIteratorProtocol {
        let listing: UserListing
        private var strangers = 0
        private var isAtEnd = false

        init(listing: UserListing) {
            self.listing = listing
        }

        mutating func next() async -> ByteBuffer? {
            guard !isAtEnd else { return nil }
            var piece = Array((strangers == 0 ? "[" : ",").utf8)
            let begin = strangers
            while strangers < listing.strangers, piece.count < SandboxLimits.listPieceBytes {
                if strangers > begin { piece.append(UInt8(ascii: ",")) }
                piece += listing.stranger(strangers).encoded
                strangers += 1
            }
            guard strangers == listing.strangers else { return ByteBuffer(bytes: piece) }
            isAtEnd = true
            for (index, user) in listing.users.enumerated() {
                if index > 0 || strangers > begin { piece.append(UInt8(ascii: ",")) }
                piece += user.encoded
            }
            piece.append(UInt8(ascii: "]"))
            return ByteBuffer(bytes: piece)
        }
    }

    private func stranger(_ number: Int) -> JSONValue {
        let digits = String(number, radix: 16)
        return [
            "humanId": .string(String(repeating: "0", count: 32 - digits.count) + digits),
            "externalId": .string("stranger-\(number)@example.com"),
            "appId": .string(clientID),
            "createdAt": "2015-01-01T00:00:00.000Z",
            "updatedAt": "2015-01-01T00:00:00.000Z",
        ]
    }
}

extension SandboxUser {
    /// The user as the application API shows it.
    var json: JSONValue {
        [
            "humanId": .string(humanID),
            "externalId": .string(clientUserID),
            "appId": .string(clientID),
            "createdAt": .string(createdAt.formatted(RequestLog.timeStyle)),
            "updatedAt": .string(updatedAt.formatted(RequestLog.timeStyle)),
        ]
    }

    /// Another person of the same `clientUserID`.
    fileprivate var twin: SandboxUser {
        SandboxUser(clientID: clientID, clientUserID: clientUserID, now: createdAt)
    }
}
