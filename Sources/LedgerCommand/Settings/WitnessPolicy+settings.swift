import Foundation
import Witness

extension WitnessPolicy {
    /// Reads the policy file that the settings name; nil when they name none.
    init?(_ settings: Settings) throws {
        guard let path = try settings.text(.witnessPolicy) else { return nil }
        self = try WitnessPolicy(file: path)
    }

    /// Reads a policy file.
    init(file path: String) throws {
        let bytesMax = WitnessLimits.policyBytesMax
        let bytes: [UInt8]
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            // One byte too many is enough to be refused.
            bytes = Array(try file.read(upToCount: bytesMax + 1) ?? Data())
        } catch {
            throw CommandError("The witness policy \(path) cannot be read.")
        }
        try self.init(bytes)
    }
}
