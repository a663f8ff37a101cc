using System.Data;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Makes a channel's subscriptions. What only the database knows of them, whether a filter's value is one of its column's type, is asked before; the rest
/// is the emulator's own check, over the tables as they are now.
/// </summary>
internal static class SubscriptionDesk
{
    private const int MaxInValues = 100;

    public static async Task<(IReadOnlyList<EmulatorSubscription> Subscriptions, string? Error)> CreateAsync(
        NpgsqlConnection connection, string publication, Func<string, bool> hasRole, IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims,
        CancellationToken cancellationToken)
    {
        var catalog = await PostgresCatalog.LoadAsync(connection, publication, null, [claims.Role], cancellationToken).ConfigureAwait(false);
        EmulatorTable[] tables = [.. catalog.Tables.Values.Select(static t => t.Table).OrderBy(static t => t.Oid)];
        var refusals = new Dictionary<(string Type, FilterCondition), string?>();
        foreach (var binding in bindings.Where(static b => b.Error is null))
        {
            foreach (var table in tables.Where(t => EmulatorSubscription.Covers(binding, t)))
            {
                foreach (var condition in binding.Filters)
                {
                    if (table.TryGetIndex(condition.Column, out var index) && table.Columns[index].Type is var type
                        && !refusals.ContainsKey((type.SqlName, condition)))
                    {
                        refusals.Add((type.SqlName, condition), await RefusalAsync(connection, type, condition, cancellationToken).ConfigureAwait(false));
                    }
                }
            }
        }

        var subscriptions = EmulatorSubscription.Create(tables, bindings, claims, [.. catalog.Roles.Where(hasRole)], Compile, out var error);
        return (subscriptions, error);

        CompiledFilter Compile(EmulatorTable table, FilterCondition condition, string role)
        {
            if (!table.TryGetIndex(condition.Column, out var index) || !table.MaySelect(role, index))
            {
                throw SubscriptionRefusedException.Raised($"invalid column for filter {condition.Column}");
            }

            var type = table.Columns[index].Type;
            switch (condition.Operator)
            {
                case "is":
                    CompiledFilter.Compile(table, condition, role);
                    break;
                case "like" or "ilike" or "match" or "imatch":
                    CompiledFilter.RequireText(type, condition.Operator);
                    break;
                default:
                    break;
            }

            return refusals[(type.SqlName, condition)] is { } refusal
                ? throw new SubscriptionRefusedException(refusal)
                : CompiledFilter.Checked(index, type, condition);
        }
    }

    /// <summary>What the database says against a filter's value; nothing if it takes it.</summary>
    private static async Task<string?> RefusalAsync(
        NpgsqlConnection connection, PgType type, FilterCondition condition, CancellationToken cancellationToken)
    {
        var sql = condition.Operator switch
        {
            "is" or "like" or "ilike" => null,
            "match" or "imatch" => "select ('' ~ $1::text)::text",
            "in" => $"select jsonb_array_length(to_jsonb($1::text::{type.SqlName}[]))::text",

            // The server casts no bytea.
            _ when type.Name == "bytea" => null,
            _ => $"select to_jsonb($1::text::{type.SqlName})::text",
        };
        if (sql is null)
        {
            return null;
        }

        try
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = condition.Value });
            var answer = await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
            return condition.Operator == "in" && int.TryParse(answer, out var count) && count > MaxInValues
                ? $"P0001 (raise_exception) too many values for `in` filter. Maximum {MaxInValues}"
                : null;
        }
        catch (PostgresException e) when (connection.State == ConnectionState.Open && (condition.Operator is "match" or "imatch"))
        {
            return $"P0001 (raise_exception) invalid regular expression for {condition.Operator} filter: {e.MessageText}";
        }
        catch (PostgresException e) when (connection.State == ConnectionState.Open)
        {
            // Not a session that was ended in the middle: that says nothing of the value.
            return SqlStates.Inspect(e);
        }
    }
}
