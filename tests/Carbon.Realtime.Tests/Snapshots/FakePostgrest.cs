using System.Net;
using System.Text;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>A PostgREST in memory: really filters, orders and cuts, with the traps of the real one; and whatever faults a test puts before it.</summary>
public sealed class FakePostgrest : HttpMessageHandler
{
    public List<PostgrestTable> Tables { get; } = [];

    /// <summary>db-max-rows: cuts silently.</summary>
    public int MaxRows { get; set; } = 1000;

    /// <summary>The most bytes that one read of a body gives.</summary>
    public int ChunkBytes { get; set; } = int.MaxValue;

    public List<HttpRequestMessage> Requests { get; } = [];

    /// <summary>Decoded, for reading in assertions.</summary>
    public List<string> Queries { get; } = [];

    /// <summary>Asked first, with the request's number from 1 on; <see langword="null"/> lets the table answer.</summary>
    public Func<int, HttpRequestMessage, HttpResponseMessage?>? Script { get; set; }

    /// <summary>Told after each answer: where rows change between pages.</summary>
    public Action<int>? Answered { get; set; }

    /// <summary>Answers are made at once and arrive when this completes: what is committed meanwhile is not in them.</summary>
    public TaskCompletionSource? Held { get; set; }

    public static HttpResponseMessage Error(int status, string code, string message = "m") =>
        Answer(status, $$"""{"code":"{{code}}","details":null,"hint":null,"message":"{{message}}"}""");

    public static HttpResponseMessage Answer(int status, string body, string type = "application/json") =>
        new((HttpStatusCode)status) { Content = Body(new MemoryStream(Encoding.UTF8.GetBytes(body)), type) };

    public static HttpContent Body(Stream stream, string type = "application/json")
    {
        var content = new StreamContent(stream);
        content.Headers.TryAddWithoutValidation("Content-Type", type + "; charset=utf-8");
        return content;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Requests.Add(request);
        Queries.Add(Uri.UnescapeDataString(request.RequestUri!.Query));
        var number = Requests.Count;
        HttpResponseMessage response;
        try
        {
            response = Script?.Invoke(number, request) ?? Read(request);
        }
        catch (PostgrestException e)
        {
            response = Error(e.Status, e.Code, e.Message.Replace("\"", "'"));
        }

        response.RequestMessage ??= request;
        Answered?.Invoke(number);
        if (Held is { } held)
        {
            await held.Task.WaitAsync(cancellationToken);
        }

        return response;
    }

    private HttpResponseMessage Read(HttpRequestMessage request)
    {
        var name = Uri.UnescapeDataString(request.RequestUri!.Segments[^1]);
        var table = Tables.Find(t => t.Name == name)
            ?? throw new PostgrestException(404, "PGRST205", $"Could not find the table 'public.{name}' in the schema cache");
        var query = new PostgrestQuery(table, request.RequestUri.Query);
        var matching = query.Matching();
        var page = matching.Take(Math.Min(query.Limit, MaxRows)).ToList();
        var counts = request.Headers.TryGetValues("Prefer", out var prefer) && prefer.Contains("count=exact");
        var body = "[" + string.Join(", \n ", page.Select(row => table.Json(row, query.Selected))) + "]";
        var response = new HttpResponseMessage(counts && page.Count < matching.Count ? HttpStatusCode.PartialContent : HttpStatusCode.OK)
        {
            Content = Body(new ChunkStream(Encoding.UTF8.GetBytes(body), ChunkBytes)),
        };
        response.Content.Headers.TryAddWithoutValidation(
            "Content-Range", $"{(page.Count == 0 ? "*" : $"0-{page.Count - 1}")}/{(counts ? matching.Count : "*")}");
        return response;
    }

    /// <summary>Gives its bytes in pieces.</summary>
    public sealed class ChunkStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }

    /// <summary>Breaks at the first read.</summary>
    public sealed class BrokenStream(string words) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException<int>(new IOException(words));
    }

    /// <summary>Gives its bytes when the test lets it.</summary>
    public sealed class GatedStream(byte[] bytes, Task gate) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await gate;
            return Read(buffer.Span);
        }
    }

    /// <summary>Gives its bytes and then nothing, until the reader loses patience.</summary>
    public sealed class StuckStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length)
            {
                return Read(buffer.Span);
            }

            var never = new TaskCompletionSource<int>();
            using var cancelled = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
            return await never.Task;
        }
    }
}
