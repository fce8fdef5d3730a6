internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Synchronization

/// Whoever gets an answer that lasts: asked again and again whether it still may.
final class StandingCaller: Sendable {
    let caller: Caller
    private let channel: any Channel
    private let peer: IPAddress?
    private let certificate: CertificateThumbprint?
    /// Until when it goes on although nobody can say whether it may.
    private let validUntil = Mutex(ContinuousClock.now + RequestLimits.standingDoubtMax)
    private let isCutOff = Mutex(false)

    init(_ caller: Caller, _ context: LedgerRequestContext) async {
        self.caller = caller
        channel = context.channel
        peer = context.peer
        certificate = await context.clientCertificate()
    }

    /// Whether its key is still valid, from where it is and with what it has shown; where nobody can say,
    /// it is for a moment.
    func isValid(_ store: LedgerStore) async -> Bool {
        guard let isValid = try? await caller.isValid(store, from: peer, with: certificate) else {
            return validUntil.withLock { .now < $0 }
        }
        validUntil.withLock { $0 = .now + RequestLimits.standingDoubtMax }
        return isValid
    }

    /// Whether it was cut off because it may not be answered any more.
    var wasCutOff: Bool { isCutOff.withLock { $0 } }

    /// Ends the connection once the key is valid no more, until the task is cancelled: the reader of an
    /// answer that is written piece by piece may take hours for it.
    func cutOffWhenInvalid(_ store: LedgerStore) async {
        while (try? await Task.sleep(for: RequestLimits.standingKeyPause)) != nil {
            guard await isValid(store) else {
                isCutOff.withLock { $0 = true }
                channel.close(promise: nil)
                return
            }
        }
    }
}
