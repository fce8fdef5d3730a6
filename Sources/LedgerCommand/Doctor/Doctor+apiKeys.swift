import LedgerStore

extension Doctor {
    /// API keys that this service would refuse, whoever shows them.
    func apiKeyCheck(_ store: LedgerStore?, _ settings: Settings) async -> DoctorCheck {
        guard let store else { return DoctorCheck("API keys", gap: "the store does not open") }
        var check = DoctorCheck("API keys")
        do {
            let keys = try await BoundKeys(store)
            check.note("valid", "\(keys.validCount)")
            check.note("bound to client certificates", "\(keys.boundCount)")
            // A choice that cannot be read is a finding about the settings.
            let asks = (try? ClientCertificateChoice(settings)) == .ask
            guard !asks, let refusal = keys.refusal else { return check }
            check.find(
                DoctorFinding(
                    "client_certificates_not_asked",
                    .warning,
                    refusal,
                    nextStep: BoundKeys.nextStep
                )
            )
        } catch {
            check.miss("they cannot be read (\(error))")
        }
        return check
    }
}
