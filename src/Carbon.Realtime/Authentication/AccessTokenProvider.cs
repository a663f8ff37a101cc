namespace Carbon.Realtime;

/// <summary>Makes providers for programs that need no class of their own for it.</summary>
public static class AccessTokenProvider
{
    /// <summary>Always the same token: for tests, and for processes that end before the token does. It is not refreshed.</summary>
    /// <param name="token">A JWT. Not empty.</param>
    public static IAccessTokenProvider Of(string token)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        return new Provider((_, _) => ValueTask.FromResult<string?>(token));
    }

    /// <summary>What a function gives. It keeps the contract of <see cref="IAccessTokenProvider.GetAccessTokenAsync"/>.</summary>
    /// <param name="accessToken">Asked as the provider is.</param>
    public static IAccessTokenProvider Of(Func<AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken)
    {
        ArgumentNullException.ThrowIfNull(accessToken);
        return new Provider(accessToken);
    }

    private sealed class Provider(Func<AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken) : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => accessToken(request, cancellationToken);
    }
}
