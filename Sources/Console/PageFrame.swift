/// What is around a page: who has signed in, to what, and where else to go.
package struct PageFrame: Sendable {
    /// Somebody's; nil on pages that anybody sees.
    let session: Session?

    /// Around a page that anybody sees.
    package static let open = PageFrame(session: nil)

    /// Who has signed in.
    package struct Session: Sendable {
        /// What people call the app.
        package let appName: String
        /// The id of the key.
        package let keyID: String
        /// Whether the app's provider is the sandbox.
        package let isSandbox: Bool
        /// What every form of the page holds.
        package let formToken: String
        let places: [Place]

        package init(
            appName: String,
            keyID: String,
            isSandbox: Bool,
            formToken: String,
            places: [Place]
        ) {
            self.appName = appName
            self.keyID = keyID
            self.isSandbox = isSandbox
            self.formToken = formToken
            self.places = places
        }
    }

    /// An entry of the navigation.
    package struct Place: Sendable {
        package let name: String
        package let path: String
        package let isHere: Bool

        package init(name: String, path: String, isHere: Bool) {
            self.name = name
            self.path = path
            self.isHere = isHere
        }
    }

    /// Around a page of somebody who has signed in.
    package init(_ session: Session) {
        self.session = session
    }

    private init(session: Session?) {
        self.session = session
    }
}
