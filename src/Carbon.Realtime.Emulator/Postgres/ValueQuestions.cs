using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Turns texts of the log into the cells of a frame: as wal2json writes the text, and as the real server's <c>to_jsonb(text::type)</c> reads it again.
/// Types are named without their lengths, as there, which is what cuts <c>char(n)</c> and <c>bit(n)</c> (docs/protocol.md, "Values").
/// </summary>
internal sealed class ValueQuestions
{
    private readonly Dictionary<string, Dictionary<string, string>> _bySqlType = new(StringComparer.Ordinal);

    /// <summary>Notes a value that the database must be asked about.</summary>
    public void Add(PgType type, string text)
    {
        if (Local(type, text) is null)
        {
            if (!_bySqlType.TryGetValue(type.SqlName, out var texts))
            {
                _bySqlType.Add(type.SqlName, texts = new Dictionary<string, string>(StringComparer.Ordinal));
            }

            texts.TryAdd(text, PgValues.Absent);
        }
    }

    /// <summary>Asks for all that was noted.</summary>
    public async Task AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_bySqlType.Count == 0)
        {
            return;
        }

        await using var batch = connection.CreateBatch();
        foreach (var (type, texts) in _bySqlType)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"select to_jsonb(v::{type})::text from unnest($1::text[]) with ordinality as t(v, o) order by o")
            {
                Parameters = { new NpgsqlParameter<string[]> { TypedValue = [.. texts.Keys] } },
            });
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        foreach (var texts in _bySqlType.Values)
        {
            foreach (var text in texts.Keys.ToArray())
            {
                await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                texts[text] = reader.IsDBNull(0) ? PgValues.Null : reader.GetString(0);
            }

            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public string Cell(PgType type, string text) => Local(type, text) ?? _bySqlType[type.SqlName][text];

    /// <summary>What is plain without asking, and what wal2json decides.</summary>
    private static string? Local(PgType type, string text) => type.Name switch
    {
        "int2" or "int4" or "int8" => text,

        // Not a number and the infinities have no JSON form: wal2json writes null. Inside arrays it does not look.
        "numeric" or "float4" or "float8" when text is "NaN" or "Infinity" or "-Infinity" => PgValues.Null,
        "numeric" => text,
        "bool" => text is "t" or "true" ? "true" : "false",
        "text" or "varchar" or "name" or "uuid" => JsonText.Quote(text),

        // wal2json leaves the prefix out, and the server casts no bytea.
        "bytea" => JsonText.Quote(text.StartsWith(@"\x", StringComparison.Ordinal) ? text[2..] : text),
        _ => null,
    };
}
