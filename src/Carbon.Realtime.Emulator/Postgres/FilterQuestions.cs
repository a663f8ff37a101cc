using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Conditions of filters, judged by the database itself as the real server has it judge them: the text of the value, cast to the column's type, compared
/// with the filter's. So collation, regular expressions and the order of enums are the database's.
/// </summary>
internal sealed class FilterQuestions
{
    private readonly Dictionary<Question, Dictionary<string, bool?>> _asked = [];

    /// <summary>Notes a value that a condition is to judge.</summary>
    public void Add(CompiledFilter filter, EmulatorTable table, string cell)
    {
        if (QuestionOf(filter, table) is { } question && cell != PgValues.Absent)
        {
            if (!_asked.TryGetValue(question, out var answers))
            {
                _asked.Add(question, answers = new Dictionary<string, bool?>(StringComparer.Ordinal));
            }

            answers.TryAdd(cell, null);
        }
    }

    /// <summary>Asks for all that was noted.</summary>
    public async Task AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_asked.Count == 0)
        {
            return;
        }

        await using var batch = connection.CreateBatch();
        foreach (var (question, answers) in _asked)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                $"select {question.Sql} from (select v::{question.Type} as v, o from unnest($1::text[]) with ordinality as t(v, o)) as t order by o")
            {
                Parameters =
                {
                    new NpgsqlParameter<string?[]> { TypedValue = [.. answers.Keys.Select(PgValues.ToText)] },
                    new NpgsqlParameter<string> { TypedValue = question.Value },
                },
            });
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        foreach (var answers in _asked.Values)
        {
            foreach (var cell in answers.Keys.ToArray())
            {
                await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                answers[cell] = reader.IsDBNull(0) ? null : reader.GetBoolean(0);
            }

            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a value matches; unknown counts as no, and so does a column that has another name by now.</summary>
    public bool Matches(CompiledFilter filter, EmulatorTable table, string cell) =>
        QuestionOf(filter, table) is { } question && _asked.TryGetValue(question, out var answers) && answers.TryGetValue(cell, out var answer)
        && (filter.Condition.Negated ? !answer : answer) == true;

    private static Question? QuestionOf(CompiledFilter filter, EmulatorTable table)
    {
        var column = table.Columns[filter.Column];

        // A filter on an array breaks the poll before anything is asked.
        return column.Name != filter.Condition.Column || column.Type.Kind == PgKind.Array
            ? null
            : new Question(column.Type.SqlName, filter.Condition.Operator, filter.Condition.Value);
    }

    private sealed record Question(string Type, string Operator, string Value)
    {
        public string Sql => Operator switch
        {
            "eq" => $"v = $2::{Type}",
            "neq" => $"v <> $2::{Type}",
            "lt" => $"v < $2::{Type}",
            "lte" => $"v <= $2::{Type}",
            "gt" => $"v > $2::{Type}",
            "gte" => $"v >= $2::{Type}",
            "in" => $"v = any($2::{Type}[])",
            "isdistinct" => $"v is distinct from $2::{Type}",
            "like" => "v ~~ $2",
            "ilike" => "v ~~* $2",
            "match" => "v ~ $2",
            "imatch" => "v ~* $2",

            // One of four words, checked when the subscription was made.
            _ => $"v is {Value} and $2::text is not null",
        };
    }
}
