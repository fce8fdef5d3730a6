import ConnectFlow
import Foundation
import LedgerStore

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

extension Doctor {
    /// From when on a folder has too little room: some thousand answers or receipts, and a few.
    private static let roomWarning: Int64 = 256 << 20
    private static let roomBlocking: Int64 = 16 << 20

    /// The folders that the service writes to, what waits in them, and the room that they have.
    func folderCheck(_ store: LedgerStore?, _ settings: Settings) async -> DoctorCheck {
        var check = DoctorCheck("folders")
        let spool = (try? settings.text(.spoolFolder)) ?? ServeOptions.usualSpoolFolder
        let erasures = (try? settings.text(.erasureFolder)) ?? nil
        let checkpoints = (try? settings.text(.checkpointFolder)) ?? nil
        for (noun, path) in [
            ("spool", spool), ("checkpoint", checkpoints), ("erasure", erasures),
        ] {
            if let path { Self.look(at: path, noun, &check) }
        }
        if FileManager.default.fileExists(atPath: spool) {
            do {
                let (count, seconds) = try AnswerSpool.waiting(in: spool, at: EventClock().now())
                if count > 0 {
                    check.find(DoctorFinding(.answersWaiting(count: count, seconds: seconds)))
                }
            } catch {
                check.find(DoctorFinding(.spoolUnreadable))
            }
        }
        guard let erasures else { return check }
        guard let store else {
            check.miss("whether erasures were obeyed (the store does not open)")
            return check
        }
        let eraser = Eraser(
            store: store,
            folder: ErasureFolder(path: erasures),
            logger: logger
        )
        for condition in await eraser.conditions() { check.find(DoctorFinding(condition)) }
        return check
    }

    private static func look(at path: String, _ noun: String, _ check: inout DoctorCheck) {
        // A folder that is missing is made in the nearest one that is there.
        var place = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
            place.deleteLastPathComponent()
        }
        let isThere = FileManager.default.fileExists(atPath: path)
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: place.resolvingSymlinksInPath().path
        )
        let isFolder = attributes?[.type] as? FileAttributeType == .typeDirectory
        guard isFolder, unsafe access(place.path, W_OK | X_OK) == 0 else {
            check.note("\(noun) folder", path)
            check.find(
                DoctorFinding(
                    "folder_unusable",
                    .blocking,
                    "The \(noun) folder \(path) cannot be written to.",
                    nextStep:
                        "Name another folder, or see to the rights of this one. A doctor that is "
                        + "run by another user than the service sees that user's rights."
                )
            )
            return
        }
        guard let room = room(place.path) else {
            check.note("\(noun) folder", "\(path), room unknown")
            return
        }
        let state = isThere ? "" : ", made when it is needed"
        check.note("\(noun) folder", "\(path)\(state), \(room >> 20) MiB free")
        guard room < roomWarning else { return }
        check.find(
            DoctorFinding(
                "folder_full",
                room < roomBlocking ? .blocking : .warning,
                "The disk of the \(noun) folder \(path) has \(room >> 20) MiB left.",
                nextStep: "Make room, or put the folder elsewhere."
            )
        )
    }

    /// How many bytes an ordinary user may still write there.
    private static func room(_ path: String) -> Int64? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }
}
