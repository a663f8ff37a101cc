using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.DependencyInjection;

// A program that has the packages and nothing else: a typed stream from the container's manager, over a fake socket on a manual clock.
// It ends with one line, which eng/check-packages looks for.
var world = new ManualEnvironment();
var server = new FakeRealtimeServer();
server.Opened = socket => socket.OnSent = text => Answer(socket, text);

var folder = Directory.CreateTempSubdirectory("carbon-consumer-");
var services = new ServiceCollection();
services.AddSingleton<TimeProvider>(world.Time);
services.AddSingleton<WorkScheduler>(world.Scheduler);
services.AddSingleton<IRandomizer>(world.Randomizer);
services.AddSingleton<Carbon.Realtime.Transport.IRealtimeSocketFactory>(server);
services.AddCarbonRealtime(options =>
    {
        options.Url = new Uri("http://127.0.0.1:54321");
        options.ApiKey = "key";
    })
    .UseAccessToken<Tokens>()
    .UseSqliteCache(Path.Combine(folder.FullName, "carbon.db"))
    .UseTenant("co_1");

await using var provider = services.BuildServiceProvider();
var realtime = provider.GetRequiredService<IRealtimeChannelManager>();
var seen = new StreamRecorder<TableChange<string, Todo>>(realtime.Changes(Todos.Table.Where("done=eq.false")));
world.Advance(TimeSpan.FromMilliseconds(50));

var topic = JsonDocument.Parse(server.Socket.Sent[0]).RootElement[2].GetString();
Deliver("INSERT", """{"id":"todo_1","companyId":"co_1","done":false}""");
Deliver("INSERT", """{"id":"todo_2","companyId":"co_2","done":false}"""); // another tenant's: never delivered

// The manager and not the container: the container's own disposal goes on on the thread pool, where a manual scheduler cannot follow it.
await world.RunAsync(realtime.DisposeAsync().AsTask());
seen.AssertContract();

// The cache, with SQLite's own library, which the package brings along.
var key = new StoreCacheKey { Project = "http://127.0.0.1:54321", Tenant = "co_1", Table = "public.todos", Query = "", Shape = "1" };
var kept = 0;
await using (var cache = (IAsyncDisposable)provider.GetRequiredService<IStoreCache>())
{
    var rows = new StoreCacheRow[] { new("todo_1", """{"id":"todo_1","companyId":"co_1","done":false}"""u8.ToArray()) };
    await ((IStoreCache)cache).SaveAsync(key, new StoreCacheChanges { ReplacesAll = true, AsOf = world.Time.GetUtcNow(), Upserts = rows }, CancellationToken.None);
    await ((IStoreCache)cache).LoadAsync(key, _ => kept++, CancellationToken.None);
}

folder.Delete(recursive: true);
Console.WriteLine($"{string.Join(", ", seen.Items)}; completed {seen.IsCompleted}; kept {kept}");

void Deliver(string type, string record)
{
    server.Socket.Deliver($$$"""
        [null,null,"{{{topic}}}","postgres_changes",{"ids":[1],"data":{"schema":"public","table":"todos","type":"{{{type}}}",
         "commit_timestamp":"2026-11-22T10:46:23.124Z","errors":null,"record":{{{record}}},
         "columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"done","type":"bool"}]}}]
        """);
    world.RunUntilIdle();
}

static void Answer(FakeRealtimeSocket socket, string text)
{
    var frame = JsonDocument.Parse(text).RootElement;
    if (frame[3].GetString() != "phx_join")
    {
        return;
    }

    var (joinRef, topic) = (frame[0].GetString(), frame[2].GetString());
    socket.Deliver($$$"""["{{{joinRef}}}","{{{joinRef}}}","{{{topic}}}","phx_reply",{"status":"ok","response":{"postgres_changes":[{"id":1}]}}]""");
    socket.Deliver($$"""
        ["{{joinRef}}",null,"{{topic}}","system",{"status":"ok","extension":"postgres_changes","message":"Subscribed to PostgreSQL","channel":"x"}]
        """);
}

internal sealed record Todo
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("done")]
    public bool Done { get; set; }
}

[JsonSerializable(typeof(Todo))]
internal sealed partial class TodoJson : JsonSerializerContext;

internal static class Todos
{
    public static readonly RealtimeTable<string, Todo> Table =
        RealtimeTable.Define("todos", TodoJson.Default.Todo, "id", todo => todo.Id).TenantScoped("companyId");
}

internal sealed class Tokens : IAccessTokenProvider
{
    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => new((string?)null);
}
