using System.Globalization;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Security;

/// <summary>
/// What a store costs a server that fails its reads: the most requests in any minute and in an hour, and the most questions for a token. What sockets and joins cost is in
/// <c>StormTests</c>; both together, in any mix of faults, are watched by the simulation (<c>TrafficWatch</c>).
/// </summary>
/// <remarks>The budget holds for one store of one user. A healthy hour is the yardstick: a complete read every few minutes, of two requests each. What passes by itself is tried
/// about five times a minute, for a read makes up to five requests; what somebody must mend, once in five minutes. docs/security.md has the same table.</remarks>
public sealed class RequestBudgetTests(ITestOutputHelper output)
{
    private const string Row = """{"companyId":"co_1","id":"a","status":"s"}""";

    private static readonly Dictionary<string, Func<int, HttpResponseMessage>> Profiles = new()
    {
        ["healthy"] = static n => FakePostgrest.Answer(200, n % 2 == 1 ? $"[{Row}]" : "[]"),
        ["statements time out"] = static _ => FakePostgrest.Error(500, "57014"),
        ["the database restarts"] = static _ => FakePostgrest.Error(503, "57P03"),
        ["the gateway fails"] = static _ => FakePostgrest.Answer(502, "<html>Bad Gateway</html>", "text/html"),
        ["the gateway times out"] = static _ => FakePostgrest.Answer(504, "", "text/html"),
        ["a request too many"] = static _ => FakePostgrest.Answer(429, "", "text/html"),
        ["a request too many, in an hour again"] = static _ => After(FakePostgrest.Answer(429, "", "text/html"), 3600),
        ["unavailable, at once again"] = static _ => After(FakePostgrest.Answer(503, "", "text/html"), 0),
        ["tokens are refused"] = static _ => FakePostgrest.Error(401, "PGRST301"),
        ["tokens have expired"] = static _ => FakePostgrest.Error(401, "PGRST303"),
        ["no right"] = static _ => FakePostgrest.Error(403, "42501"),
        ["a firewall"] = static _ => FakePostgrest.Answer(403, "no", "text/html"),
        ["no such table"] = static _ => FakePostgrest.Error(404, "PGRST205"),
        ["no such address"] = static _ => FakePostgrest.Answer(404, "no", "text/html"),
        ["an unknown code"] = static _ => FakePostgrest.Error(500, "XX000"),
        ["unreachable"] = static _ => throw new HttpRequestException("refused"),
        ["a redirect"] = static _ => FakePostgrest.Answer(307, "", "text/html"),
        ["a captive portal"] = static _ => FakePostgrest.Answer(200, "<html></html>", "text/html"),
        ["an answer cut short"] = static _ => FakePostgrest.Answer(200, "[" + Row),
        ["no array"] = static _ => FakePostgrest.Answer(200, "{}"),
        ["no columns"] = static _ => FakePostgrest.Answer(200, """[{"companyId":"co_1","id":"a"}]"""),
        ["no keys"] = static _ => FakePostgrest.Answer(200, """[{"companyId":"co_1","id":null,"status":"s"}]"""),
        ["another tenant's rows"] = static n => FakePostgrest.Answer(200, n % 2 == 1 ? """[{"companyId":"co_2","id":"a","status":"s"}]""" : "[]"),
        ["pages that go round"] = static n => FakePostgrest.Answer(200, $$"""[{"companyId":"co_1","id":"{{n % 3}}","status":"s"}]"""),
        ["other rows each time"] = static n => FakePostgrest.Answer(200, n % 2 == 1 ? $$"""[{"companyId":"co_1","id":"{{n}}","status":"s"}]""" : "[]"),
    };

    public static TheoryData<string, int, int, int> Budgets() => new()
    {
        // Profile, requests in any minute, requests in an hour, questions for a token in an hour.
        { "healthy", 5, 22, 4 },
        { "statements time out", 40, 330, 4 },
        { "the database restarts", 30, 320, 4 },
        { "the gateway fails", 30, 320, 4 },
        { "the gateway times out", 40, 330, 4 },
        { "a request too many", 30, 320, 4 },
        { "a request too many, in an hour again", 6, 150, 4 },
        { "unavailable, at once again", 30, 320, 4 },
        { "tokens are refused", 3, 28, 16 },
        { "tokens have expired", 3, 28, 16 },
        { "no right", 2, 14, 4 },
        { "a firewall", 30, 320, 4 },
        { "no such table", 2, 14, 4 },
        { "no such address", 2, 14, 4 },
        { "an unknown code", 30, 320, 4 },
        { "unreachable", 30, 320, 4 },
        { "a redirect", 2, 14, 4 },
        { "a captive portal", 30, 320, 4 },
        { "an answer cut short", 30, 320, 4 },
        { "no array", 2, 14, 4 },
        { "no columns", 2, 14, 4 },
        { "no keys", 2, 14, 4 },
        { "another tenant's rows", 3, 28, 4 },
        { "pages that go round", 8, 96, 4 },
        { "other rows each time", 12, 280, 5 },
    };

    [Theory]
    [MemberData(nameof(Budgets))]
    public void A_store_whose_reads_fail_costs_the_server_no_more_than(string profile, int inAMinute, int inAnHour, int questions)
    {
        var made = 0;
        var tokens = new FakeTokens();
        var world = new StoreWorld(tokens: tokens, configure: static o => o.MaxMessageBytes = 64 * 1024);
        tokens.Answer = (_, _) => ValueTask.FromResult<string?>(Jwt.Create(world.World.Env.Time.GetUtcNow().AddHours(1), mark: (made++).ToString(CultureInfo.InvariantCulture)));
        var times = new List<double>();
        var second = 0.0;
        world.Rest.Script = (n, _) =>
        {
            times.Add(second);
            return Profiles[profile](n);
        };
        world.Store.Start();
        for (; second < 3600; second++)
        {
            world.World.Advance(1);
        }

        var worst = times.Count == 0 ? 0 : times.Max(start => times.Count(t => t >= start && t < start + 60));
        output.WriteLine($"{{ \"{profile}\", {worst}, {times.Count}, {tokens.Asked.Count} }},");
        times.Count.Should().BeInRange(2, inAnHour, "the hour must have happened, too");
        worst.Should().BeLessThanOrEqualTo(inAMinute);
        tokens.Asked.Count.Should().BeInRange(1, questions);
    }

    [Fact]
    public void Every_profile_has_its_budget() => ((IEnumerable<object[]>)Budgets()).Select(static row => (string)row[0]).Should().BeEquivalentTo(Profiles.Keys);

    private static HttpResponseMessage After(HttpResponseMessage response, int seconds)
    {
        response.Headers.TryAddWithoutValidation("Retry-After", seconds.ToString(CultureInfo.InvariantCulture));
        return response;
    }
}
