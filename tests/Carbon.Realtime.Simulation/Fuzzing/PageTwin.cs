using System.Text.Json;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Reads a page with System.Text.Json, and requires the rows that must come, no others, and that each of the rest is counted as what it is.</summary>
internal static class PageTwin
{
    /// <summary>The rows; <see langword="null"/> where it is no array, or no JSON.</summary>
    public static List<JsonElement>? Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray().Select(static r => r.Clone())] : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <param name="page">What the reader made of it.</param>
    /// <param name="fates">What must become of each row.</param>
    /// <param name="nameOf">A key as a text.</param>
    /// <param name="nameOfTwin">The key of a row that may come.</param>
    /// <param name="isSame">Whether a row says what the twin at that place says.</param>
    public static void Compare<TKey, TRow>(SnapshotPage<TKey, TRow> page, IReadOnlyList<Fate> fates, Func<TKey, string> nameOf, Func<int, string> nameOfTwin, Func<TRow, int, bool> isSame)
    {
        var (rows, unknown) = (page.Rows, fates.Count(static f => f == Fate.Unknown));
        Require(rows.Count + page.Foreign + page.Unreadable.Count == fates.Count, "rows were lost or made up");
        Between(page.Foreign, Fate.Foreign, "foreign rows");
        Between(page.Unreadable.Count, Fate.Unreadable, "unreadable rows");
        Between(rows.Count, Fate.Ours, "good rows");
        var ours = Enumerable.Range(0, fates.Count).Where(i => fates[i] == Fate.Ours).ToList();
        if (unknown == 0)
        {
            foreach (var (row, at) in rows.Zip(ours))
            {
                Require(nameOf(row.Key) == nameOfTwin(at), "key is another row's");
                Require(isSame(row.Value, at), "a row is another one");
            }

            return;
        }

        var names = rows.CountBy(r => nameOf(r.Key)).ToDictionary(StringComparer.Ordinal);
        Require(ours.CountBy(nameOfTwin).All(n => names.GetValueOrDefault(n.Key) >= n.Value), "a good row is missing");

        void Between(int count, Fate fate, string what)
        {
            var known = fates.Count(f => f == fate);
            Require(count >= known && count <= known + unknown, $"{what}: {count}, by System.Text.Json {known}");
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new OracleException(otherwise);
        }
    }
}
