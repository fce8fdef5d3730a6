import ArgumentParser
import Ledger
import LedgerStore
import Vault
import Wire

extension UserCommand {
    /// `token-ledger user list`: an app's users, the newest first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show an app's users, the newest first.",
            discussion: "Works on the database as the service does. No token is shown."
        )

        /// States of users who are on the list: of one who was erased nothing is kept.
        enum Status: String, CaseIterable, ExpressibleByArgument {
            case launched, connected, broken

            var status: SubjectState.Status? { SubjectState.Status(rawValue: rawValue) }
        }

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: "The app's clientId; needed when there are several apps.")
        var app: String?

        @Option(help: "Only users in this state.")
        var status: Status?

        @OptionGroup var list: ListLimit

        @Option(help: ArgumentHelp("Those older than this user.", valueName: "subject"))
        var before: String?

        @Flag(help: "Print one JSON document.")
        var json = false

        func validate() throws {
            if let before, Identifier(before) == nil {
                throw ValidationError("--before must be a UUID.")
            }
        }

        func run() async throws {
            let (rows, next) = try await OpenedStore.atWork(options) { store in
                let app = try await PersonOptions.app(app, store)
                let page = try await store.newestUsers(
                    of: app,
                    in: status?.status,
                    before: before.flatMap { Identifier($0) },
                    limit: list.limit
                )
                return (page.users.compactMap { Row($0, store) }, page.next)
            }
            guard json else {
                Self.show(rows, next)
                return
            }
            Terminal.result { writer in
                writer.open()
                writer.key("users")
                writer.openArray()
                for row in rows {
                    writer.element()
                    row.write(to: &writer)
                }
                writer.closeArray()
                if let next { writer.member("next_before", next) }
                writer.close()
            }
        }

        private static func show(_ rows: [Row], _ next: Identifier?) {
            if rows.isEmpty {
                Terminal.message("No such user was found.")
            } else {
                Terminal.result(
                    TextTable.rows(
                        [["SUBJECT", "STATE", "VERSION", "ACCESS", "PUBLIC", "USER"]]
                            + rows.map(\.cells)
                    )
                )
            }
            if let next { Terminal.message("There may be more: --before \(next).") }
        }

        /// One line of the list.
        private struct Row: Sendable {
            let subject: Identifier
            /// Nil for one whose stored state is not genuine, or whose sealed id does not open.
            let user: (state: SubjectState, clientUserID: Secret)?

            /// Nil for one who was erased meanwhile.
            init?(_ found: FoundUser, _ store: LedgerStore) {
                subject = found.subject
                switch found {
                case .erased: return nil
                case .damaged: user = nil
                case .user(let found):
                    let clientUserID = (try? store.value(.clientUserID, of: found)) ?? nil
                    user = clientUserID.map { (found.state, $0) }
                }
            }

            var cells: [String] {
                guard let (state, clientUserID) = user else {
                    return ["\(subject)", "damaged", "-", "-", "-", "-"]
                }
                return [
                    "\(subject)", state.status.rawValue, "\(state.version)",
                    state.accessToken.map { "\($0.version)" } ?? "-",
                    state.publicToken.map { "\($0.version)" } ?? "-",
                    clientUserID.exposed,
                ]
            }

            func write(to writer: inout JSONWriter) {
                writer.open()
                writer.member("subject", subject)
                if let (state, clientUserID) = user {
                    writer.member("client_user_id", clientUserID.exposed)
                    writer.member("subject_version", state.version)
                    writer.member("status", state.status.rawValue)
                    if let token = state.accessToken {
                        writer.member("access_token_version", token.version)
                    }
                    if let token = state.publicToken {
                        writer.member("public_token_version", token.version)
                    }
                } else {
                    writer.member("damaged", true)
                }
                writer.close()
            }
        }
    }
}
