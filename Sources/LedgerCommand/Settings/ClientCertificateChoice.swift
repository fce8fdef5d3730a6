/// Whether callers are asked for certificates of their own.
enum ClientCertificateChoice: String {
    case ask, off

    /// Browsers may bother people who have a certificate with the question which to show
    /// (docs/decisions/0071-a-key-and-a-certificate.md).
    static let usual = ClientCertificateChoice.off

    /// What is set.
    init(_ settings: Settings) throws {
        guard let text = try settings.text(.tlsClientCertificates) else {
            self = .usual
            return
        }
        guard let choice = ClientCertificateChoice(rawValue: text) else {
            throw CommandError(
                "\(Setting.tlsClientCertificates.environmentName) must be \"ask\" or \"off\"."
            )
        }
        self = choice
    }
}
