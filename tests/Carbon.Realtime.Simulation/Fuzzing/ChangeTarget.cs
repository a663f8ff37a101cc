using System.Text;
using System.Text.Json;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// Some changes on one connection, behind each other: payload, record, guards, key, row; of a stream and of a store, typed and untyped. Declared: nothing throws, and what is no change is
/// malformed, truncated or too deep. A row is whole, ours, and says what its record says; where System.Text.Json reads the payload, both find the same parts, or both none.
/// </summary>
internal sealed class ChangeTarget : FuzzTarget
{
    /// <summary>ASCII's own word for what stands between two records; it stands in no JSON text.</summary>
    private const byte Separator = 0x1E;

    private const int MostChanges = 6;

    private static readonly FilterPlan Plan = FilterPlan.Create(
        RealtimeFilter.Where(FuzzTables.TenantColumn).Equal(FuzzTables.Tenant), RealtimeFilter.Parse("status=neq.Closed"), isSingle: false);

    private static readonly FilterPlan HeldPlan = FilterPlan.OfTenant(RealtimeFilter.Where(FuzzTables.TenantColumn).Equal(FuzzTables.Tenant), RealtimeFilter.Parse("status=neq.Closed,n=in.(1,2,42)"));

    private static readonly FilterPlan Everything = FilterPlan.Create(RealtimeFilter.None, RealtimeFilter.None, isSingle: false);

    private readonly DropCounter _drops = new(new RealtimeInstruments(new ManualEnvironment().Environment, null, "fuzz", new Uri("ws://db.test")));

    public override string Name => "change";

    /// <summary>It is five decoders, and each change is read twice more by the oracle.</summary>
    public override int Share => 50;

    // Five decoders with their indexes for each input, and of each change some rows, keys and exceptions.
    public override (long Fixed, long PerByte) Budget => (64 * 1024, 64);

    public override IReadOnlyList<byte[]> Recorded => Recordings.Changes;

    public override byte[] Write(Chance chance) =>
        Encoding.UTF8.GetBytes(string.Join((char)Separator, Enumerable.Range(0, 1 + chance.Below(3)).Select(_ => Payload(chance, "order", [1]))));

    /// <summary>A change as the server writes it.</summary>
    public static string Payload(Chance chance, string table, long[] ids)
    {
        var type = chance.Below(3) switch { 0 => "INSERT", 1 => "UPDATE", _ => "DELETE" };
        List<(string, string)> data = [("table", HostileJson.Quote(table)), ("type", $"\"{type}\"")];
        if (type != "DELETE")
        {
            data.Add(("record", FuzzTables.Row(chance)));
        }

        data.Add(("columns", FuzzTables.ColumnList(chance)));
        data.Add(("errors", chance.OneIn(10) ? chance.OneIn(2) ? "[\"Error 413: Payload Too Large\"]" : "[\"Error 401: Unauthorized\"]" : "null"));
        data.Add(("schema", "\"public\""));
        data.Add(("commit_timestamp", chance.OneIn(10) ? HostileJson.Value(chance, 1) : "\"2026-11-22T10:46:23.124Z\""));
        if (type != "INSERT")
        {
            data.Add(("old_record", FuzzTables.OldRow(chance)));
        }

        return HostileJson.Object(chance, ("data", HostileJson.Object(chance, data)), ("ids", chance.OneIn(30) ? HostileJson.Value(chance, 2) : $"[{string.Join(',', ids)}]"));
    }

