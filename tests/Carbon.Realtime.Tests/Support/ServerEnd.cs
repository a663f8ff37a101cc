using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Support;

/// <summary>A frame the client sent, taken apart (both protocol versions).</summary>
public sealed record SentFrame(string? JoinRef, string? Ref, string Topic, string Event, JsonElement Payload)
{
    public static SentFrame Parse(string text)
    {
        var root = JsonDocument.Parse(text).RootElement;
        return root.ValueKind == JsonValueKind.Array
            ? new SentFrame(root[0].GetString(), root[1].GetString(), root[2].GetString()!, root[3].GetString()!, root[4])
            : new SentFrame(
                root.GetProperty("join_ref").GetString(), root.GetProperty("ref").GetString(), root.GetProperty("topic").GetString()!,
                root.GetProperty("event").GetString()!, root.GetProperty("payload"));
    }

    public string? AccessToken => Payload.TryGetProperty("access_token", out var token) ? token.GetString() : null;

    public IReadOnlyList<JsonElement> Bindings => [.. Payload.GetProperty("config").GetProperty("postgres_changes").EnumerateArray()];
}

/// <summary>Speaks for the server on a fake socket, in protocol version 2.0.0.</summary>
public static class ServerEnd
{
    public static IReadOnlyList<SentFrame> Frames(this FakeRealtimeSocket socket, string? name = null) =>
        [.. socket.Sent.Select(SentFrame.Parse).Where(f => name is null || f.Event == name)];

    public static SentFrame Join(this FakeRealtimeSocket socket, int index = -1)
    {
        var joins = socket.Frames("phx_join");
        return index < 0 ? joins[^1] : joins[index];
    }

    /// <summary>Answers a join: the bindings get the ids 1, 2, 3, … in order.</summary>
    public static void AcceptJoin(this FakeRealtimeSocket socket, SentFrame join)
    {
        var bindings = new JsonArray();
        foreach (var (binding, index) in join.Bindings.Select((b, i) => (b, i)))
        {
            var entry = JsonNode.Parse(binding.GetRawText())!.AsObject();
            entry["id"] = index + 1;
            bindings.Add((JsonNode)entry);
        }

        socket.Reply(join, "ok", new JsonObject { ["postgres_changes"] = bindings }.ToJsonString());
    }

    public static void RefuseJoin(this FakeRealtimeSocket socket, SentFrame join, string reason) =>
        socket.Reply(join, "error", new JsonObject { ["reason"] = reason }.ToJsonString());

    public static void Reply(this FakeRealtimeSocket socket, SentFrame to, string status, string response) =>
        socket.Deliver($$"""[{{Json(to.JoinRef)}},{{Json(to.Ref)}},{{Json(to.Topic)}},"phx_reply",{"status":"{{status}}","response":{{response}}}]""");

    public static void Subscribed(this FakeRealtimeSocket socket, SentFrame join) =>
        socket.System(join, "postgres_changes", "ok", "Subscribed to PostgreSQL");

    public static void System(this FakeRealtimeSocket socket, SentFrame join, string extension, string status, string message) =>
        socket.Deliver($$"""[{{Json(join.JoinRef)}},null,{{Json(join.Topic)}},"system",{"message":{{Json(message)}},"status":"{{status}}","extension":"{{extension}}","channel":"x"}]""");

    public static void CloseChannel(this FakeRealtimeSocket socket, SentFrame join, string name = "phx_close") =>
        socket.Deliver($$"""[{{Json(join.JoinRef)}},{{Json(join.JoinRef)}},{{Json(join.Topic)}},"{{name}}",{}]""");

    public static void Insert(this FakeRealtimeSocket socket, SentFrame join, string table, string record, params long[] ids) =>
        socket.Change(join, table, "INSERT", record, null, ids);

    public static void Update(this FakeRealtimeSocket socket, SentFrame join, string table, string record, string oldRecord, params long[] ids) =>
        socket.Change(join, table, "UPDATE", record, oldRecord, ids);

    public static void Delete(this FakeRealtimeSocket socket, SentFrame join, string table, string oldRecord, params long[] ids) =>
        socket.Change(join, table, "DELETE", null, oldRecord, ids);

    public static void Change(
        this FakeRealtimeSocket socket, SentFrame join, string table, string type, string? record, string? oldRecord, long[] ids, string errors = "null")
    {
        var columns = string.Join(',', JsonDocument.Parse(record ?? oldRecord!).RootElement.EnumerateObject().Select(p =>
            $$"""{"name":{{Json(p.Name)}},"type":"{{(p.Value.ValueKind == JsonValueKind.Number ? "int8" : p.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? "bool" : "text")}}"}"""));
        var recordPart = record is null ? "" : $"\"record\":{record},";
        var oldPart = oldRecord is null ? "" : $",\"old_record\":{oldRecord}";
        var idList = string.Join(',', ids.Length == 0 ? [1L] : ids);
        var data = $$"""{"table":{{Json(table)}},"type":"{{type}}",{{recordPart}}"columns":[{{columns}}],"errors":{{errors}},"schema":"public","commit_timestamp":"2026-11-22T10:46:23.124Z"{{oldPart}}}""";
        socket.Deliver($$"""[null,null,{{Json(join.Topic)}},"postgres_changes",{"data":{{data}},"ids":[{{idList}}]}]""");
    }

    private static string Json(string? text) => JsonValue.Create(text)?.ToJsonString() ?? "null";
}
