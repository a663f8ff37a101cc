using System.Globalization;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>One row of a committed change, as a stream should bring it.</summary>
/// <param name="Table">Of which table.</param>
/// <param name="Key">Of which row.</param>
/// <param name="Company">Whose it is after the change; of a deleted one, whose it was.</param>
/// <param name="Version">The row's version after it; 0 where there is no row of that key any more, or another user's only: what the server polls after that it judges by what is there then.</param>
/// <param name="At">When it was committed.</param>
internal readonly record struct Commit(string Table, string Key, string Company, long Version, TimeSpan At);

/// <summary>The emulator's tables: what is written, who may see what, and so what is true.</summary>
internal sealed class SimulatedDatabase
{
    public const string Orders = "order";
    public const string Lines = "line";

    /// <summary>Over the limit of the simulated server, which cuts it from events (413).</summary>
    private const int LongNote = 3000;

    private readonly RealtimeEmulator _emulator;
    private readonly Func<TimeSpan> _elapsed;

    /// <summary>Rights that were taken away for now.</summary>
    private readonly HashSet<(string User, string Company)> _revoked = [];

    /// <summary>Rows that were not secret at some time: the server judges a change by the row as it is when it polls, and shows the record as it was.</summary>
    private readonly HashSet<string> _everOpen = [];
    private long _version;

    /// <param name="emulator">Whose tables.</param>
    /// <param name="elapsed">The time since the beginning, whatever clocks say.</param>
    public SimulatedDatabase(RealtimeEmulator emulator, Func<TimeSpan> elapsed)
    {
        _emulator = emulator;
        _elapsed = elapsed;
        foreach (var table in Tables)
        {
            emulator.CreateTable(table, t => t
                .Column("id", "text").Column("companyId", "text").Column("status", "text").Column("version", "int8").Column("secret", "bool").Column("note", "text")
                .PrimaryKey("id").StoredOutOfLine("note").RowLevelSecurity(IsVisible));
        }
    }

    public static IReadOnlyList<string> Tables { get; } = [Orders, Lines];

    public static IReadOnlyList<string> Companies { get; } = ["co_1", "co_2"];

    public static IReadOnlyList<string> Users { get; } = ["ada", "bob"];

    public List<Commit> Commits { get; } = [];

    /// <summary>Whether the user may see the row.</summary>
    public bool IsVisible(string? user, string company, bool isSecret) =>
        user is not null && !_revoked.Contains((user, company)) && (!isSecret || user == Users[0]);

    /// <summary>Whether the row was secret all its life, so that nobody but the first user may ever have seen anything of it.</summary>
    public bool WasAlwaysSecret(string id) => !_everOpen.Contains(id);

    /// <summary>What the user may see of a company's rows, as an observer would write it.</summary>
    public IEnumerable<Order> Truth(string table, string? user, string? company) =>
        from row in _emulator.Rows(table)
        let order = Read(row)
        where order.CompanyId == company && IsVisible(user, order.CompanyId, order.Secret)
        select order;

    /// <summary>One to three writes in one transaction.</summary>
    public void Write(string verb, int argument)
    {
        var table = Tables[argument % 4 == 3 ? 1 : 0];
        _emulator.Transaction(transaction =>
        {
            var rows = transaction.Rows(table).Select(Read).OrderBy(static r => r.Id, StringComparer.Ordinal).ToList();
            switch (verb)
            {
                case "insert":
                    Insert(transaction, table, $"o{argument % 12}", rows, argument);
                    break;
                case "update" when rows.Count > 0:
                    Update(transaction, table, rows[argument % rows.Count], new JsonObject { ["status"] = $"s{argument % 7}" });
                    break;
                case "note" when rows.Count > 0:
                    Update(transaction, table, rows[argument % rows.Count], new JsonObject { ["note"] = new string('n', argument % 3 == 0 ? LongNote : 9) });
                    break;
                case "hide" when rows.Count > 0:
                    Update(transaction, table, rows[argument % rows.Count], new JsonObject { ["secret"] = argument % 2 == 0 });
                    break;
                case "delete" when rows.Count > 0:
                    Delete(transaction, table, rows[argument % rows.Count]);
                    break;
                case "replace" when rows.Count > 0:
                    var old = rows[argument % rows.Count];
                    Delete(transaction, table, old);
                    Insert(transaction, table, old.Id, [], argument);
                    break;
                case "move" when rows.Count > 0:
                    Update(transaction, table, rows[argument % rows.Count], new JsonObject { ["companyId"] = Companies[argument / 7 % 2] });
                    break;
                case "rename" when rows.Count > 0 && rows.All(r => r.Id != $"r{argument % 12}"):
                    Update(transaction, table, rows[argument % rows.Count], new JsonObject { ["id"] = $"r{argument % 12}" });
                    break;
                case "bulk":
                    foreach (var row in rows)
                    {
                        Update(transaction, table, row, new JsonObject { ["status"] = $"b{argument % 7}" });
                    }

                    break;
                case "truncate":
                    transaction.Truncate(table);
                    break;
            }
        });
    }

    public void Revoke(int argument) => _revoked.Add((Users[argument % 2], Companies[argument / 2 % 2]));

    public void GrantAll() => _revoked.Clear();

    private static Order Read(EmulatorRow row) => new()
    {
        Id = row.Text("id")!,
        CompanyId = row.Text("companyId")!,
        Status = row.Text("status"),
        Version = long.Parse(row.Text("version")!, CultureInfo.InvariantCulture),
        Secret = row["secret"]?.GetValue<bool>() == true,
        Note = row.Text("note"),
    };

    private bool IsVisible(EmulatorClaims claims, EmulatorRow row) => IsVisible(claims.Subject, row.Text("companyId")!, row["secret"]?.GetValue<bool>() == true);

    private void Insert(EmulatorTransaction transaction, string table, string id, List<Order> rows, int argument)
    {
        if (rows.Any(r => r.Id == id))
        {
            return;
        }

        var row = new JsonObject
        {
            ["id"] = id,
            ["companyId"] = Companies[argument % 5 == 0 ? 1 : 0],
            ["status"] = argument % 6 == 0 ? null : $"s{argument % 7}",
            ["version"] = ++_version,
            ["secret"] = argument % 4 == 0,
            ["note"] = argument % 9 == 0 ? new string('n', LongNote) : argument % 2 == 0 ? "a note" : null,
        };
        Note(id, row["secret"]!.GetValue<bool>());
        transaction.Insert(table, row);
        Commits.Add(new Commit(table, id, row["companyId"]!.ToString(), _version, _elapsed()));
    }

    private void Update(EmulatorTransaction transaction, string table, Order before, JsonObject patch)
    {
        patch["version"] = ++_version;
        Note(patch["id"]?.ToString() ?? before.Id, patch["secret"]?.GetValue<bool>() ?? before.Secret);
        transaction.Update(table, before.Id, patch);
        Commits.Add(new Commit(table, patch["id"]?.ToString() ?? before.Id, patch["companyId"]?.ToString() ?? before.CompanyId, _version, _elapsed()));
        if (patch["id"] is not null || patch["secret"] is not null)
        {
            Commits.Add(new Commit(table, before.Id, before.CompanyId, 0, _elapsed()));
        }
    }

    private void Delete(EmulatorTransaction transaction, string table, Order row)
    {
        transaction.Delete(table, row.Id);
        Commits.Add(new Commit(table, row.Id, row.CompanyId, 0, _elapsed()));
    }

    private void Note(string id, bool isSecret)
    {
        if (!isSecret)
        {
            _everOpen.Add(id);
        }
    }
}
