using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>A store: its epochs, its reads, its cache, and in their midst the rules under test. Told by the world what happens, and when.</summary>
/// <remarks>What Epochs, Scans, Asking and CacheKeeper do around the rules (src/Carbon.Realtime/Stores), without their clocks.</remarks>
internal sealed class ClientMachine(Scenario scenario, ServerMachine server)
{
    private readonly int _everything = (1 << scenario.Keys) - 1;

    public ClientRule Rule { get; } = scenario.CreateRule();

    public Request Scan { get; } = new(scenario.Keys);

    public Request Points { get; } = new(scenario.Keys);

    /// <summary>What was asked for another user.</summary>
    public Request Late { get; } = new(scenario.Keys);

    public Unsettled Unsettled { get; } = new(scenario);

    public Disk Disk { get; } = new(scenario.Keys);

    public int Tenant { get; private set; }

    public bool IsJoined { get; private set; }

    /// <summary>Whether there is an epoch.</summary>
    public bool IsOpen { get; private set; }

    public bool WasRead { get; private set; }

    /// <summary>Whether a scan is to begin as soon as it can.</summary>
    public bool IsWanted { get; private set; }

    public bool IsSettleDue { get; private set; }

    public bool IsLoading { get; private set; }

    public bool IsScanning => Scan.Stage != RequestStage.None;

    public bool IsScanDue => !IsScanning && !(IsLoading && !Has(Breaks.ScansDoNotAwaitCache)) && (IsWanted || scenario.Timer switch
    {
        Timer.Settle => IsSettleDue && server.HasSlot,
        _ => Unsettled.IsAny,
    });

    public bool CanSave => scenario.HasCache && WasRead && !IsLoading && !IsScanning && !Disk.IsHalfSaved && Disk.Differs(Rule, Tenant);

    /// <summary>The keys whose rows this user may read, as bits.</summary>
    private int Ours
    {
        get
        {
            var keys = 0;
            for (var key = 0; key < scenario.Keys; key++)
            {
                keys |= server.TenantOf(key) == Tenant ? 1 << key : 0;
            }

            return keys;
        }
    }

    /// <summary>The program begins, or another user's store takes the place.</summary>
    public void Start()
    {
        IsLoading = scenario.HasCache;
        if (IsLoading)
        {
            Rule.BeginHydration();
        }
    }

    public void Join()
    {
        IsJoined = true;
        IsWanted |= !scenario.Policy.ReadsAwaitOk;
    }

    /// <summary>The server says ok.</summary>
    public void TakeOk(bool scanGoesOn)
    {
        if (IsOpen && !scenario.Policy.RepeatedOkIsEpoch)
        {
            return;
        }

        IsOpen = true;
        IsSettleDue = scenario.Timer == Timer.Settle;
        if (scenario.Policy.ReadsAwaitOk && (scenario.Policy.EpochsAreRead || !WasRead))
        {
            if (IsScanning && Has(Breaks.ScansSpanEpochs))
            {
                return;
            }

            Want(scanGoesOn);
        }
    }

    /// <summary>The socket is gone, and with it what was on it.</summary>
    public void Disconnect(bool scanGoesOn)
    {
        (IsJoined, IsOpen) = (false, false);
        if (IsScanning && !scanGoesOn)
        {
            AbandonScan();
        }
    }

    /// <summary>Events were dropped: all is read again.</summary>
    public void Miss()
    {
        if (IsOpen)
        {
            Want(scanGoesOn: false);
        }
    }

    public void Verify() => IsWanted = true;

    public void VerifyKey(int key) => Take(RowEventKind.Ask, key, 0, 0);

    public void TakeEvent(in Change change)
    {
        if (change.Tenant != Tenant)
        {
            return; // of a topic that was left
        }

        var kind = change.Kind switch
        {
            ChangeKind.Delete => RowEventKind.Remove,
            ChangeKind.PartialUpdate => RowEventKind.Ask,
            _ => RowEventKind.Put,
        };
        kind = scenario.IsSignalOnly ? RowEventKind.Ask : kind;
        if (change.Kind == ChangeKind.Move)
        {
            Take(scenario.IsSignalOnly ? kind : RowEventKind.Remove, change.Key, 0, change.Version);
            Take(kind, change.To, change.Version, change.Version);
        }
        else
        {
            Take(kind, change.Key, kind == RowEventKind.Put ? change.Version : 0, change.Version);
        }
    }

    public void BeginScan()
    {
        IsWanted = false;
        IsSettleDue &= !server.HasSlot; // one that began without it is none
        Unsettled.OnScanBegun();
        Rule.BeginScan();
        Rule.BeginPage();
        Scan.Send(of: 0);
    }

    public void ReadPage() => Scan.Look(server, Ours & (-1 << Scan.Of), scenario.HasPages ? 1 : scenario.Keys);

