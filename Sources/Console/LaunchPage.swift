package import Ledger

/// What somebody sees who follows a launch link; he knows nothing of a ledger.
package struct LaunchPage: ConsolePage {
    /// What becomes of the link.
    package enum State: Sendable {
        /// It opens the popup: of which app, until when, where the page itself is, and where the
        /// provider's library is.
        case open(appName: String, until: ShownTime, path: String, library: String)
        /// The popup has brought tokens.
        case finished
        /// The time is over, or the popup has ended otherwise.
        case over
        /// No launch has this link.
        case unknown
    }

    package let template = PageTemplate.launch
    package let title: String
    let appName: String?
    let until: ShownTime?
    let path: String?
    let library: String?
    let sentence: String?

    package init(_ state: State) {
        switch state {
        case .open(let appName, let until, let path, let library):
            title = "Connect your health data"
            (self.appName, self.until, self.path, self.library) = (appName, until, path, library)
            sentence = nil
            return
        case .finished:
            title = "Your health data is connected"
            sentence = "You may close this page."
        case .over:
            title = "This link has ended"
            sentence = "It opens one window, for half an hour. Ask whoever sent it for another one."
        case .unknown:
            title = "There is no such link"
            sentence = "Perhaps a part of it is missing. Ask whoever sent it."
        }
        (appName, until, path, library) = (nil, nil, nil, nil)
    }
}

/// A launch link, shown to whoever made it.
package struct LaunchLinkPage: ConsolePage {
    package let template = PageTemplate.launchLink
    package let title = "Launch link"
    let url: String
    let subject: String
    let eventPath: String
    let until: ShownTime
    let isEdit: Bool
    let hasCaution: Bool

    /// `url` is the link itself, which is on this page only.
    package init(
        url: String,
        subject: Identifier,
        eventPath: String,
        until: Timestamp,
        isEdit: Bool,
        hasCaution: Bool
    ) {
        self.url = url
        self.subject = subject.description
        self.eventPath = eventPath
        self.until = ShownTime(until)
        self.isEdit = isEdit
        self.hasCaution = hasCaution
    }
}
