using System.Text.Json;

namespace Carbon.Realtime.Protocol;

/// <summary>The one place where the server's words, statuses and close codes are understood.</summary>
/// <remarks>
/// By code first (<c>Code: message</c>, since 2025), by content for older servers. The rows follow docs/protocol.md,
/// "Refused upgrades", "Join errors", "System messages" and "Close codes".
/// </remarks>
internal static class FaultTable
{
    private static readonly Row[] Rows =
    [
        new("InvalidJWTToken", "Fields `role` and `exp` are required", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        new("InvalidJWTToken", "Token expiration time is invalid", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        new("InvalidJWTToken", "", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new("MalformedJWT", "", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        new("JwtSignatureError", "", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        new("JwtSignerError", "", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        new("Unauthorized", "", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new("PrivateOnly", "", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new("ChannelRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly),
        new("ClientJoinRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new("ConnectionRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new("TenantNotFound", "", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        new("RealtimeDisabledForTenant", "", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        new("UnableToReplayMessages", "Realtime was unable", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("UnableToReplayMessages", "", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        new("TopicNameRequired", "", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        new("IncreaseConnectionPool", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("DatabaseLackOfConnections", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("DatabaseConnectionRateLimitReached", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("QueryCanceled", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("MissingPartition", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("TimeoutOnRpcCall", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("ErrorOnRpcCall", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("InitializingProjectConnection", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("UnableToConnectToProject", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("RealtimeRestarting", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("MusterJoinError", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),

        // Without a code: system errors of every version, and join errors of servers before 2025.
        new(null, "Token has expired", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new(null, "Token as expired", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new(null, "The token provided is not a valid JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        new(null, "Fields `role` and `exp` are required", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        new(null, "Failed to validate JWT signature", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        new(null, "Failed to generate JWT signer", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        new(null, "You do not have permissions to read", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new(null, "You no longer have permission to read", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new(null, "only allows private channels", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new(null, "Too many channels", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly),
        new(null, "Too many", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new(null, "rate limit", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new(null, "unmatched topic", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
    ];

    /// <summary>Texts of extension <c>postgres_changes</c> after which the server does not try again by itself.</summary>
    private static readonly string[] RefusedSubscriptions =
    [
        "Unable to subscribe to changes with given parameters",
        "An exception happened so please check your connect parameters",
        "Error parsing `filter` params",
        "Error parsing `select` params",
        "No subscription params provided",
        "Column selection is not supported",
    ];

    /// <summary>An error reply to a join, or a <c>system</c> error of extension <c>system</c>, which closes its channel.</summary>
    public static ServerFault Channel(string reason)
    {
        var (code, message) = Split(reason);
        var row = Array.Find(Rows, r => r.Matches(code, code is null ? reason : message));
        return row is null
            ? new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, Words("The server refused the channel", reason), code)
            : new ServerFault(row.Reason, row.Reaction, Words(Advice(row.Reason), reason), code);
    }

    /// <summary>A <c>system</c> error of extension <c>postgres_changes</c>.</summary>
    /// <returns>The fault, and whether the server goes on trying by itself.</returns>
    public static (ServerFault Fault, bool ServerRetries) Subscription(string message)
    {
        var refused = Array.Exists(RefusedSubscriptions, text => message.Contains(text, StringComparison.Ordinal));
        return refused
            ? (new ServerFault(RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly, Words(Advice(RealtimeErrorReason.SubscriptionRefused), message)), false)
            : (new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, Words("The server cannot subscribe right now", message)), true);
    }

    /// <summary>The <c>errors</c> of a change.</summary>
    public static ServerFault Change(string errors) => errors.Contains("Error 413", StringComparison.Ordinal)
        ? new ServerFault(RealtimeErrorReason.Unknown, Reaction.Retry, Words("The row is too large to be sent whole", errors), "413")
        : new ServerFault(RealtimeErrorReason.TableMisconfigured, Reaction.RetrySlowly, Words(Advice(RealtimeErrorReason.TableMisconfigured), errors),
            errors.Contains("Error 400", StringComparison.Ordinal) ? "400" : errors.Contains("Error 401", StringComparison.Ordinal) ? "401" : null);

    /// <summary>A refused upgrade: HTTP status and body. An empty 403 is any reason on servers before 2.116.0.</summary>
    public static ServerFault Upgrade(int status, string? body)
    {
        var text = ErrorOf(body);
        var code = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var (reason, reaction) = status switch
        {
            401 => (RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly),
            403 when text.Length > 0 => (RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
            403 => (RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly),
            404 => (RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
            429 => (RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
            414 or 431 => (RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly),
            >= 500 => (RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
            _ => (RealtimeErrorReason.ServerUnreachable, Reaction.RetrySlowly),
        };
        return new ServerFault(reason, reaction, Words(Advice(reason), $"HTTP {code}{(text.Length > 0 ? ", " + text : "")}"), code);
    }

    /// <summary>The socket ended. Every code leads to a reconnect: even 1000 is how the server's idle time-out looks.</summary>
    public static ServerFault Close(int? closeCode, string? closeReason)
    {
        var code = closeCode?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var words = closeCode switch
        {
            1000 => "The server closed the connection, as it does after 60 s without a heartbeat",
            1001 => "The server asks to slow down or goes away",
            1009 => "The server found a frame of ours too large",
            1012 => "The server restarts or its settings changed",
            null => string.IsNullOrEmpty(closeReason) ? "The connection was lost" : $"The connection was lost ({closeReason})",
            _ => "The server closed the connection",
        };
        var reason = closeCode == 1001 ? RealtimeErrorReason.RateLimited : RealtimeErrorReason.ConnectionLost;

        // Both are told to all of a server's or a project's clients at once.
        var reaction = closeCode is 1001 or 1012 ? Reaction.RetrySpread : Reaction.Retry;

        // Without a close frame the server said nothing.
        var said = code is null ? "" : $"close code {code}{(string.IsNullOrEmpty(closeReason) ? "" : ", " + closeReason)}";
        return new ServerFault(reason, reaction, Words(words, said), code);
    }

    private static string Advice(RealtimeErrorReason reason) => reason switch
    {
        RealtimeErrorReason.InvalidApiKey => "The server refuses the API key; set ApiKey to the project's anon or publishable key",
        RealtimeErrorReason.ProjectNotFound => "The server does not know this project; check Url",
        RealtimeErrorReason.ProjectDisabled => "Realtime is switched off for this project; enable it in the project's settings",
        RealtimeErrorReason.RateLimited => "The server asks to slow down",
        RealtimeErrorReason.TokenExpired => "The access token has expired",
        RealtimeErrorReason.TokenRejected => "The server refuses the access token",
        RealtimeErrorReason.PermissionDenied => "The signed-in user may not read this channel; check the project's Realtime policies",
        RealtimeErrorReason.SubscriptionRefused =>
            "The server refuses the subscription; check that the table is in the publication supabase_realtime, that the role may SELECT it, and the filter",
        RealtimeErrorReason.TableMisconfigured =>
            "The server cannot send this table's changes to this role; give the table a primary key and the role SELECT on its columns",
        RealtimeErrorReason.ServerUnreachable => "The address does not answer like a Realtime server; check Url",
        RealtimeErrorReason.ProtocolViolation => "The server does not accept the channel's topic",
        _ => "The server cannot serve right now",
    };

    private static string Words(string advice, string serverSaid) => serverSaid.Length == 0 ? advice + "." : $"{advice}. The server said: {serverSaid}";

    private static (string? Code, string Message) Split(string reason)
    {
        var colon = reason.IndexOf(": ", StringComparison.Ordinal);
        return colon > 0 && reason.AsSpan(0, colon).IndexOfAnyExcept(Letters) < 0 ? (reason[..colon], reason[(colon + 2)..]) : (null, reason);
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static string ErrorOf(string? body)
    {
        if (string.IsNullOrWhiteSpace(body))
        {
            return "";
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.TryGetProperty("error", out var error) ? error.ToString() : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return ""; // an HTML error page says nothing that the status does not
        }
    }

    private sealed record Row(string? Code, string Text, RealtimeErrorReason Reason, Reaction Reaction)
    {
        public bool Matches(string? code, string message) =>
            Code == code && message.Contains(Text, StringComparison.OrdinalIgnoreCase);
    }
}
