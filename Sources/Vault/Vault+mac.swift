internal import Ledger

// What shows that the service itself wrote what stands in a row.
extension Vault {
    /// The MAC beside a record, which shows that the service made it, and as what it stands there.
    ///
    /// A position is no part of it, for nobody knows it before the append; the event's id is, and
    /// stands in a log once.
    package func mac(ofRecord bytes: [UInt8], at place: RecordPlace) -> [UInt8] {
        mac(Self.recordMACData(bytes, place))
    }

    /// Whether a MAC is that of a record at its place.
    package func isMAC(_ mac: [UInt8]?, ofRecord bytes: [UInt8], at place: RecordPlace) -> Bool {
        isMAC(mac, Self.recordMACData(bytes, place))
    }

    /// The MAC beside a user's state, which shows that the service made it for this user.
    package func mac(ofState bytes: [UInt8], for owner: ValueOwner) -> [UInt8] {
        mac(Self.stateMACData(bytes, owner))
    }

    /// Whether a MAC is that of a state of the user.
    package func isMAC(_ mac: [UInt8]?, ofState bytes: [UInt8], for owner: ValueOwner) -> Bool {
        isMAC(mac, Self.stateMACData(bytes, owner))
    }

    /// The MAC beside the note which records of a tile can be cold, which shows that the service made it of this tile.
    package func mac(ofColdLaunches bits: [UInt8], logID: Int32, tile: Int64) -> [UInt8] {
        mac(Self.coldMACData(bits, logID, tile))
    }

    /// Whether a MAC is that of such a note of a tile.
    package func isMAC(
        _ mac: [UInt8]?,
        ofColdLaunches bits: [UInt8],
        logID: Int32,
        tile: Int64
    ) -> Bool {
        isMAC(mac, Self.coldMACData(bits, logID, tile))
    }

    private func mac(_ text: AssociatedBytes) -> [UInt8] {
        fingerprintMAC.code(of: text.bytes).bytes(Self.macBytes)
    }

    /// Takes the same time wherever they differ.
    private func isMAC(_ mac: [UInt8]?, _ text: AssociatedBytes) -> Bool {
        guard let mac, mac.count == Self.macBytes else { return false }
        return zip(mac, self.mac(text)).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static let macBytes = 16

    private static func coldMACData(
        _ bits: [UInt8],
        _ logID: Int32,
        _ tile: Int64
    ) -> AssociatedBytes {
        var text = AssociatedBytes("cold launches", String(logID), String(tile))
        text.append(contentsOf: bits)
        return text
    }

    private static func recordMACData(_ bytes: [UInt8], _ place: RecordPlace) -> AssociatedBytes {
        let version = place.version.map { String($0) } ?? "-"
        let hasSubject = place.subject == nil ? "-" : "+"
        var text = AssociatedBytes("record", String(place.logID), version, hasSubject)
        text.append(place.event)
        text.append(place.app)
        if let subject = place.subject { text.append(subject) }
        text.append(contentsOf: bytes)
        return text
    }

    private static func stateMACData(_ bytes: [UInt8], _ owner: ValueOwner) -> AssociatedBytes {
        var text = AssociatedBytes("state", String(owner.logID))
        text.append(owner)
        text.append(contentsOf: bytes)
        return text
    }
}