    protected override Verdict Judge(byte[] input)
    {
        var connection = new Connection(_drops);
        var verdict = Verdict.Refused("Nothing");
        var count = 0;
        foreach (var range in input.AsSpan().Split(Separator))
        {
            var payload = input[range];
            if (++count > MostChanges)
            {
                break;
            }

            Begin();
            var isRead = connection.Reader.TryRead(payload, out var change, out var error);
            End();
            Require(isRead == (error == FrameDropReason.None), $"error {error} does not fit {isRead}");
            Require(error is FrameDropReason.None or FrameDropReason.Malformed or FrameDropReason.Truncated or FrameDropReason.TooDeep, $"error {error} is not declared");
            var fate = ChangeTwin.Compare(payload, isRead, change);
            if (!isRead)
            {
                verdict = verdict.IsAccepted ? verdict : Verdict.Refused(error.ToString());
                continue;
            }

            Require(change.Ids.Length > 0 && !change.Schema.IsEmpty && !change.Table.IsEmpty, "change without ids or names");
            Begin();
            var row = connection.Typed.Decode(change, verified: false);
            var held = connection.Held.Decode(change, verified: true);
            var raw = connection.Untyped.Decode(change, verified: false);
            var heldRaw = connection.HeldUntyped.Decode(change, verified: true);
            var plain = connection.All.Decode(change, verified: false);
            connection.Held.TryFindKeys(change, out _, out _);
            var hasKeys = connection.HeldUntyped.TryFindKeys(change, out var key, out var oldKey);
            End();
            if (hasKeys)
            {
                Hold(key, connection.Keys);
                if (oldKey.Exists)
                {
                    Hold(oldKey.Key, connection.Keys);
                }
            }

            CheckTyped(row, change);
            CheckTyped(held, change);
            CheckUntyped(raw, connection.Keys, static key => key.GetRawText());
            CheckUntyped(heldRaw, connection.KeyPairs, static key => key[1].GetRawText());
            if (fate is not null)
            {
                CheckForeign(fate, row, held, raw, heldRaw);
                CheckTyped(row, fate, isWanted: true, hasOldRow: true);
                CheckTyped(held, fate, fate.HasNumber, hasOldRow: false);
                CheckUntyped(raw, fate, fate.IsMatching, static key => key);
                CheckUntyped(heldRaw, fate, fate.IsMatching && fate.HasNumber && fate.IsUncut && fate.HasPair, static key => key[1]);
                CheckUntyped(plain, fate, isWanted: true, static key => key);
            }

            if (row is not null || !verdict.IsAccepted)
            {
                verdict = row is not null ? Verdict.Accepted(WordOf(row))
                    : (held ?? (object?)raw ?? heldRaw ?? plain) is { } other ? Verdict.Accepted($"another's {WordOf(other)}")
                    : Verdict.Refused("Nobody's");
            }
        }

        return verdict;
    }

    private static string WordOf(object? element) => element switch
    {
        null => "nobody's",
        Gap<string, FuzzRow> gap => $"gap {gap.Reason}",
        Gap<JsonElement, JsonElement> gap => $"gap {gap.Reason}",
        _ => element.GetType().Name.Split('`')[0].ToLowerInvariant(),
    };

    /// <summary>As streams, stores and their users do: a key that was told must work as one.</summary>
    private static void Hold(JsonElement key, HashSet<JsonElement> keys)
    {
        keys.Add(key);
        Require(keys.Contains(key), "key is not found again");
    }

    private static void CheckForeign(ChangeFate fate, params IEnumerable<object?> elements) => Require(!fate.IsForeign || elements.All(static e => e is null), "something of a foreign row is told");

    /// <summary>What must come, comes.</summary>
    private void CheckTyped(TableChange<string, FuzzRow>? element, ChangeFate fate, bool isWanted, bool hasOldRow)
    {
        if (!isWanted || !fate.IsMatching)
        {
            return;
        }

        if (fate.IsDelete)
        {
            var deleted = element as Deleted<string, FuzzRow>;
            Require(deleted is { IsVerified: true } && deleted.Key == fate.Key, $"no delete where one must come: {element}");
            Require(deleted!.HasOldRow == (hasOldRow && fate.Expected is not null), "a deleted row that is not told, or told in part");
            Require(!deleted.HasOldRow || AreSame(deleted.OldRow!, fate.Expected!), "a deleted row is another one");
        }
        else if (fate.Expected is { } expected)
        {
            var (key, row) = element switch
            {
                Inserted<string, FuzzRow> inserted => (inserted.Key, inserted.Row),
                Updated<string, FuzzRow> updated => (updated.Key, updated.Row),
                _ => (null, null),
            };
            Require(row is not null, $"no row where one must come: {element}");
            Require(key == fate.Key && AreSame(row!, expected), "a row is another one");
        }
    }

    private static void CheckUntyped(TableChange<JsonElement, JsonElement>? element, ChangeFate fate, bool isWanted, Func<JsonElement, JsonElement> idOf)
    {
        if (!isWanted || fate.Key is null || (!fate.IsWholeRaw && !fate.IsDelete))
        {
            return;
        }

        var (key, row) = element switch
        {
            Inserted<JsonElement, JsonElement> inserted when !fate.IsDelete => (inserted.Key, inserted.Row),
            Updated<JsonElement, JsonElement> updated when !fate.IsDelete => (updated.Key, updated.Row),
            Deleted<JsonElement, JsonElement> deleted when fate.IsDelete => (deleted.Key, fate.Row),
            _ => default,
        };
        Require(key.ValueKind != JsonValueKind.Undefined && idOf(key).GetString() == fate.Key, $"no raw row where one must come: {element}");
        Require(row.GetRawText() == fate.Row.GetRawText(), "a raw row is another one");
    }

