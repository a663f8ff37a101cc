using System.IO.Compression;
using System.Text;

namespace Carbon.Realtime.IntegrationTests.Security;

/// <summary>A store over the real HTTP stack, and a server that answers with bombs, lies, redirects and without end: a typed error, and no more than a page of memory.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileHttpTests
{
    private const string Key = "planted-key-0123456789", Token = "planted-token-0123456789";

    /// <summary>What a read may allocate whatever is answered, the server's own part included: a few times the 64 KiB of a row, the buffers of the connection and of the unpacking.</summary>
    private const int Little = 8 << 20;

    /// <summary>What unpacks to a gigabyte, from a few megabytes at most.</summary>
    public static TheoryData<string> Encodings() => ["gzip", "deflate", "br"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_bomb_is_unpacked_to_a_page_and_no_further(string encoding)
    {
        var bomb = Bomb(encoding, 1 << 30, "[{\"id\":1},"u8);
        bomb.Length.Should().BeLessThan(16 << 20);
        var answer = ScriptedHttp.Answer("200 OK", $"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {bomb.Length}\r\n", bomb);
        await using var server = new ScriptedHttp((_, _, stream, stop) => stream.WriteAsync(answer, stop).AsTask());
        var (error, bytes) = await FailAsync(server, static o => (o.MaxMessageBytes, o.ReadPageRows) = (64 * 1024, 1));
        error.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        error.Message.Should().Contain("longer than");

        // Blanks between rows are not kept: what is allocated is the unpacking's own, whatever comes out of it.
        bytes.Should().BeLessThan(Little, "a gigabyte was on offer");
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_bomb_within_one_row_is_told_by_its_key_and_costs_no_more_than_the_longest_row(string encoding)
    {
        // Within a page's bytes, so that the page is read to its end; without the row's key the next could not be asked for.
        var bomb = Bomb(encoding, 32 << 20, "[{\"id\":2,\"title\":\"y\"},{\"id\":3,\"title\":\""u8, (byte)'x', "\"}]"u8);
        var answer = ScriptedHttp.Answer("200 OK", $"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {bomb.Length}\r\n", bomb);
        await using var server = new ScriptedHttp(async (_, request, stream, stop) => await stream.WriteAsync(request.Contains("gt.", StringComparison.Ordinal) ? ScriptedHttp.Json("[]") : answer, stop));
        await using var manager = new RealtimeChannelManager(Options(server, static o => o.MaxMessageBytes = 64 * 1024), new RealtimeDependencies { AccessTokens = new Tokens() });
        var store = manager.Store(RealtimeTable.Untyped("todos"));
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await store.VerifyAsync(hang.Token);
        (GC.GetTotalAllocatedBytes(precise: true) - before).Should().BeLessThan(Little, "32 MiB were on offer, and no row may have more than 64 KiB");
        store.Current.Rows.Should().ContainSingle().Which.GetProperty("id").GetInt64().Should().Be(2);
        server.Requests.Should().Contain(static r => r.Contains("gt.3"), "the row that is too long is told by its key").And.NotContain(static r => r.Contains("gt.2"));
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_bomb_within_one_row_that_is_longer_than_a_page_ends_the_read(string encoding)
    {
        var bomb = Bomb(encoding, 1 << 30, "[{\"id\":1,\"title\":\""u8, (byte)'x');
        var answer = ScriptedHttp.Answer("200 OK", $"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {bomb.Length}\r\n", bomb);
        await using var server = new ScriptedHttp((_, _, stream, stop) => stream.WriteAsync(answer, stop).AsTask());
        var (error, bytes) = await FailAsync(server, static o => (o.MaxMessageBytes, o.ReadPageRows) = (64 * 1024, 1));
        error.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        bytes.Should().BeLessThan(Little, "a gigabyte was on offer");
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_bomb_in_an_error_is_not_unpacked_beyond_what_an_error_may_say(string encoding)
    {
        var bomb = Bomb(encoding, 1 << 30, "{\"code\":\"57014\",\"message\":\""u8, (byte)'x');
        var answer = ScriptedHttp.Answer("500 Error", $"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {bomb.Length}\r\n", bomb);
        await using var server = new ScriptedHttp((_, _, stream, stop) => stream.WriteAsync(answer, stop).AsTask());
        var (error, bytes) = await FailAsync(server);
        (error.Reason, error.ServerCode).Should().Be((RealtimeErrorReason.ServerUnavailable, "500"));
        bytes.Should().BeLessThan(Little);
    }

    [Theory]
    [InlineData("301 Moved", "http")]
    [InlineData("302 Found", "http")]
    [InlineData("303 See Other", "http")]
    [InlineData("307 Temporary Redirect", "http")]
    [InlineData("308 Permanent Redirect", "http")]
    [InlineData("308 Permanent Redirect", "//")]
    [InlineData("307 Temporary Redirect", "/rest/v2")]
    public async Task No_redirect_is_followed_and_no_credential_sent_there(string status, string form)
    {
        await using var other = new ScriptedHttp(static async (_, _, stream, stop) => await stream.WriteAsync(ScriptedHttp.Json("[]"), stop));
        var location = form switch { "http" => $"http://localhost:{other.Port}/rest/v1/todos", "//" => $"//localhost:{other.Port}/", _ => form };
        await using var server = new ScriptedHttp(async (_, _, stream, stop) => await stream.WriteAsync(
            ScriptedHttp.Answer(status, $"Location: {location}\r\nContent-Length: 0\r\n", []), stop));
        var (error, _) = await FailAsync(server);
        error.Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
        error.Message.Should().Contain("redirects are not followed").And.NotContain("localhost");
        other.Requests.Should().BeEmpty();
        server.Requests.Should().OnlyContain(static r => r.StartsWith("GET /rest/v1/todos?") && r.Contains($"apikey: {Key}") && r.Contains($"Bearer {Token}"));
        server.Requests.Should().NotContain(static r => r.Split('\r', 2)[0].Contains("planted"), "tokens and keys stand in no address");
    }

    [Fact]
    public async Task Cookies_are_neither_kept_nor_sent()
    {
        await using var server = new ScriptedHttp(static async (n, _, stream, stop) => await stream.WriteAsync(
            ScriptedHttp.Answer("200 OK", "Set-Cookie: planted=1; Path=/\r\nContent-Type: application/json\r\nContent-Length: 2\r\n", "[]"u8.ToArray()), stop));
        var store = await ReadAsync(server);
        store.Should().BeNull("an empty table is no error");
        server.Requests.Count.Should().BeGreaterThan(1);
        server.Requests.Should().NotContain(static r => r.Contains("Cookie", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("Content-Length: 5000\r\n", "[{\"id\":1}]", RealtimeErrorReason.ConnectionLost)]
    [InlineData("Content-Length: 3\r\n", "[{\"id\":1,\"title\":null,\"done\":true}]", RealtimeErrorReason.ConnectionLost)]
    [InlineData("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n[]", RealtimeErrorReason.ConnectionLost)]
    [InlineData("Transfer-Encoding: chunked\r\n", "2\r\n[", RealtimeErrorReason.ConnectionLost)]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "[]", RealtimeErrorReason.ConnectionLost)]
    public async Task An_answer_whose_length_or_form_is_a_lie_is_a_lost_connection(string headers, string body, RealtimeErrorReason reason)
    {
        await using var server = new ScriptedHttp(async (_, _, stream, stop) => await stream.WriteAsync(
            ScriptedHttp.Answer("200 OK", "Content-Type: application/json\r\n" + headers, Encoding.UTF8.GetBytes(body)), stop));
        var (error, _) = await FailAsync(server);
        (error.Reason, error.IsTransient).Should().Be((reason, true));
    }

    [Fact]
    public async Task Headers_without_end_are_read_to_their_limit()
    {
        await using var server = new ScriptedHttp(static async (_, _, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"u8.ToArray(), stop);
            var header = Encoding.ASCII.GetBytes("X-More: " + new string('x', 8000) + "\r\n");
            while (true)
            {
                await stream.WriteAsync(header, stop);
            }
        });
        var (error, bytes) = await FailAsync(server);
        error.Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
        bytes.Should().BeLessThan(Little);
    }

    [Fact]
    public async Task A_body_without_end_is_read_to_the_end_of_a_page()
    {
        await using var server = new ScriptedHttp(static async (_, _, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[{\"id\":1,\"title\":null,\"done\":true}"u8.ToArray(), stop);
            var rows = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string(' ', 64 * 1024 - 1) + "\n", 16)));
            while (true)
            {
                await stream.WriteAsync(rows, stop);
            }
        });
        var (error, bytes) = await FailAsync(server, static o => (o.MaxMessageBytes, o.ReadPageRows) = (64 * 1024, 1));
        error.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        bytes.Should().BeLessThan(Little);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_given_up_after_the_reads_time_and_its_connection_closed()
    {
        // One that keeps coming, byte by byte, is in HostilePageTests, on a clock that the test moves.
        var closed = new TaskCompletionSource();
        await using var server = new ScriptedHttp(async (_, _, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n["u8.ToArray(), stop);
            try
            {
                (await stream.ReadAsync(new byte[1], stop)).Should().Be(0, "the client asks once");
            }
            catch (IOException)
            {
                // It was reset.
            }

            closed.TrySetResult();
        });
        var (error, _) = await FailAsync(server, static o => (o.ReadTimeout, o.ReadPageRows) = (TimeSpan.FromSeconds(1), 1), whenFailed: closed.Task);
        error.Reason.Should().Be(RealtimeErrorReason.ServerUnavailable);
        error.Message.Should().Contain("in time");
    }

    [Theory]
    [InlineData("Content-Type: text/html\r\n")]
    [InlineData("Content-Type: application/json-seq\r\n")]
    [InlineData("Content-Type: text/csv\r\n")]
    [InlineData("")]
    public async Task What_is_not_said_to_be_JSON_is_not_read_as_JSON(string type)
    {
        await using var server = new ScriptedHttp(async (_, _, stream, stop) => await stream.WriteAsync(
            ScriptedHttp.Answer("200 OK", type + "Content-Length: 36\r\n", """[{"id":1,"title":null,"done":true}]  """u8.ToArray()), stop));
        var (error, _) = await FailAsync(server);
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ServerUnreachable, true));
    }

    /// <summary>Blanks, or one long text, behind a beginning; made in pieces, so that the test needs no gigabyte either.</summary>
    private static byte[] Bomb(string encoding, long size, ReadOnlySpan<byte> beginning, byte filling = (byte)' ', ReadOnlySpan<byte> ending = default)
    {
        var packed = new MemoryStream();
        using (Stream packing = encoding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            packing.Write(beginning);
            var piece = new byte[1 << 20];
            Array.Fill(piece, filling);
            for (var written = 0L; written < size; written += piece.Length)
            {
                packing.Write(piece);
            }

            packing.Write(ending);
        }

        return packed.ToArray();
    }

    private static async Task<(RealtimeException Error, long Bytes)> FailAsync(ScriptedHttp server, Action<RealtimeOptions>? configure = null, Task? whenFailed = null)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var error = await ReadAsync(server, configure, whenFailed);
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        error.Should().NotBeNull();
        error!.ToString().Should().NotContainAny(Key, Token);
        return (error, bytes);
    }

    /// <summary>One complete read of a store, without repetitions; its error.</summary>
    /// <param name="server">Answers.</param>
    /// <param name="configure">Of the manager.</param>
    /// <param name="whenFailed">What follows the error by itself, before the manager is disposed.</param>
    private static async Task<RealtimeException?> ReadAsync(ScriptedHttp server, Action<RealtimeOptions>? configure = null, Task? whenFailed = null)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var manager = new RealtimeChannelManager(Options(server, configure), new RealtimeDependencies { AccessTokens = new Tokens() });
        var store = manager.Store(RealtimeTable.Untyped("todos"));
        try
        {
            await store.VerifyAsync(hang.Token);
            await store.VerifyAsync(hang.Token);
            return null;
        }
        catch (RealtimeException e)
        {
            await (whenFailed ?? Task.CompletedTask).WaitAsync(hang.Token);
            return e;
        }
    }

    private static RealtimeOptions Options(ScriptedHttp server, Action<RealtimeOptions>? configure)
    {
        var options = new RealtimeOptions { Url = new Uri("http://127.0.0.1:9"), RestUrl = new Uri(server.Url, "/rest/v1"), ApiKey = Key, ReadRetries = 0, ReadPageRows = 1 };
        configure?.Invoke(options);
        return options;
    }

    private sealed class Tokens : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(Token);
    }
}
