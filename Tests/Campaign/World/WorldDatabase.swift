internal import TestSupport

/// The database of a world.
enum WorldDatabase: Sendable {
    /// One server, and a link before it that can be cut.
    case single(TestCluster, link: LossyProxy)
    /// Several nodes, of which one writes.
    case replicated(ReplicatedCluster)

    private static let name = "postgres"

    /// Where all rights are had.
    var ownerURL: String {
        get async throws {
            switch self {
            case .single(let cluster, _): try await cluster.url(database: Self.name)
            case .replicated(let nodes): nodes.url()
            }
        }
    }

    /// Where the service finds it.
    func serviceURL(user: String) -> String {
        switch self {
        case .single(_, let link): link.url(database: Self.name, user: user)
        case .replicated(let nodes): nodes.url(user: user)
        }
    }

    /// Where its servers keep their data and their write-ahead logs.
    var dataFolders: [String] {
        get async throws {
            switch self {
            case .single(let cluster, _): [try await cluster.dataFolder()]
            case .replicated(let nodes): nodes.nodes.map(\.dataFolder)
            }
        }
    }

    /// Where its servers write their logs.
    var logs: [String] {
        get async throws {
            switch self {
            case .single(let cluster, _): [try await cluster.logPath()]
            case .replicated(let nodes): nodes.nodes.map(\.log)
            }
        }
    }
}
