using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>Makes the changes of a poll from what the log has: rows by column, generated columns computed, values in the spelling of frames.</summary>
internal static class ChangeRenderer
{
    /// <summary>The changes of tables that still exist; those that nobody is subscribed to without values.</summary>
    public static async Task<IReadOnlyList<EmulatorChange>> RenderAsync(
        NpgsqlConnection connection, PostgresCatalog catalog, IReadOnlyList<WalChange> polled, Func<uint, bool> isWatched, CancellationToken cancellationToken)
    {
        var drafts = new List<Draft>();
        foreach (var change in polled)
        {
            // The log names partitions; a parent that stands for them is no table of the real server's log.
            if (catalog.Tables.TryGetValue(change.Relation.Oid, out var table) && !table.IsPartitioned)
            {
                drafts.Add(new Draft(change, table, isWatched(change.Relation.Oid)));
            }
        }

        foreach (var group in drafts.Where(static d => d.Table.Generated.Count > 0).GroupBy(static d => d.Table))
        {
            await GenerateAsync(connection, group.Key, [.. group.SelectMany(static d => d.WholeRows)], cancellationToken).ConfigureAwait(false);
        }

        var questions = new ValueQuestions();
        foreach (var draft in drafts)
        {
            draft.Ask(questions);
        }

        await questions.AskAsync(connection, cancellationToken).ConfigureAwait(false);
        return [.. drafts.Select(d => d.ToChange(questions))];
    }

    /// <summary>Computes generated columns from the plain ones of the same row, which is all that they may depend on.</summary>
    private static async Task GenerateAsync(
        NpgsqlConnection connection, CatalogTable table, IReadOnlyList<WalValue?[]> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var plain = Enumerable.Range(0, table.SqlTypes.Length)
            .Where(i => table.SqlTypes[i] is not null && table.Generated.All(g => g.Index != i)).ToArray();
        await using var command = connection.CreateCommand();
        foreach (var column in plain)
        {
            command.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = [.. rows.Select(r => r[column]?.Text)] });
        }

        var columns = plain.Select((c, i) => $"v.v{i}::{table.SqlTypes[c]} as {SqlText.Name(table.Table.Columns[c].Name)}");
        command.CommandText =
            $"select {string.Join(", ", table.Generated.Select(static g => $"({g.Expression})::text"))} from (select v.o as \" o\", {string.Join(", ", columns)} "
            + $"from unnest({string.Join(", ", plain.Select(static (_, i) => $"${i + 1}::text[]"))}) with ordinality as v({string.Join(", ", plain.Select(static (_, i) => $"v{i}"))}, o)) as r "
            + "order by \" o\"";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        foreach (var row in rows)
        {
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < table.Generated.Count; i++)
            {
                row[table.Generated[i].Index] = new WalValue(reader.IsDBNull(i) ? null : reader.GetString(i), false);
            }
        }
    }

    /// <summary>A change whose values lie where the catalog has their columns; a value that the log lacks is none.</summary>
    private sealed class Draft
    {
        private readonly WalChange _change;
        private readonly bool _isWatched;
        private readonly WalValue?[]? _new;
        private readonly WalValue?[]? _old;
        private readonly int[] _identity;

        public Draft(WalChange change, CatalogTable table, bool isWatched)
        {
            _change = change;
            _isWatched = isWatched;
            Table = table;
            var relation = change.Relation;
            var positions = relation.Columns.Select(c => table.Table.TryGetIndex(c, out var index) ? index : -1).ToArray();
            _identity = relation.IsFull
                ? [.. Enumerable.Range(0, table.SqlTypes.Length).Where(i => table.SqlTypes[i] is not null)]
                : [.. positions.Where((p, i) => p >= 0 && relation.Identity[i])];
            _new = change.New is null ? null : Row(change.New, positions);
            _old = change.Old is null ? null : Row(change.Old, positions);
            if (change.Type == "UPDATE")
            {
                for (var i = 0; i < _new!.Length; i++)
                {
                    // What the UPDATE left alone is in the old row, if that is whole.
                    _new[i] = _new[i] is { IsUnchanged: true } ? relation.IsFull ? _old?[i] : null : _new[i];
                }

                // The log has an old key only where it changed; else it is the new one.
                _old ??= [.. _new];
            }
        }

        public CatalogTable Table { get; }

        /// <summary>Rows from which generated columns can be computed.</summary>
        public IEnumerable<WalValue?[]> WholeRows
        {
            get
            {
                bool IsWhole(WalValue?[]? row) => row is not null
                    && row.Where((_, i) => Table.SqlTypes[i] is not null && Table.Generated.All(g => g.Index != i)).All(static v => v is not null);
                if (_isWatched && IsWhole(_new))
                {
                    yield return _new!;
                }

                if (_isWatched && _change.Relation.IsFull && IsWhole(_old))
                {
                    yield return _old!;
                }
            }
        }

        public void Ask(ValueQuestions questions)
        {
            if (_isWatched)
            {
                foreach (var row in (IEnumerable<WalValue?[]?>)[_new, _old])
                {
                    for (var i = 0; i < row?.Length; i++)
                    {
                        if (row[i] is { Text: { } text })
                        {
                            questions.Add(Table.Table.Columns[i].Type, text);
                        }
                    }
                }
            }
        }

        public EmulatorChange ToChange(ValueQuestions questions) => new(
            Table.Table, _change.Type, ToRow(_new, questions), ToRow(_old, questions), _identity, _change.CommitTimestamp);

        private static WalValue?[] Row(WalValue[] values, int[] positions, int length)
        {
            var row = new WalValue?[length];
            for (var i = 0; i < values.Length; i++)
            {
                if (positions[i] >= 0)
                {
                    row[positions[i]] = values[i];
                }
            }

            return row;
        }

        private WalValue?[] Row(WalValue[] values, int[] positions) => Row(values, positions, Table.SqlTypes.Length);

        private EmulatorRow? ToRow(WalValue?[]? row, ValueQuestions questions) => row is null ? null : new EmulatorRow(
            Table.Table,
            [.. row.Select((value, i) => !_isWatched || value is null ? PgValues.Absent
                : value.Value.Text is { } text ? questions.Cell(Table.Table.Columns[i].Type, text)
                : PgValues.Null)],
            []);
    }
}
