using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>A world whose tokens the test steers.</summary>
public abstract class TokenTestBase
{
    protected TokenTestBase() => World = new World(tokens: Tokens);

    protected FakeTokens Tokens { get; } = new();

    protected World World { get; }

    protected DateTimeOffset Now => World.Env.Time.GetUtcNow();

    protected IReadOnlyList<SentFrame> Joins => World.Socket.Frames("phx_join");

    protected IReadOnlyList<SentFrame> Pushes => World.Socket.Frames("access_token");

    protected StreamRecorder<TableChange<string, SalesOrder>> Watch() => new(World.Manager.Changes(Shop.SalesOrders));

    /// <summary>"The token changed", and all that follows at once.</summary>
    protected Task RefreshAsync() => World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
}
