import ConnectFlow
import LedgerAPI
import LedgerStore
import Measures

extension TestService {
    /// What `/metrics` would answer of the service now.
    var metrics: String {
        get async {
            var page = MetricPage()
            api.fill(&page)
            flows.fill(&page)
            served.fill(&page)
            await readiness.fill(&page)
            return page.text
        }
    }
}
