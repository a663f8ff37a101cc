using System.Collections.Concurrent;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>A sign-in that the test steers: what it answers, and what it was asked.</summary>
internal sealed class SteeredTokens(string? token) : IAccessTokenProvider
{
    public ConcurrentQueue<AccessTokenReason> Asked { get; } = [];

    public Func<AccessTokenRequest, string?> Answer { get; set; } = _ => token;

    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken)
    {
        Asked.Enqueue(request.Reason);
        return ValueTask.FromResult(Answer(request));
    }
}
