namespace Carbon.Realtime.Interleavings;

/// <summary>Streams, statuses, revalidations, sign-in and the manager's own end.</summary>
internal static class StreamPrograms
{
    public static IReadOnlyDictionary<string, Func<Shop, (string Name, Action Body)[]>> All { get; } = new Dictionary<string, Func<Shop, (string Name, Action Body)[]>>(StringComparer.Ordinal)
    {
        ["a subscription is disposed while a change comes"] = static shop =>
        {
            var (leaver, other) = (shop.Watch("the leaver"), shop.Watch("the other"));
            shop.Advance(1);
            shop.AtEnd(() => ToldOrGap(other, "o2"));
            return [("disposes", leaver.Dispose), ("writes", () => Two(shop))];
        },
        ["two changes come one after the other"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            shop.AtLast(static () => { }, () =>
            {
                ToldOrGap(first, "o2"); // before the manager's end, which would bring what was forgotten
                ToldOrGap(first, "o3");
            });
            return [("writes", () => shop.Insert("o2")), ("writes too", () => shop.Insert("o3"))];
        },
        ["two dispose of one subscription"] = static shop =>
        {
            var (leaver, other) = (shop.Watch("the leaver"), shop.Watch("the other"));
            shop.Advance(1);
            shop.AtEnd(() => ToldOrGap(other, "o2"));
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
            var first = shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            var hadBegun = false;
            shop.AtLast(() => shop.Insert("o4"), () =>
            {
                ToldOrGap(first, "o3");
                ToldOrGap(first, "o2");
                Told(first, "o4", 1);
                ToldOrGap(late!, "o2", mayBeMissed: !hadBegun);
                ToldOrGap(late!, "o3", mayBeMissed: true);
                Told(late!, "o4", 1);
            });
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
        ["one subscribes to a table that is live as a change arrives"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            shop.Insert("o2");
            shop.Env.Time.Advance(TimeSpan.FromSeconds(1)); // on its way: what is due has fired, and nothing of it has run yet
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(() => shop.Insert("o3"), () =>
            {
                ToldOrGap(first, "o2");
                ToldOrGap(late!, "o2", mayBeMissed: true);
                Told(late!, "o3", 1);
            });
            return [("subscribes", () => late = shop.Watch("the late one"))];
        },
        ["one writes as soon as its stream has begun"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(static () => { }, () => ToldOrGap(late!, "o2"));
            return
            [
                ("subscribes", () => late = shop.Watch("the late one", change =>
                {
                    if (change is Gap<string, Row> { Reason: GapReason.Started })
                    {
                        shop.Insert("o2");
                    }
                })),
            ];
        },
        ["an observer disposes of itself as another thread does"] = static shop =>
        {
            var (biter, other) = (shop.Watch("the biter"), shop.Watch("the other"));
            shop.Advance(1);
            biter.OnEach = _ => biter.Dispose();
            shop.AtEnd(() => ToldOrGap(other, "o2"));
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
            shop.AtEnd(() => ToldOrGap(other, "o2"));
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
                ("waits", () => shop.MustEnd("the wait", stream.WhenLiveAsync, Ending.Disposed)),
            ];
        },
        ["the manager ends while one disposes and a change comes"] = static shop =>
        {
            var leaver = shop.Watch("the leaver");
            leaver.MayBeUnderWay = true; // the end, if that was decided on
            shop.Advance(1);
            return [("ends", () => shop.MustEnd("the end", () => shop.Manager.DisposeAsync().AsTask())), ("disposes", leaver.Dispose), ("writes", () => shop.Insert("o2"))];
        },
        ["a wait is cancelled as the stream becomes live"] = static shop =>
        {
            var stream = shop.Manager.Changes(Shop.Orders);
            var cancellation = new CancellationTokenSource();
            shop.Watch("the first", stream);
            shop.MustEnd("the wait", () => stream.WhenLiveAsync(cancellation.Token), Ending.Cancelled);
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
            var first = shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(() =>
            {
                shop.Insert("p9", "co_1");
                shop.Insert("q9", "co_2");
            }, () =>
            {
                OfCurrent(first);
                OfCurrent(late!);
            });
            return [("changes the company", () => shop.Manager.Tenant.Set("co_2")), ("changes it back", () => shop.Manager.Tenant.Set("co_1")), ("subscribes", () => late = shop.Watch("the late one"))];

            void OfCurrent(Watcher<TableChange<string, Row>> watcher)
            {
                var (current, isOver) = (shop.Manager.Tenant.Current, watcher.Error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged });
                Shop.Require(isOver == (watcher.Ends == 1), $"the end is {watcher.Error}");
                Told(watcher, "p9", !isOver && current == "co_1" ? 1 : 0);
                Told(watcher, "q9", !isOver && current == "co_2" ? 1 : 0);
            }
        },
        ["a token is refreshed while one subscribes and the connection breaks"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(() => shop.Insert("o2"), () =>
            {
                Told(first, "o2", 1);
                Told(late!, "o2", 1);
            });
            return
            [
                ("refreshes", () => shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync)),
                ("subscribes", () => late = shop.Watch("the late one")),
                ("breaks", shop.Emulator.BreakConnections),
            ];
        },
        ["another user signs in while one subscribes"] = static shop =>
        {
            var first = shop.Watch("the first");
            shop.Advance(1);
            Watcher<TableChange<string, Row>>? late = null;
            shop.AtLast(() =>
            {
                shop.Insert("a9", owner: "ada");
                shop.Insert("b9", owner: "bob");
            }, () =>
            {
                Told(first, "a9", 0);
                Told(first, "b9", 1);
                Told(late!, "a9", 0);
                Told(late!, "b9", 1);
            });
            return
            [
                ("signs in", () =>
                {
                    shop.User = "bob";
                    shop.MustEnd("the refresh", shop.Manager.RefreshAccessTokenAsync);
                }),
                ("refreshes too", () => shop.MustEnd("the other refresh", shop.Manager.RefreshAccessTokenAsync)),
                ("subscribes", () => late = shop.Watch("the late one")),
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
            var (all, leaver) = (shop.Watch("the one who hears all", shop.Manager.StatusChanges), shop.Watch("the leaver", shop.Manager.StatusChanges));
            Watcher<RealtimeStatus>? follower = null;
            shop.AtLast(static () => { }, () => Shop.Require(follower!.Seen[^1].State == RealtimeState.Live, $"the last status told is {follower.Seen[^1]}"));
            shop.AtEnd(() => Shop.Require(
                all.Seen.TakeLast(follower!.Seen.Count).SequenceEqual(follower.Seen), $"the follower was told {string.Join(", ", follower!.Seen)} of {string.Join(", ", all.Seen)}"));
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
        ["two end one hold while another one holds"] = static shop =>
        {
            var revalidations = shop.Manager.Revalidations(Shop.Orders);
            var follower = shop.Watch("the follower", revalidations);
            shop.Advance(1);
            var (hold, other) = (revalidations.Hold(), revalidations.Hold());
            var before = follower.Seen.Count;
            shop.AtLast(() => shop.Insert("o2"), () => Shop.Require(follower.Seen.Count == before, "the follower was told while somebody holds"));
            shop.AtLast(other.Dispose, () => Shop.Require(follower.Seen.Count == before + 1, "the follower was not told when nobody holds any more"));
            return [("ends", hold.Dispose), ("ends too", hold.Dispose)];
        },
        ["a change token is listened to as it fires"] = static shop =>
        {
            shop.Watch("the first");
            shop.Advance(1);
            var token = shop.Manager.ChangeToken(new RevalidationOptions { Debounce = TimeSpan.FromSeconds(3), MaxDelay = TimeSpan.FromSeconds(3) }, Shop.Orders);
            var (fired, late) = (0, 0);
            token.RegisterChangeCallback(_ => fired++, null);
            shop.Insert("o2");
            shop.Advance(1);
            Shop.Require(fired == 0, "it is not quiet for long enough yet");
            shop.AtLast(static () => { }, () => Shop.Require(fired == 1 && late == 1 && token.HasChanged, $"the token fired {fired} and {late} times"));
            return [("listens", () => token.RegisterChangeCallback(_ => late++, null)), ("lets time go by", () => shop.Env.Time.Advance(TimeSpan.FromSeconds(5)))];
        },
    };

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
        BeginsWithGap(watcher);
    }

    /// <summary>Told once, or not at all and that something may be missed: time may have gone by so fast that the server seemed gone.</summary>
    private static void ToldOrGap(Watcher<TableChange<string, Row>> watcher, string id, bool mayBeMissed = false)
    {
        var told = watcher.Seen.Count(c => c is Inserted<string, Row> inserted && inserted.Key == id);
        Shop.Require(told == 1 || (told == 0 && (mayBeMissed || watcher.Seen.Skip(1).Any(static c => c is Gap<string, Row>))), $"of {id} was told {told} times: {string.Join(", ", watcher.Seen)}");
        BeginsWithGap(watcher);
    }

    private static void BeginsWithGap(Watcher<TableChange<string, Row>> watcher) =>
        Shop.Require(watcher.Seen is [] or [Gap<string, Row>, ..], $"the first word is no gap: {string.Join(", ", watcher.Seen)}");
}
