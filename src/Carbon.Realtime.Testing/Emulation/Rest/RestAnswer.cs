using System.Globalization;
using System.Net;
using System.Text;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>What is answered, before any fault.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body; none for HEAD.</param>
/// <param name="Headers">All headers but the content's length.</param>
internal sealed record RestAnswer(int Status, byte[] Body, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    public const string Json = "application/json; charset=utf-8";

    public static RestAnswer Of(HttpStatusCode status, string body, params (string Name, string Value)[] headers) =>
        new((int)status, Encoding.UTF8.GetBytes(body), [.. headers.Select(static h => KeyValuePair.Create(h.Name, h.Value))]);

    /// <summary>The error as PostgREST puts it; without a code, as the gateway does.</summary>
    public static RestAnswer Of(RestException error, bool isHead)
    {
        if (error.Code is null)
        {
            return error.Hint is null
                ? Of(error.Status, error.Message, ("Content-Type", "text/plain; charset=utf-8"))
                : Of(error.Status, $"{{\"message\":{JsonText.Quote(error.Message)},\"hint\":{JsonText.Quote(error.Hint)}}}", ("Content-Type", Json));
        }

        var body = $"{{\"code\":{JsonText.Quote(error.Code)},\"details\":{OrNull(error.Details)},\"hint\":{OrNull(error.Hint)},"
            + $"\"message\":{JsonText.Quote(error.Message)}}}";
        (string, string)[] headers = [("Content-Type", Json), ("Proxy-Status", $"PostgREST; error={error.Code}")];
        if (error.Status == HttpStatusCode.Unauthorized)
        {
            headers = [.. headers, ("WWW-Authenticate", "Bearer")];
        }

        if (error.RetryAfter is { } seconds)
        {
            headers = [.. headers, ("Retry-After", seconds.ToString(CultureInfo.InvariantCulture))];
        }

        // A HEAD has its code in Proxy-Status alone.
        return Of(error.Status, isHead ? "" : body, headers);
    }

    /// <summary>The response; its body is not sent yet.</summary>
    public HttpResponseMessage ToResponse(HttpRequestMessage request, HttpContent content)
    {
        var response = new HttpResponseMessage((HttpStatusCode)Status) { Content = content, RequestMessage = request, Version = request.Version };
        foreach (var (name, value) in Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, value))
            {
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return response;
    }

    public static string Range(long offset, int rows, int? total)
    {
        var counted = total?.ToString(CultureInfo.InvariantCulture) ?? "*";
        return rows == 0 ? $"*/{counted}" : string.Create(CultureInfo.InvariantCulture, $"{offset}-{offset + rows - 1}/{counted}");
    }

    private static string OrNull(string? text) => text is null ? "null" : JsonText.Quote(text);
}
