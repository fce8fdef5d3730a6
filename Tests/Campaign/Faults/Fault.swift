/// What is done to a world while visitors use it.
package enum Fault: Sendable, Hashable {
    /// SIGKILL of the service.
    case serviceKilled
    /// SIGSTOP of one of two copies of the service, shorter and longer than others wait for it.
    case serviceFrozen
    /// SIGKILL of one of three copies of the service, while each call goes to another copy.
    case copyKilled
    /// SIGKILL of all of PostgreSQL.
    case serverKilled
    /// SIGKILL of one process of PostgreSQL.
    case backendKilled
    /// SIGKILL of the writing one of three nodes under Patroni.
    case primaryKilled
    /// SIGKILL of PostgreSQL alone on the writing one of three nodes.
    case primaryServerKilled
    /// SIGKILL of the writing one of two nodes, which nothing is written without.
    case primaryOfTwoKilled
    /// An administrator has another one of three nodes write.
    case switchover
    /// The machine loses its power: what was not forced to disk is gone.
    case powerCut
    /// The database's disk is full for a while.
    case diskFull
    /// The answer to the append's commit is lost.
    case commitLost
    /// The link between service and PostgreSQL is cut, slow, silent, refused or truncated.
    case databaseLink
    /// The provider refuses, fails, lies and hangs, and the link to it does the same.
    case provider
    /// The service dies at a named point (docs/threats.md#55-crash-points).
    case crashPoint(Int)
    /// The service dies at each of the points, once.
    case everyCrashPoint
    /// Only users, pages and phones: late, repeated, reordered and lost finishes.
    case pages
    /// A control: a power cut without `fsync`, which must lose.
    case unsyncedPowerCut
    /// A control: a power cut with `synchronous_commit=off`, which must lose.
    case asynchronousPowerCut

    package static let crashPoints = 1...12

    /// All of them, as the table lists them.
    package static let all: [Fault] =
        [
            .pages, .serviceKilled, .serviceFrozen, .copyKilled, .serverKilled, .backendKilled,
            .commitLost, .databaseLink, .provider,
        ] + crashPoints.map { .crashPoint($0) } + [
            .everyCrashPoint, .diskFull, .powerCut, .unsyncedPowerCut, .asynchronousPowerCut,
            .primaryKilled, .primaryServerKilled, .primaryOfTwoKilled, .switchover,
        ]

    /// The name for people and on the command line.
    package var name: String {
        switch self {
        case .serviceKilled: "service-killed"
        case .serviceFrozen: "service-frozen"
        case .copyKilled: "copy-killed"
        case .primaryKilled: "primary-killed"
        case .primaryServerKilled: "primary-postgres-killed"
        case .primaryOfTwoKilled: "primary-of-two-killed"
        case .switchover: "switchover"
        case .serverKilled: "postgres-killed"
        case .backendKilled: "backend-killed"
        case .powerCut: "power-cut"
        case .diskFull: "disk-full"
        case .commitLost: "commit-answer-lost"
        case .databaseLink: "database-link"
        case .provider: "provider"
        case .crashPoint(let number): "P\(number)"
        case .everyCrashPoint: "every-crash-point"
        case .pages: "pages"
        case .unsyncedPowerCut: "control-fsync-off"
        case .asynchronousPowerCut: "control-synchronous-commit-off"
        }
    }

    package init?(name: String) {
        guard let fault = Self.all.first(where: { $0.name == name }) else { return nil }
        self = fault
    }

    /// Whether it has to lose what was acknowledged: one that does not proves nothing of the others.
    package var isControl: Bool {
        switch self {
        case .unsyncedPowerCut, .asynchronousPowerCut: true
        default: false
        }
    }

    /// Whether it may cost an answer of the provider: the service dies or is declared dead with it
    /// in hand, or the provider itself gave none.
    var mayLoseAnswers: Bool {
        switch self {
        case .serviceKilled, .serviceFrozen, .copyKilled, .provider, .crashPoint, .everyCrashPoint,
            .powerCut,
            .unsyncedPowerCut, .asynchronousPowerCut:
            true
        case .serverKilled, .backendKilled, .primaryKilled, .primaryServerKilled,
            .primaryOfTwoKilled, .switchover, .diskFull, .commitLost, .databaseLink, .pages:
            false
        }
    }

    /// Whether the world stands on a disk image.
    var needsImage: Bool {
        switch self {
        case .powerCut, .diskFull, .unsyncedPowerCut, .asynchronousPowerCut: true
        default: false
        }
    }

    /// How many logs of facts the database has: where there are several, a session or a person is claimed across
    /// them (docs/decisions/0067-k-logs-of-facts.md#claims-across-logs).
    var factLogs: Int {
        switch self {
        case .copyKilled, .backendKilled: 3
        default: 1
        }
    }

    /// How many copies of the service work on the database.
    var copies: Int {
        switch self {
        case .serviceFrozen, .primaryKilled, .primaryServerKilled,
            .primaryOfTwoKilled, .switchover:
            2
        case .copyKilled: 3
        default: 1
        }
    }

    /// Whether each call of a visitor goes to another copy: a copy that is frozen answers nobody.
    var spreadsCalls: Bool { self != .serviceFrozen }

    /// How many nodes the database has under Patroni; nil for a PostgreSQL of its own.
    var nodes: Int? {
        switch self {
        case .primaryKilled, .primaryServerKilled, .switchover: 3
        case .primaryOfTwoKilled: 2
        default: nil
        }
    }

    /// PostgreSQL's settings.
    var settings: [String: String] {
        switch self {
        case .unsyncedPowerCut: ["fsync": "off"]
        default: [:]
        }
    }

    /// What the owner of the database does after it was installed.
    var script: StaticString? {
        guard self == .asynchronousPowerCut else { return nil }
        // As a setting of the server it would be refused by the append itself (LG008); a trigger can
        // still turn it off behind its back.
        return """
            create function public.hurry() returns trigger language plpgsql as $$
            begin
                perform set_config('synchronous_commit', 'off', true);
                return null;
            end $$;
            create trigger hurry after insert on ledger.event
                for each statement execute function public.hurry();
            alter table ledger.event enable always trigger hurry
            """
    }
}
