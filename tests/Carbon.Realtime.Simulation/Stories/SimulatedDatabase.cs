using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>What became of a row in a commit.</summary>
internal enum CommitKind
{
    /// <summary>It is there, and a stream brings it.</summary>
    Written,

    /// <summary>It is gone, and a stream says so.</summary>
    Deleted,

    /// <summary>There is none of that key any more, or another user's only, and no change says so by itself: it has another key, is secret now, or the whole table was emptied.</summary>
    Vanished,
}

/// <summary>One row of a committed change, as a stream should bring it.</summary>
/// <param name="Table">Of which table.</param>
/// <param name="Key">Of which row.</param>
/// <param name="Company">Whose it is after the change; of one that is gone, whose it was.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Version">The row's version after it, or its last one.</param>
/// <param name="IsSecret">Whether only the first user may see it.</param>
/// <param name="IsIdentified">Whether the log has the whole row that was before.</param>
/// <param name="At">When it was committed.</param>
internal readonly record struct Commit(string Table, string Key, string Company, CommitKind Kind, long Version, bool IsSecret, bool IsIdentified, TimeSpan At);

/// <summary>The emulator's tables: what is written, who may see what, and so what is true.</summary>
internal sealed class SimulatedDatabase
{
    public const string Orders = "order";
    public const string Lines = "line";

    /// <summary>Over the limit of the simulated server, which cuts it from events (413).</summary>
    private const int LongNote = 3000;

    private const int MostInBulk = 40;

    private readonly RealtimeEmulator _emulator;
    private readonly Func<TimeSpan> _elapsed;

    /// <summary>Rights that were taken away for now.</summary>
    private readonly HashSet<(string User, string Company)> _revoked = [];

