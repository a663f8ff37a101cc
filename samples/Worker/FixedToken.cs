namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>The token from the command line.</summary>
/// <remarks>A service that runs for long asks its sign-in here instead, which can give a fresh one before the old ends.</remarks>
internal sealed class FixedToken(string? token) : IAccessTokenProvider
{
    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(token);
}
