internal import HTMLPages

/// A page: its properties are what its template names.
package protocol ConsolePage: Sendable {
    /// Which template it is written with.
    var template: PageTemplate { get }
    /// What stands in the window's title.
    var title: String { get }
}

/// The templates of pages; those that other templates include are not among them.
package enum PageTemplate: String, Sendable, CaseIterable {
    case notice, hop, user, users, event, found, overview, log, evidence, app, settings, exports
    case revealed, problems, problem
    case signIn = "sign-in"
    case launch
    case launchLink = "launch-link"
    case stateProof = "state-proof"
}

/// Writes pages as HTML.
package struct ConsolePages: Sendable {
    private let templates: HTMLTemplates

    /// All templates, by name.
    static let sources: [String: [UInt8]] = [
        "frame": PackageResources.frame_mustache,
        "launch": PackageResources.launch_mustache,
        "launch-link": PackageResources.launch_link_mustache,
        "copy": PackageResources.copy_mustache,
        "time": PackageResources.time_mustache,
        "timeline": PackageResources.timeline_mustache,
        "notice": PackageResources.notice_mustache,
        "hop": PackageResources.hop_mustache,
        "sign-in": PackageResources.sign_in_mustache,
        "users": PackageResources.users_mustache,
        "user": PackageResources.user_mustache,
        "revealed": PackageResources.revealed_mustache,
        "event": PackageResources.event_mustache,
        "found": PackageResources.found_mustache,
        "overview": PackageResources.overview_mustache,
        "log": PackageResources.log_mustache,
        "evidence": PackageResources.evidence_mustache,
        "app": PackageResources.app_mustache,
        "settings": PackageResources.settings_mustache,
        "exports": PackageResources.exports_mustache,
        "bundle": PackageResources.bundle_mustache,
        "problems": PackageResources.problems_mustache,
        "problem": PackageResources.problem_mustache,
        "state-proof": PackageResources.state_proof_mustache,
    ]

    /// Reads the templates.
    package init() {
        templates = HTMLTemplates(Self.sources)
    }

    /// The document: the page within what is around every page.
    package func html(_ page: some ConsolePage, in frame: PageFrame) -> String {
        let main = templates.html(page.template.rawValue, page)
        let document = FramedPage(
            title: page.title,
            main: main,
            frame: frame,
            stylesheet: ConsoleAsset.stylesheet.path,
            script: ConsoleAsset.script.path
        )
        return templates.html("frame", document)
    }

    /// A bundle's page up to where its files stand.
    func html(_ document: BundleDocument) -> String {
        templates.html("bundle", document)
    }
}

/// What the outermost template names.
private struct FramedPage {
    let title: String
    /// HTML already.
    let main: String
    let frame: PageFrame
    let stylesheet: String
    let script: String
}
