using System.Diagnostics.Metrics;
using System.Text.Json;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>A store of sales orders between a fake socket and a PostgREST in memory: a test decides what each of them says, and when.</summary>
internal sealed class StoreWorld
{
    public StoreWorld(
        Action<RealtimeOptions>? configure = null, IAccessTokenProvider? tokens = null, IStoreCache? cache = null, ConvergencePolicy? policy = null,
        StoreOptions<SalesOrder>? options = null, RealtimeTable<string, SalesOrder>? table = null, IMeterFactory? meters = null,
        string? name = null)
    {
        World = new World(configure, tokens, meters, name, rest: Rest, cache: cache, policy: policy);
        Rest.Tables.Add(Database);
        Store = (LiveStore<string, SalesOrder>)World.Manager.Store(table ?? Shop.SalesOrders, options ?? new StoreOptions<SalesOrder>());
    }

    public World World { get; }

    public FakePostgrest Rest { get; } = new();

    /// <summary>What reads find.</summary>
    public PostgrestTable Database { get; } = new("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text"));

    public LiveStore<string, SalesOrder> Store { get; }

    public StreamRecorder<StoreChangeSet<string, SalesOrder>>? Recorder { get; private set; }

    public FakeRealtimeSocket Socket => World.Socket;

    public SentFrame Join => Socket.Join();

    public StoreState State => Store.Status.State;

    /// <summary>What the store shows: id=status, sorted.</summary>
    public string Shown => string.Join(' ', Store.Current.Rows.OrderBy(r => r.Id, StringComparer.Ordinal).Select(r => $"{r.Id}={r.Status}"));

    /// <summary>What the database has for the tenant.</summary>
    public string Truth => string.Join(' ', Database.Rows.Where(r => r[1] == "\"co_1\"").Select(r => $"{Text(r[0])}={Text(r[2])}").Order(StringComparer.Ordinal));

    public static string Record(string id, string? status, string company = "co_1") =>
        $$"""{"id":"{{id}}","companyId":"{{company}}","status":{{(status is null ? "null" : $"\"{status}\"")}}}""";

    /// <summary>Starts the store and lets the server answer everything.</summary>
    public StoreWorld Live()
    {
        Store.Start();
        Settle();
        return this;
    }

    /// <summary>Runs until the group window is over and nothing is left to do.</summary>
    public void Settle()
    {
        World.Run();
        World.Join();
    }

    /// <summary>Writes a row; the stream says nothing of it.</summary>
    public StoreWorld Write(string id, string status, string company = "co_1")
    {
        Erase(id);
        Database.Add($"\"{id}\"", $"\"{company}\"", $"\"{status}\"");
        return this;
    }

    public StoreWorld Erase(string id)
    {
        Database.Rows.RemoveAll(r => r[0] == $"\"{id}\"");
        return this;
    }

    /// <summary>The stream tells of a row as it was committed.</summary>
    public void TellInsert(string id, string status, string company = "co_1") => Tell(() => Socket.Insert(Join, "salesOrder", Record(id, status, company), 1));

    public void TellUpdate(string id, string status, string company = "co_1") =>
        Tell(() => Socket.Update(Join, "salesOrder", Record(id, status, company), $$"""{"id":"{{id}}"}""", 1));

    public void TellDelete(string id) => Tell(() => Socket.Delete(Join, "salesOrder", $$"""{"id":"{{id}}"}""", 2));

    public void TellOk()
    {
        Socket.Subscribed(Join);
        World.Run();
    }

    /// <summary>Answers to reads are made from now on, but do not arrive.</summary>
    public StoreWorld HoldReads()
    {
        Rest.Held = new TaskCompletionSource();
        return this;
    }

    /// <summary>Held answers arrive, and new ones at once.</summary>
    public StoreWorld ReleaseReads()
    {
        var held = Rest.Held!;
        Rest.Held = null;
        held.SetResult();
        World.Run();
        return this;
    }

    /// <summary>Lets reads of single keys and late events come to their end, but no full read.</summary>
    public StoreWorld Quiet()
    {
        World.Advance(1.5);
        return this;
    }

    /// <summary>The next full read, at the latest the one of a minute after the ok.</summary>
    public StoreWorld Reconcile()
    {
        World.Advance(70);
        return this;
    }

    private static string Text(string json) => JsonDocument.Parse(json).RootElement.GetString()!;

    private void Tell(Action deliver)
    {
        deliver();
        World.Run();
    }
}
