internal import Crypto
package import Ledger

extension Vault {
    /// The key under which the map of names holds an app's users.
    ///
    /// Whoever has it can tell which label a `clientUserId` of the app has, and nothing else.
    package func nameKey(app: Identifier) -> [UInt8] { code("map name", app.bytes) }
}
