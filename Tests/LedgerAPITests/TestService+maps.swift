import LedgerStore

extension TestService {
    /// What makes checkpoints, and states what is current.
    static func work(_ integrator: Integrator, _ maps: MapKeeper) async throws {
        async let made: Void = maps.run()
        try await integrator.run()
        try await made
    }
}
