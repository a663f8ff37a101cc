using System.Globalization;
using System.Text.Json;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Snapshots;

/// <summary>The one table of what PostgREST, PostgreSQL, gateways and the network say when a read fails. Pure.</summary>
/// <remarks>
/// Codes decide, statuses only where there is none: a missing permission is 401 for the API key's role, an operator unknown for a type is 404, and a
/// time-out is 500. The server's words are told only where they can hold nothing but names: others quote filters and rows.
/// </remarks>
internal static class RestFaultTable
{
    private const int LongestSaid = 300;

    public static readonly RestFault Truncated =
        new(RealtimeErrorReason.ConnectionLost, RestReaction.Retry, "The server's answer ended in the middle.");

    public static readonly RestFault NoArray =
        new(RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp, "The server's answer is not an array of rows; check RestUrl.");

    public static readonly RestFault TimedOut =
        new(RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The server did not answer a read in time.");

    /// <summary>PostgreSQL's word that the role may not read; nothing else says so.</summary>
    public const string NoRight = "42501";

    /// <summary>A prefix ends with <c>*</c>. The first row that fits counts.</summary>
    internal static readonly Row[] Codes =
    [
        new("PGRST303", RealtimeErrorReason.TokenExpired, RestReaction.Refresh, "The server refuses the access token: it has expired, or its claims do not hold"),
        new("PGRST301", RealtimeErrorReason.TokenRejected, RestReaction.Refresh, "The server refuses the access token: expired, malformed or signed with another key"),
        new("PGRST302", RealtimeErrorReason.TokenRejected, RestReaction.GiveUp, "Nobody is signed in, and the server lets nobody read without an access token"),
        new("PGRST300", RealtimeErrorReason.ServerUnavailable, RestReaction.GiveUp, "The server has no secret to check access tokens with; set it in PostgREST's configuration"),
        new("22023", RealtimeErrorReason.TokenRejected, RestReaction.GiveUp, "The role in the access token does not exist in the database"),
        new(NoRight, RealtimeErrorReason.PermissionDenied, RestReaction.GiveUp, "The role may not read the table or one of its columns; grant it SELECT, and name only columns it may read", TellsNames: true),
        new("57014", RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The database gave up on a read for its time; an index on filter and key columns helps, and policies that are cheap"),
        new("57*", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The database is restarting or shutting down"),
        new("53*", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The database lacks connections, memory or disk"),
        new("08*", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server lost its connection to the database"),
        new("40*", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The database could not serve the read beside others"),
        new("PGRST000", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server cannot connect to the database"),
        new("PGRST001", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server lost its connection to the database"),
        new("PGRST002", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server has not read the database's schema yet"),
        new("PGRST003", RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server has no connection to the database to spare"),
        new("PGRST205", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "The server does not know the table; check its name and schema, or run NOTIFY pgrst, 'reload schema'", TellsNames: true),
        new("42P01", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "The database does not have the table; check its name and schema", TellsNames: true),
        new("PGRST106", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "The schema is not exposed; add it to the exposed schemas of the project's API", TellsNames: true),
        new("42703", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "A column that the row type maps, or that is filtered on, does not exist", TellsNames: true),
        new("42883", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "A key or filter column has a type that cannot be compared or ordered that way", TellsNames: true),
        new("42804", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "A filter compares a column with a value of another type"),
        new("22P02", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "A value of the filter, the tenant or a key does not fit its column's type; the labels of an enum are case-sensitive"),
        new("22*", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "A value of the filter, the tenant or a key does not fit its column's type"),
        new("42P17", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "The table's row level security refers to itself", TellsNames: true),
        new("25006", RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "Reading the table would write; a view or policy must not"),
        new("PGRST*", RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp, "The server does not understand the read"),
    ];

    /// <summary>Without a code: a gateway in front, and often not JSON. 0 is every other status from 500 on.</summary>
    internal static readonly (int Status, RealtimeErrorReason Reason, RestReaction Reaction, string Advice)[] Statuses =
    [
        (401, RealtimeErrorReason.InvalidApiKey, RestReaction.GiveUp, FaultWords.RefusedKey),
        (402, RealtimeErrorReason.ProjectDisabled, RestReaction.GiveUp, "The project is restricted for its quota or billing"),
        // Not the database's word on anybody's rights, which is 42501: a firewall, a proxy, a captive portal, often for a while only.
        (403, RealtimeErrorReason.ServerUnreachable, RestReaction.Retry, "Something between here and the server forbids the read (a firewall, a proxy, a captive portal); let reads pass it, or check Url or RestUrl"),
        (404, RealtimeErrorReason.ProjectNotFound, RestReaction.GiveUp, "There is no PostgREST at the address; check Url or RestUrl"),
        (408, RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The gateway gave up waiting"),
        (414, RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp, "The gateway finds the address too long; shorten the filter"),
        (431, RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp, "The gateway finds the headers too large; is the access token?"),
        (429, RealtimeErrorReason.RateLimited, RestReaction.Retry, "The server asks to slow down"),
        (504, RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The gateway gave up waiting for the server"),
        (524, RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The gateway gave up waiting for the server"),
        (544, RealtimeErrorReason.ServerUnavailable, RestReaction.Shrink, "The gateway gave up waiting for the server"),
        (540, RealtimeErrorReason.ProjectDisabled, RestReaction.GiveUp, "The project is paused; resume it"),
        (0, RealtimeErrorReason.ServerUnavailable, RestReaction.Retry, "The server cannot serve right now"),
    ];

    /// <summary>An answer that is not a success.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The beginning of its body, whatever it is.</param>
    /// <param name="retryAfter">What the server asks for.</param>
    public static RestFault Answer(int status, ReadOnlyMemory<byte> body, TimeSpan? retryAfter)
    {
        var (code, said) = Read(body);
        if (code is not null)
        {
            var row = Array.Find(Codes, r => r.Fits(code)) ?? Unlisted(status, code);
            return new RestFault(row.Reason, row.Reaction, Words(row.Advice, $"HTTP {status}, {code}{(row.TellsNames ? ", " + said : "")}"), code, retryAfter);
        }

        var text = status.ToString(CultureInfo.InvariantCulture);
        if (status is >= 300 and < 400)
        {
            return new RestFault(RealtimeErrorReason.ServerUnreachable, RestReaction.GiveUp,
                Words("The server sends elsewhere, and redirects are not followed, for they would carry keys along; check Url or RestUrl", $"HTTP {text}"), text);
        }

        var known = Array.Find(Statuses, s => s.Status == status || (s.Status == 0 && status >= 500));
        return known.Advice is null
            ? new RestFault(RealtimeErrorReason.ServerUnreachable, RestReaction.GiveUp, Words("The address does not answer like PostgREST; check Url or RestUrl", $"HTTP {text}"), text)
            : new RestFault(known.Reason, known.Reaction, Words(known.Advice, $"HTTP {text}"), text, retryAfter);
    }

    /// <summary>A success of another type: a captive portal, a gateway's page.</summary>
    public static RestFault NoJson(string? mediaType) => new(RealtimeErrorReason.ServerUnreachable, RestReaction.Retry,
        $"The address answers with {(mediaType is null ? "something without a type" : ServerWords.Tell(mediaType, 60))} instead of rows; something stands between, or RestUrl is wrong.");

    /// <summary>The network failed. The exception's own text may quote what was sent, so that only its type is told.</summary>
    public static RestFault Network(Exception e, bool answered) => answered
        ? new(RealtimeErrorReason.ConnectionLost, RestReaction.Retry, $"The connection was lost during a read ({e.GetType().Name}).")
        : new(RealtimeErrorReason.ServerUnreachable, RestReaction.Retry,
            $"The server could not be reached ({(e is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http ? http.HttpRequestError.ToString() : e.GetType().Name)}).");

    public static RestFault PageTooLarge(long bytes) => new(RealtimeErrorReason.ProtocolViolation, RestReaction.Shrink,
        $"The server's answer is longer than {bytes} bytes.");

    /// <summary>The token's text cannot stand in a header.</summary>
    public static readonly RestFault UnsendableToken = new(RealtimeErrorReason.TokenRejected, RestReaction.GiveUp,
        "The access token holds characters that no header can carry; it is not a JWT.");

    /// <summary>The API key, in a token's place, was refused.</summary>
    public static RestFault RefusedKey(RestFault fault) => fault with
    {
        Reason = RealtimeErrorReason.InvalidApiKey,
        Reaction = RestReaction.GiveUp,
        Message = $"{FaultWords.RefusedKey}. Nobody is signed in, so that the key stands in a token's place: change it, or sign somebody in. The server said: {fault.Code}",
    };

    /// <summary>Whether a code is a word on a value that was sent, which the server quotes without the name of its column.</summary>
    public static bool IsOfValue(string? code) => code is "42804" or "42883" || (code?.StartsWith("22", StringComparison.Ordinal) == true && code is not "22023");

    /// <summary>What was asked for, behind the server's word on a value: columns and operators, for values are the program's secret.</summary>
    public static string Asked(RealtimeFilter filter, string? tenantColumn)
    {
        var conditions = string.Join(", ", filter.Conditions.Select(static c => $"{c.Column} ({(c.Negated ? "not." : "")}{c.Operator.Name()})"));
        return $"The filter {(conditions.Length == 0 ? "is empty" : "compares " + Shown(conditions))}{(tenantColumn is null ? "" : $"; the tenant's column is {tenantColumn}")}.";
    }

    /// <summary>
    /// A code that is not in the table. With 501, which PostgREST never answers by itself, whoever stands in for it says what it does not do: no value of
    /// ours, and the same tomorrow.
    /// </summary>
    private static Row Unlisted(int status, string code) => status switch
    {
        501 => new(code, RealtimeErrorReason.TableMisconfigured, RestReaction.GiveUp, "The server cannot do what the read asks of it", TellsNames: true),
        >= 500 => new(code, RealtimeErrorReason.Unknown, RestReaction.Retry, "The server refuses the read"),
        _ => new(code, RealtimeErrorReason.Unknown, RestReaction.GiveUp, "The server refuses the read"),
    };

    private static (string? Code, string Message) Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } error
                && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String && IsCode(code.GetString()!)
                    ? (code.GetString(), error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String ? Shown(message.GetString()!) : "")
                    : (null, "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, ""); // a gateway's page says nothing that the status does not, nor does text that is none
        }
    }

    private static string Shown(string said) => ServerWords.Tell(said, LongestSaid);

    private static bool IsCode(string code) => code.Length is > 0 and <= 10 && code.All(char.IsAsciiLetterOrDigit);

    private static string Words(string advice, string said) => $"{advice}. The server said: {said}";

    /// <summary>One row: which code means what.</summary>
    internal sealed record Row(string Code, RealtimeErrorReason Reason, RestReaction Reaction, string Advice, bool TellsNames = false)
    {
        public bool Fits(string code) =>
            Code.EndsWith('*') ? code.StartsWith(Code.AsSpan(0, Code.Length - 1), StringComparison.Ordinal) : code == Code;
    }
}
