using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Tenant, user or role change at every step of loading: nothing of the old one is visible when the call returns, nor ever after (T4).</summary>
public sealed class StoreIsolationTests
{
    private static readonly string[] Steps =
        ["before the token", "hydrating", "before the join", "joined", "first page", "between pages", "point read", "live", "undelivered", "saving", "lingering"];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var step in Steps)
            {
                foreach (var change in (string[])["tenant", "user", "role", "sign-out"])
                {
                    cases.Add(step, change);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Nothing_of_the_old_one_is_seen_or_kept_for_the_new_one(string step, string change)
    {
        var cache = new InMemoryStoreCache();
        var tokens = new FakeTokens { Token = Token("user_1", "authenticated") };
        if (step == "hydrating")
        {
            Old(new StoreWorld(tokens: tokens, cache: cache)).Live().World.Advance(3);
            cache.Images.Should().ContainSingle();
        }

        var world = Old(new StoreWorld(tokens: tokens, cache: cache));
        var release = Reach(world, cache, tokens, step);
        var seen = new List<string>();
        var hasChanged = false;
        if (step != "lingering")
        {
            world.Store.Changes.Subscribe(new Spy(set =>
            {
                if (hasChanged)
                {
                    seen.AddRange(set.Snapshot.Keys);
                    seen.AddRange(set.Changes.Select(static c => c.Key));
                }
            }));
            if (step == "undelivered")
            {
                world.World.Run();
                world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record("b", "late"), 1);
                while (!(world.Store.TryGet("b", out var row) && row.Status == "late") && world.World.Env.Scheduler.RunOne())
                {
                }
            }
        }

        world.World.AutoSubscribed = true; // the old join gets no ok any more
        Change(world, tokens, change);
        if (change != "tenant")
        {
            world.World.Run(); // the provider is asked; what it was slow to say is said below
        }

        hasChanged = change == "tenant" || step != "before the token";
        if (hasChanged)
        {
            world.Shown.Should().NotContain("a=").And.NotContain("b=");
        }

        release();
        world.World.Run();
        hasChanged = true;
        if (step == "lingering")
        {
            world.Store.Start();
            world.Store.Current.Should().BeEmpty();
        }

        world.Settle();
        world.World.Advance(5);
        world.World.Join();
        world.World.Advance(5);

        seen.Should().NotContain("a").And.NotContain("b");
        world.Shown.Should().Be("x=new");
        world.State.Should().Be(StoreState.Live);
        foreach (var (key, image) in cache.Images)
        {
            var isOld = change switch
            {
                "tenant" => key.Tenant == "co_1",
                "role" => key.Role == "authenticated",
                _ => key.Subject == "user_1",
            };
            image.Rows.Keys.Should().BeSubsetOf(isOld ? ["a", "b"] : ["x"], "{0}", key);
            (isOld && change is "user" or "sign-out" && key.Subject == "user_1").Should().BeFalse("who signed out leaves nothing: {0}", key);
        }
    }

    [Fact]
    public void A_save_that_hangs_over_a_sign_out_leaves_nothing_when_it_ends_at_last()
    {
        var cache = new InMemoryStoreCache();
        var tokens = new FakeTokens { Token = Token("user_1", "authenticated") };
        var world = Old(new StoreWorld(tokens: tokens, cache: cache)).Live();
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.World.Advance(2.5);

        tokens.Token = null;
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Advance(10);
        cache.Saving = null;
        gate.SetResult();
        world.World.Run();

        cache.Images.Keys.Should().NotContain(static k => k.Subject == "user_1");
    }

    [Fact]
    public void A_purge_that_meets_a_save_and_the_end_of_the_store_still_empties_the_cache()
    {
        var cache = new InMemoryStoreCache();
        var world = Old(new StoreWorld(cache: cache)).Live();
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.World.Advance(2.5);

        world.Rest.Script = static (_, _) => Snapshots.FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.World.Manager.Dispose();
        world.World.Run();
        gate.SetResult();
        world.World.Run();

        cache.Images.Should().BeEmpty();
    }

    [Fact]
    public void A_scope_for_one_tenant_is_not_touched_by_the_ambient_ones_change()
    {
        var world = Old(new StoreWorld());
        world.Database.Add("\"x\"", "\"co_2\"", "\"new\"");
        using var scope = world.World.Manager.ForTenant("co_2");
        var store = scope.Store(Shop.SalesOrders);
        using var started = store.Start();
        world.Settle();
        store.Current.Keys.Should().Equal("x");

        world.World.Manager.Tenant.Set("co_3");
        world.World.Run();

        store.Current.Keys.Should().Equal("x");
        store.Should().NotBeSameAs(world.Store);
    }

    [Fact]
    public void What_waits_for_an_observer_as_the_manager_ends_is_not_told_once_the_tenant_is_another()
    {
        var world = Old(new StoreWorld()).Live();
        world.TellOk();
        List<string> told = [];
        using var subscription = world.Store.Changes.Subscribe(set =>
        {
            told.Add($"{set.Snapshot.Count} rows");
            if (told.Count == 1)
            {
                // An observer that is slow: meanwhile a change comes, and another thread ends everything.
                world.TellInsert("c", "new");
                world.Store.Current.Count.Should().Be(3);
                world.World.Manager.Dispose();
                world.World.Run();
                world.World.Manager.Tenant.Set("co_2");
            }
        });

        world.World.Run();

        told.Should().Equal("2 rows", "0 rows");
    }

    private static string Token(string subject, string role) => Jwt.Create(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), subject, role);

    private static StoreWorld Old(StoreWorld world) => world.Write("a", "old").Write("b", "old");

    /// <summary>Takes the store to a step and holds it there.</summary>
    /// <returns>Lets go.</returns>
    private static Action Reach(StoreWorld world, InMemoryStoreCache cache, FakeTokens tokens, string step)
    {
        var gate = new TaskCompletionSource();
        switch (step)
        {
            case "before the token":
                var first = tokens.Token;
                tokens.Answer = async (_, _) =>
                {
                    tokens.Answer = null;
                    await gate.Task;
                    return first;
                };
                world.Store.Start();
                world.World.Run();
                return gate.SetResult;
            case "hydrating":
                cache.Loading = (_, _) => new ValueTask(gate.Task);
                world.Live();
                return () =>
                {
                    cache.Loading = null;
                    gate.SetResult();
                };
            case "before the join":
                world.Store.Start();
                world.World.Run();
                return static () => { };
            case "joined":
                world.World.AutoSubscribed = false;
                world.Live();
                return static () => { };
            case "first page":
                world.HoldReads().Live();
                return () => world.ReleaseReads();
            case "between pages":
                world.Rest.MaxRows = 1;
                world.Rest.Answered = number =>
                {
                    if (number == 1)
                    {
                        world.HoldReads();
                    }
                };
                world.Live();
                return () => world.ReleaseReads();
            case "point read":
                world.Live().HoldReads().TellUpdate("a", "old2");
                world.World.Advance(1.2);
                return () => world.ReleaseReads();
            case "saving":
                cache.Saving = (_, _, _) => new ValueTask(gate.Task);
                world.Live().World.Advance(2.2);
                return () =>
                {
                    cache.Saving = null;
                    gate.SetResult();
                };
            case "lingering":
                var started = world.Store.Start();
                world.Settle();
                world.Shown.Should().Contain("a=old");
                started.Dispose();
                world.World.Run();
                return static () => { };
            default:
                world.Live();
                world.Shown.Should().Contain("a=old");
                return static () => { };
        }
    }

    private static void Change(StoreWorld world, FakeTokens tokens, string change)
    {
        if (change == "tenant")
        {
            world.Database.Add("\"x\"", "\"co_2\"", "\"new\"");
            world.World.Manager.Tenant.Set("co_2");
            return;
        }

        world.Erase("a").Erase("b").Write("x", "new");
        tokens.Token = change switch
        {
            "user" => Token("user_2", "authenticated"),
            "role" => Token("user_1", "clerk"),
            _ => null,
        };
        _ = world.World.Manager.RefreshAccessTokenAsync();
    }

    private sealed class Spy(Action<StoreChangeSet<string, SalesOrder>> look) : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value) => look(value);
    }
}
