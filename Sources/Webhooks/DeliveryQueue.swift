internal import Ledger
internal import LedgerStore

/// What waits to be delivered to one endpoint: a lane for each user, in which one message follows the
/// other.
///
/// No database, no network and no clock: a round takes from it what is due, and gives back what came of it.
struct DeliveryQueue: Sendable {
    /// A message, and its event where it was read already.
    struct Item: Sendable {
        var delivery: WebhookDelivery
        var event: StoredEvent?
        /// Whether the database has it as it is.
        var isStored: Bool
    }

    /// The items of each lane, those of a log in order of position.
    private var lanes: [Identifier: [Item]] = [:]
    private(set) var count = 0

    /// What is for no user is in one lane, under the endpoint's own id.
    static func lane(of delivery: WebhookDelivery) -> Identifier {
        delivery.subject ?? delivery.endpoint
    }

    /// Takes one more, behind all others of its lane.
    mutating func append(_ item: Item) {
        lanes[Self.lane(of: item.delivery), default: []].append(item)
        count += 1
    }

    /// When the oldest one that waits was made.
    var oldest: Timestamp? {
        lanes.values.lazy.compactMap { $0.first?.delivery.createdAt }.min()
    }

    /// The lanes whose first message is due, that of the oldest event first, with so many messages in all.
    ///
    /// `isProbe` wants only one, due or not: an endpoint that is down is tried with it, each time with the
    /// one that was tried least, for another one may be what the endpoint cannot take.
    func due(at time: Timestamp, messagesMax: Int, isProbe: Bool) -> [[Item]] {
        if isProbe {
            let first = lanes.values.lazy.compactMap(\.first).min { left, right in
                (left.delivery.attemptCount, left.delivery.position ?? 0)
                    < (right.delivery.attemptCount, right.delivery.position ?? 0)
            }
            return first.map { [[$0]] } ?? []
        }
        let due = lanes.values.filter { lane in
            (lane.first?.delivery.nextAttemptAt).map { $0 <= time } ?? false
        }.sorted { Self.age($0) < Self.age($1) }
        var lanes: [[Item]] = []
        var room = messagesMax
        for lane in due {
            guard room > 0 else { break }
            lanes.append(Array(lane.prefix(room)))
            room -= min(room, lane.count)
        }
        return lanes
    }

    /// Of which the oldest is the smallest: positions are comparable within a log only.
    private static func age(_ lane: [Item]) -> (Timestamp, Int64) {
        guard let first = lane.first?.delivery else { return (Timestamp(microseconds: 0), 0) }
        return (first.createdAt, first.position ?? 0)
    }

    /// Those that the database does not have as they are.
    var unstored: [WebhookDelivery] {
        lanes.values.flatMap { $0.filter { !$0.isStored }.map(\.delivery) }
    }

    /// Takes over what came of a message, which the database does not know yet.
    mutating func update(_ item: Item) {
        let lane = Self.lane(of: item.delivery)
        guard let index = lanes[lane]?.firstIndex(where: { $0.delivery.id == item.delivery.id })
        else { return }
        lanes[lane]?[index] = item
        lanes[lane]?[index].isStored = false
    }

    /// Gives up those that come first in their lanes, were attempted now, and are so; gives how many.
    mutating func giveUp(where isSo: (WebhookDelivery) -> Bool) -> Int {
        var count = 0
        for (lane, items) in lanes {
            guard let first = items.firstIndex(where: { $0.delivery.state == .pending }),
                !items[first].isStored, isSo(items[first].delivery)
            else { continue }
            lanes[lane]?[first].delivery.giveUp()
            count += 1
        }
        return count
    }

    /// The database has all of it: what has ended is needed no more.
    mutating func stored() {
        count = 0
        for (lane, items) in lanes {
            let waiting = items.filter { $0.delivery.state == .pending }.map { item in
                var item = item
                item.isStored = true
                return item
            }
            lanes[lane] = waiting.isEmpty ? nil : waiting
            count += waiting.count
        }
    }

    /// Everything is tried at once: the endpoint takes messages again.
    mutating func hurry(at time: Timestamp) {
        for lane in lanes.keys {
            guard let first = lanes[lane]?.first?.delivery.nextAttemptAt, first > time else {
                continue
            }
            lanes[lane]?[0].delivery.wait(until: time)
        }
    }
}
