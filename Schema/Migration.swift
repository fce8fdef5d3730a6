/// One numbered file of this folder.
///
/// Forward only, one transaction each, never edited once released.
public struct Migration: Sendable {
    /// Counts from 1 without holes.
    public let number: Int32
    /// The file's text, as psql would run it.
    public let text: String

    /// All migrations, in order: the file's number is its place here.
    public static let all = files.enumerated().map { index, bytes in
        Migration(number: Int32(index + 1), text: String(decoding: bytes, as: UTF8.self))
    }

    private static let files = [
        PackageResources._001_schema_sql,
        PackageResources._002_refuse_change_sql,
        PackageResources._003_log_sql,
        PackageResources._004_event_sql,
        PackageResources._005_user_state_sql,
        PackageResources._006_master_key_sql,
        PackageResources._007_public_sql,
        PackageResources._008_data_key_sql,
        PackageResources._009_value_sql,
        PackageResources._010_lookup_sql,
        PackageResources._011_append_command_sql,
        PackageResources._012_is_well_formed_sql,
        PackageResources._013_project_user_state_sql,
        PackageResources._014_keep_sql,
        PackageResources._015_append_events_sql,
        PackageResources._016_append_single_events_sql,
        PackageResources._017_settle_events_sql,
        PackageResources._018_read_users_sql,
        PackageResources._019_token_index_sql,
        PackageResources._020_app_sql,
        PackageResources._021_api_key_sql,
        PackageResources._022_add_app_sql,
        PackageResources._023_add_api_key_sql,
        PackageResources._024_tile_sql,
        PackageResources._025_checkpoint_sql,
        PackageResources._026_publish_checkpoint_sql,
        PackageResources._027_probe_append_sql,
        PackageResources._028_update_app_sql,
        PackageResources._029_change_api_key_sql,
        PackageResources._030_api_key_use_sql,
        PackageResources._031_rewrap_keys_sql,
        PackageResources._032_erase_sql,
        PackageResources._033_drop_superseded_sql,
        PackageResources._034_access_sql,
        PackageResources._035_set_aside_sql,
        PackageResources._036_find_tokens_sql,
        PackageResources._037_webhook_sql,
        PackageResources._038_change_webhook_sql,
        PackageResources._039_deliver_webhooks_sql,
        PackageResources._040_problem_sql,
        PackageResources._041_record_problems_sql,
        PackageResources._042_append_unheld_tokens_sql,
        PackageResources._043_map_log_sql,
        PackageResources._044_read_states_sql,
        PackageResources._045_refused_claims_sql,
        PackageResources._046_reserve_sql,
        PackageResources._047_cold_sql,
    ]
}
