using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>A store against the emulator while everything goes wrong that it can do: once the server is well again, the store equals the database.</summary>
public sealed class StoreUnderFaultsTests
{
    private const int Steps = 300;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_store_equals_the_database_again_after_any_mix_of_faults(int seed)
    {
        using var shop = new FaultyShop(seed);
        shop.Advance(30);
        shop.Shown.Should().Be(shop.Truth);

        for (var step = 0; step < Steps; step++)
        {
            shop.Break(step);
            shop.Write();
            shop.Advance(0.3);
        }

        shop.Emulator.Faults.HealAll();
        shop.Advance(45 * 60);

        shop.Shown.Should().Be(shop.Truth);
        shop.Store.Status.State.Should().Be(StoreState.Live);
    }

    private sealed class FaultyShop : IDisposable
    {
        private readonly ManualEnvironment _world;
        private readonly SeededRandomizer _chance;
        private readonly RealtimeChannelManager _manager;
        private readonly int _seed;
        private int _lastId;

        public FaultyShop(int seed)
        {
            _seed = seed;
            _chance = new SeededRandomizer(seed);
            _world = new ManualEnvironment(seed);
            Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _world.Environment, Timing = EmulatorTiming.Realistic });
            Emulator.CreateTable("salesOrder", static t => t.Column("id", "text").Column("companyId", "text").Column("status", "text").PrimaryKey("id"));
            _manager = new RealtimeChannelManager(
                new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = Emulator.AnonKey, Tenant = "co_1" },
                new RealtimeDependencies
                {
                    Environment = _world.Environment,
                    SocketFactory = Emulator.CreateSocketFactory(),
                    HttpMessageHandler = Emulator.CreateHttpHandler,
                });
            Store = _manager.Store(Shop.SalesOrders);
            Store.Start();
        }

        public RealtimeEmulator Emulator { get; }

        public ILiveStore<string, SalesOrder> Store { get; }

        public string Shown => string.Join(' ', Store.Current.Rows.OrderBy(static r => r.Id, StringComparer.Ordinal).Select(static r => $"{r.Id}={r.Status}"));

        public string Truth => string.Join(' ', Emulator.Rows("salesOrder").OrderBy(static r => r.Text("id"), StringComparer.Ordinal)
            .Select(static r => $"{r.Text("id")}={r.Text("status")}"));

        public void Advance(double seconds) => _world.Advance(TimeSpan.FromSeconds(seconds));

        /// <summary>Each fault in its turn, the ones by chance all the time.</summary>
        public void Break(int step)
        {
            var faults = Emulator.Faults;
            switch (step)
            {
                case 10:
                    faults.Stream = new StreamFaults { Seed = _seed, Drop = 0.05, Duplicate = 0.1, Reorder = 0.2, Delay = EmulatorDelay.Milliseconds(0, 400) };
                    faults.Wire = new WireFaults { Seed = _seed, Cut = 0.02, Garbage = 0.05, Huge = 0.01 };
                    faults.Reads = new ReadFaults { Seed = _seed, Fail = 0.1, Truncate = 0.1, Slow = 0.1 };
                    break;
                case 40:
                    faults.FailJoins(2, EmulatorJoinFault.Restarting);
                    Emulator.BreakConnections();
                    break;
                case 90:
                    faults.FailSubscriptions(1, EmulatorSubscriptionFault.Transient);
                    Emulator.ReloadTenant();
                    break;
                case 120:
                    Emulator.RepeatSubscribed();
                    faults.ReplicaLag = TimeSpan.FromSeconds(2);
                    break;
                case 140:
                    faults.ReplicaLag = null;
                    faults.LoseSlot(TimeSpan.FromSeconds(3));
                    break;
                case 160:
                    faults.HalfOpen();
                    break;
                case 220:
                    Emulator.Restart();
                    faults.FailJoins(1, EmulatorJoinFault.TooManyJoins);
                    break;
                case 260:
                    faults.IgnoreHeartbeats(2);
                    faults.ChangesPerSecond = 0;
                    break;
                case 280:
                    faults.Deafen();
                    faults.EmptySubscriptions();
                    break;
                default:
                    break;
            }
        }

        public void Write()
        {
            var rows = Emulator.Rows("salesOrder");
            var kind = _chance.NextDouble();
            if (rows.Count < 5 || kind < 0.3)
            {
                Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"so_{++_lastId}", ["companyId"] = "co_1", ["status"] = "new" });
                return;
            }

            var id = rows[(int)(_chance.NextDouble() * rows.Count)].Text("id")!;
            if (kind < 0.8)
            {
                Emulator.Update("salesOrder", id, new JsonObject { ["status"] = $"s{(int)(_chance.NextDouble() * 1000)}" });
            }
            else
            {
                Emulator.Delete("salesOrder", id);
            }
        }

        public void Dispose()
        {
            _manager.Dispose();
            Advance(3);
            Emulator.Dispose();
        }
    }
}
