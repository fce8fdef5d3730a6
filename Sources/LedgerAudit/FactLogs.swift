internal import Ledger

extension Sequence<Int32> {
    /// The logs of facts among those of these numbers, each once and in order.
    var factLogs: [Log] {
        Set(self).sorted().compactMap { Log(id: $0) }.filter { $0.kind == .facts }
    }
}
