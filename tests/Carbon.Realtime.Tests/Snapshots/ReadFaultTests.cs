using Carbon.Realtime.Protocol;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>What failures of a read mean, how often each is asked again, and what is told.</summary>
public sealed class ReadFaultTests
{
    private const string NoKey = """{"message":"No API key found in request","hint":"No `apikey` request header or url param was found."}""";

    [Theory]
    [InlineData(403, "42501", RealtimeErrorReason.PermissionDenied, false, 1)]
    [InlineData(401, "42501", RealtimeErrorReason.PermissionDenied, false, 1)] // the API key's role: 401, and no refresh
    [InlineData(401, "PGRST302", RealtimeErrorReason.TokenRejected, false, 1)]
    [InlineData(401, "22023", RealtimeErrorReason.TokenRejected, false, 1)]
    [InlineData(400, "22023", RealtimeErrorReason.TokenRejected, false, 1)]
    [InlineData(500, "PGRST300", RealtimeErrorReason.ServerUnavailable, false, 1)]
    [InlineData(404, "PGRST205", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(404, "42P01", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(404, "42883", RealtimeErrorReason.TableMisconfigured, false, 1)] // 404 proves no missing table
    [InlineData(406, "PGRST106", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(400, "42703", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(400, "22P02", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(400, "22007", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(500, "42P17", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(405, "25006", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(400, "PGRST100", RealtimeErrorReason.ProtocolViolation, false, 1)]
    [InlineData(416, "PGRST103", RealtimeErrorReason.ProtocolViolation, false, 1)]
    [InlineData(400, "P0001", RealtimeErrorReason.Unknown, false, 1)]
    [InlineData(503, "53300", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(500, "53400", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(503, "57P01", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(500, "40001", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(500, "40P01", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(503, "PGRST000", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(503, "PGRST001", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(503, "PGRST002", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(504, "PGRST003", RealtimeErrorReason.ServerUnavailable, true, 5)]
    [InlineData(500, "XX000", RealtimeErrorReason.Unknown, true, 5)]
    [InlineData(501, "ELSEWHERE", RealtimeErrorReason.TableMisconfigured, false, 1)]
    [InlineData(500, "57014", RealtimeErrorReason.ServerUnavailable, true, 6)] // 2 rows, 1 row, four times again
    public async Task A_code_says_what_it_is_and_whether_to_ask_again(int status, string code, RealtimeErrorReason reason, bool transient, int requests)
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 2 });
        world.Rest.Script = (_, _) => FakePostgrest.Error(status, code, "planted \\\"row\\\"");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient, error.ServerCode).Should().Be((reason, transient, code));
        error.Message.Should().Contain(code);
        world.Rest.Requests.Should().HaveCount(requests);
        world.Tokens.Asked.Should().Equal([AccessTokenReason.Read], "only a refused token is refreshed");
    }

    [Theory]
    [InlineData("22P02", 400)]
    [InlineData("22003", 400)]
    [InlineData("42804", 400)]
    [InlineData("42883", 404)]
    public async Task A_value_that_does_not_fit_is_told_with_the_columns_and_operators_that_were_sent_and_no_value(string code, int status)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Error(status, code);
        var reader = world.Reader(SnapshotWorld.Parts.TenantScoped("companyId").Where("name=neq.planted,id=in.(planted,b)"), "co_planted");
        var scan = () => world.ScanAsync(reader);
        var error = (await scan.Should().ThrowAsync<RealtimeException>()).Which;
        (error.Reason, error.IsTransient, error.ServerCode).Should().Be((RealtimeErrorReason.TableMisconfigured, false, code));
        error.Message.Should().EndWith(". The filter compares name (neq), id (in); the tenant's column is companyId.").And.NotContain("planted");

        var keys = () => world.ReadAsync(world.Reader(SnapshotWorld.Parts), "a");
        (await keys.Should().ThrowAsync<RealtimeException>()).Which.Message.Should().EndWith(". The filter is empty.");
    }

    [Theory]
    [InlineData(501, true)]
    [InlineData(500, false)]
    [InlineData(400, false)]
    public async Task Who_stands_in_for_PostgREST_is_quoted_where_it_says_what_it_does_not_do(int status, bool isQuoted)
    {
        var world = new SnapshotWorld(limits: static l => l with { Retries = 0 });
        world.Rest.Script = (_, _) => FakePostgrest.Error(status, "ELSEWHERE", "no full text");
        (await world.FailAsync()).Message.Contains("no full text").Should().Be(isQuoted);
    }

    [Fact]
    public async Task An_enums_label_that_does_not_fit_is_told_to_be_case_sensitive()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Error(400, "22P02");
        (await world.FailAsync()).Message.Should().Contain("the labels of an enum are case-sensitive");
    }

    [Fact]
    public async Task A_wrong_key_is_told_in_the_same_words_whoever_finds_it_out()
    {
        var first = FaultTable.Upgrade(401, null).Message.Split('.')[0];
        first.Should().Contain("set ApiKey to");
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(401, NoKey);
        (await world.FailAsync()).Message.Should().StartWith(first + ".");

        world.Tokens.Token = null;
        await world.AskAsync(AccessTokenReason.Changed);
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, "PGRST301");
        (await world.FailAsync()).Message.Should().StartWith(first + ".");
    }

    [Theory]
    [InlineData(401, NoKey, RealtimeErrorReason.InvalidApiKey, 1)]
    [InlineData(402, "", RealtimeErrorReason.ProjectDisabled, 1)]
    [InlineData(403, "<html>", RealtimeErrorReason.ServerUnreachable, 5)]
    [InlineData(404, "<html>", RealtimeErrorReason.ProjectNotFound, 1)]
    [InlineData(414, "URI too long", RealtimeErrorReason.ProtocolViolation, 1)]
    [InlineData(431, "", RealtimeErrorReason.ProtocolViolation, 1)]
    [InlineData(418, "[1]", RealtimeErrorReason.ServerUnreachable, 1)]
    [InlineData(302, "", RealtimeErrorReason.ServerUnreachable, 1)]
    [InlineData(540, "", RealtimeErrorReason.ProjectDisabled, 1)]
    [InlineData(429, "", RealtimeErrorReason.RateLimited, 5)]
    [InlineData(500, "{", RealtimeErrorReason.ServerUnavailable, 5)]
    [InlineData(502, "<html>", RealtimeErrorReason.ServerUnavailable, 5)]
    [InlineData(520, "<html>", RealtimeErrorReason.ServerUnavailable, 5)]
    [InlineData(521, "", RealtimeErrorReason.ServerUnavailable, 5)]
    [InlineData(544, "", RealtimeErrorReason.ServerUnavailable, 5)]
    public async Task A_gateways_answer_without_a_code_is_judged_by_its_status(int status, string body, RealtimeErrorReason reason, int requests)
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        world.Rest.Script = (_, _) => FakePostgrest.Answer(status, body, "text/html");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((reason, requests > 1));
        world.Rest.Requests.Should().HaveCount(requests);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read);
    }

    [Fact]
    public async Task A_captive_portals_page_is_no_rows()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, "<html>", "text/html");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ServerUnreachable, true));
        error.Message.Should().Contain("text/html");
    }

    [Fact]
    public async Task An_answer_from_another_host_is_refused()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => new HttpResponseMessage
        {
            RequestMessage = new HttpRequestMessage(HttpMethod.Get, "https://elsewhere.test/rest/v1/number"),
            Content = new StringContent("[]", null, "application/json"),
        };
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
    }

    [Fact]
    public async Task A_token_that_expires_during_a_scan_is_refreshed_once_and_the_scan_goes_on()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 2 });
        world.AddNumbers(6);
        var old = world.Tokens.Token!;
        var fresh = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(2), mark: "b");
        world.Rest.Script = (n, r) =>
        {
            if (n == 2)
            {
                world.Tokens.Token = fresh;
            }

            return n >= 2 && r.Headers.Authorization!.Parameter == old ? FakePostgrest.Error(401, "PGRST303", "JWT expired") : null;
        };
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1, 2, 3, 4, 5, 6);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read, AccessTokenReason.Rejected);
        world.Rest.Requests.Should().HaveCount(5);
    }

    [Theory]
    [InlineData("PGRST303", RealtimeErrorReason.TokenExpired)]
    [InlineData("PGRST301", RealtimeErrorReason.TokenRejected)]
    public async Task A_fresh_token_that_is_refused_too_ends_the_read(string code, RealtimeErrorReason reason)
    {
        var world = new SnapshotWorld();
        var tokens = 0;
        world.Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: $"{++tokens}"));
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, code);
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((reason, false));
        (world.Rest.Requests.Count, tokens).Should().Be((2, 2));
    }

    [Fact]
    public async Task A_provider_that_gives_the_refused_token_again_is_not_sent_again()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, "PGRST303");
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.TokenExpired);
        world.Rest.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task Two_reads_that_are_refused_together_ask_for_one_token()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        var old = world.Tokens.Token!;
        var answer = new TaskCompletionSource<string?>();
        world.Tokens.Answer = (r, _) => r.Reason == AccessTokenReason.Rejected ? new(answer.Task) : ValueTask.FromResult<string?>(old);
        world.Rest.Script = (_, r) => r.Headers.Authorization!.Parameter == old ? FakePostgrest.Error(401, "PGRST303") : null;
        var running = Enumerable.Range(0, 2)
            .Select(_ => world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, default))).ToList();
        world.Env.RunUntilIdle();
        world.Rest.Requests.Should().HaveCount(2);
        world.Env.Scheduler.Post(() => answer.SetResult(Jwt.Create(world.Env.Time.GetUtcNow().AddHours(2), mark: "b")));
        foreach (var scan in running)
        {
            await world.Env.RunAsync(scan);
        }

        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read, AccessTokenReason.Rejected);
    }

    [Fact]
    public async Task Rows_of_two_users_never_make_one_snapshot()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        world.AddNumbers(2);
        var other = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), sub: "user_2");
        world.Rest.Script = (n, _) =>
        {
            world.Tokens.Token = other;
            return n == 2 ? FakePostgrest.Error(401, "PGRST303") : null;
        };
        (await world.FailAsync()).Message.Should().Contain("user changed");
        world.Rest.Requests.Should().OnlyContain(r => r.Headers.Authorization!.Parameter != other);
    }

    [Fact]
    public async Task A_body_that_stands_still_times_out_and_is_asked_for_with_fewer_rows()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 8 });
        world.AddNumbers(3);
        world.Rest.Script = (n, _) => n > 1 ? null
            : new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.StuckStream("""[{"id":1},"""u8.ToArray())) };
        var before = world.Env.Time.GetUtcNow();
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1, 2, 3);
        (world.Env.Time.GetUtcNow() - before).Should().Be(SnapshotLimits.Default.RequestTimeout);
        world.Rest.Queries[1].Should().Contain("limit=4");
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public async Task Who_cancels_is_told_so_and_nothing_is_repeated()
    {
        var world = new SnapshotWorld();
        using var cancellation = new CancellationTokenSource();
        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.StuckStream([])) };
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, cancellation.Token));
        world.Env.RunUntilIdle();
        cancellation.Cancel();
        await FluentActions.Awaiting(() => world.Env.RunAsync(scan)).Should().ThrowAsync<OperationCanceledException>();
        world.Rest.Requests.Should().ContainSingle();
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public async Task A_server_that_asks_for_time_gets_it()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        world.Rest.Script = (n, _) =>
        {
            var response = FakePostgrest.Error(503, "PGRST002");
            response.Headers.TryAddWithoutValidation("Retry-After", "7");
            return n == 1 ? response : null;
        };
        var before = world.Env.Time.GetUtcNow();
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1);
        (world.Env.Time.GetUtcNow() - before).Should().BeGreaterThan(TimeSpan.FromSeconds(7)).And.BeLessThan(TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task A_lost_connection_is_tried_again_and_told_without_its_words()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => throw new HttpRequestException(HttpRequestError.ConnectionError, "planted");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ServerUnreachable, true));
        error.ToString().Should().Contain("ConnectionError").And.NotContain("planted");
        world.Rest.Requests.Should().HaveCount(5);

        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.BrokenStream("planted")) };
        error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ConnectionLost, true));
        error.ToString().Should().NotContain("planted");
    }

    [Theory]
    [InlineData("sb_publishable_x", true, "token")]
    [InlineData("sb_publishable_x", false, null)] // no JWT: refused as one
    [InlineData("opaque", false, null)] // a self-hosted gateway's own
    [InlineData("aaa.bbb.ccc", true, "token")]
    [InlineData("aaa.bbb.ccc", false, "aaa.bbb.ccc")]
    public async Task The_bearer_is_the_users_token_or_a_key_that_is_a_JWT(string key, bool signedIn, string? bearer)
    {
        var world = new SnapshotWorld(key);
        world.Tokens.Token = signedIn ? "token" : null;
        await world.ScanAsync(world.Reader(SnapshotWorld.Numbers.InSchema("sales")));
        var headers = world.Rest.Requests.Single().Headers;
        headers.Authorization?.Parameter.Should().Be(bearer);
        (headers.Authorization is null).Should().Be(bearer is null);
        headers.GetValues("apikey").Should().Equal(key);
        headers.GetValues("Accept-Profile").Should().Equal("sales");
        headers.CacheControl!.NoStore.Should().BeTrue();
        headers.Contains("Prefer").Should().BeFalse();
        world.Rest.Requests.Single().RequestUri!.Query.Should().NotContain(key);
    }

    [Fact]
    public async Task An_API_key_that_is_refused_as_a_token_is_the_keys_fault()
    {
        var world = new SnapshotWorld("aaa.bbb.ccc") { Tokens = { Token = null } };
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, "PGRST301");
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.InvalidApiKey);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read);
    }

    [Fact]
    public async Task A_provider_that_fails_costs_a_wait_and_no_request()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        world.Tokens.Answer = (_, _) => world.Tokens.Asked.Count == 1 ? throw new InvalidOperationException("planted") : ValueTask.FromResult<string?>("token");
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1);
        world.Rest.Requests.Should().OnlyContain(r => r.Headers.Authorization!.Parameter == "token");
    }

    [Fact]
    public async Task No_exception_and_no_log_holds_a_key_a_token_a_filters_value_or_a_row()
    {
        string[] secrets = ["planted-key", "planted-token", "planted-filter", "planted-row"];
        var said = new List<string>();
        foreach (var code in RestFaultTable.Codes.Select(r => r.Code.Replace("*", "999")).Append("P0001").Append(""))
        {
            var world = new SnapshotWorld("planted-key", l => l with { Retries = 1, PageRows = 1 }) { Tokens = { Token = "planted-token" } };

            // Words with names only are told; a server does not put secrets among them, but these two would be its fault.
            var message = RestFaultTable.Codes.Any(r => r.TellsNames && r.Fits(code)) ? "column x" : "planted-filter planted-row planted-token";
            world.Rest.Script = (_, _) => code == "" ? throw new IOException("planted-token planted-key") : FakePostgrest.Error(400, code, message);
            var scan = () => world.ScanAsync(world.Reader(SnapshotWorld.Parts.Where("name=eq.planted-filter")));
            said.Add((await scan.Should().ThrowAsync<RealtimeException>()).Which.ToString());
            said.AddRange(world.Log.Lines);
        }

        said.Should().HaveCountGreaterThan(30);
        said.Should().NotContain(s => secrets.Any(secret => s.Contains(secret)));
    }
}
