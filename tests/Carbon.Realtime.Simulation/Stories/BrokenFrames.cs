using System.Globalization;
using System.Text.Json.Nodes;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Changes as broken clients see them: what they do not look at might as well not be there.</summary>
internal static class BrokenFrames
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    /// <summary>No two changes are alike, so that none can be known for one that came before: no rule against repetitions holds.</summary>
    public static Func<JsonObject, bool> NoTwoAlike()
    {
        var count = 0;
        return data =>
        {
            var at = DateTimeOffset.Parse(data["commit_timestamp"]!.GetValue<string>(), CultureInfo.InvariantCulture);
            data["commit_timestamp"] = (at + (Tick * (++count % 9_999))).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
            return true;
        };
    }

    /// <summary>A column that the server left out is null.</summary>
    public static bool NullForAbsent(JsonObject data)
    {
        if (data["record"] is not JsonObject record || data["columns"] is not JsonArray columns)
        {
            return false;
        }

        var absent = columns.Select(static c => c!["name"]!.GetValue<string>()).Where(name => !record.ContainsKey(name)).ToList();
        absent.ForEach(name => record[name] = null);
        return absent.Count > 0;
    }
}
