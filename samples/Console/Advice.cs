namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>What a user of this command can do about an error; the error itself says what happened.</summary>
internal static class Advice
{
    public static string? On(Exception? error) => (error as RealtimeException)?.Reason switch
    {
        RealtimeErrorReason.InvalidApiKey => "Check --key: it is in the project's settings, under API keys.",
        RealtimeErrorReason.ProjectNotFound or RealtimeErrorReason.ServerUnreachable =>
            "Check --url: it is the project's, such as https://abc.supabase.co.",
        RealtimeErrorReason.TokenExpired or RealtimeErrorReason.TokenRejected => "Check --token: sign in again and pass the new one.",
        RealtimeErrorReason.SubscriptionRefused => "Check TABLE, --schema and --filter, and whether the table is published for Realtime.",
        RealtimeErrorReason.PermissionDenied or RealtimeErrorReason.TableMisconfigured =>
            "Check --token: without one, only what the anonymous role may read comes.",
        _ => null,
    };
}