    public void TakePage()
    {
        if (scenario.HasPages && Scan.Rows.LastIndexOfAnyExcept((byte)0) is var last && last >= 0)
        {
            Rule.OnPage(Scan.Rows, Scan.Mark);
            Rule.BeginPage();
            Scan.Send(of: last + 1);
            return;
        }

        if (!scenario.HasPages)
        {
            Rule.OnPage(Scan.Rows, Scan.Mark);
        }

        Scan.End();
        Rule.EndScan();
        Unsettled.OnScanned();
        WasRead = true;
    }

    public void FailScan()
    {
        AbandonScan();
        IsWanted = true;
    }

    public void Ask(int keys)
    {
        Unsettled.OnAsked(keys);
        Rule.BeginAsking(keys);
        Points.Send(keys);
    }

    public void ReadAnswer() => Points.Look(server, Ours & Points.Of, scenario.Keys);

    public void TakeAnswer()
    {
        var isLeft = Rule.OnAnswer(Points.Of, Points.Rows);
        EndAsking(hasAnswer: true, isLeft);
    }

    public void FailAsking(bool isTold) => EndAsking(hasAnswer: false, isTold && Rule.OnNoAnswer(Points.Of));

    public void TakeLateAnswer()
    {
        for (var key = 0; key < scenario.Keys && Has(Breaks.LateAnswersAreShown); key++)
        {
            if (Late.Rows[key] != 0)
            {
                Rule.OnEvent(RowEventKind.Put, key, Late.Rows[key], Late.Mark);
            }
        }

        Late.End();
    }

    /// <param name="isGivenUp">Whether it takes too long, or fails.</param>
    public void Load(bool isGivenUp)
    {
        IsLoading = false;
        var isOurs = Disk.HasRows && (Disk.Tenant == Tenant || Has(Breaks.CacheHasNoGeneration));
        Rule.EndHydration(isOurs && !isGivenUp ? Disk.Rows : []);
    }

    /// <summary>The process ends, and another one starts: only the disk remains.</summary>
    public void Crash()
    {
        Reset();
        Disk.OnCrash();
        Points.End();
        Scan.End();
        Late.End();
        Start();
    }

    /// <summary>Another user: another store, on another topic. What was asked for the last one may still be answered.</summary>
    public void Switch()
    {
        if (Scan.Stage == RequestStage.Sent)
        {
            ReadPage();
        }

        if (Points.Stage == RequestStage.Sent)
        {
            ReadAnswer();
        }

        (Scan.Stage == RequestStage.None ? Points : Scan).MoveTo(Late);
        Points.End();
        Tenant ^= 1;
        Reset();
        Start();
    }

    public void Write(ref StateWriter writer)
    {
        writer.Flags(IsJoined, IsOpen, WasRead, IsWanted, IsSettleDue, IsLoading, Tenant != 0);
        Scan.Write(ref writer);
        Points.Write(ref writer);
        Unsettled.Write(ref writer);
        Rule.Write(ref writer);
        if (scenario.HasTenants)
        {
            Late.Write(ref writer);
        }

        if (scenario.HasCache)
        {
            Disk.Write(ref writer);
        }
    }

    public void Read(ref StateReader reader)
    {
        var flags = reader.Flags();
        (IsJoined, IsOpen, WasRead, IsWanted) = (flags[0], flags[1], flags[2], flags[3]);
        (IsSettleDue, IsLoading, Tenant) = (flags[4], flags[5], flags[6] ? 1 : 0);
        Scan.Read(ref reader);
        Points.Read(ref reader);
        Unsettled.Read(ref reader);
        Rule.Read(ref reader);
        if (scenario.HasTenants)
        {
            Late.Read(ref reader);
        }

        if (scenario.HasCache)
        {
            Disk.Read(ref reader);
        }
    }

    private bool Has(Breaks what) => (scenario.Breaks & what) != 0;

    private void Take(RowEventKind kind, int key, int version, int commit)
    {
        Unsettled.OnEvent(key);
        Rule.OnEvent(kind, key, version, commit);
    }

    private void Want(bool scanGoesOn)
    {
        if (IsScanning && !scanGoesOn)
        {
            AbandonScan();
        }

        IsWanted = true;
    }

    private void AbandonScan()
    {
        Scan.End();
        Rule.AbandonScan();
        Unsettled.OnScanAbandoned();
    }

    private void EndAsking(bool hasAnswer, bool isLeft)
    {
        Points.End();
        Rule.EndAsking();
        Unsettled.OnAnswered(hasAnswer);
        if (isLeft)
        {
            Unsettled.OnLeft(_everything);
        }
    }

    private void Reset()
    {
        (IsJoined, IsOpen, WasRead, IsWanted, IsSettleDue) = (false, false, false, false, false);
        Rule.Clear();
        Unsettled.Clear();
    }
}
