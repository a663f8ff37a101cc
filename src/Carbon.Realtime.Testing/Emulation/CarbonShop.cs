using System.Globalization;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>A lively shop of two companies with Carbon's tables, for samples and demonstrations: every step changes something plausible.</summary>
/// <remarks>Equal randomizers make equal histories. Not thread-safe: one driver at a time; others may use the emulator meanwhile.</remarks>
public sealed class CarbonShop
{
    private static readonly string[] Parts = ["Bracket", "Flange", "Housing", "Shaft", "Bearing", "Gasket", "Valve", "Manifold", "Spindle", "Bushing"];
    private static readonly string[] Firms = ["Acme", "Northwind", "Globex", "Initech", "Umbra", "Stark", "Wayne", "Tyrell", "Hooli", "Vandelay"];

    private readonly RealtimeEmulator _emulator;
    private readonly IRandomizer _randomizer;
    private int _lastNumber;

    /// <summary>A shop on an emulator that has the tables of <see cref="CreateTables"/>.</summary>
    /// <param name="emulator">Where the rows live.</param>
    /// <param name="randomizer">Chooses what happens; <see langword="null"/> takes the emulator's.</param>
    public CarbonShop(RealtimeEmulator emulator, IRandomizer? randomizer = null)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        _emulator = emulator;
        _randomizer = randomizer ?? emulator.Options.Environment.Randomizer;
    }

    /// <summary>The two companies: <c>co_1</c> and <c>co_2</c>.</summary>
    public static IReadOnlyList<string> Companies { get; } = ["co_1", "co_2"];

    /// <summary>
    /// Creates <c>item</c>, <c>modelUpload</c>, <c>customer</c>, <c>supplier</c>, <c>employee</c>, <c>salesOrder</c> and <c>job</c>, published, with row
    /// level security and replica identity FULL, the unpublished <c>user</c> and <c>userToCompany</c>, and the view <c>employees</c>.
    /// </summary>
    /// <remarks>
    /// A user sees the rows of the companies in the token's claim <c>companies</c> and of those that <c>userToCompany</c> lists for its
    /// <c>sub</c>. People are in <c>user</c>, which every signed-in user may read; <c>employees</c> shows those who are active, of the companies that the
    /// reader sees. Reads reach a view, subscriptions do not: listen to <c>employee</c>.
    /// </remarks>
    public static void CreateTables(RealtimeEmulator emulator)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        emulator.CreateEnum("itemType", "Part", "Material", "Tool", "Service", "Consumable", "Fixture");
        emulator.CreateEnum("itemReplenishmentSystem", "Buy", "Make", "Buy and Make");
        emulator.CreateEnum("itemTrackingType", "Inventory", "Non-Inventory", "Serial", "Batch");
        emulator.CreateEnum("supplierStatusType", "Active", "Inactive", "Pending", "Rejected");
        emulator.CreateEnum("salesOrderStatus", "draft", "released", "shipped", "closed");
        emulator.CreateEnum("jobStatus", "planned", "released", "inProgress", "completed");
        emulator.CreateTable("userToCompany", static t => t
            .Column("userId", "text").Column("companyId", "text").Column("role", "text", "\"employee\"").PrimaryKey("userId", "companyId").Published(false));
        emulator.CreateTable("user", static t => t
            .Column("id", "text").Column("email", "text").Column("firstName", "text").Column("lastName", "text").Column("fullName", "text")
            .Column("avatarUrl", "text").Column("active", "bool", "true").PrimaryKey("id").Published(false)
            .RowLevelSecurity(static (claims, _) => claims.Role == "authenticated"));
        Create(emulator, "modelUpload", static t => t
            .Column("id", "text").Column("modelPath", "text").Column("thumbnailPath", "text").PrimaryKey("id"));
        Create(emulator, "item", static t => t
            .Column("id", "text").Column("readableId", "text").Column("revision", "text", "\"0\"")
            .GeneratedColumn("readableIdWithRevision", "text", static r =>
                r.Text("readableId") + (r.Text("revision") is null or "" or "0" ? "" : "." + r.Text("revision")))
            .Column("name", "text").Column("description", "text").Column("modelUploadId", "text").ForeignKey("modelUploadId", "modelUpload")
            .Column("type", "itemType", "\"Part\"").Column("replenishmentSystem", "itemReplenishmentSystem", "\"Buy\"")
            .Column("itemTrackingType", "itemTrackingType", "\"Inventory\"").Column("unitOfMeasureCode", "text", "\"EA\"")
            .Column("active", "bool", "true").Column("thumbnailPath", "text").PrimaryKey("id"));
        Create(emulator, "customer", static t => t
            .Column("id", "text").Column("readableId", "text").Column("name", "text").Column("website", "text").PrimaryKey("id"));
        Create(emulator, "supplier", static t => t
            .Column("id", "text").Column("readableId", "text").Column("name", "text").Column("website", "text")
            .Column("supplierStatus", "supplierStatusType", "\"Active\"").PrimaryKey("id"));
        Create(emulator, "employee", static t => t
            .Column("id", "text").Column("name", "text").Column("email", "text").Column("avatarUrl", "text")
            .Column("employeeTypeId", "text", "\"worker\"").Column("active", "bool", "true").PrimaryKey("id", "companyId"));
        Create(emulator, "salesOrder", static t => t
            .Column("id", "text").Column("salesOrderId", "text").Column("status", "salesOrderStatus", "\"draft\"").Column("customerId", "text")
            .Column("total", "numeric").PrimaryKey("id"));
        Create(emulator, "job", static t => t
            .Column("id", "text").Column("jobId", "text").Column("status", "jobStatus", "\"planned\"").Column("itemId", "text")
            .Column("quantity", "numeric", "1").PrimaryKey("id"));
        emulator.CreateView("employees", static v => v
            .Column("id", "text").Column("email", "text").Column("firstName", "text").Column("lastName", "text").Column("name", "text")
            .Column("avatarUrl", "text").Column("employeeTypeId", "text").Column("companyId", "text").Column("active", "bool")
            .Column("locationId", "text").Column("locationName", "text").Column("status", "text").Column("shopEmployee", "bool").Rows(Employees));
    }

    /// <summary>Fills the tables: a few rows of everything for each company.</summary>
    /// <param name="rowsPerTable">How many.</param>
    public void Seed(int rowsPerTable = 5)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rowsPerTable);
        foreach (var company in Companies)
        {
            _emulator.Transaction(t =>
            {
                for (var i = 0; i < rowsPerTable; i++)
                {
                    InsertItem(t, company);
                    InsertCustomer(t, company);
                    InsertSupplier(t, company);
                    InsertEmployee(t, company);
                    InsertOrder(t, company);
                    InsertJob(t, company);
                }
            });
        }
    }

    /// <summary>Changes something in one of the companies.</summary>
    /// <returns>What happened, for a console: <c>co_1 salesOrder so_12 released</c>.</returns>
    public string Step()
    {
        var company = Pick(Companies);
        var happened = "";
        _emulator.Transaction(t => happened = Below(100) switch
        {
            < 25 => Advance(t, company, "salesOrder", "draft", "released", "shipped", "closed"),
            < 45 => Advance(t, company, "job", "planned", "released", "inProgress", "completed"),
            < 57 => InsertOrder(t, company),
            < 67 => InsertJob(t, company),
            < 75 => InsertItem(t, company),
            < 83 => Change(t, company, "item", "active", r => r.Text("active") == "true" ? "false" : "true"),
            < 87 => InsertCustomer(t, company),
            < 90 => Change(t, company, "customer", "website", r => JsonText.Quote($"https://{r.Text("id")}-{Below(100)}.example")),
            < 92 => InsertSupplier(t, company),
            < 94 => Change(t, company, "supplier", "supplierStatus", _ => JsonText.Quote(Pick(["Active", "Inactive", "Pending", "Rejected"]))),
            < 96 => Change(t, company, "employee", "active", r => r.Text("active") == "true" ? "false" : "true"),
            _ => Remove(t, company),
        });
        return happened;
    }

    /// <summary>Takes a step at every beat of the emulator's clock.</summary>
    /// <param name="pace">The time between steps.</param>
    /// <param name="cancellationToken">Ends it, without an exception.</param>
    public async Task RunAsync(TimeSpan pace, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pace, TimeSpan.Zero);
        using var beat = new PeriodicTimer(pace, _emulator.Options.Environment.TimeProvider);
        try
        {
            while (await beat.WaitForNextTickAsync(cancellationToken))
            {
                Step();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private static IEnumerable<EmulatorJson> Employees(EmulatorViewReader reader) =>
        from employee in reader.Rows("employee")
        join user in reader.Rows("user") on employee.Text("id") equals user.Text("id")
        where user.Text("active") == "true"
        select EmulatorJson.FromObject(new JsonObject
        {
            ["id"] = employee.Text("id"),
            ["email"] = user.Text("email"),
            ["firstName"] = user.Text("firstName"),
            ["lastName"] = user.Text("lastName"),
            ["name"] = user.Text("fullName"),
            ["avatarUrl"] = user.Text("avatarUrl"),
            ["employeeTypeId"] = employee.Text("employeeTypeId"),
            ["companyId"] = employee.Text("companyId"),
            ["active"] = employee["active"],
            ["status"] = employee.Text("active") == "true" ? "Active" : "Inactive",
            ["shopEmployee"] = false,
        });

    private static void Create(RealtimeEmulator emulator, string table, Action<EmulatorTableBuilder> columns) => emulator.CreateTable(table, t =>
    {
        columns(t);
        t.Column("companyId", "text").Column("createdAt", "timestamptz", "now()").Column("updatedAt", "timestamptz").ReplicaIdentityFull()
            .RowLevelSecurity((claims, row) => MaySee(emulator, claims, row.Text("companyId")));
    });

    private static bool MaySee(RealtimeEmulator emulator, EmulatorClaims claims, string? company) =>
        (company is not null && claims.Texts("companies").Contains(company, StringComparer.Ordinal))
        || emulator.Rows("userToCompany").Any(m => m.Text("userId") == claims.Subject && m.Text("companyId") == company);

    private static JsonObject Key(EmulatorRow row, string company) => new() { ["id"] = row.Text("id"), ["companyId"] = company };

    private static EmulatorRow[] RowsOf(EmulatorTransaction transaction, string table, string company) =>
        [.. transaction.Rows(table).Where(r => r.Text("companyId") == company)];

    private static string Insert(EmulatorTransaction transaction, string company, string table, string id, JsonObject row)
    {
        row["id"] = id;
        row["companyId"] = company;
        transaction.Insert(table, row);
        return $"{company} {table} {id} new";
    }

    private string InsertItem(EmulatorTransaction transaction, string company)
    {
        var number = Next();
        var part = Pick(Parts);
        string? model = null;
        if (number % 16 < 4)
        {
            model = $"model_{number}";
            Insert(transaction, company, "modelUpload", model, new JsonObject
            {
                ["modelPath"] = $"{company}/{model}.step",
                ["thumbnailPath"] = $"{company}/{model}.png",
            });
        }

        return Insert(transaction, company, "item", $"item_{number}", new JsonObject
        {
            ["readableId"] = $"P-{number}",
            ["modelUploadId"] = model,
            ["name"] = $"{part} {number}",
            ["replenishmentSystem"] = Pick(["Buy", "Make"]),
        });
    }

    private string InsertCustomer(EmulatorTransaction transaction, string company) => Insert(transaction, company, "customer", $"cust_{Next()}", Firm("C"));

    private string InsertSupplier(EmulatorTransaction transaction, string company) => Insert(transaction, company, "supplier", $"sup_{Next()}", Firm("S"));

    private string InsertEmployee(EmulatorTransaction transaction, string company)
    {
        var number = Next();
        var (name, email) = ($"Worker {number}", $"worker{number}@{company}.example");
        transaction.Insert("user", new JsonObject
        {
            ["id"] = $"user_{number}",
            ["email"] = email,
            ["firstName"] = "Worker",
            ["lastName"] = $"{number}",
            ["fullName"] = name,
        });
        return Insert(transaction, company, "employee", $"user_{number}", new JsonObject { ["name"] = name, ["email"] = email });
    }

    private string InsertOrder(EmulatorTransaction transaction, string company)
    {
        var number = Next();
        var customers = RowsOf(transaction, "customer", company);
        return Insert(transaction, company, "salesOrder", $"so_{number}", new JsonObject
        {
            ["salesOrderId"] = $"SO-{number}",
            ["customerId"] = customers.Length > 0 ? Pick(customers).Text("id") : null,
            ["total"] = (Below(100_000) + 100) / 100m,
        });
    }

    private string InsertJob(EmulatorTransaction transaction, string company)
    {
        var number = Next();
        var items = RowsOf(transaction, "item", company);
        return Insert(transaction, company, "job", $"job_{number}", new JsonObject
        {
            ["jobId"] = $"J-{number}",
            ["itemId"] = items.Length > 0 ? Pick(items).Text("id") : null,
            ["quantity"] = Below(50) + 1,
        });
    }

    /// <summary>Moves an unfinished row to its next status, or adds a row where all are finished.</summary>
    private string Advance(EmulatorTransaction transaction, string company, string table, params string[] statuses)
    {
        var open = RowsOf(transaction, table, company).Where(r => r.Text("status") != statuses[^1]).ToArray();
        if (open.Length == 0)
        {
            return table == "job" ? InsertJob(transaction, company) : InsertOrder(transaction, company);
        }

        var row = Pick(open);
        return Update(transaction, company, table, row, "status", JsonText.Quote(statuses[Array.IndexOf(statuses, row.Text("status")) + 1]));
    }

    private string Change(EmulatorTransaction transaction, string company, string table, string column, Func<EmulatorRow, string> json)
    {
        var rows = RowsOf(transaction, table, company);
        if (rows.Length == 0)
        {
            return InsertItem(transaction, company);
        }

        var row = Pick(rows);
        return Update(transaction, company, table, row, column, json(row));
    }

    private string Update(EmulatorTransaction transaction, string company, string table, EmulatorRow row, string column, string json)
    {
        var now = PgTime.TimestampTz(_emulator.Options.Environment.TimeProvider.GetUtcNow());
        transaction.Update(table, Key(row, company), $"{{{JsonText.Quote(column)}:{json},\"updatedAt\":{JsonText.Quote(now)}}}");
        return $"{company} {table} {row.Text("id")} {column} {json.Trim('"')}";
    }

    private string Remove(EmulatorTransaction transaction, string company)
    {
        var table = Pick(["salesOrder", "job", "item", "customer"]);
        var rows = RowsOf(transaction, table, company);
        if (rows.Length <= 1)
        {
            return InsertOrder(transaction, company);
        }

        var row = Pick(rows);
        transaction.Delete(table, Key(row, company));
        return $"{company} {table} {row.Text("id")} gone";
    }

    private JsonObject Firm(string prefix)
    {
        var number = Next();
        return new JsonObject
        {
            ["readableId"] = string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:00000}"),
            ["name"] = $"{Pick(Firms)} {number}",
        };
    }

    private int Next() => ++_lastNumber;

    private int Below(int limit) => Math.Min(limit - 1, (int)(_randomizer.NextDouble() * limit));

    private T Pick<T>(IReadOnlyList<T> values) => values[Below(values.Count)];
}
