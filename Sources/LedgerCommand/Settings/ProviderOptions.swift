import ArgumentParser
import HumanConnect

/// The flags that say where an app's provider is reached.
struct ProviderOptions: ParsableArguments {
    @Option(name: .customLong("provider-url"), help: "One base URL for all of the provider.")
    var providerURL: String?

    @Option(name: .customLong("connect-url"), help: "Base URL of the popup.")
    var connectURL: String?

    @Option(name: .customLong("user-url"), help: "Base URL of the token endpoints.")
    var userURL: String?

    @Option(name: .customLong("api-url"), help: "Base URL of the application API.")
    var apiURL: String?

    /// Whether there is any of them.
    var namesAny: Bool {
        providerURL != nil || connectURL != nil || userURL != nil || apiURL != nil
    }

    func validate() throws {
        if providerURL != nil, connectURL != nil || userURL != nil || apiURL != nil {
            throw ValidationError("--provider-url stands for the other three URLs.")
        }
    }

    /// The three addresses; those that are not named are the usual ones.
    func endpoints(
        usual: @autoclosure () throws -> ProviderEndpoints
    ) throws -> ProviderEndpoints {
        if let providerURL { return try ProviderEndpoints(all: providerURL) }
        let usual = try usual()
        return try ProviderEndpoints(
            connect: connectURL ?? usual.connect,
            user: userURL ?? usual.user,
            api: apiURL ?? usual.api
        )
    }
}