    /// <summary>A change is judged by the row as it is when the server polls, and shown as it was: so late at most.</summary>
    private static readonly TimeSpan LatestPoll = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(string Table, string Key), List<Commit>> _commits = [];
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
                .Column("id", "text").Column("companyId", "text").Column("status", "text").Column("version", "int8").Column("updatedAt", "int8").Column("secret", "bool").Column("note", "text")
                .PrimaryKey("id").StoredOutOfLine("note").RowLevelSecurity(IsVisible));
        }
    }

    public static IReadOnlyList<string> Tables { get; } = [Orders, Lines];

    public static IReadOnlyList<string> Companies { get; } = ["co_1", "co_2"];

    public static IReadOnlyList<string> Users { get; } = ["ada", "bob"];

    /// <summary>Whether the log of orders has the whole row that was before.</summary>
    public bool IsIdentityFull
    {
        get;
        set
        {
            field = value;
            _emulator.SetReplicaIdentity(Orders, value);
        }
    }

    public IEnumerable<Commit> Commits => _commits.Values.SelectMany(static c => c);

    /// <summary>Of one row, in their order.</summary>
    public IReadOnlyList<Commit> CommitsOf(string table, string key) => _commits.TryGetValue((table, key), out var commits) ? commits : [];

    /// <summary>Whether the user may see the row.</summary>
    public bool IsVisible(string? user, string company, bool isSecret) =>
        user is not null && !_revoked.Contains((user, company)) && (!isSecret || user == Users[0]);

    /// <summary>
    /// Whether a version of a row may have been shown to whoever may see no secrets: it is none, or the row was open when the server polled, for that judges the row as it is then and shows it as it was.
    /// </summary>
    public bool WasOpen(string table, string key, long version)
    {
        var commits = CommitsOf(table, key);
        var own = commits.FirstOrDefault(c => c.Version == version && c.Kind == CommitKind.Written);
        return own.Key is null || !own.IsSecret || commits.Any(c => c.Kind == CommitKind.Written && !c.IsSecret && c.At >= own.At && c.At <= own.At + LatestPoll);
    }

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
                    foreach (var row in rows.Take(MostInBulk))
                    {
                        Update(transaction, table, row, new JsonObject { ["status"] = $"b{argument % 7}" });
                    }

                    break;
                case "truncate":
                    transaction.Truncate(table);
                    rows.ForEach(r => Note(table, r, CommitKind.Vanished));
                    break;
            }
        });
    }

    /// <summary>Many rows that are there from the beginning.</summary>
    public void Fill(int count) => _emulator.Transaction(transaction =>
    {
        for (var i = 0; i < count; i++)
        {
            Insert(transaction, Orders, string.Create(CultureInfo.InvariantCulture, $"x{i:D4}"), [], i);
        }
    });

    /// <summary>A row of a company that everybody there may see, in each table.</summary>
    public void Probe(string company)
    {
        foreach (var table in Tables)
        {
            _emulator.Transaction(transaction => Insert(transaction, table, new Order { Id = "probe", CompanyId = company, Status = "s1", Version = ++_version, UpdatedAt = Stamp() }));
        }
    }

    public void Revoke(int argument) => _revoked.Add((Users[argument % 2], Companies[argument / 2 % 2]));

    public void GrantAll() => _revoked.Clear();

    private static Order Read(EmulatorRow row) => new()
    {
        Id = row.Text("id")!,
        CompanyId = row.Text("companyId")!,
        Status = row.Text("status"),
        Version = long.Parse(row.Text("version")!, CultureInfo.InvariantCulture),
        UpdatedAt = long.Parse(row.Text("updatedAt")!, CultureInfo.InvariantCulture),
        Secret = row["secret"]?.GetValue<bool>() == true,
        Note = row.Text("note"),
    };

    private bool IsVisible(EmulatorClaims claims, EmulatorRow row) => IsVisible(claims.Subject, row.Text("companyId")!, row["secret"]?.GetValue<bool>() == true);

    /// <summary>A time of change, as <c>now()</c> of a transaction that began some time before it committed: of two writers the later one may have the earlier time.</summary>
    private long Stamp() => (long)_elapsed().TotalMilliseconds - (_version * 7919 % 3_001);

    private void Insert(EmulatorTransaction transaction, string table, string id, List<Order> rows, int argument)
    {
        if (!rows.Exists(r => r.Id == id))
        {
            Insert(transaction, table, new Order
            {
                Id = id,
                CompanyId = Companies[argument % 5 == 0 ? 1 : 0],
                Status = argument % 6 == 0 ? null : $"s{argument % 7}",
                Version = ++_version,
                UpdatedAt = Stamp(),
                Secret = argument % 4 == 0,
                Note = argument % 9 == 0 ? new string('n', LongNote) : argument % 2 == 0 ? "a note" : null,
            });
        }
    }

    private void Insert(EmulatorTransaction transaction, string table, Order row)
    {
        transaction.Insert(table, JsonSerializer.SerializeToNode(row, OrderJson.Default.Order)!.AsObject());
        Note(table, row, CommitKind.Written);
    }

    private void Update(EmulatorTransaction transaction, string table, Order before, JsonObject patch)
    {
        patch["version"] = ++_version;
        patch["updatedAt"] = Stamp();
        transaction.Update(table, before.Id, patch);
        var after = before with
        {
            Id = patch["id"]?.ToString() ?? before.Id,
            CompanyId = patch["companyId"]?.ToString() ?? before.CompanyId,
            Secret = patch["secret"]?.GetValue<bool>() ?? before.Secret,
            Version = _version,
        };
        if (after.Id != before.Id)
        {
            Note(table, before, CommitKind.Vanished);
        }

        Note(table, after, CommitKind.Written);
    }

    private void Delete(EmulatorTransaction transaction, string table, Order row)
    {
        transaction.Delete(table, row.Id);
        Note(table, row, CommitKind.Deleted);
    }

    private void Note(string table, Order row, CommitKind kind)
    {
        if (!_commits.TryGetValue((table, row.Id), out var commits))
        {
            _commits[(table, row.Id)] = commits = [];
        }

        commits.Add(new Commit(table, row.Id, row.CompanyId, kind, row.Version, row.Secret, IsIdentityFull && table == Orders, _elapsed()));
    }
}
