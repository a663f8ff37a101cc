using System.Text;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>Which columns have been seen to be arrays, by any stream: a filter on one must not be sent. Under the gate.</summary>
/// <remarks>
/// The server accepts such a filter and then fails to decode changes, for every client of the project, silently
/// (docs/protocol.md, "Thirty facts", fact 8).
/// </remarks>
internal sealed class ArrayColumns
{
    /// <summary>Tables with arrays that are remembered; past this the memory starts over.</summary>
    private const int MaxTables = 1024;

    private readonly Dictionary<(string Schema, string Table), HashSet<string>> _seen = [];

    /// <summary>Takes in what a table's change lists. Columns that it does not list, another role may see.</summary>
    /// <returns>Whether the table has arrays.</returns>
    public bool Learn(string schema, string table, TableColumns columns)
    {
        foreach (var (name, type) in columns.Types)
        {
            if (!FilterColumnTypes.IsArray(type))
            {
                _seen.GetValueOrDefault((schema, table))?.Remove(Encoding.UTF8.GetString(name));
                continue;
            }

            if (!_seen.TryGetValue((schema, table), out var arrays))
            {
                if (_seen.Count >= MaxTables)
                {
                    _seen.Clear();
                }

                _seen.Add((schema, table), arrays = []);
            }

            if (arrays.Count >= TableColumns.Most)
            {
                arrays.Clear(); // no table has so many: the names are made up
            }

            arrays.Add(Encoding.UTF8.GetString(name));
        }

        return _seen.ContainsKey((schema, table));
    }

    /// <summary>Why a filter must not be sent; <see langword="null"/> if it may. What the client alone judges harms nobody.</summary>
    public RealtimeException? Refusal(string schema, string table, RealtimeFilter sent)
    {
        if (!_seen.TryGetValue((schema, table), out var arrays))
        {
            return null;
        }

        var column = sent.Conditions.FirstOrDefault(c => arrays.Contains(c.Column))?.Column;
        return column is null ? null : new RealtimeException(
            RealtimeErrorReason.UnsafeFilter,
            $"Column '{column}' of table {schema}.{table} is an array, and array columns must not be filtered on: the server accepts the filter and "
            + "then loses changes for every client of the project. Filter on another column, or in your own code.",
            isTransient: false);
    }
}
