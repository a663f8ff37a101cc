using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Snapshots;

/// <summary>Turns an answer's bytes into a page: tenant verdict, key, and only then a row.</summary>
internal sealed class PageReader<TKey, TRow>
    where TKey : notnull
{
    private readonly string _table;
    private readonly TableDefinition<TKey, TRow> _definition;
    private readonly ImmutableArray<FilterCondition> _tenant;
    private readonly RowHead _head;
    private readonly MappedColumn[] _decimals;
    private readonly SnapshotLimits _limits;
    private readonly ILogger _logger;
    private byte[] _ours = [];
    private long _undecodable;

    public PageReader(
        string table, TableDefinition<TKey, TRow> definition, string? tenantColumn, RealtimeFilter tenant, SnapshotLimits limits, ILogger logger)
    {
        _table = table;
        _definition = definition;
        _tenant = tenant.Conditions;
        _head = new RowHead(definition.Key.ColumnsUtf8, tenantColumn is null ? null : Encoding.UTF8.GetBytes(tenantColumn));
        _decimals = [.. definition.Columns.Where(static c => c.HoldsDecimals)];
        _limits = limits;
        _logger = logger;
    }

    /// <summary>Reads a whole answer.</summary>
    /// <param name="response">A success.</param>
    /// <param name="after">The key that the page begins behind.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RestFaultException">The answer is none, or not one to this question.</exception>
    public async Task<SnapshotPage<TKey, TRow>> ReadAsync(HttpResponseMessage response, byte[][]? after, CancellationToken cancellationToken)
    {
        var page = new SnapshotPage<TKey, TRow> { Total = TotalOf(response) };
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new RowBody(stream, _limits);
        while (await body.MoveNextAsync(cancellationToken))
        {
            Read(page, body.Row, body.IsCut, after);
        }

        if (page.Foreign > 0)
        {
            SnapshotsLog.Foreign(_logger, _table, page.Foreign);
        }

        return page;
    }

    private void Read(SnapshotPage<TKey, TRow> page, ReadOnlySpan<byte> row, bool isCut, byte[][]? after)
    {
        var hasKey = _head.TryRead(row, !isCut, out var tenant, out var key);
        if (hasKey)
        {
            if (after is not null && key.First.SequenceEqual(after[0]) && key.Second.SequenceEqual(after[1]) && key.Third.SequenceEqual(after[2]))
            {
                // It would never end.
                throw new RestFaultException(new RestFault(RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp,
                    "The server's page holds the row that it was to begin behind: something between drops parts of the address."));
            }

            page.SetLast(key);
        }

        if (!page.AreColumnsChecked && !isCut && Missing(row) is { } missing)
        {
            throw new RestFaultException(new RestFault(RealtimeErrorReason.ProtocolViolation, RestReaction.GiveUp,
                $"The server's rows lack column '{missing}', which was asked for."));
        }

        page.AreColumnsChecked |= !isCut;

        // What cannot be told to be ours is not: the tenant was selected, so that it has to be there.
        if (_tenant.Any() && !IsOurs(tenant))
        {
            page.AddForeign();
            return;
        }

        if (isCut)
        {
            page.Add(Unreadable(hasKey, key, UnreadableReason.TooLong));
        }
        else if (FindRounded(row) is { } rounded)
        {
            Tell("$." + rounded, nameof(OverflowException));
            page.Add(Unreadable(hasKey, key, UnreadableReason.Rounded));
        }
        else
        {
            Decode(page, row, hasKey, key);
        }
    }

    private void Decode(SnapshotPage<TKey, TRow> page, ReadOnlySpan<byte> row, bool hasKey, in KeyValues key)
    {
        if (!hasKey)
        {
            Tell("$." + _definition.Key.Columns[0], nameof(JsonException));
            page.Add(new UnreadableRow<TKey>(false, default, UnreadableReason.Undecodable));
            return;
        }

        try
        {
            var decoded = _definition.DecodeRow(row);
            page.Add(_definition.KeyOf is { } keyOf ? keyOf(decoded) : _definition.Key.Decode(key), decoded);
        }
#pragma warning disable CA1031 // Row construction is the user's code: whatever it throws costs one row, never the read.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Tell(_definition.ColumnAt((e as JsonException)?.Path) ?? "?", e.GetType().Name); // the message may quote the row
            page.Add(Unreadable(true, key, UnreadableReason.Undecodable));
        }
    }

    private UnreadableRow<TKey> Unreadable(bool hasKey, in KeyValues key, UnreadableReason problem)
    {
        try
        {
            return hasKey ? new(true, _definition.Key.Decode(key), problem) : new(false, default, problem);
        }
#pragma warning disable CA1031 // The key is what cannot be decoded, or the user's converter for it threw.
        catch (Exception)
#pragma warning restore CA1031
        {
            return new(false, default, problem);
        }
    }

    private bool IsOurs(ReadOnlySpan<byte> tenant)
    {
        // Judged once, as long as the rows are one tenant's: what the same bytes say does not change.
        if (_ours.Length == 0 || !tenant.SequenceEqual(_ours))
        {
            if (Judge(tenant) != FilterVerdict.Yes)
            {
                return false;
            }

            _ours = tenant.ToArray();
        }

        return true;
    }

    private FilterVerdict Judge(ReadOnlySpan<byte> tenant)
    {
        // Nothing names the column's type here; the value's form is enough for equality.
        var verdict = FilterVerdict.Yes;
        foreach (var condition in _tenant)
        {
            var type = !tenant.StartsWith("\""u8) ? "numeric"u8 : condition.Value.HasUuid ? "uuid"u8 : "text"u8;
            verdict = verdict.And(condition.Evaluate(tenant, type));
        }

        return verdict;
    }

    /// <summary>A column that the row type maps and the server did not send; <see langword="null"/> if there is none.</summary>
    private string? Missing(ReadOnlySpan<byte> row)
    {
        var left = _definition.Columns.ToList();
        var reader = new Utf8JsonReader(row);
        try
        {
            reader.Read();
            while (left.Count > 0 && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                for (var i = 0; i < left.Count; i++)
                {
                    if (reader.ValueTextEquals(left[i].Utf8))
                    {
                        left.RemoveAt(i);
                        break;
                    }
                }

                reader.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // a name that is not Unicode is for the row's own decoding to refuse
        }

        return left.Count == 0 ? null : left[0].Name;
    }

    private string? FindRounded(ReadOnlySpan<byte> row)
    {
        if (_decimals.Length == 0 || (!MayHoldLongNumber(row) && !MappedColumn.HasNegativeExponent(row)))
        {
            return null;
        }

        var reader = new Utf8JsonReader(row);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                MappedColumn? column = null;
                foreach (var candidate in _decimals)
                {
                    column ??= reader.ValueTextEquals(candidate.Utf8) ? candidate : null;
                }

                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (column is not null && !column.Holds(row[start..(int)reader.BytesConsumed]))
                {
                    return column.Name;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
        }

        return null;
    }

    /// <summary>Whether a run of digits is so long that it covers one of these places; a glance at every 28th byte instead of a walk through the row.</summary>
    private static bool MayHoldLongNumber(ReadOnlySpan<byte> row)
    {
        for (var i = MappedColumn.SurelyFits; i < row.Length; i += MappedColumn.SurelyFits)
        {
            if (char.IsAsciiDigit((char)row[i]) || row[i] is (byte)'.' or (byte)'-' or (byte)'+' or (byte)'e' or (byte)'E')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>At the first and whenever their number doubles: a column that no row can be decoded for must not fill the log as well.</summary>
    private void Tell(string path, string exception)
    {
        if (System.Numerics.BitOperations.IsPow2(++_undecodable))
        {
            SnapshotsLog.Undecodable(_logger, _table, path, typeof(TRow).Name, exception);
        }
    }

    /// <summary>What follows the slash of <c>0-24/3573</c>. Read raw: without a unit, .NET does not know the header.</summary>
    private static long? TotalOf(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-Range", out var values)
        && values.ToString() is var text && text.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash
        && long.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var total)
            ? total
            : null;
}
