/// The app's users.
package struct UserListPage: ConsolePage {
    /// A user of the list.
    package struct Row: Sendable {
        let subject: String
        let clientUserID: String
        let status: String
        let accessToken: String
        let publicToken: String
        let since: ShownTime?
        let openFinalizes: String

        /// One whose row can be read.
        package init(
            subject: String,
            clientUserID: String?,
            status: String,
            versions: (accessToken: Int64?, publicToken: Int64?),
            since: ShownTime?,
            openFinalizes: Int
        ) {
            self.subject = subject
            self.clientUserID = clientUserID ?? "–"
            self.status = status
            accessToken = versions.accessToken.map(String.init) ?? "–"
            publicToken = versions.publicToken.map(String.init) ?? "–"
            self.since = since
            self.openFinalizes = openFinalizes == 0 ? "–" : "\(openFinalizes)"
        }

        /// One whose row is damaged.
        package init(damaged subject: String) {
            self.init(
                subject: subject,
                clientUserID: nil,
                status: "damaged",
                versions: (nil, nil),
                since: nil,
                openFinalizes: 0
            )
        }
    }

    /// A choice of which users are listed.
    package struct Filter: Sendable {
        let label: String
        let path: String
        let isChosen: Bool
    }

    package let template = PageTemplate.users
    package let title = "Users"
    let rows: [Row]
    let isEmpty: Bool
    let filters: [Filter]
    let nextPath: String?
    let copy: CopyLines

    private static let path = "/console/users"

    /// Users in one state, or in any where `status` is nil; `next` is from where the next page goes on.
    package init(
        rows: [Row],
        status: String?,
        statuses: [String],
        next: String?,
        copy: CopyLines
    ) {
        self.rows = rows
        isEmpty = rows.isEmpty
        filters =
            [Filter(label: "all", path: Self.path, isChosen: status == nil)]
            + statuses.map {
                Filter(label: $0, path: "\(Self.path)?status=\($0)", isChosen: $0 == status)
            }
        nextPath = next.map { next in
            "\(Self.path)?" + (status.map { "status=\($0)&" } ?? "") + "before=\(next)"
        }
        self.copy = copy
    }
}
