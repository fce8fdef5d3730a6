import DurableFiles
import Foundation

/// Why a sandbox does not start.
package enum SandboxError: Error, Equatable, CustomStringConvertible {
    case stateFileUnreadable(path: String)
    case stateFileUnwritable(path: String)

    /// A sentence that is safe to show.
    package var description: String {
        switch self {
        case .stateFileUnreadable(let path):
            "The sandbox's state file \(path) cannot be read, or holds something else. Move it "
                + "away to start anew."
        case .stateFileUnwritable(let path):
            "The sandbox's state file \(path) cannot be written. Check the folder's permissions."
        }
    }
}

/// Keeps the state in one JSON file, replaced as a whole so that a crash leaves the old or
/// the new one.
struct StateFile: Sendable {
    let path: String

    /// The state of an earlier run, nil when there is none.
    func load() throws(SandboxError) -> SandboxState? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSONDecoder().decode(SandboxState.self, from: data)
        } catch {
            throw .stateFileUnreadable(path: path)
        }
    }

    func save(_ state: SandboxState) throws(SandboxError) {
        do {
            let bytes = Array(try JSONEncoder().encode(state))
            try DurableFile.replace(path, with: bytes, readers: .owner)
        } catch {
            throw .stateFileUnwritable(path: path)
        }
    }
}
