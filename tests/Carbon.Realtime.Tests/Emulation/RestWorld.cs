using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What a read answered.</summary>
internal sealed record RestReply(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Of an error: status, code.</summary>
    public (int, string?) Refusal => (Status, Body.Length == 0 ? null : JsonNode.Parse(Body) is JsonObject error ? error["code"]?.ToString() : null);

    public string? Range => Headers.GetValueOrDefault("Content-Range");

    /// <summary>The values of the rows' first members, in the order of the answer.</summary>
    public string[] Values => [.. JsonNode.Parse(Body)!.AsArray().Select(static r => r!.AsObject().First().Value?.ToString() ?? "null")];
}

/// <summary>An emulator on a manual environment, read over its handler.</summary>
internal sealed class RestWorld
{
    private readonly HttpMessageInvoker _http;

    public RestWorld(EmulatorTiming? timing = null, int maxRows = 1000)
    {
        Emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = World.Environment,
            Timing = timing ?? EmulatorTiming.Instant,
            MaxRows = maxRows,
        });
        _http = new HttpMessageInvoker(Emulator.CreateHttpHandler());
    }

    public ManualEnvironment World { get; } = new();

    public RealtimeEmulator Emulator { get; }

    public HttpRequestMessage Request(string target, string? token = null, string method = "GET", params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri("http://db.test/rest/v1/" + target));
        request.Headers.TryAddWithoutValidation("apikey", Emulator.AnonKey);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token ?? Emulator.ServiceKey}");
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            if (value.Length > 0)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation = default) => _http.SendAsync(request, cancellation);

    public Task<RestReply> ReadAsync(string target, string? token = null, string method = "GET", params (string Name, string Value)[] headers) =>
        ReadAsync(target, token, method, null, headers);

    public async Task<RestReply> ReadAsync(string target, string? token, string method, HttpContent? content, (string Name, string Value)[] headers)
    {
        var request = Request(target, token, method, headers);
        request.Content = content;
        var sending = SendAsync(request);
        await World.RunAsync(sending);
        using var response = await sending;
        var reading = response.Content.ReadAsStringAsync();
        await World.RunAsync(reading);
        return new RestReply(
            (int)response.StatusCode, await reading,
            response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The ids of the rows that a filter finds, in order.</summary>
    public async Task<string> IdsAsync(string filter, string table = "part")
    {
        var reply = await ReadAsync($"{table}?select=id&order=id&{filter}");
        return reply.Status == 200 ? string.Join(' ', reply.Values) : reply.Refusal.ToString();
    }
}
