using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>One thread's program: so many acts out of all that can be done, drawn by its own chance.</summary>
internal sealed class TortureProgram(TortureRound round, Random random)
{
    private static readonly RevalidationOptions Quick = new() { Debounce = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(5) };

    private readonly long[] _versions = new long[round.Stores.Count];

    private TortureWorld World => round.World;

    private RealtimeChannelManager Manager => World.Manager;

    private Action[] Acts => field ??=
    [
        Leave, Leave, Leave, Leave, FollowStream, FollowRaw, FollowFiltered, FollowScope, FollowStore, FollowStore, FollowStatus, FollowView, FollowRevalidations, Hold,
        TakeToken, Read, Read, Read, Verify, Verify, VerifyRow, WaitForLive, WaitForStore, Pull, Pull, WatchStore, Bind, Use, Refresh, Retry, SwitchTenant, SwitchTenant,
        SignIn, BreakSockets, OpenScope, CloseScope,
    ];

    /// <param name="count">How many acts.</param>
    /// <param name="end">Done in the middle.</param>
    public void Run(int count, Action? end)
    {
        for (var i = 0; i < count; i++)
        {
            if (i == count / 2)
            {
                end?.Invoke();
            }

            World.Figures.Act();
            try
            {
                var act = Acts[random.Next(Acts.Length)];
                round.Doing[Thread.CurrentThread.Name!] = act.Method.Name;
                act();
            }
            catch (ObjectDisposedException)
            {
                // A scope, or at the end the manager: declared of all that can be called.
            }
            catch (InvalidOperationException e) when (e.Message.Contains("no tenant is known", StringComparison.Ordinal))
            {
                // Between two tenants there is none for a moment.
            }
        }
    }

    private void Follow<T>(Witness<T> witness, IObservable<T> source)
    {
        World.Figures.Subscription();
        witness.Begin(source);
        round.Witnesses.Enqueue(witness);
        round.Disposables.Enqueue(new Leaving(witness));
    }

    private int Bites() => random.Next(12) == 0 ? random.Next(1, 4) : 0;

    private int Leaves() => random.Next(12) == 0 ? random.Next(1, 4) : 0;

    /// <summary>What users do in callbacks: they look, come and go, take their time, or change the tenant with more waiting for them.</summary>
    private Action<int>? Within()
    {
        var (kind, at, next) = (random.Next(12), random.Next(2, 6), AnyCompany());
        void Look(int number)
        {
            _ = (round.Stores[0].Current.Count, Manager.Status, Manager.Tenant.Current);
            if (number == at)
            {
                Manager.RetryNow();
                UseShortly(round.Stores[1]);
            }
        }

        void SwitchOnce(int number)
        {
            if (number == at && !round.IsMeeting)
            {
                Switch(next, viaNone: false);
            }
        }

        return kind < 2 ? Look : kind < 4 ? TakeTime : kind == 4 ? SwitchOnce : null;
    }

    private static void TakeTime(int number)
    {
        for (var i = 0; i < 200; i++)
        {
            Thread.Yield();
        }
    }

    private static void UseShortly(ILiveStore<string, Part> store)
    {
        try
        {
            store.Start().Dispose();
        }
        catch (ObjectDisposedException)
        {
            // The manager is gone, and what is told now is the end.
        }
    }

    private void FollowStream()
    {
        var (company, stream) = Take(static m => m.Changes(TortureWorld.Parts, new ChangeStreamOptions { Group = "typed" }));
        Follow(new StreamWitness<string, Part>(World, "stream", company, static p => p.CompanyId) { BitesAt = Bites(), LeavesAt = Leaves(), Within = Within() }, stream);
    }

    private void FollowRaw()
    {
        var (company, stream) = Take(static m => m.Changes("part"));
        Follow(new StreamWitness<JsonElement, JsonElement>(World, "raw stream", company, static r => r.GetProperty("companyId").GetString()!) { BitesAt = Bites(), LeavesAt = Leaves() }, stream);
    }

    private void FollowFiltered()
    {
        var (company, stream) = Take(static m => m.Changes(TortureWorld.OpenParts, new ChangeStreamOptions { KeyOnlyDeletes = true }));
        Follow(new StreamWitness<string, Part>(World, "filtered stream", company, static p => p.CompanyId) { BitesAt = Bites(), Within = Within() }, stream);
    }

    private void FollowScope()
    {
        if (round.Scopes.TryPeek(out var scope))
        {
            Follow(new StreamWitness<string, Part>(World, "scope's stream", scope.Scope.Tenant, static p => p.CompanyId, isScopes: true) { LeavesAt = Leaves() }, scope.Scope.Changes(TortureWorld.Parts));
            var (tenant, bobs) = (scope.Scope.Tenant, new Allowed([scope.Scope.Tenant], [TortureWorld.Bob]));
            Allowed Now() => scope.IsBobs ? bobs : World.Allowed.Now.In(tenant); // without a user of its own it is the signed-in one's
            var store = scope.Scope.Store(TortureWorld.Parts);
            Follow(new StoreWitness(World, "scope's store", Now, isForOneUser: scope.IsBobs) { LeavesAt = Leaves() }, store.Changes);
            Look(store, Now, "scope's store");
            round.Watch("scope's store being live", store.WhenLiveAsync());
        }
    }

