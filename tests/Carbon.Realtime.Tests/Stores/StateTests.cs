using System.Runtime.CompilerServices;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Each state of a store (docs/convergence.md, "States") is reached by a story, and the truth table holds wherever one looks.</summary>
public sealed class StateTests
{
    private static readonly RealtimeException Passing = new(RealtimeErrorReason.ServerUnavailable, "x", isTransient: true);
    private static readonly RealtimeException Lasting = new(RealtimeErrorReason.TableMisconfigured, "x", isTransient: false);
    private static readonly RealtimeException NoToken = new(RealtimeErrorReason.TokenExpired, "x", isTransient: false);

    [Fact]
    public void Live_is_only_said_of_rows_that_were_all_read_in_the_epoch_that_is()
    {
        RealtimeException?[] errors = [null, Passing, Lasting, NoToken];
        for (var bits = 0; bits < 1 << 8; bits++)
        {
            bool Bit(int i) => (bits & (1 << i)) != 0;
            foreach (var read in errors)
            {
                foreach (var feed in errors)
                {
                    var facts = new StoreFacts
                    {
                        IsShown = Bit(0),
                        WasRead = Bit(1),
                        IsEpoch = Bit(2),
                        IsVerified = Bit(3),
                        IsDoubtful = Bit(4),
                        IsLossy = Bit(5),
                        HasOverflowed = Bit(6),
                        IsOffline = Bit(7),
                        IsPolled = Bit(0) && !Bit(2) && Bit(3),
                        ReadError = read,
                        FeedError = feed,
                    };
                    var (state, reason) = StatusRules.Of(facts);
                    if (state == StoreState.Live)
                    {
                        (facts is { IsShown: true, IsEpoch: true, IsVerified: true, IsDoubtful: false, IsLossy: false, HasOverflowed: false }
                            && read is not { IsTransient: false }).Should().BeTrue("{0} is not live", facts);
                    }

                    (state == StoreState.Live).Should().Be(reason == StoreReason.None && state is not (StoreState.Loading or StoreState.CatchingUp));
                }
            }
        }
    }

    [Fact]
    public void Empty_without_a_tenant_and_filled_when_there_is_one()
    {
        var world = new StoreWorld(o => o.Tenant = null).Write("a", "v1").Live();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Empty, StoreReason.NoTenant));

        world.World.Manager.Tenant.Set("co_1");
        world.Settle();

        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void Who_only_subscribed_and_holds_nothing_is_not_forgotten_while_there_is_no_tenant()
    {
        var rest = new FakePostgrest();
        rest.Tables.Add(new PostgrestTable("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text")));
        var world = new World(o => o.Tenant = null, rest: rest);
        SubscribeAndForget(world);
        world.Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        world.Manager.Tenant.Set("co_1");
        world.Run();
        world.Join();

        rest.Requests.Should().NotBeEmpty();
    }

    [Fact]
    public void Loading_and_catching_up_while_everything_is_read()
    {
        var world = new StoreWorld().Write("a", "v1").HoldReads().Live();
        world.State.Should().Be(StoreState.Loading);
        world.ReleaseReads();
        world.State.Should().Be(StoreState.Live);

        world.HoldReads().TellOk();
        world.State.Should().Be(StoreState.CatchingUp);
        world.ReleaseReads();
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void Stale_when_the_subscription_is_interrupted_polling_when_that_lasts_and_offline_when_nothing_can_be_read_either()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        for (var i = 0; i < 200; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
        world.World.Run();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Epoch));

        world.Write("b", "v1");
        world.World.Advance(12);
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Degraded, StoreReason.PollingOnly));
        world.Shown.Should().Be("a=v1 b=v1");

        world.Rest.Script = static (_, _) => FakePostgrest.Error(503, "PGRST002");
        world.World.Advance(300);
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Offline));
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public void Not_live_while_the_socket_is_down_whatever_the_table_was_faulted_for()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Socket.Change(world.Join, "salesOrder", "UPDATE", """{"id":"a"}""", """{"id":"a"}""", [1], """["Error 401: Unauthorized"]""");
        world.World.Run();
        world.State.Should().Be(StoreState.Faulted);
        for (var i = 0; i < 100; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
        world.World.Run();
        world.State.Should().NotBe(StoreState.Live);
        world.World.Advance(60);
        world.State.Should().NotBe(StoreState.Live);
    }

    [Fact]
    public void Catching_up_says_that_the_rows_are_the_caches_until_they_were_read_once()
    {
        var cache = new Carbon.Realtime.Testing.InMemoryStoreCache();
        new StoreWorld(cache: cache).Write("a", "v1").Live().World.Advance(3);
        var world = new StoreWorld(cache: cache.Clone()).Write("a", "v1").HoldReads().Live();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.CatchingUp, StoreReason.Cache));

        world.ReleaseReads();
        world.HoldReads().TellOk();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.CatchingUp, StoreReason.None));
    }

    [Fact]
    public void Stale_after_an_overflow_until_everything_is_read()
    {
        var world = new StoreWorld(o => o.QueueCapacity = 16).Write("a", "v1").Live();
        world.HoldReads();

        for (var i = 0; i < 300; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"r{i}", "v1"), 1);
        }

        world.World.Run();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Overflow));

        world.ReleaseReads();
        world.World.Advance(5);
        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void Needing_a_token_is_said_when_there_is_none_and_over_when_there_is()
    {
        var tokens = new FakeTokens { Answer = static (_, _) => throw new InvalidOperationException("signed out") };
        var world = new StoreWorld(tokens: tokens).Write("a", "v1").Live();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.NeedsAuth, StoreReason.Auth));

        tokens.Answer = null;
        tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5));
        world.World.Advance(61);
        world.World.Join();

        world.Shown.Should().Be("a=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void Closed_with_the_manager_and_nothing_is_left_to_see()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.World.Manager.Dispose();
        world.World.Run();

        world.State.Should().Be(StoreState.Closed);
        world.Shown.Should().BeEmpty();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SubscribeAndForget(World world) =>
        _ = world.Manager.Store(Shop.SalesOrders).Changes.Subscribe(new Forgetful());

    private sealed class Forgetful : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value)
        {
        }
    }
}
