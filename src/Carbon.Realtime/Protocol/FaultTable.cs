using System.Text.Json;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Protocol;

/// <summary>The one place where the server's words, statuses and close codes are understood.</summary>
/// <remarks>
/// By code first (<c>Code: message</c>, since 2025), by content for older servers. The rows follow docs/protocol.md,
/// "Refused upgrades", "Join errors", "System messages" and "Close codes".
/// </remarks>
internal static class FaultTable
{
    /// <summary>Error replies to joins, and <c>system</c> errors of extension <c>system</c>. The first row that fits counts.</summary>
    internal static readonly IReadOnlyList<Row> ChannelRows =
    [
        new("InvalidJWTToken", "Fields `role` and `exp` are required", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ClaimsMissing),
        new("InvalidJWTToken", "Token expiration time is invalid", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ExpiryInvalid),
        new("InvalidJWTToken", "", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new("MalformedJWT", "", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, Malformed),
        new("JwtSignatureError", "", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        new("JwtSignerError", "", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        new("Unauthorized", "", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new("PrivateOnly", "", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, PrivateOnly),
        new("ChannelRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly, NoMoreChannels),
        new("ClientJoinRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        new("ConnectionRateLimitReached", "", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        new("TenantNotFound", "", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        new("RealtimeDisabledForTenant", "", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        new("UnableToReplayMessages", "Realtime was unable", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("UnableToReplayMessages", "", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        new("TopicNameRequired", "", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        new("IncreaseConnectionPool", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        new("DatabaseLackOfConnections", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        new("DatabaseConnectionRateLimitReached", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        new("QueryCanceled", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("MissingPartition", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("TimeoutOnRpcCall", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("ErrorOnRpcCall", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("InitializingProjectConnection", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("UnableToConnectToProject", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        new("RealtimeRestarting", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("MusterJoinError", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new("UnknownErrorOnChannel", "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),

        // Without a code: system errors of every version, and join errors of servers before 2025.
        new(null, "Token has expired", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new(null, "Token as expired", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        new(null, "Token expiration time is invalid", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ExpiryInvalid),
        new(null, "The token provided is not a valid JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, Malformed),
        new(null, "Fields `role` and `exp` are required", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ClaimsMissing),
        new(null, "Failed to validate JWT signature", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        new(null, "Failed to generate JWT signer", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        new(null, "You do not have permissions to read", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new(null, "You no longer have permission to read", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        new(null, "only allows private channels", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, PrivateOnly),
        new(null, "Tenant not found", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        new(null, "Realtime was disabled for this tenant", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        new(null, "Too many channels", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly, NoMoreChannels),
        new(null, "Too many joins", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        new(null, "Too many connected users", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        new(null, "Too many", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new(null, "rate limit", RealtimeErrorReason.RateLimited, Reaction.Retry),
        new(null, "Track message size exceeded", RealtimeErrorReason.ProtocolViolation, Reaction.Retry, "The server complains of presence, which this client does not send"),
        new(null, "Replication connection was not established in time", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        new(null, "Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        new(null, "Query was cancelled", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new(null, "Node request timeout", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new(null, "RPC call error", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        new(null, "Unknown Error on Channel", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),
        new(null, "join crashed", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),
        new(null, "unmatched topic", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
    ];

    /// <summary><c>system</c> errors of extension <c>postgres_changes</c> after which the server does not try again by itself.</summary>
    /// <remarks>
    /// In an advice <c>{0}</c> is the table that the refusal quotes, <c>{1}</c> its name as SQL writes it, and <c>{2}</c> the column. A reason other
    /// than <see cref="RealtimeErrorReason.SubscriptionRefused"/> is no binding's fault: it is true of the whole channel.
    /// </remarks>
    internal static readonly IReadOnlyList<Row> SubscriptionRows =
    [
        Refused("Please check Realtime is enabled",
            "{0} does not exist or is not in the publication: alter publication supabase_realtime add table {1}; a partitioned parent cannot be subscribed, its partitions can"),
        Refused("invalid column for filter", "{0} lacks {2} of the filter, or the role may not SELECT it"),
        Refused("invalid input ", "the filter on {0} compares {2} with a value that does not fit its type"),
        Refused("out of range", "the filter on {0} compares {2} with a value that does not fit its type"),
        Refused("requires a text-compatible column type", "the filter on {0} uses like, ilike, match or imatch on {2}; they need a text column"),
        Refused("requires a boolean column", "the filter on {0} uses is.true, is.false or is.unknown on {2}; they need a boolean column"),
        Refused("invalid value for is filter", "the filter on {0} uses is on {2}; it takes null, true, false or unknown"),
        Refused("invalid regular expression", "the filter on {0} has a pattern for {2} that is no POSIX regular expression"),
        Refused("too many values for `in` filter", "the filter on {0} has more than 100 values for {2}"),
        new(null, "(undefined_object) role", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly,
            "the claim `role` of the access token names no role of the database"),
        Refused("Error parsing `filter` params",
            "the server does not understand a filter; several conditions need a server from 2.100, and not, like, ilike, is, match, imatch and isdistinct one from 2.112"),
        Refused("Error parsing `select` params", "the server does not understand a column selection"),
        Refused("Column selection is not supported", "the server selects columns only of a table that is named"),
        Refused("No subscription params provided", "the server found neither a schema nor a table"),
        Refused("An exception happened so please check your connect parameters", "the server failed over {0}; check the role's permissions and the filter"),
        Refused("Unable to subscribe to changes with given parameters",
            "check that {0} is in the publication supabase_realtime, that the role may SELECT it, and the filter"),
    ];

    private const string ClaimsMissing = "The access token lacks the claim `role` or `exp`";
    private const string ExpiryInvalid = "The claim `exp` of the access token is not a number of seconds";
    private const string Malformed = "The access token is not a JWT";
    private const string OtherKey = "The access token is not signed with a key of the project";
    private const string PrivateOnly = "The project allows private channels only; set PrivateChannels";
    private const string NoMoreChannels = "The server allows no more channels on one socket; lower MaxChannels, or let go of some streams";
    private const string NoConnections = "The project's database has no connection to spare; enlarge the pool of Realtime if it stays so";
    private const string NoDatabase = "The server cannot reach the project's database";
    private const string ServerFailed = "The server failed";

    /// <summary>An error reply to a join, or a <c>system</c> error of extension <c>system</c>, which closes its channel.</summary>
    /// <remarks>What no row knows is taken to pass by itself.</remarks>
    public static ServerFault Channel(string reason) => Channel(reason, ChannelRows);

    internal static ServerFault Channel(string reason, IReadOnlyList<Row> rows)
    {
        var code = Split(reason).Code;
        return ChannelRow(reason, rows) is not { } row
            ? new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, Words("The server refused the channel", reason), code)
            : new ServerFault(row.Reason, row.Reaction, Words(row.Advice ?? Advice(row.Reason), reason), code);
    }

    /// <summary>A <c>system</c> error of extension <c>postgres_changes</c>.</summary>
    /// <returns>The fault, and whether the server goes on trying by itself.</returns>
    public static (ServerFault Fault, bool ServerRetries) Subscription(string message) => Subscription(message, SubscriptionRows);

    internal static (ServerFault Fault, bool ServerRetries) Subscription(string message, IReadOnlyList<Row> rows)
    {
        if (SubscriptionRow(message, rows) is not { } row)
        {
            const string Advice = "The server cannot subscribe right now";
            return (new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, Words(Advice, message)) { LogText = Words(Advice, "") }, true);
        }

        var advice = $"The server refuses the subscription: {AdviceOn(row.Advice!, message)}";
        return (new ServerFault(row.Reason, row.Reaction, Words(advice, message)) { LogText = Words(advice, "") }, false);
    }

    /// <summary>A join that the server would close the socket over.</summary>
    public static ServerFault TooLarge(int bytes) => new(RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly,
        $"The subscription is too large: its join takes {bytes} bytes, and the server accepts {FrameWriter.MaxFrameBytes}; shorten its filter.");

    /// <summary>The row that says what an error of a channel means: by its code first, by its words where the code says nothing.</summary>
    internal static Row? ChannelRow(string reason, IReadOnlyList<Row> rows)
    {
        var (code, message) = Split(reason);
        return (code is null ? null : rows.FirstOrDefault(r => r.Code == code && r.Fits(message)))
            ?? rows.FirstOrDefault(r => r.Code is null && r.Fits(reason));
    }

    internal static Row? SubscriptionRow(string message, IReadOnlyList<Row> rows) => rows.FirstOrDefault(r => r.Fits(message));

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
        var advice = status == 500 && text.Length == 0 ? "The server failed, as it does over an API key that only looks like a JWT" : Advice(reason);
        return new ServerFault(reason, reaction, Words(advice, $"HTTP {code}{(text.Length > 0 ? ", " + text : "")}"), code);
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
            null => string.IsNullOrEmpty(closeReason) ? "The connection was lost" : $"The connection was lost ({ServerWords.Tell(closeReason)})",
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
        RealtimeErrorReason.InvalidApiKey => FaultWords.RefusedKey,
        RealtimeErrorReason.ProjectNotFound => "The server does not know this project; check Url",
        RealtimeErrorReason.ProjectDisabled => "Realtime is switched off for this project; enable it in the project's settings",
        RealtimeErrorReason.RateLimited => "The server asks to slow down",
        RealtimeErrorReason.TokenExpired => "The access token has expired",
        RealtimeErrorReason.TokenRejected => "The server refuses the access token",
        RealtimeErrorReason.PermissionDenied => "The signed-in user may not read this channel; check the project's Realtime policies",
        RealtimeErrorReason.SubscriptionRefused => "The server refuses what the channel asks for",
        RealtimeErrorReason.TableMisconfigured =>
            "The server cannot send this table's changes to this role; give the table a primary key and the role SELECT on its columns",
        RealtimeErrorReason.ServerUnreachable => "The address does not answer like a Realtime server; check Url",
        RealtimeErrorReason.ProtocolViolation => "The server does not accept the channel's topic",
        _ => "The server cannot serve right now",
    };

    /// <summary>Of the codes before a reason; the server's own have 40 at most.</summary>
    private const int LongestCode = 64;

    /// <summary>Of a table with its schema, or of a column: names in PostgreSQL have 63 bytes.</summary>
    private const int LongestName = 128;

    private static string Words(string advice, string serverSaid) =>
        serverSaid.Length == 0 ? advice + "." : $"{advice}. The server said: {ServerWords.Tell(serverSaid)}";

    private static (string? Code, string Message) Split(string reason)
    {
        var colon = reason.IndexOf(": ", StringComparison.Ordinal);
        return colon is > 0 and <= LongestCode && reason.AsSpan(0, colon).IndexOfAnyExcept(Letters) < 0 ? (reason[..colon], reason[(colon + 2)..]) : (null, reason);
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

    private static string AdviceOn(string advice, string refusal)
    {
        // Names, by where they stand; what stands there is the server's word all the same.
        var (name, identifier) = RefusedBinding.Table(refusal) is var (schema, table)
            ? (ServerWords.Tell($"{schema}.{table}", LongestName), ServerWords.Tell($"{Identifier(schema)}.{Identifier(table)}", LongestName))
            : ("the table", "<schema>.<table>");
        var column = RefusedBinding.Column(refusal) is { } known ? $"the column {ServerWords.Tell(known, LongestName)}" : "a column";
        return string.Format(System.Globalization.CultureInfo.InvariantCulture, advice, name, identifier, column);
    }

    private static Row Refused(string text, string advice) => new(null, text, RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly, advice);

    /// <summary>A name as SQL writes it: quoted where it is not all lower case.</summary>
    private static string Identifier(string name) =>
        name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>One row: which words mean what.</summary>
    /// <param name="Code">The code before the words; <see langword="null"/> where the words alone tell.</param>
    /// <param name="Text">Part of the words, in any case; empty for all words that the code can have.</param>
    /// <param name="Reason">What to tell a program.</param>
    /// <param name="Reaction">What to do.</param>
    /// <param name="Advice">What to tell a person, before the server's words; <see langword="null"/> for what goes with the reason.</param>
    internal sealed record Row(string? Code, string Text, RealtimeErrorReason Reason, Reaction Reaction, string? Advice = null)
    {
        public bool Fits(string message) => message.Contains(Text, StringComparison.OrdinalIgnoreCase);
    }
}
