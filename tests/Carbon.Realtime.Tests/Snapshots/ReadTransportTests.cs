using System.IO.Compression;
using System.Text;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>Handlers and the streams they give are other people's code.</summary>
public sealed class ReadTransportTests
{
    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(ObjectDisposedException))]
    [InlineData(typeof(NotSupportedException))]
    [InlineData(typeof(TimeoutException))]
    public async Task Whatever_a_handler_throws_is_a_fault_that_may_pass_and_is_told_by_its_type_alone(Type type)
    {
        var world = new SnapshotWorld(limits: l => l with { Retries = 1 });
        world.Rest.Script = (_, _) => throw (Exception)Activator.CreateInstance(type, "planted")!;
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ServerUnreachable, true));
        error.ToString().Should().Contain(type.Name).And.NotContain("planted");
        world.Rest.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_compressed_body_that_is_broken_is_read_again()
    {
        foreach (var (encoding, bytes) in (IEnumerable<(string, byte[])>)[("br", [0xff, 0xff, 0xff, 0xff]), ("gzip", [0x1f, 0x8b, 8, 0, 1, 2]), ("deflate", [1, 2, 3])])
        {
            var world = new SnapshotWorld();
            world.AddNumbers(2);
            world.Rest.Script = (n, _) => n > 1 ? null : new HttpResponseMessage { Content = FakePostgrest.Body(Decompressed(encoding, new MemoryStream(bytes))) };
            (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal([1, 2], encoding);
            world.Rest.Requests.Should().HaveCount(3);
        }
    }

    [Fact]
    public async Task A_small_answer_that_unpacks_to_a_huge_one_is_stopped_where_a_page_ends()
    {
        var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write("[{\"id\":1},"u8);
            var blanks = Encoding.UTF8.GetBytes(new string(' ', 1 << 20));
            for (var i = 0; i < 100; i++)
            {
                brotli.Write(blanks);
            }
        }

        packed.Length.Should().BeLessThan(64 * 1024);
        packed.Position = 0;
        var unpacked = new CountingStream(Decompressed("br", packed));
        var world = new SnapshotWorld(limits: l => l with { MaxPageBytes = 4 << 20, Retries = 0, PageRows = 1 });
        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(unpacked) };
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        unpacked.Count.Should().BeInRange(4 << 20, 5 << 20);
    }

    [Fact]
    public async Task A_redirect_into_the_clear_is_refused_though_the_host_is_the_same()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => new HttpResponseMessage
        {
            RequestMessage = new HttpRequestMessage(HttpMethod.Get, "http://db.test/rest/v1/number"),
            Content = new StringContent("[]", null, "application/json"),
        };
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
        world.Rest.Script = (_, _) => FakePostgrest.Answer(308, "", "text/html");
        (await world.FailAsync()).Message.Should().Contain("redirects are not followed");
    }

    [Fact]
    public async Task A_stream_that_breaks_when_it_is_given_up_is_a_time_out_or_a_cancellation_and_no_lost_connection()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 8 });
        world.AddNumbers(3);
        world.Rest.Script = (n, _) => n > 1 ? null : new HttpResponseMessage { Content = FakePostgrest.Body(new BreaksWhenCancelled()) };
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1, 2, 3);
        world.Rest.Queries[1].Should().Contain("limit=4", "what takes too long is asked for with fewer rows");

        using var cancellation = new CancellationTokenSource();
        world.Rest.Requests.Clear();
        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(new BreaksWhenCancelled()) };
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, cancellation.Token));
        world.Env.RunUntilIdle();
        cancellation.Cancel();
        await FluentActions.Awaiting(() => world.Env.RunAsync(scan)).Should().ThrowAsync<OperationCanceledException>();
        world.Rest.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task Who_cancels_between_repetitions_waits_for_none()
    {
        var world = new SnapshotWorld();
        using var cancellation = new CancellationTokenSource();
        world.Rest.Script = (_, _) => FakePostgrest.Error(503, "PGRST001");
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, cancellation.Token));
        world.Env.RunUntilIdle();
        var before = world.Env.Time.GetUtcNow();
        cancellation.Cancel();
        await FluentActions.Awaiting(() => world.Env.RunAsync(scan)).Should().ThrowAsync<OperationCanceledException>();
        (world.Rest.Requests.Count, world.Env.Time.GetUtcNow(), world.Env.Time.ArmedTimers).Should().Be((1, before, 0));
    }

    [Fact]
    public async Task Every_answer_is_disposed_however_it_ends()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1, Retries = 0 });
        var answers = new List<Watched>();
        foreach (var (status, body, type) in (IEnumerable<(int, string, string)>)
            [
                (200, """[{"id":1}]""", "application/json"), (200, "[]", "application/json"), (200, """[{"id":""", "application/json"), (200, "null", "application/json"),
                (200, "<html>", "text/html"), (302, "", "text/html"), (403, "{}", "application/json"), (503, "{", "application/json"),
            ])
        {
            world.Rest.Script = (n, _) =>
            {
                var response = FakePostgrest.Answer(status, "", type);
                answers.Add(new Watched(Encoding.UTF8.GetBytes(n > 1 && body.EndsWith("}]", StringComparison.Ordinal) ? "[]" : body)));
                response.Content = FakePostgrest.Body(answers[^1], type);
                return response;
            };
            world.Rest.Requests.Clear();
            try
            {
                await world.KeysAsync(SnapshotWorld.Numbers);
            }
            catch (RealtimeException)
            {
            }
        }

        answers.Should().HaveCount(9).And.OnlyContain(a => a.IsDisposed);
    }

    [Theory]
    [InlineData("3600", 15, 30)] // the longest wait is ours, and not everybody's the same
    [InlineData("Thu, 01 Jan 2026 00:00:20 GMT", 20, 22)]
    [InlineData("Wed, 31 Dec 2025 00:00:00 GMT", 0.5, 1)]
    [InlineData("soon", 0.5, 1)]
    public async Task What_the_server_asks_to_wait_is_read_in_both_forms_and_bounded(string retryAfter, double least, double most)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) =>
        {
            var response = FakePostgrest.Error(503, "PGRST000");
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
            return n == 1 ? response : null;
        };
        var before = world.Env.Time.GetUtcNow();
        await world.KeysAsync(SnapshotWorld.Numbers);
        (world.Env.Time.GetUtcNow() - before).TotalSeconds.Should().BeInRange(least, most);
    }

    [Fact]
    public async Task A_servers_words_are_one_short_line()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Error(400, "42703", "column x\\n" + new string('y', 5000));
        var error = await world.FailAsync();
        error.Message.Should().Contain("column x yyy").And.NotContain("\n");
        error.Message.Length.Should().BeLessThan(600);
    }

    [Fact]
    public async Task Text_that_is_none_in_an_error_is_judged_by_the_status()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(403, """{"code":"\ud800"}""");
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
    }

    private static Stream Decompressed(string encoding, Stream packed) => encoding switch
    {
        "br" => new BrotliStream(packed, CompressionMode.Decompress),
        "gzip" => new GZipStream(packed, CompressionMode.Decompress),
        _ => new ZLibStream(packed, CompressionMode.Decompress),
    };

    private sealed class CountingStream(Stream inner) : MemoryStream
    {
        public long Count { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            Count += read;
            return read;
        }
    }

    private sealed class Watched(byte[] bytes) : MemoryStream(bytes)
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    private sealed class BreaksWhenCancelled : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var broken = new TaskCompletionSource<int>();
            using var cancelled = cancellationToken.Register(() => broken.TrySetException(new IOException("The stream was aborted.")));
            return await broken.Task;
        }
    }
}
