internal import Ledger
internal import LedgerStore
internal import Logging
internal import ServiceLifecycle

/// What all who follow share: the end of each log, and who they are.
struct EventTail: Service {
    let room = FollowRoom()
    private let store: LedgerStore
    private let feeds: [EventFeed]

    init(_ store: LedgerStore, logger: Logger) {
        self.store = store
        feeds = store.logs.ofEvents.map { EventFeed(of: $0, store: store, logger: logger) }
    }

    /// The end of a log.
    func feed(of log: Log) -> EventFeed {
        guard let feed = feeds.first(where: { $0.log == log }) else {
            preconditionFailure("There is a feed for each log.")
        }
        return feed
    }

    /// Reads the logs' ends, and looks after keys, until the shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for feed in feeds { group.addTask { await feed.run() } }
                group.addTask { await lookAfterKeys() }
            }
        }
    }

    private func lookAfterKeys() async {
        while (try? await Task.sleep(for: RequestLimits.standingKeyPause)) != nil {
            await room.endInvalid(store)
        }
    }
}
