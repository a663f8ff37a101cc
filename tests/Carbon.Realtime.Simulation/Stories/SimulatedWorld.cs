using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Something that may never be.</summary>
internal sealed class InvariantException(string message) : Exception(message);

/// <summary>Server, network, disk and client on one clock, one scheduler and one seed: the same story is the same run, to the letter of its log.</summary>
internal sealed class SimulatedWorld : IDisposable
{
    private readonly StringBuilder? _log;
    private readonly Sabotage _sabotage;
    private readonly long _started;
    private string? _broken;

    /// <summary>In one story of a hundred.</summary>
    private const int ManyRows = 1_000;

    public SimulatedWorld(Story story, Sabotage sabotage, bool keepsLog)
    {
        Seed = story.Seed;
        _sabotage = sabotage;
        _log = keepsLog ? new StringBuilder() : null;
        Manual = new ManualEnvironment(story.Seed);
        _started = Manual.Time.GetTimestamp();
        Manual.Scheduler.OnlyThread = Environment.CurrentManagedThreadId;
        Emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = Manual.Environment,
            Timing = new EmulatorTiming
            {
                PollDelay = EmulatorDelay.Milliseconds(100, 500),
                SubscribeDelay = EmulatorDelay.Milliseconds(1, 4),
                ColdStartDelay = EmulatorDelay.Milliseconds(1100, 2400),
                ResubscribeDelay = EmulatorDelay.Milliseconds(1000, 3000),
                SubscribeRetryDelay = EmulatorDelay.Milliseconds(5000, 10_000),
                PublicationCheckInterval = TimeSpan.FromSeconds(60),
                JoinErrorDelay = TimeSpan.FromSeconds(5),
                ConnectErrorDelay = TimeSpan.FromSeconds(2),
                IdleTimeout = TimeSpan.FromSeconds(60),
                ReadDelay = EmulatorDelay.Milliseconds(1, 40),
                AnswerDelay = EmulatorDelay.Milliseconds(1, 80),
            },
            Limits = new EmulatorLimits
            {
                MaxRecordBytes = 2000,
                ChangesPerSecond = null,
                ChannelsPerSocket = 100,
                ConcurrentUsers = 200,
                JoinsPerSecond = 100,
                MessagesPerSecond = null,
            },
        });
        Users = new SimulatedUsers(Emulator, Manual.Time);
        Database = new SimulatedDatabase(Emulator, () => Elapsed);
        Mixed = new MixedFaults(Emulator.Faults);
        Disk = new SimulatedDisk(Manual.Time);
        Traffic = new TrafficWatch(this, Emulator);
        Secrets = new SecretWatch(this);
        RowsAtFirst = IsLarge ? ManyRows : 0;
        Database.Fill(RowsAtFirst);
        Client = new SimulatedClient(this, SimulatedDatabase.Companies[0], sabotage);
    }

    public int Seed { get; }

    /// <summary>Whether there are many rows, which are read in pages.</summary>
    public bool IsLarge => Seed % 100 == 17;

    public int RowsAtFirst { get; }

    /// <summary>Until when the server sends frames twice within one join, which the real one does not: a stream cannot tell that from two equal changes.</summary>
    public TimeSpan RepeatsUntil { get; set; } = TimeSpan.MinValue;

    public bool ServerRepeats => Elapsed <= RepeatsUntil;

    /// <summary>When the server may have lost a change without a word.</summary>
    public Silences Silences { get; } = new();

    public MixedFaults Mixed { get; }

    public ManualEnvironment Manual { get; }

    public RealtimeEmulator Emulator { get; }

    public EmulatorFaults Faults => Emulator.Faults;

    public SimulatedUsers Users { get; }

    public SimulatedDatabase Database { get; }

    public SimulatedDisk Disk { get; }

    public TrafficWatch Traffic { get; }

    public SecretWatch Secrets { get; }

    public SimulatedClient Client { get; private set; }

    /// <summary>Since the beginning, by a clock that nobody sets.</summary>
    public TimeSpan Elapsed => Manual.Time.GetElapsedTime(_started);

    public bool KeepsLog => _log is not null;

    public string Log => _log?.ToString() ?? "";

    /// <summary>Whether a suspicious text stands in something that anybody may read.</summary>
    public bool IsSecret(string text) =>
        (text.Contains("eyJ", StringComparison.Ordinal) && (text.Contains(Emulator.AnonKey, StringComparison.Ordinal) || Users.Issued.Any(token => text.Contains(token, StringComparison.Ordinal))))
        || text.Contains("a note", StringComparison.Ordinal) || text.Contains("nnnnnnnnn", StringComparison.Ordinal);

    /// <summary>Notes what must never be. It is thrown when the story's step is over: observers and loggers may not throw through the library.</summary>
    public void Require(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref Otherwise otherwise)
    {
        if (!holds)
        {
            Break(otherwise.ToString());
        }
    }

    /// <inheritdoc cref="Require(bool, ref Otherwise)"/>
    public void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            Break(otherwise);
        }
    }

    public void Note([InterpolatedStringHandlerArgument("")] ref Noted text)
    {
        if (KeepsLog)
        {
            Note(text.ToString());
        }
    }

    public void Note(string text) => _log?.Append(CultureInfo.InvariantCulture, $"{Elapsed.TotalMilliseconds:F0} {text}\n");

    public void Do(in Step step)
    {
        Manual.Advance(TimeSpan.FromMilliseconds(step.Pause));
        Note($"step {step}");
        Verbs.Do(this, step);
        Look();
    }

    /// <summary>
    /// Does something as a program on the world's own scheduler does: what it awaits goes on there, and not on a thread of the real world, when that likes. Time may not move in it: what runs
    /// inside a task that is running takes the detour over such a thread.
    /// </summary>
    public void Act(Action act)
    {
        if (TaskScheduler.Current == Manual.Environment.Scheduler.TaskScheduler)
        {
            throw new InvalidOperationException("An act within an act.");
        }

        var doing = Task.Factory.StartNew(act, CancellationToken.None, TaskCreationOptions.None, Manual.Environment.Scheduler.TaskScheduler);
        Manual.RunUntilIdle();
        doing.GetAwaiter().GetResult();
    }

    public void Advance(TimeSpan by)
    {
        Manual.Advance(by);
        Look();
    }

    public void SignIn(string user)
    {
        Users.Current = user;
        Client.SignedInAs(user);
    }

    /// <summary>The program ends in good order, and is started again.</summary>
    public void RestartClient()
    {
        var ending = Task.CompletedTask;
        Act(() => ending = End());
        for (var seconds = 0; !ending.IsCompleted && seconds < 120; seconds++)
        {
            Manual.Advance(TimeSpan.FromSeconds(1));
        }

        Require(ending.IsCompletedSuccessfully, "a client that was disposed of does not end");
        Act(Begin);
    }

    /// <summary>The process dies: the disk stays as it is at this instant, and nobody says goodbye.</summary>
    public void CrashClient()
    {
        Act(() =>
        {
            Disk.Crash();
            Emulator.BreakConnections();
            _ = End();
            Begin();
        });
    }

    /// <summary>All machines sleep: timers come due, and nothing runs until they wake.</summary>
    public void Suspend(TimeSpan time)
    {
        Manual.RunUntilIdle();
        RepeatsUntil += ServerRepeats && RepeatsUntil < TimeSpan.MaxValue - time ? time : TimeSpan.Zero; // what is on its way is so still
        Manual.Time.Advance(time);
        Manual.RunUntilIdle();
    }

    public void StepClock(TimeSpan by) => Manual.Time.StepWallClock(by);

    /// <summary>Everything is well again, and nothing more is written.</summary>
    public void Heal()
    {
        Note("heal");
        Secrets.Scans.Clear();
        Traffic.ForgetOks();
        Act(() =>
        {
            Mixed.EndAll();
            Faults.HealAll();
            Traffic.Heal();
            Silences.EndAll(Elapsed);
            RepeatsUntil = RepeatsUntil == TimeSpan.MaxValue ? Elapsed + Silences.OnTheWay : RepeatsUntil;
            Database.GrantAll();
            foreach (var table in SimulatedDatabase.Tables)
            {
                Emulator.SetPublished(table, published: true);
            }

            Users.Heal();
            Disk.Heal();
            if (Client.Tenant is null)
            {
                Client.SwitchTenant(SimulatedDatabase.Companies[0]);
            }
        });
        Act(() =>
        {
            Client.Begin();
            if (Users.Given != Users.Current || Client.User != Users.Current)
            {
                SignIn(Users.Current); // a provider that gave out the wrong token, or none in time, has to be asked again
            }
        });
        Look();
    }

    public void Look()
    {
        Client.Look();
        foreach (var store in Client.Stores)
        {
            store.Look();
        }

        Require(Users.MostAtOnce <= 1, $"V9a {Users.MostAtOnce} questions for a token at once");
        Require(Emulator.LastFault is null, $"the emulator is broken: {Emulator.LastFault}");
        Require(Manual.Scheduler.Strays == 0, "something ran on a thread of the real world: the same story would not be the same run");
        if (_broken is { } broken)
        {
            throw new InvariantException(broken);
        }
    }

    /// <summary>The client's end: what it holds is kept.</summary>
    public Task End()
    {
        foreach (var store in Client.Stores)
        {
            store.Stop();
            store.Unsubscribe();
        }

        Client.Stream.Unsubscribe();
        return Client.Manager.DisposeAsync().AsTask();
    }

    public void Dispose()
    {
        Act(Client.Manager.Dispose);
        Manual.Advance(TimeSpan.FromSeconds(3));
        Emulator.Dispose();
    }

    private void Break(string otherwise)
    {
        if (_broken is null)
        {
            _broken = otherwise;
            Note($"BROKEN {otherwise}");
        }
    }

    /// <summary>A process begins.</summary>
    public void Begin()
    {
        Client = new SimulatedClient(this, Client.Tenant, _sabotage);
        Client.Begin();
    }
}
