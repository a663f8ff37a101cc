using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Who may see a change of a table with row level security: whoever finds its row now, asked as the subscriber's role with its claims
/// (docs/protocol.md, "Who gets a change"). A row that is gone nobody finds, not even a role that bypasses policies.
/// </summary>
internal sealed class VisibilityQuestions
{
    private readonly Dictionary<(string Role, string Claims), Dictionary<EmulatorTable, Dictionary<string[], bool>>> _asked = [];

    /// <summary>Notes that the claims' holder may get a change.</summary>
    public void Add(EmulatorChange change, EmulatorClaims claims)
    {
        var table = change.Table;
        if (KeyOf(change) is not { } key || !table.KeyColumns.All(k => table.MaySelect(claims.Role, k)))
        {
            return;
        }

        if (!_asked.TryGetValue((claims.Role, claims.Json), out var tables))
        {
            _asked.Add((claims.Role, claims.Json), tables = []);
        }

        if (!tables.TryGetValue(table, out var keys))
        {
            tables.Add(table, keys = new Dictionary<string[], bool>(EqualTexts.Instance));
        }

        keys.TryAdd(key, false);
    }

    /// <summary>Asks for all that was noted; each role and its claims in a transaction of their own.</summary>
    public async Task AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var ((role, claims), tables) in _asked)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var batch = connection.CreateBatch();
            batch.BatchCommands.Add(ClaimsSql.Take(role, claims));
            foreach (var (table, keys) in tables)
            {
                batch.BatchCommands.Add(Question(table, [.. keys.Keys]));
            }

            await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            foreach (var keys in tables.Values)
            {
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                foreach (var key in keys.Keys.ToArray())
                {
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    keys[key] = reader.GetBoolean(0);
                }
            }
        }
    }

    public bool IsVisible(EmulatorChange change, EmulatorClaims claims) =>
        KeyOf(change) is { } key && _asked.TryGetValue((claims.Role, claims.Json), out var tables) && tables.TryGetValue(change.Table, out var keys)
        && keys.TryGetValue(key, out var isThere) && isThere;

    // The text of the frame's value, as the real server has it: a char(n) that was cut finds nothing.
    private static string[]? KeyOf(EmulatorChange change)
    {
        var key = change.Table.KeyColumns.Select(k => change.New!.Cells[k]).ToArray();
        return Array.Exists(key, static c => c is PgValues.Absent or PgValues.Null) ? null : [.. key.Select(static c => PgValues.ToText(c)!)];
    }

    private static NpgsqlBatchCommand Question(EmulatorTable table, string[][] keys)
    {
        var columns = table.KeyColumns;
        var command = new NpgsqlBatchCommand(
            $"select exists(select 1 from {SqlText.Name(table.Schema, table.Name)} as r where "
            + string.Join(" and ", columns.Select((c, i) => $"r.{SqlText.Name(table.Columns[c].Name)} = k.k{i}::{table.Columns[c].Type.SqlName}"))
            + $") from unnest({string.Join(", ", columns.Select(static (_, i) => $"${i + 1}::text[]"))}) with ordinality as k("
            + $"{string.Join(", ", columns.Select(static (_, i) => $"k{i}"))}, o) order by k.o");
        for (var i = 0; i < columns.Length; i++)
        {
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. keys.Select(k => k[i])] });
        }

        return command;
    }

    /// <summary>Keys are equal column by column, whatever is in their texts.</summary>
    private sealed class EqualTexts : IEqualityComparer<string[]>
    {
        public static EqualTexts Instance { get; } = new();

        public bool Equals(string[]? x, string[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(string[] obj)
        {
            var hash = default(HashCode);
            foreach (var text in obj)
            {
                hash.Add(text, StringComparer.Ordinal);
            }

            return hash.ToHashCode();
        }
    }
}
