package import Hummingbird
import Logging
import NIOCore
import Wire

/// A request's context: where it stands in the request log, and the connection it came on.
package struct SandboxContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// For the behaviour that drops the connection.
    let channel: any Channel
    /// The request's number in the log.
    var logNumber = 0

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// A path parameter, decoded once.
    func path(_ name: String) throws(SandboxRefusal) -> String {
        guard let encoded = parameters.get(name),
            let text = PercentCoding.decode(encoded.utf8)
        else { throw .invalid("The path is not valid") }
        return text
    }
}
