using System.Collections.Specialized;
using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>A manager of which everything is in use, and whose every way into other people's code leads past <see cref="At"/>: there the test bites, once, at the one place it has chosen.</summary>
internal sealed class CallbackWorld : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    /// <summary>Rows are made by a serializer that knows no world: everything runs on the test's thread.</summary>
    [ThreadStatic]
    private static CallbackWorld? _current;

    private readonly string _site;
    private readonly Action<CallbackWorld, IDisposable?> _bite;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<Task> _tasks = [];
    private readonly List<Action> _marks = [];
    private readonly List<Action> _checks = [];
    private readonly List<Action> _ends = [];
    private readonly ActivityListener _activities;
    private readonly MeterListener _meters = new();
    private readonly bool _isLast;
    private bool _isArmed;
    private IDisposable? _bitten;
    private string? _tenantOfGoods = "co_1";

    /// <param name="site">The place.</param>
    /// <param name="bite">What happens there; given the subscription that is called, if there is one.</param>
    /// <param name="isLast">Whether that subscription is called no more then, by any of its ways.</param>
    public CallbackWorld(string site, Action<CallbackWorld, IDisposable?> bite, bool isLast)
    {
        (_site, _bite, _isLast, _current) = (site, bite, isLast, this);
        Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = Env.Environment });
        foreach (var table in new[] { "part", "bin" })
        {
            Emulator.CreateTable(table, static t => t.Column("id", "text").Column("companyId", "text").Column("status", "text").PrimaryKey("id").ReplicaIdentityFull());
        }

        Tokens = new CallbackTokens(this);
        _activities = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Carbon.Realtime",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
            {
                At("activity sampled");
                return IsHere ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None;
            },
            ActivityStarted = _ => At("activity started"),
            ActivityStopped = _ => At("activity stopped"),
        };
        ActivitySource.AddActivityListener(_activities);
        var meters = new CallbackMeters();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((_, _, _, _) => At("measurement"));
        _meters.Start();
        Manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = Emulator.AnonKey, Tenant = "co_1", TenantColumn = "companyId" },
            new RealtimeDependencies
            {
                Environment = Env.Environment,
                SocketFactory = new CallbackSockets(this, Emulator.CreateSocketFactory()),
                HttpMessageHandler = () =>
                {
                    At("handler factory");
                    return new CallbackHandler(this, Emulator.CreateHttpHandler());
                },
                AccessTokens = AccessTokenProvider.Of(Tokens.GetAsync),
                StoreCache = new CallbackCache(this),
                LoggerFactory = new CallbackLog(this),
                MeterFactory = meters,
            });
        Parts = Manager.Store(CallbackRow.Table, new StoreOptions<CallbackRow>
        {
            Order = (x, y) => Here("store order", string.CompareOrdinal(x.Status, y.Status)),
            Version = _ => Here("row version", 0L),
        });
        Bins = Manager.Store(PlainRow.Table);
        Begin();
    }

    public ManualEnvironment Env { get; } = new();

    public RealtimeEmulator Emulator { get; }

    public RealtimeChannelManager Manager { get; }

    public CallbackTokens Tokens { get; }

    public ILiveStore<string, CallbackRow> Parts { get; }

    public ILiveStore<string, PlainRow> Bins { get; }

    public CallbackUi Ui => field ??= new CallbackUi(this);

    /// <summary>What the log says of it.</summary>
    public List<string> Lines { get; } = [];

    public bool HasBitten { get; private set; }

    /// <summary>How many lines there were then.</summary>
    public int LinesBefore { get; private set; }

    public bool IsDisposing { get; set; }

    /// <summary>How often the subscription that was bitten was called again.</summary>
    public int CallsAfter { get; private set; }

    /// <summary>What was found wrong while something was called back.</summary>
    public List<string> Wrong { get; } = [];

    private bool IsHere => Environment.CurrentManagedThreadId == _thread;

    /// <summary>Other people's code was called.</summary>
    public static void AtRow(string site) => _current?.At(site);

    public void At(string site, Func<IDisposable?>? own = null)
    {
        if (_isArmed && site == _site && IsHere)
        {
            _isArmed = false;
            HasBitten = true;
            LinesBefore = Lines.Count;
            _bitten = own?.Invoke();
            _bite(this, _bitten);
        }
        else if (_bitten is not null && ReferenceEquals(own?.Invoke(), _bitten))
        {
            CallsAfter++;
            if (_isLast)
            {
                Wrong.Add($"\"{site}\" is called after its subscription was over by \"{_site}\"");
            }
        }
    }

    public T Here<T>(string site, T answer)
    {
        At(site);
        return answer;
    }

    public void Advance(double seconds)
    {
        Env.Advance(TimeSpan.FromSeconds(seconds));
        Ui.Run();
        Env.RunUntilIdle();
    }

    /// <summary>Does one thing after the other that leads into other people's code, until it was the chosen one.</summary>
    public void Provoke()
    {
        _isArmed = true;
        Action[] steps =
        [
            () =>
            {
                // Two at once: whoever leaves at the first hears nothing of the second, though it is delivered with it.
                Insert("p1", "s1");
                Insert("p3", "s1");
            },
            () => Insert("p2", "s0"),
            () => Emulator.Update("part", "p1", """{"status":"s2"}"""),
            () => Emulator.Delete("part", "p2"),
            () =>
            {
                // The client gives up a socket that answers nothing any more, and not the socket itself.
                Emulator.Faults.HalfOpen();
                Advance(60);
            },
            () => Emulator.BreakConnections(),
            () => Refresh(),
            () => Advance(70),
            () => (Tokens.User, _) = ("bob", Manager.RefreshAccessTokenAsync()),
            () =>
            {
                // Only for its own sake: a refusal like this leaves a store empty until somebody does something about it.
                if (_site == "cache removal")
                {
                    Emulator.Faults.FailReads(1, "part", EmulatorReadFault.PermissionDenied);
                    Keep(Parts.VerifyAsync());
                }
            },
            () => (Emulator.Faults.HoldReads, _) = (true, Keep(Parts.VerifyAsync())),
            () => (Tokens.IsHanging, _) = (true, Keep(Manager.RefreshAccessTokenAsync())),
            () => End(),
        ];
        _marks.ForEach(static mark => mark());
        foreach (var step in steps)
        {
            if (!HasBitten)
            {
                step();
                Advance(3);
            }
        }

        Tokens.IsHanging = false;
        Emulator.Faults.HoldReads = false;
    }

    /// <summary>All but what was bitten goes on, and then ends well.</summary>
    public async Task CheckAsync()
    {
        HasBitten.Should().BeTrue("nothing leads to this place");
        if (!IsDisposing)
        {
            Refresh();
            Advance(200);
            var company = Manager.Tenant.Current!;
            var next = Recorded(Manager.Changes(PlainRow.Table));
            Advance(1);
            Insert("after", "s1", company);
            Emulator.Insert("bin", Row("after", "s1", company));
            Advance(3);
            next.Items.OfType<Inserted<string, PlainRow>>().Should().ContainSingle(i => i.Key == "after", "streams can be had and bring changes");
            Parts.Current.Keys.Should().Contain("after");
            Bins.Current.Keys.Should().Contain("after");
            Parts.Status.State.Should().Be(StoreState.Live);
            _tenantOfGoods = company;
        }

        _checks.ForEach(static check => check());
        End();
        Advance(10);
        Manager.Status.State.Should().Be(RealtimeState.Closed);
        _ends.ForEach(static end => end());
        foreach (var task in _tasks)
        {
            try
            {
                await task.WaitAsync(Hang);
            }
            catch (Exception e) when (e is RealtimeException or ObjectDisposedException or OperationCanceledException)
            {
            }
        }

        Advance(10);
        Env.Time.ArmedTimers.Should().Be(0);
        Wrong.Should().BeEmpty();
    }

    /// <summary>What users do wherever they are called: they look, start, ask and wait for nothing.</summary>
    public void UseStores()
    {
        Try(() => _ = (Parts.Current.Count, Parts.TryGet("p1", out _), Parts.Status, Bins.Current.Count, Manager.Status, Manager.Tenant.Current));
        Try(() => Parts.Start().Dispose());
        Try(() => Keep(Parts.VerifyAsync()));
        Try(() => Keep(Bins.VerifyRowAsync("b1")));
        Try(() => Keep(Parts.WhenLiveAsync()));
        Try(() => Keep(Manager.RefreshAccessTokenAsync()));
        Try(() => Manager.RetryNow());
    }

    public void SubscribeAnew()
    {
        Try(() => Recorded(Manager.Changes(PlainRow.Table)));
        Try(() => Recorded(Manager.Changes("part")));
        Try(() => Recorded(Manager.StatusChanges));
        Try(() => Recorded(Manager.Changes(CallbackRow.Table).StatusChanges));
        Try(() => Recorded(Bins.Changes));
        Try(() => Recorded(Bins.StatusChanges));
        Try(() => Recorded(Bins.Where(static _ => true).Changes));
        Try(() => Recorded(Manager.Revalidations(PlainRow.Table)));
        Try(() => Manager.ChangeToken(PlainRow.Table).RegisterChangeCallback(static _ => { }, null));
        Try(() => Keep(Manager.Changes(PlainRow.Table).WhenLiveAsync()));
        Try(() =>
        {
            using var scope = Manager.ForTenant("co_3");
            Recorded(scope.Changes(PlainRow.Table));
            Recorded(scope.Store(PlainRow.Table).Changes);
        });
    }

    public void SwitchTenant() => Try(() =>
    {
        _tenantOfGoods = null;
        Manager.Tenant.Set("co_2");
    });

    public void End()
    {
        IsDisposing = true;
        Keep(Manager.DisposeAsync().AsTask());
    }

    /// <summary>Another thread calls in, and is waited for here: if any lock is held around this call, it never comes back.</summary>
    public void CallFromAnotherThread()
    {
        var caller = new Thread(() =>
        {
            UseStores();
            SubscribeAnew();
        })
        { IsBackground = true };
        caller.Start();
        if (!caller.Join(Hang))
        {
            Wrong.Add($"a lock is held while \"{_site}\" is called: another thread cannot call in");
        }
    }

    public void Dispose()
    {
        _isArmed = false;
        _current = null;
        _activities.Dispose();
        _meters.Dispose();
        Emulator.Dispose();
    }

    private static string Row(string id, string status, string company) => $$"""{"id":"{{id}}","companyId":"{{company}}","status":"{{status}}"}""";

    private void Insert(string id, string status, string company = "co_1") => Emulator.Insert("part", Row(id, status, company));

    private void Refresh() => Keep(Manager.RefreshAccessTokenAsync());

    private Task Keep(Task task)
    {
        lock (_tasks)
        {
            _tasks.Add(task);
        }

        return task;
    }

    /// <summary>What a disposed manager, or one without a tenant, answers is declared, and the business of whoever asked.</summary>
    private void Try(Action call)
    {
        try
        {
            call();
        }
        catch (ObjectDisposedException)
        {
        }
        catch (Exception e)
        {
            Wrong.Add($"{e}");
        }
    }

    /// <summary>One that does not bite: hears all in order, and the end.</summary>
    private StreamRecorder<T> Recorded<T>(IObservable<T> source)
    {
        var recorder = new StreamRecorder<T>(source);
        lock (_ends)
        {
            _ends.Add(() =>
            {
                recorder.AssertContract();
                (recorder.IsCompleted || recorder.Error is not null).Should().BeTrue($"{typeof(T).Name}: the end comes");
            });
        }

        return recorder;
    }

    /// <summary>One that bites where the test has chosen it, and one beside it that does not.</summary>
    private void Follow<T>(string site, IObservable<T> source)
    {
        IDisposable? own = null;
        own = source.Subscribe(
            _ => At(site, () => own),
            _ => At($"{site}'s end", () => own),
            () => At($"{site}'s end", () => own));
        var good = Recorded(source);
        var before = 0;
        _marks.Add(() => before = good.Count);
        _checks.Add(() =>
        {
            if (!IsDisposing && _tenantOfGoods == "co_1" && typeof(T) != typeof(RealtimeStatus) && typeof(T) != typeof(StoreStatus))
            {
                good.Count.Should().BeGreaterThan(before, $"those who follow {typeof(T).Name} beside \"{site}\" go on");
                (good.IsCompleted || good.Error is not null).Should().BeFalse();
            }
        });
    }

    private void Begin()
    {
        Follow("stream observer", Manager.Changes(CallbackRow.Table));
        Follow("raw stream observer", Manager.Changes("part"));
        Follow("status observer", Manager.StatusChanges);
        Follow("stream status observer", Manager.Changes(CallbackRow.Table).StatusChanges);
        Follow("store observer", Parts.Changes);
        Follow("store status observer", Parts.StatusChanges);
        Follow("revalidation observer", Manager.Revalidations(CallbackRow.Table));
        Follow("view observer", Parts.Where(static r => r.Status != "s9").OrderBy(static (x, y) => string.CompareOrdinal(x.Id, y.Id)).Changes);
        Recorded(Bins.Changes);
        // Their end is their own affair: a predicate that throws ends the list that it is a part of, and no other.
        Parts.Where(_ => Here("view predicate", true)).Changes.Subscribe(new Deaf<StoreViewChangeSet<CallbackRow>>());
        Parts.OrderBy((x, y) => Here("view comparison", string.CompareOrdinal(x.Id, y.Id))).Changes.Subscribe(new Deaf<StoreViewChangeSet<CallbackRow>>());
        Parts.OrderBy().Changes.Subscribe(new Deaf<StoreViewChangeSet<CallbackRow>>());
        var list = Parts.OrderBy(static (x, y) => string.CompareOrdinal(x.Id, y.Id)).BindTo(Ui);
        ((INotifyCollectionChanged)list).CollectionChanged += (_, _) => At("collection handler", () => list);
        ((INotifyPropertyChanged)list).PropertyChanged += (_, _) => At("property handler", () => list);
        list.Updated += (_, _) => At("updated handler", () => list);
        Advance(3);
        Parts.Status.State.Should().Be(StoreState.Live);

        var token = Manager.ChangeToken(CallbackRow.Table);
        IDisposable? registration = null;
        registration = token.RegisterChangeCallback(_ => At("token callback", () => registration), null);
        var fired = 0;
        token.RegisterChangeCallback(_ => fired++, null);
        _ends.Add(() => fired.Should().Be(1, "the token's other callback is called"));
    }

    private sealed class Deaf<T> : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value)
        {
        }
    }
}

