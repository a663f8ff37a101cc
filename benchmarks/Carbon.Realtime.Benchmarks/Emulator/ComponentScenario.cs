using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Benchmarks.Emulator;

/// <summary>What a component test does: an emulator, a client, a store that comes alive and follows a change. All on a manual clock.</summary>
internal static class ComponentScenario
{
    private static readonly RealtimeTable<string, Item> Items = RealtimeTable.Define("item", BenchJson.Default.Item, "id", static i => i.Id);

    public static void Run()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        emulator.CreateTable("item", static t => t
            .Column("id", "text").Column("readableId", "text", "\"\"").Column("revision", "text").Column("readableIdWithRevision", "text", "\"\"")
            .Column("name", "text", "\"\"").Column("type", "text", "\"\"").Column("replenishmentSystem", "text", "\"\"").Column("itemTrackingType", "text", "\"\"")
            .Column("unitOfMeasureCode", "text").Column("active", "bool", "true").Column("companyId", "text", "\"co_1\"").Column("updatedAt", "timestamptz")
            .PrimaryKey("id"));
        for (var id = 0; id < 10; id++)
        {
            emulator.Insert("item", $$"""{"id":"{{id}}"}""");
        }

        using var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = emulator.ProjectUrl, ApiKey = emulator.AnonKey, AllowInsecureTransport = true },
            new RealtimeDependencies { Environment = world.Environment, SocketFactory = emulator.CreateSocketFactory(), HttpMessageHandler = emulator.CreateHttpHandler });
        var store = manager.Store(Items);
        store.Start();
        world.Advance(TimeSpan.FromSeconds(1));
        emulator.Update("item", "3", """{"name":"Arm"}""");
        world.Advance(TimeSpan.FromSeconds(1));
        if (store.Current.Count != 10 || store.Current["3"].Name != "Arm")
        {
            throw new InvalidOperationException("The store does not follow the emulator.");
        }
    }
}
