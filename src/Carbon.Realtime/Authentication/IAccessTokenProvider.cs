namespace Carbon.Realtime;

/// <summary>Gives the access token (a JWT) of the signed-in user. The library's only source of it.</summary>
/// <remarks>
/// Asked before every join and with every connect, ahead of a token's expiry, and when the server refused one; one question at a time, and never
/// under a lock. Not answering within <see cref="RealtimeOptions.AccessTokenTimeout"/> counts as a failure, as does throwing; it may then be asked
/// again although the first call has not returned, whose answer is ignored. A failure costs channels that are joined nothing. It may use the
/// manager, but not wait for a stream to be live.
/// <para>
/// A token that has expired by this device's clock is asked for once more, fresh, and then used whatever it says: the server judges. A token that
/// cannot be read as a JWT works too, but is not refreshed ahead of its end, and live stores take every new one for another user's. They keep nothing in
/// the local cache for a token without <c>sub</c>, and know who is signed in by one that has expired, too.
/// </para>
/// </remarks>
public interface IAccessTokenProvider
{
    /// <summary>The current token.</summary>
    /// <param name="request">Why it is asked for.</param>
    /// <param name="cancellationToken">Cancelled on time-out and when the manager is disposed.</param>
    /// <returns>
    /// The token; <see langword="null"/> when nobody is signed in: the API key's role is used then, as it is for an API key (<c>sb_…</c>) in its place.
    /// </returns>
    ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken);
}

/// <summary>Why an access token is asked for.</summary>
/// <param name="reason">Why.</param>
public sealed class AccessTokenRequest(AccessTokenReason reason)
{
    /// <summary>Why.</summary>
    public AccessTokenReason Reason { get; } = reason;

    /// <summary>Whether a token from a cache will not do: the last one was refused, or has expired or is about to.</summary>
    public bool MustBeFresh => Reason is AccessTokenReason.Expiring or AccessTokenReason.Rejected;
}

/// <summary>Why an access token is asked for.</summary>
public enum AccessTokenReason
{
    /// <summary>A socket is about to be opened.</summary>
    Connect = 0,

    /// <summary>A channel is about to be joined.</summary>
    Join,

    /// <summary>The program said that the token changed.</summary>
    Changed,

    /// <summary>The current token ends soon, or the one just given has ended by this device's clock: one that lives longer is wanted.</summary>
    Expiring,

    /// <summary>The server refused the last token, or let its channel end at its expiry.</summary>
    Rejected,

    /// <summary>Rows are about to be read, and nothing was asked for before.</summary>
    Read,
}