/// <summary>A row whose every part is the program's own code.</summary>
internal sealed record CallbackRow
{
    public static readonly RealtimeTable<string, CallbackRow> Table = RealtimeTable.Define("part", CallbackJson.Default.CallbackRow, "id", static r =>
    {
        CallbackWorld.AtRow("key delegate");
        return r.Id;
    }).TenantScoped("companyId");

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    [JsonPropertyName("status")]
    [JsonConverter(typeof(CallbackConverter))]
    public string? Status
    {
        get;
        init
        {
            CallbackWorld.AtRow("row setter");
            field = value;
        }
    }

    public bool Equals(CallbackRow? other)
    {
        CallbackWorld.AtRow("row equality");
        return other is not null && (Id, CompanyId, Status) == (other.Id, other.CompanyId, other.Status);
    }

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);
}

internal sealed class CallbackConverter : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        CallbackWorld.AtRow("row converter");
        return reader.GetString();
    }

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>A row that bites nobody.</summary>
internal sealed record PlainRow
{
    public static readonly RealtimeTable<string, PlainRow> Table = RealtimeTable.Define("bin", CallbackJson.Default.PlainRow, "id", static r => r.Id).TenantScoped("companyId");

    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }
}

[JsonSerializable(typeof(CallbackRow))]
[JsonSerializable(typeof(PlainRow))]
internal sealed partial class CallbackJson : JsonSerializerContext;
