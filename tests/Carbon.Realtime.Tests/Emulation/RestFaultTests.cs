using System.Net;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Each switch that makes reads go wrong.</summary>
public sealed class RestFaultTests
{
    private readonly RestWorld _world = new();

    public RestFaultTests()
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").PrimaryKey("id"));
        Emulator.CreateTable("other", static t => t.Column("id", "int4").PrimaryKey("id"));
        for (var i = 1; i <= 5; i++)
        {
            Emulator.Insert("part", new JsonObject { ["id"] = i });
        }
    }

    private RealtimeEmulator Emulator => _world.Emulator;

    public static TheoryData<EmulatorReadFault, int, string> Answers => new()
    {
        { EmulatorReadFault.StatementTimeout, 500, "57014" },
        { EmulatorReadFault.DatabaseUnavailable, 503, "PGRST001" },
        { EmulatorReadFault.SchemaCacheNotLoaded, 503, "PGRST002" },
        { EmulatorReadFault.TokenExpired, 401, "PGRST303" },
        { EmulatorReadFault.PermissionDenied, 403, "42501" },
        { EmulatorReadFault.Error(504, "PGRST003", "Timed out acquiring connection from connection pool."), 504, "PGRST003" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task The_next_reads_fail_and_then_no_more(EmulatorReadFault fault, int status, string code)
    {
        Emulator.Faults.FailReads(2, fault);
        (await _world.ReadAsync("part")).Refusal.Should().Be((status, code));
        var second = await _world.ReadAsync("part");
        second.Refusal.Should().Be((status, code));
        second.Headers.ContainsKey("Retry-After").Should().Be(status == 503);
        (await _world.ReadAsync("part")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Faults_queue_up_choose_a_table_and_can_be_healed()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.StatementTimeout);
        Emulator.Faults.FailReads(int.MaxValue, "part", EmulatorReadFault.Answer(521, "text/html", "<html>").WithRetryAfter(TimeSpan.FromSeconds(7)));
        (await _world.ReadAsync("other")).Status.Should().Be(500);
        (await _world.ReadAsync("other")).Status.Should().Be(200);
        for (var i = 0; i < 3; i++)
        {
            var reply = await _world.ReadAsync("part");
            (reply.Status, reply.Body, reply.Headers["Content-Type"], reply.Headers["Retry-After"]).Should().Be((521, "<html>", "text/html", "7"));
        }

        Emulator.Faults.HealReads();
        (await _world.ReadAsync("part")).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_content_type_can_be_wrong()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.WrongContentType("text/html"));
        var reply = await _world.ReadAsync("part");
        (reply.Status, reply.Headers["Content-Type"], reply.Values.Length).Should().Be((200, "text/html", 5));
    }

    [Fact]
    public async Task A_slow_body_pauses_on_the_virtual_clock_and_comes_whole()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.SlowBody(10, TimeSpan.FromSeconds(20)));
        var body = await BodyAsync();
        var buffer = new byte[100];
        (await ReadAsync(body, buffer)).Should().Be(10);
        var rest = body.ReadAsync(buffer.AsMemory(10)).AsTask();
        _world.World.Advance(TimeSpan.FromSeconds(19.9));
        rest.IsCompleted.Should().BeFalse();
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        rest.IsCompletedSuccessfully.Should().BeTrue();
        System.Text.Encoding.UTF8.GetString(buffer, 0, 10 + await rest).Should().StartWith("[{\"id\":5}, \n {").And.EndWith("{\"id\":1}]");
        (await ReadAsync(body, buffer)).Should().Be(0);
    }

    [Fact]
    public async Task A_truncated_body_breaks_after_its_bytes()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.TruncatedBody(10));
        var body = await BodyAsync();
        (await ReadAsync(body, new byte[100])).Should().Be(10);
        var more = () => ReadAsync(body, new byte[100]);
        (await more.Should().ThrowAsync<HttpIOException>()).Which.HttpRequestError.Should().Be(HttpRequestError.ResponseEnded);
    }

    [Fact]
    public async Task A_stalled_body_and_a_missing_answer_end_with_the_readers_patience()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), _world.World.Time);
        Emulator.Faults.FailReads(1, EmulatorReadFault.StalledBody(10));
        Emulator.Faults.FailReads(1, EmulatorReadFault.NoAnswer);
        var body = await BodyAsync();
        await body.ReadExactlyAsync(new byte[10]);
        var stalled = body.ReadAsync(new byte[1], patience.Token).AsTask();
        var unanswered = _world.SendAsync(_world.Request("part"), patience.Token);
        _world.World.Advance(TimeSpan.FromSeconds(29.9));
        (stalled.IsCompleted || unanswered.IsCompleted).Should().BeFalse();
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        (stalled.IsCanceled && unanswered.IsCanceled).Should().BeTrue();
    }

    [Fact]
    public async Task Nobody_may_answer_at_the_address_and_nobody_does_once_the_emulator_is_disposed()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.Unreachable);
        Emulator.Faults.FailReads(1, EmulatorReadFault.NoAnswer);
        var read = () => _world.ReadAsync("part");
        await read.Should().ThrowAsync<HttpRequestException>();
        var pending = _world.SendAsync(_world.Request("part"));
        _world.World.RunUntilIdle();
        Emulator.Dispose();
        _world.World.RunUntilIdle();
        pending.IsFaulted.Should().BeTrue();
        await read.Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task The_limit_of_rows_can_fall_between_two_pages()
    {
        (await _world.ReadAsync("part?limit=3&order=id")).Values.Should().Equal("1", "2", "3");
        Emulator.Faults.MaxRows = 1;
        (await _world.ReadAsync("part?limit=3&order=id&id=gt.3")).Values.Should().Equal("4");
        Emulator.Faults.MaxRows = null;
        (await _world.ReadAsync("part?limit=3&order=id&id=gt.3")).Values.Should().Equal("4", "5");
    }

    [Fact]
    public async Task A_replica_shows_the_database_as_it_was()
    {
        Emulator.Faults.ReplicaLag = TimeSpan.FromSeconds(10);
        Emulator.Insert("part", """{"id":6}""");
        Emulator.Delete("part", 1);
        _world.World.Advance(TimeSpan.FromSeconds(5));
        Emulator.Insert("part", """{"id":7}""");
        (await _world.IdsAsync("")).Should().Be("1 2 3 4 5");
        _world.World.Advance(TimeSpan.FromSeconds(5));
        (await _world.IdsAsync("")).Should().Be("2 3 4 5 6");
        Emulator.Faults.ReplicaLag = TimeSpan.Zero;
        (await _world.IdsAsync("")).Should().Be("2 3 4 5 6 7");
        Emulator.Faults.ReplicaLag = null;
        Emulator.CreateTable("late", static t => t.Column("id", "int4"));
        Emulator.Faults.ReplicaLag = TimeSpan.FromSeconds(1);
        Emulator.CreateTable("later", static t => t.Column("id", "int4"));
        Emulator.Insert("later", """{"id":1}""");
        Emulator.Insert("late", """{"id":1}""");
        (await _world.IdsAsync("", "late") + await _world.IdsAsync("", "later")).Should().BeEmpty();
    }

    [Fact]
    public async Task Writes_go_to_the_primary_however_late_the_replica_is()
    {
        Emulator.CreateTable("pair", static t => t.Column("id", "int4").Column("a", "text").Column("b", "text").PrimaryKey("id"));
        Emulator.Insert("pair", """{"id":1,"a":"a1","b":"b1"}""");
        Emulator.Faults.ReplicaLag = TimeSpan.FromHours(1);

        await WriteAsync("PATCH", """{"a":"a2"}""");
        await WriteAsync("PATCH", """{"b":"b2"}""");
        Emulator.Rows("pair").Single().ToString().Should().Be("""{"a": "a2", "b": "b2", "id": 1}""");

        (await WriteAsync("DELETE", null)).Range.Should().Be("*/1");
        (await WriteAsync("DELETE", null)).Range.Should().Be("*/0", "it is gone, whatever reads see");
        (await WriteAsync("PATCH", """{"a":"a3"}""")).Status.Should().Be(204);
        Emulator.Rows("pair").Should().BeEmpty();
        (await _world.IdsAsync("", "pair")).Should().Be("1");

        Task<RestReply> WriteAsync(string method, string? body) => _world.ReadAsync(
            "pair?id=eq.1", null, method, body is null ? null : new StringContent(body), [("Prefer", "count=exact")]);
    }

    [Fact]
    public void A_replica_keeps_what_is_late_and_no_more()
    {
        var time = new ManualTimeProvider();
        var database = new EmulatorDatabase();
        var replica = new EmulatorReplica(database, time) { Lag = TimeSpan.FromSeconds(2) };
        database.CreateTable("public", "part", static t => t.Column("id", "int4").PrimaryKey("id"));
        for (var i = 0; i < 1000; i++)
        {
            replica.OnCommit([(database.Tables[0], $"{i}", null)]);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        replica.Waiting.Should().BeLessThanOrEqualTo(2);
    }

    [Fact]
    public async Task An_ordered_fault_does_not_change_whom_chance_hits()
    {
        (await Failures(false)).Should().Equal(await Failures(true));

        async Task<int[]> Failures(bool isOrdered)
        {
            Emulator.Faults.Reads = new ReadFaults { Seed = 11, Fail = 0.3, Errors = [EmulatorReadFault.StatementTimeout] };
            if (isOrdered)
            {
                Emulator.Faults.FailReads(1, EmulatorReadFault.PermissionDenied);
            }

            var failed = new List<int>();
            for (var i = 0; i < 30; i++)
            {
                var reply = await _world.ReadAsync("part");
                if (i > 0 && reply.Status == 500)
                {
                    failed.Add(i);
                }
            }

            failed.Should().NotBeEmpty();
            return [.. failed];
        }
    }

    [Fact]
    public async Task Held_reads_are_made_and_arrive_later_in_their_order()
    {
        Emulator.Faults.HoldReads = true;
        var first = _world.SendAsync(_world.Request("part?id=gte.5"));
        _world.World.RunUntilIdle();
        Emulator.Insert("part", """{"id":6}""");
        var second = _world.SendAsync(_world.Request("part?id=gte.5&order=id"));
        _world.World.Advance(TimeSpan.FromMinutes(1));
        (first.IsCompleted || second.IsCompleted).Should().BeFalse();
        var arrived = new List<string>();
        _ = first.ContinueWith(_ => arrived.Add("first"), default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _ = second.ContinueWith(_ => arrived.Add("second"), default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Emulator.Faults.HoldReads = false;
        _world.World.RunUntilIdle();
        arrived.Should().Equal("first", "second");
        Emulator.Faults.HoldReads = false;
        _world.World.RunUntilIdle();
        (await (await first).Content.ReadAsStringAsync()).Should().Be("""[{"id":5}]""");
        (await (await second).Content.ReadAsStringAsync()).Should().Be("[{\"id\":5}, \n {\"id\":6}]");
    }

    [Fact]
    public void Impossible_switches_are_refused()
    {
        foreach (var wrong in (Action[])
        [
            () => Emulator.Faults.MaxRows = 0,
            () => Emulator.Faults.ChangesPerSecond = -1,
            () => Emulator.Faults.ReplicaLag = TimeSpan.FromTicks(-1),
            () => Emulator.Faults.DropChanges(-1),
            () => Emulator.Faults.LoseSlot(TimeSpan.FromTicks(-1)),
            () => Emulator.Faults.FailReads(0, EmulatorReadFault.NoAnswer),
        ])
        {
            wrong.Should().Throw<ArgumentOutOfRangeException>();
        }

        ((Action)(() => EmulatorReadFault.NoAnswer.WithRetryAfter(TimeSpan.Zero))).Should().Throw<InvalidOperationException>();
    }

    /// <summary>A read that would wait for ever fails the test instead of hanging it.</summary>
    private async Task<int> ReadAsync(Stream body, Memory<byte> buffer)
    {
        var reading = body.ReadAsync(buffer).AsTask();
        await _world.World.RunAsync(reading);
        return await reading;
    }

    private async Task<Stream> BodyAsync()
    {
        var sending = _world.SendAsync(_world.Request("part"));
        await _world.World.RunAsync(sending);
        var response = await sending;
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.Should().Be(58, "the headers promise the whole body");
        return await response.Content.ReadAsStreamAsync();
    }
}