    private void FollowStore()
    {
        var store = AnyStore();
        Follow(new StoreWitness(World, $"store {store.Table}", () => World.Allowed.Now) { BitesAt = Bites(), LeavesAt = Leaves(), Within = Within() }, store.Changes);
    }

    private void FollowStatus()
    {
        Follow(new Witness<RealtimeStatus>(World, "status") { BitesAt = Bites(), LeavesAt = Leaves() }, Manager.StatusChanges);
        Follow(new Witness<RealtimeStatus>(World, "stream's status") { BitesAt = Bites() }, Take(static m => m.Changes(TortureWorld.Parts)).Stream.StatusChanges);
        Follow(new Witness<StoreStatus>(World, "store's status") { LeavesAt = Leaves() }, AnyStore().StatusChanges);
    }

    private void FollowView() =>
        Follow(new ViewWitness(World, "view") { LeavesAt = Leaves() }, AnyStore().Where(static p => p.Status != "s2").OrderBy(TortureWorld.ByStatus).Changes);

    private void FollowRevalidations() =>
        Follow(new Witness<Revalidation>(World, "revalidations") { BitesAt = Bites(), LeavesAt = Leaves() }, Take(static m => m.Revalidations(Quick, TortureWorld.Parts, TortureWorld.Bins)).Stream);

    private void Hold()
    {
        var revalidations = Take(static m => m.Revalidations(Quick, TortureWorld.Parts)).Stream;
        var hold = revalidations.Hold();
        Follow(new Witness<Revalidation>(World, "held revalidations"), revalidations);
        round.Disposables.Enqueue(hold);
    }

