/// Where the value of a setting comes from.
enum SettingOrigin: String {
    case flag
    case environment
    /// The configuration file.
    case file
    /// Nobody has set it.
    case usual = "default"
}
