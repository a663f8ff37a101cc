using System.Buffers.Text;
using System.Text;

namespace Carbon.Realtime.Tests.Support;

/// <summary>Unsigned tokens: the client reads claims and trusts none.</summary>
public static class Jwt
{
    public static string Create(DateTimeOffset expires, string sub = "user_1", string role = "authenticated", string mark = "a")
    {
        static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        return $"{Part("""{"alg":"HS256"}""")}.{Part($$"""{"sub":"{{sub}}","role":"{{role}}","exp":{{expires.ToUnixTimeSeconds()}},"m":"{{mark}}"}""")}.c2ln";
    }
}

/// <summary>A provider the test steers: what it answers, and what it was asked.</summary>
public sealed class FakeTokens : IAccessTokenProvider
{
    public List<AccessTokenReason> Asked { get; } = [];

    public string? Token { get; set; }

    public Func<AccessTokenRequest, CancellationToken, ValueTask<string?>>? Answer { get; set; }

    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken)
    {
        Asked.Add(request.Reason);
        return Answer is { } answer ? answer(request, cancellationToken) : ValueTask.FromResult(Token);
    }
}
