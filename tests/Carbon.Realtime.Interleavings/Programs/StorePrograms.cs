namespace Carbon.Realtime.Interleavings;

/// <summary>Live stores: started and left, looked at, verified, for another company or user, bound, and ended.</summary>
internal static class StorePrograms
{
    public static IReadOnlyDictionary<string, Func<Shop, (string Name, Action Body)[]>> All { get; } = new Dictionary<string, Func<Shop, (string Name, Action Body)[]>>(StringComparer.Ordinal)
    {
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
            var change = ChangeOfCompany(shop, store);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return
            [
                ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(1))),
                ("changes the company", change),
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
            var change = ChangeOfCompany(shop, store);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return
            [
                ("changes the company", change),
                ("writes", () => shop.Insert("o2")),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync)),
            ];
        },
        ["two change a live store's company to the same one"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var store = shop.Manager.Store(Shop.Orders);
            var change = ChangeOfCompany(shop, store);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, "co_2"));
            return [("changes the company", change), ("changes it too", change), ("writes", () => shop.Insert("o2"))];
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
        ["a store is taken from a scope as that ends"] = static shop =>
        {
            var scope = shop.Manager.ForTenant("co_1");
            ILiveStore<string, Row>? store = null;
            shop.AtLast(static () => { }, () => Shop.Require(store is null || store.Status.State == StoreState.Closed, $"a store of a scope that has ended is {store?.Status}"));
            return
            [
                ("ends", scope.Dispose),
                ("takes a store", () =>
                {
                    try
                    {
                        store = scope.Store(Shop.Orders);
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                }),
            ];
        },
    };

    /// <summary>Follows a store, and changes the company: when that returns nothing of the last one's is shown or told.</summary>
    private static Action ChangeOfCompany(Shop shop, ILiveStore<string, Row> store)
    {
        var hasChanged = false;
        shop.Watch("the follower", store.Changes).OnEach = set =>
            shop.Note("the last company's rows are told", hasChanged && set.Snapshot.Rows.Any(static r => r.CompanyId == "co_1"));
        return () =>
        {
            shop.Manager.Tenant.Set("co_2");
            hasChanged = true;
            Shop.Require(store.Current.Rows.All(static r => r.CompanyId == "co_2"), "the last company's rows are shown");
            Shop.Require(!store.TryGet("o1", out _), "the last company's row is given out");
        };
    }
}
