internal import DurableFiles
internal import Foundation
package import Ledger

/// A folder outside the database that lists who was erased: one receipt for each, named after the
/// subject, so that a restored database can be brought to forget them again
/// (docs/threats.md#t24).
package struct ErasureFolder: Sendable {
    private let path: String

    /// The folder at this path; it is made by the first `keep`.
    package init(path: String) {
        self.path = path
    }

    /// Keeps a receipt; it outlasts a loss of power when this returns.
    package func keep(_ receipt: ErasureReceipt) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        // Several copies of the service may share the folder: each draft has a name of its own.
        try DurableFile.replace(
            file(receipt.subject),
            with: receipt.encoded,
            readers: .everybody
        )
    }

    /// Whether the folder is there: a list that is not is no empty one for somebody who goes by it.
    package var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    /// Who is listed, in no order; nobody where there is no folder yet.
    package func subjects() throws -> [Identifier] {
        guard isThere else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).compactMap { name in
            guard name.hasSuffix(Self.suffix) else { return nil }
            return Identifier(name.dropLast(Self.suffix.count))
        }
    }

    /// The receipt of somebody who is listed.
    ///
    /// Throws `ReceiptError.malformed` when the file holds none, or somebody else's.
    package func receipt(of subject: Identifier) throws -> ErasureReceipt {
        let url = URL(fileURLWithPath: file(subject))
        let receipt = try ErasureReceipt(Array(try Data(contentsOf: url)))
        guard receipt.subject == subject else { throw ReceiptError.malformed }
        return receipt
    }

    private static let suffix = ".json"

    private func file(_ subject: Identifier) -> String { "\(path)/\(subject)\(Self.suffix)" }
}
