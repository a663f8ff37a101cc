namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>The token from the command line.</summary>
/// <remarks>A program with users asks its sign-in here instead, which can give a fresh one before the old ends.</remarks>
internal sealed class FixedToken(string? token) : IAccessTokenProvider
{
    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(token);
}
