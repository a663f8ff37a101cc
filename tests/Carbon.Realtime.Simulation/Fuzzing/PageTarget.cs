using System.Text;
using System.Text.Json;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// A page of rows as PostgREST answers it: <c>Content-Range</c> in the first line, the body behind it. Declared: <see cref="RestFaultException"/> and nothing else. However the bytes are cut on their way, the rows, or
/// the fault, are the same; every row is the tenant's and named by its own key; and where System.Text.Json reads the body, it has as many rows, and the same.
/// </summary>
internal sealed class PageTarget : FuzzTarget
{
    private static readonly RealtimeFilter Tenant = RealtimeFilter.Where(FuzzTables.TenantColumn).Equal(FuzzTables.Tenant);

    /// <summary>So small that both are met. A longer row is told by its first 4096 bytes, wherever they are cut.</summary>
    private static readonly SnapshotLimits Small = new() { MaxRowBytes = 5_000, MaxPageBytes = 16_000 };

    private readonly PageReader<string, FuzzRow> _typed =
        new("public.order", FuzzTables.Typed.Definition, FuzzTables.TenantColumn, Tenant, SnapshotLimits.Default, NullLogger.Instance);

    private readonly PageReader<string, FuzzRow> _small = new("public.order", FuzzTables.Typed.Definition, FuzzTables.TenantColumn, Tenant, Small, NullLogger.Instance);

    private readonly PageReader<JsonElement, JsonElement> _untyped =
        new("public.order", FuzzTables.UntypedPair.Definition, FuzzTables.TenantColumn, Tenant, SnapshotLimits.Default, NullLogger.Instance);

    public override string Name => "page";

    public override int Share => 50;

    // It is read seven times, and each row that cannot be read costs an exception each time.
    public override (long Fixed, long PerByte) Budget => (128 * 1024, 192);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        "0-1/2\n[{\"id\":\"k1\",\"companyId\":\"co_1\",\"status\":\"Draft\",\"qty\":12.50,\"n\":1,\"ratio\":1.1,\"done\":false,\"at\":\"2026-11-22T10:46:23.12464+00:00\",\"uid\":\"11111111-1111-1111-1111-111111111111\",\"tags\":[\"a\"],\"doc\":{\"a\":1}}, \n {\"id\":\"k2\",\"companyId\":\"co_1\",\"status\":null,\"qty\":null,\"n\":null,\"ratio\":null,\"done\":null,\"at\":null,\"uid\":null,\"tags\":null,\"doc\":null}]",
        "*/0\n[]",
        "0-0/*\n[{\"id\":\"a\\\\\",\"companyId\":\"co_1\",\"status\":\"\\\"\\\\\\\"}]{[\",\"qty\":1,\"n\":9,\"ratio\":0,\"done\":true,\"at\":\"2024-02-29T07:44:15.123456+00:00\",\"uid\":null,\"tags\":[],\"doc\":[[{\"z\":\"}\"}]]}]",
        "\n{\"code\":\"PGRST205\",\"details\":null,\"hint\":null,\"message\":\"Could not find the table\"}",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override byte[] Write(Chance chance)
    {
        var range = chance.Below(6) switch { 0 => "", 1 => "*/0", 2 => "0-24/3573458", 3 => "0-0/99999999999999999999", 4 => "0-1/*", _ => "0-1/2" };
        var blank = chance.OneIn(4) ? " \n" : "";
        var rows = Enumerable.Range(0, chance.Below(chance.OneIn(6) ? 40 : 5)).Select(_ => chance.OneIn(60) ? HostileJson.Value(chance, 2) : Row(chance));
        return Encoding.UTF8.GetBytes($"{range}\n{blank}[{blank}{string.Join($"{blank},{(chance.OneIn(2) ? " \n " : "")}", rows)}]{blank}");
    }

