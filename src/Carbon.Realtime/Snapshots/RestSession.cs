using System.Net;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Snapshots;

/// <summary>Whom a read is made for: all its requests, or none of its rows.</summary>
internal sealed class ReadUser
{
    public JwtIdentity? Identity { get; set; }

    public bool IsKnown { get; set; }
}

/// <summary>Makes requests until one succeeds or it is clear that none will: tokens, time, retries. For one user's reads.</summary>
/// <remarks>Called from loops on the environment's scheduler; nothing here leaves it.</remarks>
internal sealed class RestSession(
    RestEndpoint endpoint, TokenSession tokens, RealtimeEnvironment environment, SnapshotLimits limits, ILogger logger)
{
    /// <summary>More of an error's body says nothing more.</summary>
    private const int MaxErrorBytes = 16 * 1024;

    public Uri Root => endpoint.Root;

    public SnapshotLimits Limits => limits;

    public ILogger Logger => logger;

    public HttpRequestMessage Request(Uri address, string schema, AccessToken? token, bool count) => endpoint.Get(address, schema, token, count);

    /// <summary>Reads one answer.</summary>
    /// <param name="table">Its name, for the log.</param>
    /// <param name="request">Makes the request; asked again for each repetition.</param>
    /// <param name="read">Reads a success; run again for each repetition, so that it must keep nothing until it has all.</param>
    /// <param name="tryShrink">Makes the next request smaller; false if it cannot be.</param>
    /// <param name="user">Shared by the requests of one read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">It failed for good, or too often.</exception>
    public async Task<T> GetAsync<T>(
        string table, Func<AccessToken?, HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        Func<bool> tryShrink, ReadUser user, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(limits.RetryDelayMin, limits.RetryDelayMax, limits.RetryDelayMin, environment.Randomizer);
        var retries = 0;
        var refreshed = false;
        while (true)
        {
            AccessToken? token = null;
            RestFault fault;
            try
            {
                token = await TokenAsync(user);
                return await TryGetAsync(() => request(token), read, cancellationToken);
            }
            catch (RestFaultException e)
            {
                fault = e.Fault;
            }

            if (fault.Reaction == RestReaction.Refresh)
            {
                fault = refreshed ? fault with { Reaction = RestReaction.GiveUp } : await RefreshAsync(token, fault);
                if (fault.Reaction == RestReaction.Refresh)
                {
                    refreshed = true;
                    continue;
                }
            }

            // A smaller request is another request: it does not count, nor does it wait.
            var isSmaller = fault.Reaction == RestReaction.Shrink && tryShrink();
            if (fault.Reaction == RestReaction.GiveUp || (!isSmaller && retries++ == limits.Retries))
            {
                throw fault.ToException();
            }

            var wait = isSmaller ? TimeSpan.Zero : Wait(backoff, fault);
            SnapshotsLog.Retrying(logger, table, fault.Message, wait);
            await Task.Delay(wait, environment.TimeProvider, cancellationToken);
        }
    }

    /// <summary>What the server asks for, and a little more so that not everybody comes back in that moment; or what the back-off says.</summary>
    private TimeSpan Wait(Backoff backoff, RestFault fault)
    {
        var wait = backoff.Next(spreadOut: fault.Reason == RealtimeErrorReason.RateLimited) + (fault.RetryAfter ?? TimeSpan.Zero);
        return wait < limits.RetryDelayMax ? wait : Backoff.Between(limits.RetryDelayMax / 2, limits.RetryDelayMax, environment.Randomizer);
    }

    private async Task<T> TryGetAsync<T>(
        Func<HttpRequestMessage> make, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limits.RequestTimeout, environment.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        using var request = make();
        var answered = false;
        try
        {
            using var response = await endpoint.SendAsync(request, either.Token);
            answered = true;
            if (response.RequestMessage?.RequestUri is { } answerer && answerer.Authority != endpoint.Root.Authority)
            {
                throw new RestFaultException(RestFaultTable.Answer((int)HttpStatusCode.Found, default, null));
            }

            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            {
                var body = await ReadErrorAsync(response, either.Token);
                throw new RestFaultException(RestFaultTable.Answer((int)response.StatusCode, body, RetryAfter(response)));
            }

            var type = response.Content.Headers.ContentType?.MediaType;
            return string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase)
                ? await read(response, either.Token)
                : throw new RestFaultException(RestFaultTable.NoJson(type));
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new RestFaultException(RestFaultTable.TimedOut);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            throw new RestFaultException(RestFaultTable.Network(e, answered));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxErrorBytes];
        var length = 0;
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        while (length < buffer.Length && await body.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
        {
            length += read;
        }

        return buffer.AsMemory(..length);
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - environment.TimeProvider.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>The token as it is: whether it has expired is the server's to say, for our clock may be wrong.</summary>
    private async Task<AccessToken?> TokenAsync(ReadUser user)
    {
        if (!tokens.IsFresh(TimeSpan.MaxValue) && (await tokens.AskAsync(AccessTokenReason.Connect)).Error is { } error)
        {
            throw new RestFaultException(new RestFault(error.Reason, RestReaction.Retry, error.Message));
        }

        var token = tokens.Current;
        if (!user.IsKnown)
        {
            user.IsKnown = true;
            user.Identity = token?.Identity;
        }
        else if (user.Identity is { } before ? token is null || !before.IsSameUser(token.Identity) : token is not null)
        {
            // Rows of two users must not make one snapshot.
            throw new RestFaultException(
                new RestFault(RealtimeErrorReason.TokenRejected, RestReaction.GiveUp, "The signed-in user changed during a read; its rows were dropped."));
        }

        return token;
    }

    /// <summary>Asks for a fresh token, unless another read has got one meanwhile.</summary>
    /// <returns>The fault again if the read may go on; else what it ends with.</returns>
    private async Task<RestFault> RefreshAsync(AccessToken? refused, RestFault fault)
    {
        if (refused is null)
        {
            return RestFaultTable.RefusedKey(fault);
        }

        if (tokens.Current is { } newer && newer.Value != refused.Value)
        {
            return fault;
        }

        var answer = await tokens.AskAsync(AccessTokenReason.Rejected);
        return answer.Error is { } error ? new RestFault(error.Reason, RestReaction.Retry, error.Message)
            : answer.Token is null || answer.Token.Value == refused.Value ? fault with { Reaction = RestReaction.GiveUp }
            : fault;
    }
}
