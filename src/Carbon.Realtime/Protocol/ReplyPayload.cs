using System.Text.Json;

namespace Carbon.Realtime.Protocol;

/// <summary>A binding as the join reply lists it: what was sent, in the order it was sent, with the id its changes will carry.</summary>
internal sealed record ReplyBinding(long Id);

/// <summary>The payload of a <c>phx_reply</c>.</summary>
/// <param name="IsOk">Whether the status is <c>ok</c>.</param>
/// <param name="Reason">The words of an error: its <c>reason</c>, or the response where that is a bare string.</param>
/// <param name="Bindings">The <c>postgres_changes</c> of a join's reply; empty elsewhere.</param>
internal sealed record ReplyPayload(bool IsOk, string Reason, IReadOnlyList<ReplyBinding> Bindings)
{
    /// <summary>Reads a payload; a shape that cannot be read gives <see langword="null"/>.</summary>
    public static ReplyPayload? TryParse(ReadOnlySpan<byte> payload) => JsonPayload.TryRead(payload, static root =>
    {
        var response = root.TryGetProperty("response"u8, out var r) ? r : default;
        var bindings = response.ValueKind == JsonValueKind.Object && response.TryGetProperty("postgres_changes"u8, out var list)
            && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Select(static b => new ReplyBinding(b.GetProperty("id"u8).GetInt64())).ToArray()
                : [];
        return new ReplyPayload(root.GetProperty("status"u8).ValueEquals("ok"u8), ReasonOf(response), bindings);
    });

    private static string ReasonOf(JsonElement response) => response.ValueKind switch
    {
        JsonValueKind.String => response.GetString()!,
        JsonValueKind.Object when response.TryGetProperty("reason"u8, out var reason) =>
            reason.ValueKind == JsonValueKind.String ? reason.GetString()! : reason.GetRawText(),
        _ => "",
    };
}
