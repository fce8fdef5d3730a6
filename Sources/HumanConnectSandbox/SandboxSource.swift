/// An invented data source one can connect in the popup.
struct SandboxSource: Sendable, Equatable {
    let id: String
    let name: String
    let kind: String

    /// All there are.
    static let all = [
        SandboxSource(id: "band", name: "Sandbox Fitness Band", kind: "Wearable"),
        SandboxSource(id: "watch", name: "Meadow Watch", kind: "Wearable"),
        SandboxSource(id: "scale", name: "Feather Scale", kind: "Weight and body"),
        SandboxSource(id: "glucose", name: "Amber Glucose Meter", kind: "Blood glucose"),
        SandboxSource(id: "clinic", name: "Harbor Street Clinic", kind: "Medical records"),
        SandboxSource(id: "pharmacy", name: "Lantern Pharmacy", kind: "Prescriptions"),
        SandboxSource(id: "lab", name: "Northlight Laboratory", kind: "Test results"),
    ]

    static func named(_ id: String) throws(SandboxRefusal) -> SandboxSource {
        guard let source = all.first(where: { $0.id == id }) else {
            throw .invalid("There is no such source, see /sandbox")
        }
        return source
    }
}