    protected override Verdict Judge(byte[] input)
    {
        var line = Array.IndexOf(input, (byte)'\n');
        var range = line < 0 ? "" : Encoding.UTF8.GetString(input[..line]).Replace('\r', ' ').Replace('\0', ' ');
        var body = input[(line + 1)..];
        var chance = new Chance((ulong)body.Length);
        var after = body.Length % 4 == 0 ? (byte[][])["\"k1\""u8.ToArray(), [], []] : null;
        var whole = Read(_typed, range, new MemoryStream(body), after);
        var twins = PageTwin.Read(body);
        CheckTwin(whole.Page, twins, after);
        Same(whole, Read(_typed, range, new ChunkStream(body, () => 1), after), definition: FuzzTables.Typed.Definition, "byte by byte");
        Same(whole, Read(_typed, range, new ChunkStream(body, () => 1 + chance.Below(40)), after), definition: FuzzTables.Typed.Definition, "in pieces");
        Same(Read(_small, range, new MemoryStream(body), null), Read(_small, range, new ChunkStream(body, () => 1 + chance.Below(3_000)), null), FuzzTables.Typed.Definition, "in small pieces");
        var raw = Read(_untyped, range, new MemoryStream(body), null);
        Same(raw, Read(_untyped, range, new ChunkStream(body, () => 1 + chance.Below(7)), null), FuzzTables.UntypedPair.Definition, "raw and in pieces");
        CheckRaw(raw.Page, twins);
        return whole.Page is { } page
            ? Verdict.Accepted(page.Rows.Count > 0 ? "rows" : page.Unreadable.Count > 0 ? "unreadable rows" : page.Foreign > 0 ? "foreign rows" : "empty")
            : raw.Page is { Answered: > 0 } ? Verdict.Accepted("raw rows")
            : Verdict.Refused(whole.Fault!.Reason is RealtimeErrorReason.ProtocolViolation ? whole.Fault.Message.Split(['\'', ';'])[0] : whole.Fault.Reason.ToString());
    }

    private (SnapshotPage<TKey, TRow>? Page, RestFault? Fault) Read<TKey, TRow>(PageReader<TKey, TRow> reader, string range, Stream body, byte[][]? after)
        where TKey : notnull
    {
        using var response = new HttpResponseMessage { Content = new StreamContent(body) };
        response.Content.Headers.TryAddWithoutValidation("Content-Range", range);
        Begin();
        try
        {
            var page = reader.ReadAsync(response, after, default);
            Require(page.IsCompleted, "a stream that does not wait was waited for");
            return (page.GetAwaiter().GetResult(), null);
        }
        catch (RestFaultException e)
        {
            return (null, e.Fault);
        }
        finally
        {
            End();
        }
    }

    private void Same<TKey, TRow>((SnapshotPage<TKey, TRow>? Page, RestFault? Fault) one, (SnapshotPage<TKey, TRow>? Page, RestFault? Fault) other, TableDefinition<TKey, TRow> definition, string how)
        where TKey : notnull
    {
        // A body that is too long may be so before or after something else is wrong about it.
        Require(one.Fault == other.Fault || (one.Fault is not null && other.Fault is not null && (one.Fault.Reaction is RestReaction.Shrink || other.Fault.Reaction is RestReaction.Shrink)), $"fault of a body that comes {how}: {one.Fault}, {other.Fault}");
        if (one.Page is { } page && other.Page is { } again)
        {
            var keys = definition.Key.Comparer;
            Require(page.Rows.Count == again.Rows.Count && page.Foreign == again.Foreign && page.Unreadable.Count == again.Unreadable.Count && page.Total == again.Total, $"rows of a body that comes {how}");
            Require(page.Rows.Zip(again.Rows).All(pair => keys.Equals(pair.First.Key, pair.Second.Key) && AreSame(pair.First.Value, pair.Second.Value)), $"a row of a body that comes {how}");
            Require(page.Unreadable.Zip(again.Unreadable).All(pair => pair.First.HasKey == pair.Second.HasKey && pair.First.Problem == pair.Second.Problem && (!pair.First.HasKey || keys.Equals(pair.First.Key!, pair.Second.Key!))), $"an unreadable row of a body that comes {how}");
            Require((page.Last is null) == (again.Last is null) && (page.Last is null || page.Last.Zip(again.Last!).All(static pair => pair.First.AsSpan().SequenceEqual(pair.Second))), $"the last key of a body that comes {how}");
        }
    }

