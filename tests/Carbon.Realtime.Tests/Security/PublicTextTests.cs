using System.Diagnostics;
using System.Reflection;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Security;

/// <summary>What objects say of themselves, without anybody having meant them to: in a debugger, in a log template, in an interpolated text.</summary>
public sealed class PublicTextTests
{
    private static readonly Assembly[] Libraries = [typeof(RealtimeOptions).Assembly, typeof(RealtimeEmulator).Assembly];

    [Fact]
    public void No_type_has_a_debuggers_text_of_its_own() =>
        Libraries.SelectMany(static a => a.GetTypes()).Where(static t =>
            t.IsDefined(typeof(DebuggerDisplayAttribute), inherit: false) && !t.Name.Contains('<') || t.IsDefined(typeof(DebuggerTypeProxyAttribute), inherit: false)).Should().BeEmpty();

    /// <summary>A record writes all its properties: each public one is listed with why that is no harm.</summary>
    [Fact]
    public void Public_records_write_nothing_that_is_secret()
    {
        Dictionary<string, string> harmless = new()
        {
            ["StoreCacheHeader"] = "a time",
            ["StoreCacheKey"] = "says its table only",
            ["StoreCacheRow"] = "a key, and of the row its length; made by the library for a cache, and by nobody else",
            ["StoreOptions`1"] = "a store's settings; its select list has names of columns",
            ["StoreBindingOptions"] = "a list's settings",
            ["ChangeStreamOptions"] = "a stream's settings",
            ["RevalidationOptions"] = "times",
            ["FilterValue"] = "a value that the program made, which is its text form",
            ["Item"] = "a row of Carbon's: whoever writes one writes the row, which the library never does",
            ["MesItem"] = "a row",
            ["ModelUpload"] = "a row",
            ["Customer"] = "a row",
            ["Supplier"] = "a row",
            ["Person"] = "a row",
        };
        typeof(RealtimeOptions).Assembly.GetExportedTypes()
            .Where(static t => t.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) is not null).Select(static t => t.Name)
            .Should().BeEquivalentTo(harmless.Keys);
        new StoreCacheKey { Project = "p", Subject = "planted", Tenant = "planted", Role = "planted", Table = "public.t", Query = "planted", Shape = "planted" }.ToString()
            .Should().Be("public.t");
        new StoreCacheRow("k", "planted"u8.ToArray()).ToString().Should().NotContain("planted");
    }

    [Fact]
    public void Whatever_holds_a_key_or_a_token_does_not_show_it()
    {
        const string Key = "planted-api-key", Token = "planted-token";
        var world = new World(static o =>
        {
            (o.ApiKey, o.ApiKeyPlacement) = (Key, ApiKeyPlacement.Headers);
            o.Headers["x-mine"] = Token;
        }, new FakeTokens { Token = Token });
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        var options = new RealtimeOptions { ApiKey = Key };
        foreach (var thing in (object[])
            [
                options, new RealtimeDependencies { AccessTokens = new FakeTokens { Token = Token } }, world.Manager, world.Manager.Tenant, world.Manager.ForTenant("t"), world.Manager.Status,
                world.Server.Dialed[0], AccessToken.From(Token)!, AccessToken.From(Token)!.Identity, new TokenAnswer(AccessTokenReason.Join, AccessToken.From(Token), null),
                new AccessTokenRequest(AccessTokenReason.Join), world.Manager.Rest(world.Manager.User), world.Manager.User,
            ])
        {
            $"{thing}".Should().NotContainAny(Key, Token);
        }
    }

    [Theory]
    [InlineData("sb_secret_planted_0123456789", true)]
    [InlineData("service_role", true)]
    [InlineData("sb_publishable_planted_0123456789", false)]
    [InlineData("anon", false)]
    [InlineData("planted-opaque", false)]
    public void A_key_that_passes_row_level_security_is_warned_of_once_and_not_quoted(string keyOrRole, bool warned)
    {
        var key = keyOrRole is "anon" or "service_role" ? Jwt.Create(DateTimeOffset.UnixEpoch.AddYears(90), role: keyOrRole) : keyOrRole;
        var world = new World(o => o.ApiKey = key);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Advance(60);
        world.Log.Lines.Count(static l => l.Contains("passes row level security")).Should().Be(warned ? 1 : 0);
        world.Log.Lines.Should().NotContain(l => l.Contains(key));
        world.Log.Lines.Where(static l => l.Contains("passes row level security")).Where(static l => !l.StartsWith($"{LogLevel.Warning} Carbon.Realtime.Authentication[4007]")).Should().BeEmpty();
    }
}