    private void TakeToken()
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        var bites = random.Next(4) == 0;
        var token = Take(static m => m.ChangeToken(Quick, TortureWorld.Parts)).Stream;
        token.RegisterChangeCallback(_ =>
        {
            World.Require(Interlocked.Increment(ref calls) == 1, "a change token's callback is called twice");
            fired.TrySetResult();
            if (bites)
            {
                World.Figures.Bite();
                throw new PlannedBite();
            }
        }, null);
        round.Watch("a change token", fired.Task, outlivesThePrograms: true);
        round.Disposables.Enqueue(ChangeToken.OnChange(NextToken, static () => { }));
    }

    /// <summary>None any more where there is no tenant, or no manager.</summary>
    private IChangeToken? NextToken()
    {
        try
        {
            return Manager.ChangeToken(Quick, TortureWorld.Bins);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private void Leave()
    {
        if (round.Disposables.TryDequeue(out var one))
        {
            one.Dispose();
            if (random.Next(3) == 0)
            {
                one.Dispose();
            }
        }
    }

    private void Read()
    {
        var index = random.Next(round.Stores.Count);
        var store = round.Stores[index];
        var snapshot = Look(store, () => World.Allowed.Now, store.Table);
        World.Require(snapshot.Version >= _versions[index], $"{store.Table}: version {snapshot.Version} is read after {_versions[index]}");
        _versions[index] = snapshot.Version;
        var before = World.Allowed.Now;
        if (store.TryGet($"{(index == 3 ? 'b' : 'p')}{random.Next(1, 40)}", out var one) && World.Allowed.Now == before)
        {
            World.Require(before.Holds(one), $"{store.Table}: {one} is given to {before}");
        }
    }

    /// <summary>Nobody else's row is read, if nobody changed user or tenant meanwhile.</summary>
    private StoreSnapshot<string, Part> Look(ILiveStore<string, Part> store, Func<Allowed> allowed, string name)
    {
        var before = allowed();
        var snapshot = store.Current;
        if (allowed() == before)
        {
            foreach (var row in snapshot.Rows)
            {
                World.Require(before.Holds(row), $"{name}: {row} is shown to {before}");
            }
        }

        return snapshot;
    }

    private void Verify() => Await("verification", token => AnyStore().VerifyAsync(token));

    private void VerifyRow() => Await("verification of a row", token => AnyStore().VerifyRowAsync($"p{random.Next(40)}", token));

    private void WaitForStore() => Pause("a store being live", AnyStore().WhenLiveAsync());

    private void WaitForLive() => Await("stream being live", token => Take(static m => m.Changes(TortureWorld.Parts)).Stream.WhenLiveAsync(token));

    private void Pull()
    {
        var (company, stream) = Take(static m => m.Changes(TortureWorld.Parts));
        var most = random.Next(1, 6);
        var cancelling = new CancellationTokenSource();
        round.Watch("enumeration", EnumerateAsync(), outlivesThePrograms: true);
        if (random.Next(2) == 0)
        {
            round.Disposables.Enqueue(new Cancelling(cancelling));
        }

        async Task EnumerateAsync()
        {
            var number = 0;
            var check = new StreamCheck<string, Part>(World, "enumeration", company, static p => p.CompanyId);
            await foreach (var change in stream.ReadAllAsync(cancelling.Token))
            {
                World.Figures.Element();
                check.Look(change);
                if (++number == most)
                {
                    break;
                }
            }
        }
    }

    private void WatchStore()
    {
        var store = AnyStore();
        var most = random.Next(1, 8);
        var cancelling = new CancellationTokenSource();
        round.Watch("watch", EnumerateAsync(), outlivesThePrograms: true);
        round.Disposables.Enqueue(new Cancelling(cancelling));

        async Task EnumerateAsync()
        {
            var (number, version) = (0, -1L);
            var foreign = new ForeignRows(World, "watch", () => World.Allowed.Now);
            await foreach (var snapshot in store.WatchAsync(cancelling.Token))
            {
                World.Figures.Element();
                World.Require(snapshot.Version >= version, $"watch: version {snapshot.Version} after {version}");
                version = snapshot.Version;
                foreign.Look(snapshot.Rows);
                if (++number == most)
                {
                    break;
                }
            }
        }
    }

    private void Bind()
    {
        var store = AnyStore();
        round.Watch("a binding", round.Ui.InvokeAsync(() =>
        {
            var list = new BoundList(round, store);
            round.Lists.Enqueue(list);
            round.Disposables.Enqueue(list);
        }));
    }

    private void Use() => round.Disposables.Enqueue(AnyStore().Start());

    private void Refresh() => Await("refresh", Manager.RefreshAccessTokenAsync);

    private void Retry() => Manager.RetryNow();

    private void SwitchTenant()
    {
        Switch(AnyCompany(), viaNone: random.Next(4) == 0);
        Read();
    }

    /// <summary>Any thread.</summary>
    private void Switch(string next, bool viaNone)
    {
        World.Figures.Switch();
        World.Allowed.BeginSwitch(next);
        if (viaNone)
        {
            Manager.Tenant.Set(null);
        }

        Manager.Tenant.Set(next);
        World.Allowed.EndSwitch(() => Manager.Tenant.Current!);
    }

    private void SignIn()
    {
        World.Figures.Switch();
        var next = random.Next(2) == 0 ? TortureWorld.Ada : TortureWorld.Bob;
        World.Allowed.BeginSignIn(next);
        World.Users.Current = next;
        var refreshing = Manager.RefreshAccessTokenAsync();
        Pause("a sign-in", refreshing);
        World.Allowed.EndSignIn(refreshing.IsCompletedSuccessfully, () => World.Users.Current);
        Read();
    }

    private void BreakSockets()
    {
        if (random.Next(3) == 0)
        {
            World.Emulator.BreakConnections();
        }
        else
        {
            World.Emulator.CrashChannels();
        }
    }

    private void OpenScope()
    {
        var tenant = AnyCompany();
        var isBobs = random.Next(2) == 0;
        round.Scopes.Enqueue((isBobs ? Manager.ForTenant(tenant, AccessTokenProvider.Of(World.Users.TokenOf(TortureWorld.Bob))) : Manager.ForTenant(tenant), isBobs));
    }

    private void CloseScope()
    {
        if (round.Scopes.TryDequeue(out var scope))
        {
            round.Watch("scope's disposal", scope.Scope.DisposeAsync().AsTask());
        }
    }

    private string AnyCompany() => TortureWorld.Companies[random.Next(TortureWorld.Companies.Count)];

    private ILiveStore<string, Part> AnyStore() => round.Stores[random.Next(round.Stores.Count)];

    /// <summary>What is taken for the current tenant, and which that was.</summary>
    private (string? Company, T Stream) Take<T>(Func<IChangeSource, T> take)
    {
        var before = World.Allowed.Now;
        var taken = take(Manager);
        return (before == World.Allowed.Now && before.Companies.Count == 1 ? before.Companies.Single() : null, taken);
    }

    /// <summary>Some are waited for, some are left to others, and some are cancelled by whoever comes along.</summary>
    private void Await(string name, Func<CancellationToken, Task> begin)
    {
        var cancelling = new CancellationTokenSource();
        var task = begin(cancelling.Token);
        round.Watch(name, task);
        switch (random.Next(3))
        {
            case 0:
                Pause(name, task);
                break;
            case 1:
                round.Disposables.Enqueue(new Cancelling(cancelling));
                break;
        }
    }

    /// <summary>Waits for what must come; what becomes of it is looked at elsewhere.</summary>
    private void Pause(string name, Task task)
    {
        var done = task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            done.Wait(round.Hang);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{name} does not end");
        }
    }

    private sealed class Leaving(IWitness witness) : IDisposable
    {
        public void Dispose() => witness.Leave();
    }

    private sealed class Cancelling(CancellationTokenSource source) : IDisposable
    {
        public void Dispose() => source.Cancel();
    }
}
