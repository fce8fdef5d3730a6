/// What is around the files in a bundle's page, and what it tells of each event.
///
/// The files stand between `head` and `foot`, each as an element
/// `<script type="text/plain" data-file="NAME">` with its content, compressed (RFC 1952), in base64.
package struct BundlePage {
    /// What the page will hold.
    package struct Content {
        /// What was asked, by whom and why; its list of files is empty.
        package let manifest: BundleManifest
        /// Whether the events are on the page; there may be too many for a browser.
        package let hasEvents: Bool
    }

    package let head: [UInt8]
    package let foot: [UInt8]
    /// What is told of the next event's record, as a line of JSON without its end.
    package let telling: (_ record: [UInt8]) -> [UInt8]

    package init(
        head: [UInt8],
        foot: [UInt8],
        telling: @escaping (_ record: [UInt8]) -> [UInt8]
    ) {
        self.head = head
        self.foot = foot
        self.telling = telling
    }

    /// The name under which the page holds what is told of the events; no file of the bundle.
    static let history = "history.ndjson"

    /// How many events a page holds at most, and how many bytes its files have.
    package static let limits = (
        events: ExportLimits.shownEventsMax, bytes: ExportLimits.shownBytesMax
    )
}
