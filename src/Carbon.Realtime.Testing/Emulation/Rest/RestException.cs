using System.Net;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>A read that PostgREST, the database or the gateway refuses. Clients go by the code, never by the text.</summary>
internal sealed class RestException(HttpStatusCode status, string? code, string message, string? details = null, string? hint = null)
    : Exception(message)
{
    public HttpStatusCode Status => status;

    /// <summary>Absent from what a gateway says.</summary>
    public string? Code => code;

    public string? Details => details;

    public string? Hint => hint;

    /// <summary>When to ask again, in seconds: PostgREST says so wherever it has lost its database.</summary>
    public int? RetryAfter { get; init; }

    public static RestException Gateway(HttpStatusCode status, string message, string hint) => new(status, null, message, null, hint);

    public static RestException Grammar(string what, string text, int position) => new(
        HttpStatusCode.BadRequest, "PGRST100", $"\"failed to parse {what} ({text})\" (line 1, column {position + 1})",
        position < text.Length ? $"unexpected \"{text[position]}\"" : "unexpected end of input");

    public static RestException UnknownRelation(string schema, string name) =>
        new(HttpStatusCode.NotFound, "PGRST205", $"Could not find the table '{schema}.{name}' in the schema cache");

    public static RestException UnknownColumn(string relation, string column) =>
        new(HttpStatusCode.BadRequest, "42703", $"column {relation}.{column} does not exist");

    /// <summary>404, which therefore does not prove that a table is missing.</summary>
    public static RestException UnknownOperator(PgType type, string sql) =>
        new(HttpStatusCode.NotFound, "42883", $"operator does not exist: {type.SqlName} {sql} unknown", null,
            "No operator matches the given name and argument types. You might need to add explicit type casts.");

    public static RestException Forbidden(string role, string relation) =>
        new(role == "anon" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden, "42501", $"permission denied for table {relation}");

    public static RestException Token(string code, string message) => new(HttpStatusCode.Unauthorized, code, message);

    public static RestException BadBody(string message) => new(HttpStatusCode.BadRequest, "PGRST102", message);

    /// <summary>What the database gave up on.</summary>
    public static RestException StatementTimeout() => new(HttpStatusCode.InternalServerError, "57014", "canceling statement due to statement timeout");

    /// <summary>From what the emulated database says: the SQLSTATE, its name in parentheses, the message.</summary>
    public static RestException Cast(string error) => new(
        error.StartsWith("23505", StringComparison.Ordinal) ? HttpStatusCode.Conflict
            : error.StartsWith("55", StringComparison.Ordinal) ? HttpStatusCode.InternalServerError
            : HttpStatusCode.BadRequest,
        error[..5], error[(error.IndexOf(") ", StringComparison.Ordinal) + 2)..]);

    /// <summary>A policy, a view or a generated column threw, which is the test's own code. In the words of an answer, and with 501, for then a client shows them and does not ask again.</summary>
    public static RestException Thrown(Exception thrown) => new(
        HttpStatusCode.NotImplemented, "EMULATOR", $"A policy, a view or a generated column threw {thrown.GetType().Name}: {PlainWords.Of(thrown)}", null,
        "This is the test's own code; RealtimeEmulator.LastFault has the exception.");

    /// <summary>The real server can do it and this one cannot: never a wrong answer instead.</summary>
    public static RestException NotImitated(string what) =>
        new(HttpStatusCode.NotImplemented, "EMULATOR", $"The emulator does not imitate {what}.", null, "docs/emulator.md lists what it imitates.");
}
