import BoundedClient
import NIOHTTP1
import Synchronization
import Testing
import Wire

/// Somebody who follows a service, through as many connections as it takes, and keeps what it got.
struct TestFollower {
    let url: String
    let key: String
    private(set) var reader = EventStreamReader(bytesMax: 1 << 20)
    private(set) var events: [EventStreamReader.Event] = []

    init(_ service: TestService, _ query: String = "", key: String? = nil) {
        url = service.url + "/v1/events/tail" + (query.isEmpty ? "" : "?" + query)
        self.key = key ?? service.key
    }

    /// The positions of what it got, in the order in which it came.
    var positions: [Int64] {
        events.compactMap { event in
            let json = try? JSONParser.parse(Array(event.data.utf8), depthMax: 64)
            guard case .number(let position)? = json?["position"] else { return nil }
            return Int64(position)
        }
    }

    /// What it got as `GET /v1/events` would list it.
    var entries: [String] { events.map(\.data) }

    /// Connects once, until it has had enough or the other side ends it.
    @discardableResult
    mutating func connect(
        isOpen: () -> Void = {},
        until isEnough: ([EventStreamReader.Event]) -> Bool = { _ in false }
    ) async -> EventStreamCall.Outcome {
        let call = EventStreamCall(
            url: url,
            headers: ["Authorization": "Bearer " + key],
            silenceMax: .seconds(60)
        )
        var events = events
        let outcome = await call.outcome(&reader, isOpen: isOpen) { event in
            events.append(event)
            return !isEnough(events)
        }
        self.events = events
        return outcome
    }

    /// Goes away and comes back at random places, after so many events at most, until it is over.
    mutating func comeAndGo(
        after countMax: Int,
        until isOver: ([EventStreamReader.Event]) -> Bool
    ) async {
        while true {
            let patience = events.count + Int.random(in: 1...countMax)
            var hasAll = false
            let outcome = await connect(until: { events in
                hasAll = isOver(events)
                return hasAll || events.count >= patience
            })
            if hasAll { return }
            guard case .left = outcome else {
                Issue.record("\(url): \(outcome)")
                return
            }
        }
    }
}

extension TestService {
    /// All entries of a list of events, as they stand in its pages.
    func listed(_ query: String = "", key: String? = nil) async throws -> [String] {
        var entries: [String] = []
        var cursor: String?
        repeat {
            let next = cursor.map { "&cursor=" + $0 } ?? ""
            let answer = try await call(
                .GET,
                "/v1/events?limit=500&" + query + next,
                key: key ?? self.key
            )
            try #require(answer.status == 200, "\(answer.text)")
            guard case .array(let page)? = answer.json["events"] else { break }
            entries += page.map { String(decoding: $0.encoded, as: UTF8.self) }
            cursor = answer["next_cursor"]
        } while cursor != nil
        return entries
    }
}
