using System.Text;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A seed of <c>carbon-realtime serve</c>, read and applied. Declared: <see cref="EmulatorSeedException"/>.</summary>
internal sealed class SeedTarget : FuzzTarget
{
    private static readonly IReadOnlyList<byte[]> SeedWords = [.. Mutations.JsonWords, .. ((string[])
    [
        "\"enums\":{\"mood\":[\"a\"]},", "\"tables\":", "\"columns\":", "\"primaryKey\":[\"id\"],", "\"replicaIdentity\":\"nothing\",", "\"rows\":[{}]", "\"users\":[{}],", "\"unique\":[[\"id\"]],", "\"foreignKeys\":{\"id\":\"t.id\"},",
        "\"privateChannels\":[],", "\"visibleTo\":{\"id\":\"x\"},", "int4", "text[]", "numeric(3,1)", "public", "realtime", "//", "/*",
    ]).Select(Encoding.UTF8.GetBytes)];

    private static readonly string[] Types = ["text", "int4", "int8", "numeric", "bool", "uuid", "timestamptz", "date", "jsonb", "text[]", "mood", "float8", "bytea", "nothing", ""];

    public override string Name => "seed";

    public override int Share => 10;

    // An emulator is made for each input.
    public override (long Fixed, long PerByte) Budget => (128 * 1024, 256);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        """
        { "enums": { "mood": ["sad", "ok"] }, "tables": [{ "name": "salesOrder", "columns": { "id": "text", "companyId": "text", "status": { "type": "text", "default": "draft" }, "m": "mood" }, "primaryKey": ["id"], "replicaIdentity": "full",
          "visibleTo": { "companyId": "companies" }, "unique": [["status", "id"]], "rows": [{ "id": "so_1", "companyId": "co_1" }, { "id": "so_2", "companyId": "co_2", "status": "released", "m": "ok" }] }],
          "users": [{ "name": "ada", "claims": { "companies": ["co_1"] } }], "privateChannels": [{ "topic": "room", "roles": ["authenticated"], "write": false }] }
        """,
        """{ "tables": [{ "name": "a", "columns": { "id": "int8", "n": "numeric", "at": "timestamptz", "tags": "text[]" }, "primaryKey": ["id"], "rows": [{ "id": 1, "n": 12.50, "at": "2024-02-29T07:44:15+00:00", "tags": ["x", null] }] }, { "name": "b", "columns": { "id": "int8", "a": "int8" }, "primaryKey": ["id"], "foreignKeys": { "a": "a.id" } }] }""",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override IReadOnlyList<byte[]> Words => SeedWords;

    public override byte[] Write(Chance chance)
    {
        var names = (string[])["id", "companyId", "status", "n"];
        var columns = names.Select(n => (n, chance.OneIn(10) ? $"{{\"type\":{HostileJson.Quote(chance.Of(Types))},\"default\":{HostileJson.Value(chance, 1)}}}" : HostileJson.Quote(n == "n" ? chance.Of(Types) : "text")));
        var rows = HostileJson.Many(chance, 3, () => $"{{\"id\":{HostileJson.Text(chance)},\"n\":{HostileJson.Value(chance, 1)}}}");
        List<(string, string)> table =
        [
            ("name", chance.OneIn(8) ? HostileJson.Text(chance) : "\"t\""), ("columns", $"{{{string.Join(',', columns.Select(static c => $"\"{c.n}\":{c.Item2}"))}}}"), ("primaryKey", chance.OneIn(8) ? HostileJson.Value(chance, 1) : "[\"id\"]"),
            ("rows", $"[{string.Join(',', rows)}]"),
        ];
        if (chance.OneIn(3))
        {
            table.Add(("replicaIdentity", chance.OneIn(2) ? "\"full\"" : HostileJson.Text(chance)));
        }

        return Encoding.UTF8.GetBytes($"{{\"enums\":{{\"mood\":[\"a\",\"b\"]}},\"tables\":[{{{string.Join(',', table.Select(static m => $"\"{m.Item1}\":{m.Item2}"))}}}],\"users\":[{{\"name\":{HostileJson.Text(chance)}}}]}}");
    }

    protected override Verdict Judge(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        Begin();
        try
        {
            var seed = EmulatorSeed.Parse(text);
            try
            {
                using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = new ManualEnvironment().Environment });
                seed.ApplyTo(emulator);
                foreach (var user in seed.Users)
                {
                    Require(user.IssueToken(emulator).Split('.').Length == 3, "a user without a token");
                }

                return Verdict.Accepted("applied");
            }
            catch (EmulatorSeedException)
            {
                return Verdict.Accepted("read, and not applied");
            }
        }
        catch (EmulatorSeedException)
        {
            return Verdict.Refused("EmulatorSeedException");
        }
        finally
        {
            End();
        }
    }
}
