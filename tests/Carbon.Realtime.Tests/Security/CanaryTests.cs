using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Security;

/// <summary>
/// Secrets are planted wherever a client has some: the API key, a header of the program's own, tokens of two users with an e-mail address among their claims, a provider's own secret, values of
/// filters, texts of rows of the stream, of reads and of the cache. Then everything goes wrong that can, profile by profile. Nobody who listens may hear one.
/// </summary>
public sealed class CanaryTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Action<CanaryLife>> Profiles = new()
    {
        ["nothing goes wrong"] = static _ => { },
        ["a wrong API key"] = static life => life.RefusedKey = true,
        ["joins that are refused for now"] = static life => life.Faults.FailJoins(3, EmulatorJoinFault.Restarting),
        ["joins that are too many"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.TooManyJoins),
        ["joins that crash"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Crashed),
        ["joins that nobody answers"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.NoAnswer),
        ["joins whose refusal quotes the token"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Of($"MalformedJWT: The token {life.Token} is no JWT, key {life.Emulator.AnonKey}")),
        ["joins whose unknown refusal quotes the token"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Of($"%{{\"access_token\" => \"{life.Token}\", \"apikey\" => \"{life.Emulator.AnonKey}\"}}")),
        ["subscriptions that are refused for good"] = static life => life.Faults.FailSubscriptions(2, EmulatorSubscriptionFault.Refused),
        ["subscriptions that are refused for now"] = static life => life.Faults.FailSubscriptions(2, EmulatorSubscriptionFault.Transient),
        ["subscriptions whose refusal quotes token and filter"] = static life => life.Faults.FailSubscriptions(
            2, EmulatorSubscriptionFault.Of($"Unable to subscribe to changes with given parameters. [event: *, schema: public, table: salesOrder, filters: [{{\"status\", \"neq\", \"{CanaryLife.Filter}\"}}]] {life.Token}", isRetried: false)),
        ["a table that is not published"] = static life => life.Unpublished = true,
        ["connections that break"] = static life => life.Each(10, static l => l.Emulator.BreakConnections()),
        ["connections that fall silent"] = static life => life.Faults.HalfOpen(),
        ["heartbeats without an answer"] = static life => life.Faults.IgnoreHeartbeats(5),
        ["a server that restarts"] = static life => life.Each(20, static l => l.Emulator.Restart()),
        ["a tenant that is reloaded"] = static life => life.Each(20, static l => l.Emulator.ReloadTenant()),
        ["channels that crash"] = static life => life.Each(15, static l => l.Emulator.CrashChannels()),
        ["garbage on the wire"] = static life => life.Faults.Wire = new WireFaults { Seed = 1, Cut = 0.2, Garbage = 0.2, Huge = 0.05, Fragment = 0.5 },
        ["a stream that drops, doubles and mixes"] = static life => life.Faults.Stream = new StreamFaults { Seed = 1, Drop = 0.2, Duplicate = 0.2, Reorder = 0.3, ReordersWithinKeys = true },
        ["silent losses"] = static life => life.Each(20, static l =>
        {
            l.Faults.LoseSlot(TimeSpan.FromSeconds(2));
            l.Faults.EmptySubscriptions();
            l.Faults.Deafen();
        }),
        ["tokens that expire"] = static life => life.Each(15, static l => l.Faults.ExpireTokens()),
        ["a token of another user"] = static life => life.Each(20, static l => l.SignIn($"user_{l.Second}")),
        ["nobody signed in"] = static life => life.Tokens.Token = null,
        ["a token that is none"] = static life => life.Tokens.Token = life.Heard.Plant("opaque token", "planted-opaque-token"),
        ["a token that no header carries"] = static life => life.Tokens.Token = life.Heard.Plant("unsendable token", "plänted unsendable token"),
        ["an API key for a token"] = static life => life.Tokens.Token = life.Heard.Plant("key as token", "sb_secret_planted_key_as_token"),
        ["a provider that throws its secrets"] = static life => life.Tokens.Answer = (_, _) =>
            throw new InvalidOperationException(CanaryLife.ProviderSecret, new IOException(CanaryLife.ProviderSecret)) { Data = { ["token"] = CanaryLife.ProviderSecret } },
        ["a provider that never answers"] = static life => life.Tokens.Answer = static (_, _) => new(new TaskCompletionSource<string?>().Task),
        ["reads that fail"] = static life => life.Faults.Reads = new ReadFaults { Seed = 1, Fail = 0.5, Truncate = 0.2, Slow = 0.2 },
        ["reads that quote rows and filters"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(400, "22P02", $"invalid input syntax: \"{CanaryLife.Filter}\" \"{CanaryLife.Row}\" {life.Token}")),
        ["reads whose refusal quotes the token"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(403, "42501", $"permission denied for {life.Token} {life.Emulator.AnonKey}")),
        ["reads that meet a portal"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Answer(200, "text/html", $"<html>{life.Token} {CanaryLife.Row}</html>")),
        ["reads that meet an unknown fault"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(500, "XX000", $"{life.Token} {CanaryLife.Row}")),
        ["reads without an answer"] = static life => life.Faults.FailReads(4, EmulatorReadFault.NoAnswer),
        ["reads whose token was refused"] = static life => life.Faults.FailReads(4, EmulatorReadFault.TokenExpired),
        ["rows that cannot be decoded"] = static life => life.Each(7, static l => l.Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"bad_{l.Second}", ["companyId"] = "co_1", ["status"] = CanaryLife.Row, ["amount"] = new JsonObject { [CanaryLife.Row] = CanaryLife.Row } })),
        ["rows of another tenant"] = static life => life.Each(7, static l => l.Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"foreign_{l.Second}", ["companyId"] = CanaryLife.Tenant, ["status"] = CanaryLife.Row })),
        ["observers that throw"] = static life => life.ThrowingObservers = true,
        ["a cache that fails"] = static life => life.Each(10, static l =>
        {
            l.Cache.FailNextSave(new IOException(CanaryLife.Row));
            l.Cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Corrupt, "The cache is damaged.", new IOException(CanaryLife.Row)));
        }),
        ["a disposal in the middle"] = static life => life.DisposesAt = 30,
    };

    private static readonly IOException Nested = new("x", new IOException("planted"));
    private static readonly string[] Many = ["planted"];
    private static readonly Dictionary<string, object?> Values = new() { ["a"] = Many };

    public static TheoryData<string, ApiKeyPlacement> Lives()
    {
        var lives = new TheoryData<string, ApiKeyPlacement>();
        foreach (var profile in Profiles.Keys)
        {
            lives.Add(profile, ApiKeyPlacement.Query);
            lives.Add(profile, ApiKeyPlacement.Headers);
        }

        return lives;
    }

    [Theory]
    [MemberData(nameof(Lives))]
    public async Task No_profile_of_faults_lets_a_secret_out(string profile, ApiKeyPlacement placement)
    {
        using var life = new CanaryLife(profile, placement);
        Profiles[profile](life);
        await life.LiveAsync();
        output.WriteLine($"{life.Heard.Lines} lines, {life.Heard.Activities} activities, {life.Heard.Errors} exceptions");
        life.Heard.AssertSilent(profile);
    }

    [Fact]
    public async Task A_life_without_faults_uses_everything_that_could_tell()
    {
        using var life = new CanaryLife("everything", ApiKeyPlacement.Headers) { IsPulled = true };
        await life.LiveAsync();
        life.Used.Should().HaveCount(10).And.OnlyContain(static used => used.Value > 0);
    }

    [Fact]
    public void The_ear_hears_each_place_in_which_a_secret_could_stand()
    {
        foreach (var place in (Action<Eavesdropper>[])
            [
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "planted", null, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "x", null, static (_, _) => "planted"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "x", Nested, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, Values, null, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").BeginScope("planted"),
                static ear => ear.Hear(new IOException("x") { Data = { ["a"] = "planted" } }),
                static ear => ear.Hear(new UpgradeRefusedException(1, "planted")),
                static ear => ear.Hear(new AggregateException(new IOException("x"), new IOException("planted"))),
                static ear => ear.Hear(new Inserted<string, string>("planted", "row", null), "element"),
                static ear => ear.Meters.Create(new("Carbon.Realtime")).CreateHistogram<double>("h").Record(1, new KeyValuePair<string, object?>("a", "planted")),
                static ear => Trace(static a => a.SetTag("a", "planted")),
                static ear => Trace(static a => a.AddEvent(new("planted"))),
                static ear => Trace(static a => a.AddException(new IOException("planted"))),
                static ear => Trace(static a => a.AddBaggage("a", "planted")),
                static ear => Trace(static a => a.SetStatus(System.Diagnostics.ActivityStatusCode.Error, "planted")),
                static ear => Trace(static a => a.Source.StartActivity("beneath")?.SetTag("a", "planted").Dispose()),
            ])
        {
            using var ear = new Eavesdropper("the ear");
            ear.Plant("secret", "planted");
            place(ear);
            FluentActions.Invoking(() => ear.AssertSilent("test")).Should().Throw<Xunit.Sdk.XunitException>().WithMessage("*secret in*");
        }

        static void Trace(Action<System.Diagnostics.Activity> act)
        {
            using var source = new System.Diagnostics.ActivitySource("Carbon.Realtime");
            using var activity = source.StartActivity(System.Diagnostics.ActivityKind.Client, tags: [new("carbon.realtime.manager", "the ear")], name: "a");
            act(activity!);
        }
    }
}
