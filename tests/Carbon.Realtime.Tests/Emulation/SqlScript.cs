using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Runs the few forms of SQL that the recordings contain.</summary>
internal static partial class SqlScript
{
    public static void Run(RealtimeEmulator emulator, string sql, Func<string, string[]> columnsOf, string now)
    {
        var statements = sql.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (statements[^1] == "rollback")
        {
            var failing = () => emulator.Transaction(t =>
            {
                Run(emulator, t, statements[1..^1], columnsOf, now);
                throw new OperationCanceledException("rollback");
            });
            failing.Should().Throw<OperationCanceledException>();
            return;
        }

        emulator.Transaction(t => Run(emulator, t, [.. statements.Where(static s => s is not ("begin" or "commit"))], columnsOf, now));
    }

    private static void Run(RealtimeEmulator emulator, EmulatorTransaction transaction, string[] statements, Func<string, string[]> columnsOf, string now)
    {
        foreach (var statement in statements)
        {
            if (Insert().Match(statement) is { Success: true } insert)
            {
                var table = Name(insert.Groups["table"].Value);
                var names = insert.Groups["columns"].Success ? [.. insert.Groups["columns"].Value.Split(',').Select(Name)] : columnsOf(table);
                var values = Value().Matches(insert.Groups["values"].Value).Select(v => Json(v.Value, now)).ToArray();
                var row = Object(names.Zip(values));
                if (insert.Groups["upsert"].Success)
                {
                    row.Remove("id", out var id);
                    transaction.Update(table, id!.ToString(), row);
                }
                else
                {
                    transaction.Insert(table, row);
                }
            }
            else if (Update().Match(statement) is { Success: true } update)
            {
                var value = update.Groups["increment"].Success
                    ? (int.Parse(update.Groups["equals"].Value) + int.Parse(update.Groups["increment"].Value)).ToString()
                    : Json(update.Groups["value"].Value, now);
                transaction.Update(Name(update.Groups["table"].Value), Key(update, now), Object([(Name(update.Groups["column"].Value), value)]));
            }
            else if (Delete().Match(statement) is { Success: true } delete)
            {
                transaction.Delete(Name(delete.Groups["table"].Value), Key(delete, now));
            }
            else if (Identity().Match(statement) is { Success: true } identity)
            {
                emulator.SetReplicaIdentity(Name(identity.Groups["table"].Value), identity.Groups["identity"].Value == "full");
            }
            else
            {
                statement.Should().StartWith("truncate ");
                transaction.Truncate(statement["truncate ".Length..]);
            }
        }
    }

    private static EmulatorKey Key(Match statement, string now) => statement.Groups["where"].Success
        ? Object([(statement.Groups["where"].Value, Json(statement.Groups["equals"].Value, now))])
        : new JsonObject();

    private static JsonObject Object(IEnumerable<(string Name, string Json)> members)
    {
        var row = new JsonObject();
        foreach (var (name, json) in members)
        {
            row[name] = JsonNode.Parse(json);
        }

        return row;
    }

    private static string Json(string value, string now)
    {
        value = value.Trim();
        return value == "now()" ? $"\"{now}\"" : value[0] == '\'' ? JsonValue.Create(value[1..^1].Replace("''", "'")).ToJsonString() : value;
    }

    private static string Name(string name) => name.Trim().Trim('"');

    [GeneratedRegex("""^insert into (?<table>"[^"]+"|[\w.]+)\s*(?:\((?<columns>[^)]*)\))?\s*values\s*\((?<values>.*?)\)(?: returning id)?(?<upsert> on conflict .*)?$""")]
    private static partial Regex Insert();

    [GeneratedRegex("""^update (?<table>"[^"]+"|[\w.]+) set (?<column>"[^"]+"|\w+)\s*=\s*(?:\w+ \+ (?<increment>\d+)|(?<value>'[^']*'|[\w.]+))(?: where (?<where>\w+)\s*=\s*(?<equals>'[^']*'|\d+))?$""")]
    private static partial Regex Update();

    [GeneratedRegex("""^delete from (?<table>"[^"]+"|[\w.]+)(?: where (?<where>\w+)\s*=\s*(?<equals>'[^']*'|\d+))?$""")]
    private static partial Regex Delete();

    [GeneratedRegex("""^alter table (?<table>\w+) replica identity (?<identity>full|default)$""")]
    private static partial Regex Identity();

    [GeneratedRegex("""'(?:[^']|'')*'|[^,]+""")]
    private static partial Regex Value();
}
