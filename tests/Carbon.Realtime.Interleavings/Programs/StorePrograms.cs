using System.Collections.Specialized;
using System.ComponentModel;

namespace Carbon.Realtime.Interleavings;

/// <summary>Live stores: started and left, looked at, verified, for another company or user, bound, and ended.</summary>
internal static class StorePrograms
{
    public static IReadOnlyDictionary<string, Func<Shop, (string Name, Action Body)[]>> All { get; } = new Dictionary<string, Func<Shop, (string Name, Action Body)[]>>(StringComparer.Ordinal)
    {
        ["a store is started, left and asked"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            Task verified = Task.CompletedTask;
            shop.AtLast(() => Shop.Await("the verification", verified), () => Shop.Require(
                store.Status.State == StoreState.Empty && store.Current.Count == 0, $"a store that nobody uses is {store.Status} with {store.Current.Count} rows"));
            shop.AtLast(() => shop.Watch("the next", store.Changes), () => shop.MustEqual(store));
            return
            [
                ("starts and leaves", () => store.Start().Dispose()),
                ("follows and leaves", () => shop.Watch("the follower", store.Changes).Dispose()),
                ("verifies", () => verified = shop.MustEnd("the verification", store.VerifyAsync)),
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
                shop.MustBeAll("what the follower was told last", follower.Seen[^1].Snapshot.Rows);
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
            var change = ChangeOfCompany(shop, store);
            shop.Advance(1);
            shop.AtEnd(() => Shop.MustBeClosed(store));
            return
            [
                ("writes", () =>
                {
                    shop.Insert("o2");
                    shop.Insert("o3");
                }),
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("changes the company", change),
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
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync, Ending.TenantChanged)),
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
            var change = ChangeOfUser(shop, store);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, user: "bob"));
            return
            [
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync, Ending.TenantChanged)),
                ("signs in", change),
                ("writes", () => shop.Insert("a2", owner: "ada")),
            ];
        },
        ["another user signs in while a store loads"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            var change = ChangeOfUser(shop, store);
            shop.AtLast(static () => { }, () => shop.MustEqual(store, user: "bob"));
            return [("signs in", change), ("signs in too", change), ("writes", () => shop.Insert("b2", owner: "bob"))];
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
            shop.AtEnd(() => Shop.MustBeClosed(store));
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync, Ending.Disposed)),
                ("follows", () => shop.Watch("the late one", store.Changes)),
            ];
        },
        ["the manager ends while a store is made and waited for"] = static shop =>
        {
            shop.Watch("the first");
            ILiveStore<string, Row>? store = null;
            shop.AtEnd(() =>
            {
                if (store is not null)
                {
                    Shop.MustBeClosed(store);
                }
            });
            return
            [
                ("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())),
                ("makes a store", () =>
                {
                    try
                    {
                        store = shop.Manager.Store(Shop.Orders);
                        shop.MustEnd("the wait", store.WhenLiveAsync, Ending.Disposed);
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
            shop.AtEnd(() => Shop.Require(shop.Cache.Images.Values.Single().Rows.Count == 3, "what is kept is not what was shown"));
            shop.AtLast(static () => { }, () => shop.MustEqual(two));
            return [("leaves", use.Dispose), ("follows", () => shop.Watch("the follower", two.Changes)), ("writes", () => shop.Insert("o2"))];
        },
        ["a list is bound and left while a change comes"] = static shop =>
        {
            var store = shop.Manager.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            var leaver = store.BindTo(new PostedContext(shop.Env.Scheduler));
            var hasLeft = false;
            ((INotifyCollectionChanged)leaver).CollectionChanged += (_, _) => Look("a change of a list that was left");
            ((INotifyPropertyChanged)leaver).PropertyChanged += (_, _) => Look("another status of a list that was left");
            leaver.Updated += (_, _) => Look("an update of a list that was left");
            BoundCollection<Row>? bound = null;
            List<Row> left = [];
            shop.AtLast(() =>
            {
                left.AddRange(leaver);
                shop.Insert("o3");
            }, () =>
            {
                shop.MustBeAll("the list", bound!);
                Shop.Require(leaver.SequenceEqual(left), "a list that was left goes on");
            });
            return
            [
                ("disposes", () =>
                {
                    leaver.Dispose();
                    hasLeft = true;
                }),
                ("binds", () => bound = store.BindTo(new PostedContext(shop.Env.Scheduler))),
                ("writes", () => shop.Insert("o2")),
            ];

            void Look(string what)
            {
                shop.Note(what + " is told", hasLeft);
                Interleaver.Point(); // a handler takes its time
            }
        },
        ["a scope ends while its store is followed"] = static shop =>
        {
            shop.Insert("p1", "co_2");
            var scope = shop.Manager.ForTenant("co_2");
            var store = scope.Store(Shop.Orders);
            shop.Watch("the follower", store.Changes);
            shop.Advance(1);
            shop.AtLast(static () => { }, () => Shop.MustBeClosed(store));
            return
            [
                ("ends", scope.Dispose),
                ("follows", () => shop.Watch("the late one", store.Changes)),
                ("verifies", () => shop.MustEnd("the verification", store.VerifyAsync, Ending.Disposed)),
            ];
        },
        ["a store is taken from a scope as that ends"] = static shop =>
        {
            var scope = shop.Manager.ForTenant("co_1");
            ILiveStore<string, Row>? store = null;
            shop.AtLast(static () => { }, () =>
            {
                if (store is not null)
                {
                    Shop.MustBeClosed(store);
                }
            });
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

    /// <summary>Follows a store, and signs Bob in: when the client knows of it nothing that only Ada may see is shown or told.</summary>
    private static Action ChangeOfUser(Shop shop, ILiveStore<string, Row> store)
    {
        var hasChanged = false;
        shop.Watch("the follower", store.Changes).OnEach = set =>
            shop.Note("the last user's rows are told", hasChanged && set.Snapshot.Rows.Any(static r => r.Owner == "ada"));
        return () =>
        {
            shop.User = "bob";
            shop.MustEnd("the refresh", () => shop.Then(shop.Manager.RefreshAccessTokenAsync(), () =>
            {
                hasChanged = true;
                Shop.Require(store.Current.Rows.All(static r => r.Owner != "ada"), "the last user's rows are shown");
                Shop.Require(!store.TryGet("a1", out _), "the last user's row is given out");
            }));
        };
    }
}