    private static void CheckTyped(TableChange<string, FuzzRow>? element, in ChangeFrame change)
    {
        switch (element)
        {
            case Inserted<string, FuzzRow> inserted:
                CheckRow(inserted.Key, inserted.Row, change.Record, isFiltered: true);
                break;
            case Updated<string, FuzzRow> updated:
                CheckRow(updated.Key, updated.Row, change.Record, isFiltered: true);
                if (updated.HasOldRow)
                {
                    CheckRow(updated.OldKey, updated.OldRow!, change.OldRecord, isFiltered: false);
                }

                break;
            case Deleted<string, FuzzRow> { HasOldRow: true } deleted:
                CheckRow(deleted.Key, deleted.OldRow!, change.OldRecord, isFiltered: true);
                break;
        }
    }

    private static void CheckRow(string key, FuzzRow row, ReadOnlySpan<byte> record, bool isFiltered)
    {
        Require(row.CompanyId == FuzzTables.Tenant, "foreign row");
        Require(row.Id == key, "key is another row's");
        Require(!isFiltered || row.Status is not "Closed", "row outside the filter");
        var definition = FuzzTables.Typed.Definition;
        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(record));
        foreach (var column in definition.Columns)
        {
            Require(document.RootElement.TryGetProperty(column.Name, out var value), "half a row");
            Require(column.Name != "qty" || value.ValueKind == JsonValueKind.Null == row.Quantity is null, "null for a value, or a value for null");
        }

        Require(!RowTwin.IsRounded(document.RootElement, row), "rounded number");
    }

    private static void CheckUntyped(TableChange<JsonElement, JsonElement>? element, HashSet<JsonElement> keys, Func<JsonElement, string> idOf)
    {
        var (key, row) = element switch
        {
            Inserted<JsonElement, JsonElement> inserted => (inserted.Key, inserted.Row),
            Updated<JsonElement, JsonElement> updated => (updated.Key, updated.Row),
            Deleted<JsonElement, JsonElement> { HasOldRow: true } deleted => (deleted.Key, deleted.OldRow),
            Deleted<JsonElement, JsonElement> deleted => (deleted.Key, default),
            Gap<JsonElement, JsonElement> { HasKey: true } gap => (gap.Key, default),
            _ => default,
        };
        if (key.ValueKind != JsonValueKind.Undefined)
        {
            Hold(key, keys);
        }

        if (row.ValueKind != JsonValueKind.Undefined && FuzzTables.HasReadableNames(row))
        {
            Require(row.GetProperty(FuzzTables.TenantColumn).GetString() == FuzzTables.Tenant, "foreign row");
            Require(row.GetProperty("id").GetRawText() == idOf(key), "key is another row's");
        }
    }

    /// <summary>What one connection keeps between its changes.</summary>
    private sealed class Connection(DropCounter drops)
    {
        public ChangeReader Reader { get; } = new();

        public ChangeDecoder<string, FuzzRow> Typed { get; } =
            Decoder("public.order", FuzzTables.Typed.Definition, Plan, keyOnlyDeletes: false, isHeld: false, drops);

        public ChangeDecoder<string, FuzzRow> Held { get; } =
            Decoder("public.order", FuzzTables.Typed.Definition, HeldPlan, keyOnlyDeletes: true, isHeld: true, drops);

        public ChangeDecoder<JsonElement, JsonElement> Untyped { get; } =
            Decoder("public.order", FuzzTables.Untyped.Definition, Plan, keyOnlyDeletes: true, isHeld: false, drops);

        public ChangeDecoder<JsonElement, JsonElement> HeldUntyped { get; } =
            Decoder("public.order", FuzzTables.UntypedPair.Definition, HeldPlan, keyOnlyDeletes: true, isHeld: true, drops);

        /// <summary>Of any table: what was recorded has no tenants.</summary>
        public ChangeDecoder<JsonElement, JsonElement> All { get; } =
            Decoder("public.todos", RealtimeTable.Untyped("todos").Definition, Everything, keyOnlyDeletes: true, isHeld: false, drops);

        public HashSet<JsonElement> Keys { get; } = new(FuzzTables.Untyped.Definition.Key.Comparer);

        public HashSet<JsonElement> KeyPairs { get; } = new(FuzzTables.UntypedPair.Definition.Key.Comparer);

        private static ChangeDecoder<TKey, TRow> Decoder<TKey, TRow>(
            string table, TableDefinition<TKey, TRow> definition, FilterPlan plan, bool keyOnlyDeletes, bool isHeld, DropCounter drops)
            where TKey : notnull =>
            new(table, new RecordDecoder<TKey, TRow>(table, definition, isHeld, NullLogger.Instance), plan, keyOnlyDeletes, drops, NullLogger.Instance);
    }
}
