using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime.Tests;

/// <summary>Promises that a change of one line could once break without a test that noticed.</summary>
public sealed class SurvivorTests
{
    private const string No = "Unauthorized: You do not have permissions to read from this Channel topic: x";

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table, string group = "default") =>
        new(world.Manager.Changes(RealtimeTable.Untyped(table), new ChangeStreamOptions { Group = group }));

    [Fact]
    public void The_oldest_joins_time_runs_on_when_the_server_ends_a_younger_one()
    {
        var world = new World { AutoJoin = false };
        using var a = Watch(world, "a", "a");
        using var b = Watch(world, "b", "b");
        world.Join();
        var (first, second) = (world.Socket.Join(0), world.Socket.Join(1));
        world.Advance(10);
        world.Socket.CloseChannel(second);
        world.Advance(5.5);
        world.Socket.Frames("phx_leave").Should().ContainSingle(l => l.Topic == first.Topic);
    }

    [Fact]
    public void The_oldest_joins_time_runs_on_when_another_join_is_sent()
    {
        var world = new World { AutoJoin = false };
        using var a = Watch(world, "a", "a");
        world.Join();
        var first = world.Socket.Join(0);
        world.Advance(10);
        using var b = Watch(world, "b", "b");
        world.Join();
        world.Advance(5.5);
        world.Socket.Frames("phx_leave").Should().ContainSingle(l => l.Topic == first.Topic);
    }

    [Fact]
    public void What_was_set_apart_stays_alone_where_the_budget_has_a_place_for_it()
    {
        var world = new World(o => o.MaxChannels = 2);
        var server = new TableServer(world);
        server.Unpublished.Add("bad");
        using var good = Watch(world, "good");
        using var bad = Watch(world, "bad");
        world.Join();
        server.Unpublished.Clear();
        world.Advance(61);
        server.Joined.Should().HaveCount(2);
        good.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)");
        bad.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_late_subscription_is_taken_in_by_a_channel_that_lives_rather_than_by_the_newest_that_is_refused()
    {
        var world = new World(o => o.MaxChannels = 2);
        using var a = Watch(world, "a", "a");
        world.Join();
        world.AutoJoin = false;
        using var b = Watch(world, "b", "b");
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), No);
        world.Run();
        world.AutoJoin = true;
        using var late = Watch(world, "late", "late");
        world.Join();
        late.Items.Should().ContainSingle();
        b.Items.Should().BeEmpty();
    }

    [Fact]
    public void One_trial_beside_the_budget_at_a_time_also_when_all_waits_end_together()
    {
        var world = new World(o => o.MaxChannels = 1);
        var server = new TableServer(world);
        server.Unpublished.UnionWith(Enumerable.Range(0, 6).Select(static i => $"bad{i}"));
        var seen = Enumerable.Range(0, 6).Select(i => Watch(world, $"bad{i}")).Append(Watch(world, "good")).ToList();
        world.Join();
        world.Advance(10);
        world.Manager.RetryNow();
        world.Advance(1);
        server.MostJoined.Should().BeLessThanOrEqualTo(2);
    }

    [Fact]
    public void Two_channels_that_are_refused_for_good_keep_a_common_distance()
    {
        var world = new World { AutoJoin = false };
        var times = new List<double>();
        var start = world.Env.Time.GetUtcNow();
        var seen = Enumerable.Range(0, 6).Select(i => Watch(world, $"t{i}", $"g{i}")).ToList();
        world.Server.Opened += socket =>
        {
            var before = socket.OnSent;
            socket.OnSent = text =>
            {
                before?.Invoke(text);
                if (SentFrame.Parse(text) is { Event: "phx_join" } join)
                {
                    times.Add((world.Env.Time.GetUtcNow() - start).TotalSeconds);
                    socket.RefuseJoin(join, No);
                }
            };
        };
        world.Advance(1200);
        var later = times.Where(static t => t > 5).ToList();
        later.Should().HaveCountGreaterThan(10);
        later.Zip(later.Skip(1), static (a, b) => b - a).Min().Should().BeGreaterThanOrEqualTo(29.9);
    }

    [Fact]
    public void A_channel_that_is_removed_hastens_only_those_that_lacked_its_place()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        var a = Watch(world, "a", "a");
        world.Join();
        world.AutoJoin = false;
        using var b = Watch(world, "b", "b");
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), No);
        world.Run();
        a.Dispose();
        world.Advance(0.1);
        world.Socket.Frames("phx_join").Should().HaveCount(2);
    }

    [Fact]
    public void A_refused_token_is_not_joined_with_again_because_the_provider_fails()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoJoin = false };
        var old = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        tokens.Answer = (request, _) => request.Reason == AccessTokenReason.Rejected ? throw new InvalidOperationException() : new(old);
        using var seen = Watch(world, "a");
        world.Join();
        var asked = tokens.Asked.Count;
        world.Socket.RefuseJoin(world.Socket.Join(), "InvalidJWTToken: Token has expired 4 seconds ago");
        world.Advance(0.3);
        world.Socket.Frames("phx_join").Should().ContainSingle();
        world.Advance(1.5);
        tokens.Asked.Skip(asked).Should().HaveCountGreaterThan(1, "before the next join it is asked again");
    }

    [Fact]
    public void A_changed_token_does_not_end_a_wait_that_the_server_asked_for()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoJoin = false };
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        using var seen = Watch(world, "a");
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "ClientJoinRateLimitReached: Too many joins per second");
        world.Run();
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "b");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.Frames("phx_join").Should().ContainSingle("another token does not make the server less busy");
    }

    [Fact]
    public void A_reply_answers_the_beats_before_it_too()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var answered = 0;
        for (var second = 0; second < 300; second++)
        {
            world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"a","companyId":"co_1","status":"x"}""");
            world.Advance(1);
            var beats = world.Socket.Frames("heartbeat");
            if (beats.Count >= answered + 2)
            {
                world.Socket.Reply(beats[^1], "ok", "{}");
                answered = beats.Count;
            }
        }

        world.Server.Sockets.Should().ContainSingle();
        world.Socket.IsAborted.Should().BeFalse("every second beat is answered, and that answers the one before it");
    }

    [Fact]
    public void A_signature_that_a_fresh_token_did_not_cure_is_no_transient_error()
    {
        var made = 0;
        var world = new World(tokens: new FakeTokens { Answer = (_, _) => new($"token-{made++}") }) { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        world.Join();
        for (var i = 0; i < 2; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
            world.Run();
        }

        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.IsTransient.Should().BeFalse();
    }

    [Fact]
    public void A_hastened_wait_that_is_not_over_yet_is_told()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes("a");
        using var channel = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), No);
        world.Run();
        world.Manager.RetryNow();
        (stream.Status.NextRetry!.Value - world.Env.Time.GetUtcNow()).TotalSeconds.Should().BeLessThanOrEqualTo(0.5, "310");

        var other = new World();
        other.Server.RefuseNext(403, """{"error":"Realtime was disabled for this tenant"}""");
        using var seen = Watch(other, "a");
        other.Run();
        other.Manager.RetryNow();
        (other.Manager.Status.NextRetry!.Value - other.Env.Time.GetUtcNow()).TotalSeconds.Should().BeLessThanOrEqualTo(0.5, "80");
    }

    [Fact]
    public async Task A_provider_that_refreshes_another_manager_is_not_taken_for_that_ones_provider()
    {
        var tokensB = new FakeTokens { Token = "b" };
        var b = new World(tokens: tokensB);
        var tokensA = new FakeTokens();
        var a = new World(tokens: tokensA);
        tokensA.Answer = (_, _) =>
        {
            _ = b.Manager.RefreshAccessTokenAsync(CancellationToken.None);
            return new("a");
        };
        await a.Env.RunAsync(a.Manager.RefreshAccessTokenAsync());
        b.Run();
        tokensB.Asked.Should().ContainSingle();
    }

    [Fact]
    public void A_stream_that_shared_a_live_binding_drops_what_the_join_before_delivered()
    {
        var world = new World();
        using var typed = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        using var raw = Watch(world, "todos");
        world.Join();
        const string Row = """{"id":9,"title":"t","done":false}""";
        world.Socket.Insert(world.Socket.Join(), "todos", Row);
        world.Run();
        world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
        world.Run();
        world.Advance(5);
        world.Socket.Insert(world.Socket.Join(), "todos", Row);
        world.Run();
        typed.Items.Should().HaveCount(3);
        raw.Items.Should().HaveCount(3, "gap (Started), inserted, gap (Rejoined)");
    }

    [Fact]
    public void A_condition_whose_column_the_server_does_not_list_is_a_gap_and_no_end()
    {
        var world = new World(o => o.SingleFilterCondition = true);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("done=eq.true,title=eq.a")));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":1,"done":true}""");
        world.Run();
        seen.Error.Should().BeNull();
        seen.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)", "gap (Partial) at 1");
    }

    [Fact]
    public void A_gap_at_a_key_answers_for_no_other_gap()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        void Bad(int id) => world.Socket.Insert(world.Socket.Join(), "todos", $$"""{"id":{{id}},"title":"t","done":"x"}""");
        Bad(1);
        world.Socket.Deliver("nonsense");
        Bad(2);
        world.Run();
        seen.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)", "gap (Undecodable) at 1", "gap (Undecodable)", "gap (Undecodable) at 2");
    }

    [Fact]
    public void An_old_row_that_came_with_errors_is_not_shown()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Socket.Change(world.Socket.Join(), "todos", "DELETE", null, """{"id":1,"title":"t","done":false}""", [1], """["Error 413: Payload Too Large"]""");
        world.Run();
        seen.Items[1].Should().BeOfType<Deleted<long, Todo>>().Which.HasOldRow.Should().BeFalse();
    }

    [Fact]
    public void A_key_of_which_any_part_is_null_is_no_key()
    {
        var world = new World();
        using var two = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("pairs", "a", "b")));
        using var three = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("triples", "a", "b", "c")));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "pairs", """{"a":1,"b":null}""", 1);
        world.Socket.Insert(world.Socket.Join(), "triples", """{"a":1,"b":2,"c":null}""", 2);
        world.Run();
        two.Items[^1].ToString().Should().Be("gap (Undecodable)");
        three.Items[^1].ToString().Should().Be("gap (Undecodable)");
    }

    [Fact]
    public async Task The_grace_includes_its_last_moment()
    {
        var world = new World();
        for (var i = 0; i < 60; i++)
        {
            world.Server.FailNext(new IOException("refused"));
        }

        using var seen = Watch(world, "a");
        world.Run();
        var since = world.Manager.Status.NotLiveSince!.Value;
        world.Env.Advance(since + TimeSpan.FromSeconds(30) - world.Env.Time.GetUtcNow());
        var check = new RealtimeHealthCheck(world.Manager);
        var context = new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, null, null) };
        (await check.CheckHealthAsync(context, default)).Status.Should().Be(HealthStatus.Healthy);
        world.Advance(0.001);
        (await check.CheckHealthAsync(context, default)).Status.Should().Be(HealthStatus.Degraded);
    }

    [Fact]
    public async Task Of_many_troubled_tables_ten_are_named_and_the_rest_counted()
    {
        var world = new World();
        var server = new TableServer(world);
        server.Unpublished.UnionWith(Enumerable.Range(0, 12).Select(static i => $"bad{i}"));
        var seen = Enumerable.Range(0, 12).Select(i => Watch(world, $"bad{i}")).ToList();
        world.Join();
        var check = new RealtimeHealthCheck(world.Manager);
        var context = new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, null, null) };
        (await check.CheckHealthAsync(context, default)).Description.Should().Contain(" and 2 more;");
    }

    [Fact]
    public async Task A_stream_that_is_only_held_is_not_among_the_streams_in_use()
    {
        var world = new World();
        using var seen = Watch(world, "a");
        var held = world.Manager.Changes("b");
        world.Join();
        var check = new RealtimeHealthCheck(world.Manager);
        var context = new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, null, null) };
        (await check.CheckHealthAsync(context, default)).Data.Should().Contain("streams", 1);
        GC.KeepAlive(held);
    }

    [Fact]
    public void A_condition_that_begins_like_the_quoted_one_is_another()
    {
        JoinBinding one = new("*", "public", "todos", "id=not.eq.1"), ten = one with { Filter = "id=not.eq.10" };
        RefusedBinding.Find("""Error parsing `filter` params: ["not", "eq.1"]""", [ten, one]).Should().Be(one);
    }

    [Fact]
    public void A_500_with_a_reason_does_not_blame_the_key() =>
        FaultTable.Upgrade(500, """{"error":"Error connecting to Realtime"}""").Message.Should().NotContain("API key");

    [Theory]
    [InlineData(1000, "60 s without a heartbeat")]
    [InlineData(1001, "slow down")]
    [InlineData(1009, "too large")]
    [InlineData(1012, "restarts")]
    public void Every_close_code_is_told_in_words(int code, string words) => FaultTable.Close(code, "why").Message.Should().Contain(words).And.EndWith($"close code {code}, why");

    [Fact]
    public void A_late_sharer_gets_nothing_of_its_channels_other_bindings()
    {
        var world = new World();
        using var mine = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("id=gt.5")));
        using var others = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("id=lt.90")));
        world.Join();
        using var late = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("todos").Where("id=gt.5")));
        world.Join();
        world.Socket.Frames("phx_join").Should().ContainSingle();
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":7,"title":"t","done":false}""", 2);
        world.Run();
        mine.Items.Should().HaveCount(1);
        others.Items.Should().HaveCount(2);
        late.Items.Should().HaveCount(1, "its binding was not among those that the server named");
    }

    [Fact]
    public void When_one_that_was_set_apart_succeeds_the_next_ones_turn_has_come()
    {
        var world = new World(o => (o.MaxChannels, o.Linger) = (1, TimeSpan.Zero));
        var server = new TableServer(world);
        server.Unpublished.UnionWith(["bad1", "bad2"]);
        var good = Watch(world, "good");
        using var one = Watch(world, "bad1");
        using var two = Watch(world, "bad2");
        world.Join();
        good.Dispose();
        world.Advance(1);
        server.Unpublished.Clear();
        world.Manager.RetryNow();
        world.Advance(1);
        one.Items.Should().NotBeEmpty();
        two.Items.Should().NotBeEmpty();
    }

    [Fact]
    public void What_succeeds_at_last_does_not_move_in_with_a_channel_that_is_refused()
    {
        var world = new World(o => o.MaxChannels = 1);
        var isPublished = false;
        world.Server.Opened = socket => socket.OnSent = text =>
        {
            if (SentFrame.Parse(text) is not { Event: "phx_join" } join)
            {
                return;
            }

            var tables = join.Bindings.Select(static b => b.GetProperty("table").GetString()).ToList();
            if (tables.Contains("x"))
            {
                socket.RefuseJoin(join, No);
            }
            else
            {
                socket.AcceptJoin(join);
                if (isPublished)
                {
                    socket.Subscribed(join);
                }
                else
                {
                    socket.System(join, "postgres_changes", "error", TableServer.Refusal(join.Bindings[0]));
                }
            }
        };
        var stream = world.Manager.Changes("bad");
        using var bad = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        using var x = Watch(world, "x", "x");
        world.Join();
        isPublished = true;
        for (var i = 0; i < 6; i++)
        {
            world.Advance(10);
            foreach (var beat in world.Socket.Frames("heartbeat"))
            {
                world.Socket.Reply(beat, "ok", "{}");
            }
        }

        world.Advance(2);
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_signature_that_is_refused_again_asks_for_no_third_token()
    {
        var made = 0;
        var tokens = new FakeTokens();
        tokens.Answer = (_, _) => new($"token-{made++}");
        var world = new World(tokens: tokens) { AutoJoin = false };
        using var seen = Watch(world, "a");
        world.Join();
        for (var i = 0; i < 2; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
            world.Run();
        }

        tokens.Asked.Count(static r => r == AccessTokenReason.Rejected).Should().Be(1, "it is refreshed once, and then told");
    }

    [Fact]
    public void A_channel_that_had_no_place_frees_none()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        var server = new TableServer(world) { MostAllowed = 1 };
        using var a = Watch(world, "a", "a");
        world.Join();
        var b = Watch(world, "b", "b");
        world.Join();
        using var c = Watch(world, "c", "c");
        world.Join();
        server.Joins.Should().Be(3);
        b.Dispose();
        world.Advance(0.1);
        server.Joins.Should().Be(3);
    }

    [Fact]
    public void A_converter_may_keep_what_a_decimal_cannot()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Rounded>>(world.Manager.Changes(RealtimeTable.Define("rounded", RoundedJson.Default.Rounded, "id", static p => p.Id)));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "rounded", """{"id":1,"price":0.1234567890123456789012345678901234}""");
        world.Run();
        seen.Items[^1].Should().BeOfType<Inserted<long, Rounded>>().Which.Row.Price.Should().Be(0.12m);
    }

    [Fact]
    public void A_column_that_no_row_fits_does_not_fill_the_log_also_where_its_numbers_are_too_long()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Priced>>(world.Manager.Changes(Prices));
        world.Join();
        for (var i = 1; i <= 1000; i++)
        {
            world.Socket.Insert(world.Socket.Join(), "prices", $$"""{"id":{{i}},"price":0.1234567890123456789012345678901234}""");
        }

        world.Run();
        world.Log.Lines.Count(static l => l.Contains("could not be decoded", StringComparison.Ordinal)).Should().BeLessThan(20);
    }

    [Fact]
    public void The_log_names_the_part_of_the_key_that_is_null()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<(string, string), Employee>>(world.Manager.Changes(Shop.Employees.AllTenants()));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "employee", """{"id":"e","companyId":null,"active":true}""");
        world.Run();
        world.Log.Lines.Should().ContainSingle(l => l.Contains("could not be decoded")).Which.Should().Contain("$.companyId");
    }

    private static readonly RealtimeTable<long, Priced> Prices = RealtimeTable.Define("prices", PricedJson.Default.Priced, "id", static p => p.Id);
}

public sealed record Priced
{
    [System.Text.Json.Serialization.JsonPropertyName("id")]
    public required long Id { get; set; }

    [System.Text.Json.Serialization.JsonPropertyName("price")]
    public decimal Price { get; set; }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Priced))]
public sealed partial class PricedJson : System.Text.Json.Serialization.JsonSerializerContext;

public sealed record Rounded
{
    [System.Text.Json.Serialization.JsonPropertyName("id")]
    public required long Id { get; set; }

    [System.Text.Json.Serialization.JsonPropertyName("price")]
    [System.Text.Json.Serialization.JsonConverter(typeof(TwoPlaces))]
    public decimal Price { get; set; }
}

public sealed class TwoPlaces : System.Text.Json.Serialization.JsonConverter<decimal>
{
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Math.Round(reader.GetDecimal(), 2);

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Rounded))]
public sealed partial class RoundedJson : System.Text.Json.Serialization.JsonSerializerContext;
