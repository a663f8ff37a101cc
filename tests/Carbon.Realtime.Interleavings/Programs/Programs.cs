namespace Carbon.Realtime.Interleavings;

/// <summary>What runs beside each other. Each begins in a world that is prepared one step after the other, and says what must be true when all is over.</summary>
internal static class Programs
{
    private static readonly Dictionary<string, Func<Shop, (string Name, Action Body)[]>> All = new(StringComparer.Ordinal)
    {
        ["a subscription is disposed while a change comes"] = static shop =>
        {
            var (leaver, other) = (shop.Watch("the leaver"), shop.Watch("the other"));
            shop.Advance(1);
            shop.AtEnd(() => Told(other, "o2", 1));
            return [("disposes", leaver.Dispose), ("writes", () => Two(shop))];
        },
        ["two dispose of one subscription"] = static shop =>
        {
            var (leaver, other) = (shop.Watch("the leaver"), shop.Watch("the other"));
            shop.Advance(1);
            shop.AtEnd(() => Told(other, "o2", 1));
            return [("disposes", leaver.Dispose), ("disposes too", leaver.Dispose), ("writes", () => shop.Insert("o2"))];
        },
        ["the last one leaves a table as the next one comes"] = static shop =>
        {
            var leaver = shop.Watch("the leaver");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? next = null;
            shop.AtLast(() => shop.Insert("o2"), () => Told(next!, "o2", 1));
            return [("disposes", leaver.Dispose), ("subscribes", () => next = shop.Watch("the next"))];
        },
        ["two subscribe to a table that nobody had"] = static shop =>
        {
            Watcher<TableChange<string, Row>>? one = null;
            Watcher<TableChange<string, Row>>? two = null;
            shop.AtLast(() => shop.Insert("o2"), () =>
            {
                Told(one!, "o2", 1);
                Told(two!, "o2", 1);
            });
            return [("subscribes", () => one = shop.Watch("one")), ("subscribes too", () => two = shop.Watch("two"))];
        },
        ["one subscribes to a table that is live as changes come"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            var hadBegun = false;
            shop.AtEnd(() => Shop.Require(!hadBegun || late!.Seen.Exists(static c => c is Inserted<string, Row> { Key: "o2" }), "a change after the first gap is missed"));
            return
            [
                ("subscribes", () => late = shop.Watch("the late one")),
                ("writes", () =>
                {
                    shop.Insert("o3");
                    hadBegun = late?.Seen.Count > 0;
                    shop.Insert("o2");
                }),
            ];
        },
        ["an observer disposes of itself as another thread does"] = static shop =>
        {
            var (biter, other) = (shop.Watch("the biter"), shop.Watch("the other"));
            shop.Advance(1);
            biter.OnEach = _ => biter.Dispose();
            shop.AtEnd(() => Told(other, "o2", 1));
            return [("disposes", biter.Dispose), ("writes", () => shop.Insert("o2"))];
        },
        ["an observer throws while another is disposed of"] = static shop =>
        {
            var (biter, leaver, other) = (shop.Watch("the biter"), shop.Watch("the leaver"), shop.Watch("the other"));
            shop.Advance(1);
            biter.OnEach = _ =>
            {
                biter.Leave();
                throw new InvalidOperationException("The observer throws.");
            };
            shop.AtEnd(() => Told(other, "o2", 1));
            return [("disposes", leaver.Dispose), ("writes", () => shop.Insert("o2"))];
        },
        ["an observer subscribes anew while the connection breaks"] = static shop =>
        {
            var biter = shop.Watch("the biter");
            shop.Advance(1);
            biter.OnEach = _ =>
            {
                biter.OnEach = null;
                shop.Watch("the new one");
            };
            shop.AtLast(() => shop.Insert("o3"), () => Told(biter, "o3", 1));
            return [("breaks", shop.Emulator.BreakConnections), ("writes", () => shop.Insert("o2"))];
        },
        ["the manager ends while one subscribes and a change comes"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("subscribes", () => shop.Watch("the late one")),
                ("writes", () => shop.Insert("o2")),
            ];
        },
        ["the manager ends twice while one waits for a stream"] = static shop =>
        {
            shop.Watch("the first");
            var stream = shop.Manager.Changes(Shop.Orders);
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("ends too", shop.Manager.Dispose),
                ("waits", () => shop.MustEnd("the wait", stream.WhenLiveAsync)),
            ];
        },
        ["a wait is cancelled as the stream becomes live"] = static shop =>
        {
            var stream = shop.Manager.Changes(Shop.Orders);
            var cancellation = new CancellationTokenSource();
            shop.Watch("the first", stream);
            shop.MustEnd("the wait", () => stream.WhenLiveAsync(cancellation.Token));
            return [("cancels", cancellation.Cancel), ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(1)))];
        },
        ["the company changes while one subscribes and a change comes"] = static shop =>
        {
            var hasChanged = false;
            var first = shop.Watch("the first");
            shop.Advance(1);
            shop.AtEnd(() => Shop.Require(first.Error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged }, $"the first one's end is {first.Error}"));
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(() => shop.Insert("o9"), () => Told(late!, "o9", 0));
            return
            [
                ("changes the company", () =>
                {
                    shop.Manager.Tenant.Set("co_2");
                    hasChanged = true;
                }),
                ("subscribes", () => (late = shop.Watch("the late one")).OnEach = Foreign),
                ("writes", () => shop.Insert("o2")),
            ];

            void Foreign(TableChange<string, Row> change) => shop.Note("the last company's row is told", hasChanged && change is Inserted<string, Row> { Row.CompanyId: "co_1" });
        },
        ["the company changes twice"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            return [("changes the company", () => shop.Manager.Tenant.Set("co_2")), ("changes it back", () => shop.Manager.Tenant.Set("co_1")), ("subscribes", () => shop.Watch("the late one"))];
        },
        ["a token is refreshed while one subscribes and the connection breaks"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            shop.AtLast(() => shop.Insert("o2"), () => Told(first, "o2", 1));
            return
            [
                ("refreshes", () => shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync)),
                ("subscribes", () => shop.Watch("the late one")),
                ("breaks", shop.Emulator.BreakConnections),
            ];
        },
        ["another user signs in while one subscribes"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            return
            [
                ("signs in", () =>
                {
                    shop.User = "bob";
                    shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync);
                }),
                ("refreshes too", () => shop.MustEnd("the other refresh", shop.Manager.RefreshAccessTokenAsync)),
                ("subscribes", () => shop.Watch("the late one")),
            ];
        },
        ["a retry is asked for while the connection breaks"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            shop.AtLast(() => shop.Insert("o2"), () => Told(first, "o2", 1));
            return [("breaks", shop.Emulator.BreakConnections), ("retries", shop.Manager.RetryNow), ("retries too", shop.Manager.RetryNow)];
        },
        ["a status is followed while it changes"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            var leaver = shop.Watch("the leaver", shop.Manager.StatusChanges);
            Watcher<RealtimeStatus>? follower = null;
            shop.AtLast(static () => { }, () => Shop.Require(follower!.Seen[^1].State == RealtimeState.Live, $"the last status told is {follower.Seen[^1]}"));
            return [("breaks", shop.Emulator.BreakConnections), ("follows", () => follower = shop.Watch("the follower", shop.Manager.StatusChanges)), ("disposes", leaver.Dispose)];
        },
        ["revalidations come and go while a change comes"] = static shop =>
        {
            var revalidations = shop.Manager.Revalidations(Shop.Orders);
            var leaver = shop.Watch("the leaver", revalidations);
            shop.Advance(1);
            Watcher<Revalidation>? next = null;
            shop.AtLast(() => shop.Insert("o3"), () => Shop.Require(next!.Seen.Count > 0, "the next one was told nothing"));
            return [("disposes", leaver.Dispose), ("subscribes", () => next = shop.Watch("the next", revalidations)), ("writes", () => shop.Insert("o2"))];
        },
        ["a change token is listened to as it fires"] = static shop =>
        {
            var token = shop.Manager.ChangeToken(Shop.Orders);
            var (fired, late) = (0, 0);
            token.RegisterChangeCallback(_ => fired++, null);
            shop.Advance(1);
            shop.Insert("o2");
            shop.Env.RunUntilIdle();
            shop.AtLast(static () => { }, () => Shop.Require(fired == 1 && late == 1 && token.HasChanged, $"the token fired {fired} and {late} times"));
            return [("listens", () => token.RegisterChangeCallback(_ => late++, null)), ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(5)))];
        },
        ["a store is started, left and asked"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            return
            [
                ("starts and leaves", () => store.Start().Dispose()),
                ("follows and leaves", () => shop.Watch("the follower", store.Changes).Dispose()),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
            ];
        },
        ["a store is looked at while a change comes"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            var follower = shop.Watch("the follower", store.Changes);
            var leaver = shop.Watch("the leaver", store.Changes);
            shop.Advance(1);
            shop.AtLast(static () => { }, () =>
            {
                shop.MustEqual(store);
                Shop.Require(follower.Seen[^1].Snapshot.Count == 2, $"the follower was told of {follower.Seen[^1].Snapshot.Count} rows last");
            });
            return
            [
                ("writes", () => shop.Insert("o2")),
                ("disposes", leaver.Dispose),
                ("looks", () =>
                {
                    for (var (look, before) = (0, 0L); look < 3; look++)
                    {
                        var snapshot = store.Current;
                        Shop.Require(snapshot.Version >= before, $"the version goes from {before} to {snapshot.Version}");
                        Shop.Require(snapshot.Rows.Count() == snapshot.Count, "a snapshot counts what it has not");
                        Shop.Require(store.TryGet("o1", out _), "o1 is gone");
                        before = snapshot.Version;
                    }
                }),
            ];
        },
        ["a store is verified twice while changes come"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store));
            return
            [
                ("verifies", () => shop.MustEnd("one verification", store.VerifyAsync)),
                ("verifies too", () => shop.MustEnd("the other verification", () => store.VerifyRowAsync("o2"))),
                ("writes", () =>
                {
                    shop.Insert("o2");
                    shop.Emulator.Delete(Shop.Table, "o1");
                }),
            ];
        },
        ["a store is loading as the company changes"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var store = shop.Manager.Store(Shop.Orders);
            var hasChanged = false;
            shop.Watch("the follower", store.Changes).OnEach = set =>
                shop.Note("the last company's rows are told", hasChanged && set.Snapshot.Rows.Any(static r => r.CompanyId == "co_1"));
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return
            [
                ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(1))),
                ("changes the company", () =>
                {
                    shop.Manager.Tenant.Set("co_2");
                    hasChanged = true;
                    Shop.Require(store.Current.Rows.All(static r => r.CompanyId == "co_2"), "the last company's rows are shown");
                }),
                ("writes", () => shop.Insert("o2")),
            ];
        },
        ["the manager ends while the company of a store changes"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            shop.AtEnd(() => Shop.Require(store.Status.State == StoreState.Closed && store.Current.Count == 0, $"a store that has ended is {store.Status}"));
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("changes the company", () => shop.Manager.Tenant.Set("co_2")),
            ];
        },
        ["a live store's company changes as a change comes"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var store = shop.Manager.Store(Shop.Orders);
            var hasChanged = false;
            shop.Watch("the follower", store.Changes).OnEach = set =>
                shop.Note("the last company's rows are told", hasChanged && set.Snapshot.Rows.Any(static r => r.CompanyId == "co_1"));
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return
            [
                ("changes the company", () =>
                {
                    shop.Manager.Tenant.Set("co_2");
                    hasChanged = true;
                    Shop.Require(store.Current.Rows.All(static r => r.CompanyId == "co_2"), "the last company's rows are shown");
                    Shop.Require(!store.TryGet("o1", out _), "the last company's row is given out");
                }),
                ("writes", () => shop.Insert("o2")),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
            ];
        },
        ["two change a live store's company to the same one"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var store = shop.Manager.Store(Shop.Orders);
            var hasChanged = false;
            shop.Watch("the follower", store.Changes).OnEach = set =>
                shop.Note("the last company's rows are told", hasChanged && set.Snapshot.Rows.Any(static r => r.CompanyId == "co_1"));
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return [("changes the company", Change), ("changes it too", Change), ("writes", () => shop.Insert("o2"))];

            void Change()
            {
                shop.Manager.Tenant.Set("co_2");
                hasChanged = true;
                Shop.Require(store.Current.Rows.All(static r => r.CompanyId == "co_2"), "the last company's rows are shown");
            }
        },
        ["another user signs in while a store reads"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store));
            return
            [
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
                ("signs in", () =>
                {
                    shop.User = "bob";
                    shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync);
                }),
                ("writes", () => shop.Insert("o2")),
            ];
        },
        ["the user signs out while a store saves"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => Shop.Require(store.Current.Count == 0, $"{store.Current.Count} rows are shown to nobody"));
            shop.AtEnd(() => Shop.Require(shop.Cache.Images.Keys.All(static k => k.Subject != "ada"), "a signed-out user's rows are kept"));
            return
            [
                ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(3))),
                ("signs out", () =>
                {
                    shop.User = null;
                    shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync);
                }),
            ];
        },
        ["the manager ends while a store is verified and followed"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
                ("follows", () => shop.Watch("the late one", store.Changes)),
            ];
        },
        ["the manager ends while a store is made and waited for"] = static shop =>
        {
            shop.Watch("the first");
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("makes a store", () =>
                {
                    try
                    {
                        var store = shop.Manager.Store(Shop.Orders);
                        shop.MustEnd("the wait", store.WhenLiveAsync);
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                }),
            ];
        },
        ["two stores of the same rows come and go"] = static shop =>
        {
            var (one, two) = (shop.Manager.Store(Shop.Orders), shop.Manager.Store(Shop.Orders, new StoreOptions<Row> { Name = "two" }));
            var use = one.Start();
            shop.Advance(5);
            shop.AtEnd(() => Shop.Require(shop.Cache.Images.Values.Single().Rows.Count == 2, "what is kept is not what was shown"));
            shop.AtLast(static () => { }, () => shop.MustEqual(two));
            return [("leaves", use.Dispose), ("follows", () => shop.Watch("the follower", two.Changes)), ("writes", () => shop.Insert("o2"))];
        },
        ["a list is bound and left while a change comes"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            var leaver = store.BindTo(new PostedContext(shop.Env.Scheduler));
            BoundCollection<Row>? bound = null;
            shop.AtLast(static () => { }, () => Shop.Require(bound!.Count == 2, $"the list has {bound.Count} rows"));
            return [("disposes", leaver.Dispose), ("binds", () => bound = store.BindTo(new PostedContext(shop.Env.Scheduler))), ("writes", () => shop.Insert("o2"))];
        },
        ["a scope ends while its store is followed"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var scope = shop.Manager.ForTenant("co_2");
            var store = scope.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            return
            [
                ("ends", scope.Dispose),
                ("follows", () => shop.Watch("the late one", store.Changes)),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
            ];
        },
    };

    public static IEnumerable<string> Names => All.Keys;

    public static Outcome Run(string name, Choice choose)
    {
        var shop = new Shop();
        var outcome = Interleaver.Run(shop.Env.Scheduler, All[name](shop), choose);
        if (outcome.Fault is not null)
        {
            return outcome;
        }

        try
        {
            shop.End();
            return outcome;
        }
        catch (BrokenPromiseException e)
        {
            return outcome with { Fault = e.Message };
        }
    }

    /// <summary>Changes that come together: what is to be told of the second one is told when the first was looked at.</summary>
    private static void Two(Shop shop) => shop.Emulator.Transaction(static t =>
    {
        t.Insert(Shop.Table, Shop.NewRow("o2"));
        t.Insert(Shop.Table, Shop.NewRow("o3"));
    });

    private static void Told(Watcher<TableChange<string, Row>> watcher, string id, int times)
    {
        var told = watcher.Seen.Count(c => c is Inserted<string, Row> inserted && inserted.Key == id);
        Shop.Require(told == times, $"of {id} was told {told} times: {string.Join(", ", watcher.Seen)}");
        Shop.Require(watcher.Seen is [] or [Gap<string, Row>, ..], $"the first word is no gap: {string.Join(", ", watcher.Seen)}");
    }
}
