import Ledger
import LedgerStore
import Testing
import Vault
import Wire

/// An event of a list, an export or a follow: in which log it stands, and where.
struct ListedPlace: Hashable {
    let log: String
    let position: Int64

    init(log: String, position: Int64) {
        (self.log, self.position) = (log, position)
    }

    /// Reads an entry; nil where it is none.
    init?(_ entry: JSONValue) {
        guard case .number(let spelling)? = entry["position"], let position = Int64(spelling),
            let id = entry["event"]?["id"]?.text.flatMap({ Identifier($0) })
        else { return nil }
        let log = Log(of: id)
        // An entry says of which log it is where that is not the first.
        guard (entry["log"]?.text ?? Log(log.kind, pair: 0).name) == log.name else { return nil }
        self.init(log: log.name, position: position)
    }
}

extension [ListedPlace] {
    /// The positions in each log, in their order here.
    var byLog: [String: [Int64]] {
        Dictionary(grouping: self, by: \.log).mapValues { $0.map(\.position) }
    }
}

extension TestService {
    /// A `clientUserId` that is at home in a log of facts: `word` and the first number that leads there.
    func name(in log: Log, _ word: String = "user ") throws -> String {
        let names = (0...).lazy.map { "\(word)\($0)" }
        return try #require(names.first { store.home(of: Secret($0), in: app) == log })
    }

    /// What stands in the logs of a kind for the app, as the store reads them; of these types or all.
    func stored(_ kind: Log.Kind, types: [String] = []) async throws -> [String: [Int64]] {
        var stored: [String: [Int64]] = [:]
        for log in store.logs.list(kind) {
            var next: Int64 = 0
            while true {
                let page = try await store.page(log: log, from: next)
                guard let last = page.last else { break }
                next = last.position + 1
                for event in page where event.app == app.id {
                    let type = try event.record().event.type
                    guard types.isEmpty || types.contains("\(type)") else { continue }
                    stored[log.name, default: []].append(event.position)
                }
            }
        }
        return stored
    }

    /// Launches users as another copy of the service does, so many, with names that nobody else gives.
    func write(_ writer: Int, count: Int) async throws {
        for number in 0..<count {
            let user = store.newUser(Secret("writer \(writer) \(number)"), of: app)
            var change = Change(context: RecordContext(actor: "test"))
            let launch = store.clock.identifier(in: user.log)
            change.append(
                user.state.launch(
                    LedgerEvent.Launch(
                        launch: launch,
                        finish: .direct,
                        expiry: store.clock.now().adding(seconds: 1_800)
                    )
                ),
                id: launch
            )
            _ = try await store.write(change, to: user)
        }
    }
}
