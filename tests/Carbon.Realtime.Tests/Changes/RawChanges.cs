using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Changes whose every part the test writes: the types of the columns, the time stamp, the errors.</summary>
internal static class RawChanges
{
    public const string At = "\"2026-11-22T10:46:23.124Z\"";

    /// <param name="socket">The server's end.</param>
    /// <param name="join">On which channel.</param>
    /// <param name="table">The table.</param>
    /// <param name="type"><c>INSERT</c>, <c>UPDATE</c>, <c>DELETE</c>.</param>
    /// <param name="columns">As <c>id text, tags _text</c>; empty for none.</param>
    /// <param name="record">The new row's JSON.</param>
    /// <param name="oldRecord">The old row's JSON.</param>
    /// <param name="at">The commit time stamp's JSON.</param>
    /// <param name="errors">The errors' JSON.</param>
    /// <param name="id">The binding's id.</param>
    public static void Raw(
        this FakeRealtimeSocket socket, SentFrame join, string table, string type, string columns, string? record, string? oldRecord = null,
        string at = At, string errors = "null", long id = 1)
    {
        var list = new JsonArray([.. columns.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(c => c.Split(' '))
            .Select(c => (JsonNode)new JsonObject { ["name"] = c[0], ["type"] = c[1] })]);
        var recordPart = record is null ? "" : $"\"record\":{record},";
        var oldPart = oldRecord is null ? "" : $",\"old_record\":{oldRecord}";
        socket.Deliver(
            $$$"""[null,null,"{{{join.Topic}}}","postgres_changes",{"data":{"table":"{{{table}}}","type":"{{{type}}}",{{{recordPart}}}"columns":{{{list.ToJsonString()}}},"errors":{{{errors}}},"schema":"public","commit_timestamp":{{{at}}}{{{oldPart}}}},"ids":[{{{id}}}]}]""");
    }
}
