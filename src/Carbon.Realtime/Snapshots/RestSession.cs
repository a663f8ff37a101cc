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

    /// <summary>The token that the last request was made with.</summary>
    public AccessToken? Sent { get; set; }
}

/// <summary>Makes requests until one succeeds or it is clear that none will: tokens, time, retries. For one user's reads.</summary>
/// <remarks>Called from loops on the environment's scheduler; nothing here leaves it.</remarks>
internal sealed class RestSession(
    RestEndpoint endpoint, TokenSession tokens, RealtimeEnvironment environment, RealtimeInstruments instruments, SnapshotLimits limits, ILogger logger)
{
    /// <summary>More of an error's body says nothing more.</summary>
    private const int MaxErrorBytes = 16 * 1024;

    public Uri Root => endpoint.Root;

    public SnapshotLimits Limits => limits;

    public ILogger Logger => logger;

    public RealtimeInstruments Instruments => instruments;

    public HttpRequestMessage Request(Uri address, string schema, AccessToken? token, bool count) => endpoint.Get(address, schema, token, count);

    /// <summary>Reads one answer.</summary>
    /// <param name="table">Its name, for the log.</param>
    /// <param name="request">Makes the request; asked again for each repetition.</param>
    /// <param name="read">Reads a success; run again for each repetition, so that it must keep nothing until it has all.</param>
    /// <param name="tryShrink">Makes the next request smaller; false if it cannot be.</param>
    /// <param name="user">Shared by the requests of one read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">It failed for good, or too often.</exception>
    /// <exception cref="ObjectDisposedException">The manager or the user's scope was disposed.</exception>
    public async Task<T> GetAsync<T>(
        string table, Func<AccessToken?, HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        Func<bool> tryShrink, ReadUser user, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(limits.RetryDelayMin, limits.RetryDelayMax, limits.RetryDelayMin, environment.Randomizer);
        var retries = 0;
        var refreshed = false;
        var superseded = false;
        while (true)
        {
            AccessToken? token = null;
            RestFault fault;
            try
            {
                user.Sent = token = await TokenAsync(user);
                var result = await TryGetAsync(() => request(token), read, cancellationToken);

                // Who signed out while the answer was under way must not be shown it.
                CheckUser(user, tokens.Current);
                return result;
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

            if (!superseded && fault is { Reaction: RestReaction.GiveUp, Reason: RealtimeErrorReason.TokenExpired or RealtimeErrorReason.TokenRejected }
                && token is not null && IsOutdated(user))
            {
                // What the last token was refused for says nothing of the one that came meanwhile. Once: where new ones come all the time, and all of them
                // are refused, that is for somebody to judge who keeps a pace.
                superseded = true;
                continue;
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

    /// <summary>Whether there is another token now than a read's last request was made with.</summary>
    public bool IsOutdated(ReadUser user) => tokens.Current is { } newest && newest.Value != user.Sent?.Value;

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
        using var asking = instruments.StartRequest();
        var answered = false;
        try
        {
            using var response = await endpoint.SendAsync(request, either.Token);
            answered = true;
            if (response.RequestMessage?.RequestUri is { } answerer && !endpoint.IsOurs(answerer))
            {
                throw new RestFaultException(RestFaultTable.Answer((int)HttpStatusCode.Found, default, null));
            }

            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            {
                var body = await ReadErrorAsync(response, either.Token);
                throw new RestFaultException(RestFaultTable.Answer((int)response.StatusCode, body, RetryAfter(response)));
            }

            var type = response.Content.Headers.ContentType?.MediaType;
            if (!string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase))
            {
                throw new RestFaultException(RestFaultTable.NoJson(type));
            }

            var result = await read(response, either.Token);
            asking.Succeed();
            return result;
        }
        catch (RestFaultException e)
        {
            asking.Fail(e.Fault.Reason);
            throw;
        }
#pragma warning disable CA1031 // Handlers and the streams they give are other people's code too: a broken Brotli body is an InvalidOperationException.
        catch (Exception e)
#pragma warning restore CA1031
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fault = late.IsCancellationRequested || e is OperationCanceledException ? RestFaultTable.TimedOut : RestFaultTable.Network(e, answered);
            asking.Fail(fault.Reason);
            throw new RestFaultException(fault);
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
        // A provider that fails ahead of a token's end costs nothing: the token is as good as it was. Nobody's is not, for somebody may have signed in.
        if (!tokens.IsFresh(TimeSpan.MaxValue) && (await tokens.AskAsync(AccessTokenReason.Read)).Error is { } error && tokens.Current is null)
        {
            throw new RestFaultException(new RestFault(error.Reason, RestReaction.Retry, error.Message));
        }

        var token = tokens.Current;
        CheckUser(user, token);
        return token;
    }

    /// <summary>Rows of two users must not make one snapshot; and what a closed session says is nobody's word, not "nobody is signed in".</summary>
    private void CheckUser(ReadUser user, AccessToken? token)
    {
        ThrowIfClosed();
        if (!user.IsKnown)
        {
            user.IsKnown = true;
            user.Identity = token?.Identity;
        }
        else if (user.Identity is { } before ? token is null || !before.IsSurelySameUser(token.Identity) : token is not null)
        {
            throw new RestFaultException(
                new RestFault(RealtimeErrorReason.TokenRejected, RestReaction.GiveUp, "The signed-in user changed during a read; its rows were dropped."));
        }
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
        ThrowIfClosed();
        return answer.Error is { } error ? new RestFault(error.Reason, RestReaction.Retry, error.Message)
            : answer.Token is null || answer.Token.Value == refused.Value ? fault with { Reaction = RestReaction.GiveUp }
            : fault;
    }

    private void ThrowIfClosed()
    {
        if (tokens.IsClosed)
        {
            throw new ObjectDisposedException(nameof(RestSession), "The manager or the tenant scope was disposed during a read.");
        }
    }
}
