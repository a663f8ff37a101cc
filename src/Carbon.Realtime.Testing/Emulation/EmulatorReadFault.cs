using System.Net;
using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Testing;

/// <summary>What may go wrong with one read. Given to <see cref="EmulatorFaults.FailReads(int, EmulatorReadFault)"/>. Immutable.</summary>
public sealed class EmulatorReadFault
{
    private EmulatorReadFault(RestFaultKind kind) => Kind = kind;

    /// <summary>PostgreSQL gave up on the statement for its time: 500 with 57014.</summary>
    public static EmulatorReadFault StatementTimeout { get; } = Error(500, "57014", "canceling statement due to statement timeout");

    /// <summary>PostgREST lost the database: 503 with PGRST001, and <c>Retry-After</c> of one second.</summary>
    public static EmulatorReadFault DatabaseUnavailable { get; } =
        Error(503, "PGRST001", "Database client error. Retrying the connection.").WithRetryAfter(TimeSpan.FromSeconds(1));

    /// <summary>PostgREST has just started: 503 with PGRST002, and <c>Retry-After</c> of one second.</summary>
    public static EmulatorReadFault SchemaCacheNotLoaded { get; } =
        Error(503, "PGRST002", "Could not query the database for the schema cache. Retrying.").WithRetryAfter(TimeSpan.FromSeconds(1));

    /// <summary>The access token has expired for the server, whatever it says: 401 with PGRST303.</summary>
    public static EmulatorReadFault TokenExpired { get; } = Error(401, "PGRST303", "JWT expired");

    /// <summary>A membership was revoked: 403 with 42501.</summary>
    public static EmulatorReadFault PermissionDenied { get; } = Error(403, "42501", "permission denied for table");

    /// <summary>Nobody answers at the address: an <see cref="HttpRequestException"/>.</summary>
    public static EmulatorReadFault Unreachable { get; } = new(RestFaultKind.Unreachable);

    /// <summary>The answer never comes; the client loses patience first.</summary>
    public static EmulatorReadFault NoAnswer { get; } = new(RestFaultKind.NoAnswer);

    internal RestFaultKind Kind { get; }

    internal RestAnswer? Replacement { get; private init; }

    internal string? ContentType { get; private init; }

    internal int AfterBytes { get; private init; }

    internal TimeSpan Pause { get; private init; }

    /// <summary>PostgREST's own form of an error.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">Of PostgREST or PostgreSQL.</param>
    /// <param name="message">For people.</param>
    public static EmulatorReadFault Error(int status, string code, string message)
    {
        ArgumentException.ThrowIfNullOrEmpty(code);
        ArgumentNullException.ThrowIfNull(message);
        return new(RestFaultKind.Replaced) { Replacement = RestAnswer.Of(new RestException((HttpStatusCode)status, code, message), isHead: false) };
    }

    /// <summary>Any answer: what gateways say is usually a page of HTML. For example status 521, or 429.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="contentType">The header <c>Content-Type</c>.</param>
    /// <param name="body">The body.</param>
    public static EmulatorReadFault Answer(int status, string contentType, string body)
    {
        ArgumentException.ThrowIfNullOrEmpty(contentType);
        ArgumentNullException.ThrowIfNull(body);
        return new(RestFaultKind.Replaced) { Replacement = RestAnswer.Of((HttpStatusCode)status, body, ("Content-Type", contentType)) };
    }

    /// <summary>The rows under another content type, as from a proxy that meddles.</summary>
    public static EmulatorReadFault WrongContentType(string contentType)
    {
        ArgumentException.ThrowIfNullOrEmpty(contentType);
        return new(RestFaultKind.ContentType) { ContentType = contentType };
    }

    /// <summary>The body pauses in the middle and then goes on.</summary>
    /// <param name="afterBytes">How much comes before the pause; a body that is not longer does not pause.</param>
    /// <param name="pause">On the emulator's clock.</param>
    public static EmulatorReadFault SlowBody(int afterBytes, TimeSpan pause)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(afterBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(pause, TimeSpan.Zero);
        return new(RestFaultKind.SlowBody) { AfterBytes = afterBytes, Pause = pause };
    }

    /// <summary>The body begins and never goes on; the client loses patience first.</summary>
    /// <param name="afterBytes">How much comes; a body that is not longer is whole.</param>
    public static EmulatorReadFault StalledBody(int afterBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(afterBytes);
        return new(RestFaultKind.SlowBody) { AfterBytes = afterBytes, Pause = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The connection is lost in the middle of the body.</summary>
    /// <param name="afterBytes">How much comes; a body that is not longer is whole.</param>
    public static EmulatorReadFault TruncatedBody(int afterBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(afterBytes);
        return new(RestFaultKind.TruncatedBody) { AfterBytes = afterBytes };
    }

    /// <summary>The same with the header <c>Retry-After</c>, in whole seconds. Only for faults that are an answer of their own.</summary>
    /// <exception cref="InvalidOperationException">The fault has no answer of its own.</exception>
    public EmulatorReadFault WithRetryAfter(TimeSpan retryAfter)
    {
        var answer = Replacement ?? throw new InvalidOperationException("Only an error and an answer have headers.");
        return new(Kind)
        {
            Replacement = answer with
            {
                Headers = [.. answer.Headers, KeyValuePair.Create("Retry-After", $"{(long)retryAfter.TotalSeconds}")],
            },
        };
    }
}
