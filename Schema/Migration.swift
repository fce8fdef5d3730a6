/// One numbered file of this folder.
///
/// Forward only, one transaction each, never edited once released.
public struct Migration: Sendable {
    /// Counts from 1 without holes.
    public let number: Int32
    /// The file's name without its number, such as `log`.
    public let name: String
    /// The file's text, as psql would run it.
    public let text: String

    private init(number: Int32, name: String, bytes: [UInt8]) {
        self.number = number
        self.name = name
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// All migrations, in order.
    public static let all = [
        Migration(number: 1, name: "log", bytes: PackageResources._001_log_sql),
        Migration(number: 2, name: "vault", bytes: PackageResources._002_vault_sql),
        Migration(
            number: 3,
            name: "current_token",
            bytes: PackageResources._003_current_token_sql
        ),
        Migration(
            number: 4,
            name: "append_events",
            bytes: PackageResources._004_append_events_sql
        ),
        Migration(
            number: 5,
            name: "append_parts",
            bytes: PackageResources._005_append_parts_sql
        ),
        Migration(number: 6, name: "app", bytes: PackageResources._006_app_sql),
        Migration(
            number: 7,
            name: "read_users",
            bytes: PackageResources._007_read_users_sql
        ),
        Migration(
            number: 8,
            name: "checkpoint",
            bytes: PackageResources._008_checkpoint_sql
        ),
        Migration(
            number: 9,
            name: "find_tokens",
            bytes: PackageResources._009_find_tokens_sql
        ),
    ]
}
