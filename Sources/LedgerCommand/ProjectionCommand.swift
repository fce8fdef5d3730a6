import ArgumentParser
import Ledger
import LedgerAudit
import LedgerStore
import StateMap
import Wire

/// `token-ledger projection`: what is derived from the log.
struct ProjectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projection",
        abstract: "What is derived from the log.",
        subcommands: [Rebuild.self]
    )

    /// `token-ledger projection rebuild`: makes it anew.
    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Build the projection anew beside the live one, compare, and switch.",
            discussion: """
                The service may go on meanwhile. Needs the rights of the schema's owner \
                (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE) and the root key \
                (TOKEN_LEDGER_ROOT_KEY_FILE), which tells the records that the service wrote from \
                others.
                """
        )

        @OptionGroup var options: OwnerDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let databases = try await options.databases()
            let rootKeys = try await RootKeySource.keysIfAny(try await options.settings())
            let report = try await DatabaseFailure.explaining(databases) {
                try await ProjectionRebuild.run(databases, rootKeys: rootKeys)
            }
            if json {
                Terminal.result([
                    "users": .number(String(report.users)),
                    "differences": .number(String(report.differences)),
                    "named": .array(report.named.map { .string("\($0)") }),
                    "forged": .number(String(report.forged)),
                    "problems": .number(String(report.problems)),
                    "maps": .array(report.maps.map(\.json)),
                ])
                return
            }
            Terminal.result(
                "\(report.users) users rebuilt, \(report.differences) rows were different."
            )
            for subject in report.named { Terminal.result("  \(subject)") }
            if report.differences > report.named.count {
                Terminal.result("  and \(report.differences - Int64(report.named.count)) more")
            }
            for map in report.maps { map.print() }
            if report.problems > 0 {
                Terminal.result(
                    "The problems of \(report.problems) users or endpoints were different."
                )
            }
            guard report.forged > 0 else { return }
            Terminal.message(
                "\(report.forged) events were passed over, for the service did not write them: "
                    + "token-ledger verify says which."
            )
        }
    }
}

extension ProjectionMapReport {
    fileprivate func print() {
        let place = log.pair == 0 ? "" : " of \(log.name)"
        Terminal.result(
            "Map of states\(place) at size \(size): \(rebuilt.root), \(rebuilt.count) users."
        )
        if live != rebuilt {
            Terminal.result("It was \(live.root), \(live.count) users.")
        }
        switch stated {
        case .same: Terminal.result("The log of maps states the same.")
        case .different:
            Terminal.message(
                "The log of maps states another one at this size: token-ledger verify says more."
            )
        case .none: Terminal.result("The log of maps states none at this size.")
        }
    }

    fileprivate var json: JSONValue {
        [
            "log_id": .number(String(log.id)),
            "size": .number(String(size)),
            "users": .number(String(rebuilt.count)),
            "root": .string("\(rebuilt.root)"),
            "live_users": .number(String(live.count)),
            "live_root": .string("\(live.root)"),
            "stated": stated == .none ? .null : .string(stated.rawValue),
        ]
    }
}