    private void CheckTwin(SnapshotPage<string, FuzzRow>? page, List<JsonElement>? twins, byte[][]? after)
    {
        foreach (var (key, row) in page?.Rows ?? [])
        {
            Require(row.CompanyId == FuzzTables.Tenant, "foreign row");
            Require(row.Id == key, "key is another row's");
        }

        Require(page is not { Total: < 0 }, "fewer rows than none");
        if (twins is null)
        {
            return;
        }

        var areRows = twins.TrueForAll(static r => r.ValueKind == JsonValueKind.Object);
        Require(page is null || areRows, "rows of no objects");
        Require(page is not null || !areRows || after is not null || !twins.TrueForAll(static r => FuzzTables.Typed.Definition.Columns.All(c => Has(r, c.Name))), "good rows are refused");
        if (page is not null)
        {
            var expected = new FuzzRow?[twins.Count];
            var fates = twins.Select((r, i) => RowTwin.OfTyped(r, out expected[i])).ToList();
            PageTwin.Compare(page, fates, static key => key, i => expected[i]!.Id, (row, i) => AreSame(row, expected[i]!));
        }
    }

    private static void CheckRaw(SnapshotPage<JsonElement, JsonElement>? page, List<JsonElement>? twins)
    {
        if (twins is not null)
        {
            Require(page is not null == twins.TrueForAll(static r => r.ValueKind == JsonValueKind.Object), "good raw rows are refused, or rows of no objects");
        }

        if (page is not null && twins is not null)
        {
            PageTwin.Compare(
                page, [.. twins.Select(RowTwin.OfRaw)], static key => key[1].GetRawText(), i => twins[i].GetProperty("id").GetRawText(), (row, i) => row.GetRawText() == twins[i].GetRawText());
        }

        var keys = new HashSet<JsonElement>(FuzzTables.UntypedPair.Definition.Key.Comparer);
        foreach (var (key, row) in page?.Rows ?? [])
        {
            keys.Add(key);
            Require(keys.Contains(key), "key is not found again");
            Require(keys.Contains(Respelt(key)), "key is not found with its numbers written otherwise");
            if (FuzzTables.HasReadableNames(row))
            {
                Require(row.GetProperty(FuzzTables.TenantColumn).GetString() == FuzzTables.Tenant, "foreign row");
                Require(row.GetProperty("id").GetRawText() == key[1].GetRawText(), "key is another row's");
            }
        }
    }

    private static JsonElement Respelt(JsonElement key)
    {
        using var document = JsonDocument.Parse($"[{string.Join(',', key.EnumerateArray().Select(static part =>
            part.ValueKind == JsonValueKind.Number && part.GetRawText().AsSpan().IndexOfAny(".eE") < 0 ? part.GetRawText() + ".0" : part.GetRawText()))}]");
        return document.RootElement.Clone();
    }

    private static bool Has(JsonElement row, string column) => !RowTwin.HasNameTwice(row) && row.TryGetProperty(column, out _);

    /// <summary>Tenant and key stand first, as they are selected; now and then not.</summary>
    private static string Row(Chance chance) => chance.OneIn(200) ? FuzzTables.Row(chance).Replace("\"status\"", $"\"long\":\"{new string('y', 6_000)}\",\"status\"", StringComparison.Ordinal) : FuzzTables.Row(chance);

    /// <summary>Gives its bytes in pieces.</summary>
    private sealed class ChunkStream(byte[] bytes, Func<int> size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(buffer.Length, size())], cancellationToken);
    }
}
