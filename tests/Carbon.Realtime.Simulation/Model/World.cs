namespace Carbon.Realtime.Simulation.Model;

/// <summary>Server, client and what lies between them: which steps can be taken, and what each does.</summary>
internal sealed class World
{
    /// <summary>No state is longer.</summary>
    public const int MostBytes = 128;

    private readonly Scenario _scenario;
    private readonly ServerMachine _server;
    private readonly ClientMachine _client;

    /// <summary>How often each fault may still happen.</summary>
    private readonly byte[] _left;

    /// <summary>The rows before a step, and whose.</summary>
    private readonly byte[] _before;

    public World(Scenario scenario)
    {
        _scenario = scenario;
        _server = new ServerMachine(scenario);
        _client = new ClientMachine(scenario, _server);
        _before = new byte[scenario.Keys];
        _left =
        [
            (byte)scenario.Drops, (byte)scenario.Disconnects, (byte)scenario.Resubscriptions, (byte)scenario.LostSubscriptions, (byte)scenario.LostSlots,
            (byte)scenario.Overflows, (byte)scenario.FailedReads, (byte)scenario.Verifications, (byte)scenario.Crashes, (byte)scenario.Switches,
        ];
        _client.Start();
    }

    private enum Fault
    {
        Drop,
        Disconnect,
        Resubscription,
        LostSubscription,
        LostSlot,
        Overflow,
        FailedRead,
        Verification,
        Crash,
        Switch,
    }

    /// <summary>What is wrong now, were it at rest; <see langword="null"/> for nothing.</summary>
    public string? DifferenceAtRest()
    {
        var isOfAnotherRow = _scenario.IsOfDrops && _left[(int)Fault.Drop] == _scenario.Drops;
        for (var key = 0; key < _scenario.Keys && !isOfAnotherRow; key++)
        {
            var (shown, held) = (_client.Rule.Row(key), _server.TenantOf(key) == _client.Tenant ? _server.Rows[key] : 0);
            if (shown != held)
            {
                return shown == 0 ? $"{Change.Name(key)} is missing, version {held}"
                    : held == 0 ? $"{Change.Name(key)} is extra, version {shown}"
                    : $"{Change.Name(key)} is stale, version {shown} for {held}";
            }
        }

        return null;
    }

    /// <summary>Takes a step.</summary>
    /// <returns>What must never be and is so now; <see langword="null"/> for nothing.</returns>
    public string? Take(Step step)
    {
        for (var key = 0; key < _before.Length; key++)
        {
            _before[key] = (byte)_client.Rule.Row(key);
        }

        var isTorn = step.Kind == StepKind.LoadCache && _client.Disk.IsTorn;
        Apply(step);
        if (isTorn)
        {
            return "what is loaded is torn: half of it is older than the other half";
        }

        for (var key = 0; key < _before.Length; key++)
        {
            if (_client.Rule.Row(key) != 0 && _server.TenantOf(key) != _client.Tenant)
            {
                return $"{Change.Name(key)} is another tenant's, and shown";
            }

            if (_scenario.IsMonotone && _client.Rule.Row(key) is var now && now != 0 && now < _before[key])
            {
                return $"{Change.Name(key)} went back from version {_before[key]} to {now}";
            }
        }

        return null;
    }

    /// <summary>All steps that can be taken now.</summary>
    public void Collect(List<Step> steps)
    {
        steps.Clear();
        CollectServer(steps);
        CollectClient(steps);
        CollectCommits(steps);
        CollectFaults(steps);
    }

    /// <summary>A step in the field's words, before it is taken.</summary>
    public string Tell(Step step) => step.Kind switch
    {
        StepKind.Join => "the channel is joined",
        StepKind.Subscribe => "the server subscribes, and its ok is on its way",
        StepKind.Ok => "the ok arrives",
        StepKind.OkWhileScanGoesOn => "the ok arrives, and the scan under way goes on",
        StepKind.CreateSlot => "the replication slot is created",
        StepKind.Poll => $"the poller {(_server.IsSubscribed ? "publishes" : "finds nobody to tell of")} {_server.Unpolled}",
        StepKind.Deliver => "the oldest event on the wire arrives",
        StepKind.BeginScan => "a scan is sent",
        StepKind.ReadPage => "the database reads for the scan",
        StepKind.TakePage => "the scan's answer arrives",
        StepKind.Ask => $"doubts are asked for: {string.Join(", ", Enumerable.Range(0, _scenario.Keys).Where(key => (step.Key >> key & 1) != 0).Select(Change.Name))}",
        StepKind.ReadAnswer => "the database reads the doubted keys",
        StepKind.TakeAnswer => "their answer arrives",
        StepKind.LoadCache => "the cache is loaded",
        StepKind.SaveRest => "the second half is saved",
        StepKind.TakeLateAnswer => "an answer for the last user arrives",
        StepKind.Commit => new Change(step.Change, step.Key, _server.Commits + 1, step.To).ToString(),
        StepKind.PassTime => "more time passes than events may be late",
        StepKind.Drop => $"the poller drops {_server.Unpolled}",
        StepKind.Disconnect => "the socket breaks",
        StepKind.DisconnectWhileScanGoesOn => "the socket breaks, and the scan under way goes on",
        StepKind.Resubscribe => "the server takes the subscription away, to subscribe again",
        StepKind.LoseSubscription => "the server forgets the subscription",
        StepKind.LoseSlot => "the slot is lost, with what it held",
        StepKind.Overflow => "the mailbox overflows",
        StepKind.FailScan => "the scan fails",
        StepKind.FailAsking => "asking fails",
        StepKind.LearnNothing => "the answer says nothing of what was asked",
        StepKind.Verify => "somebody asks for a scan",
        StepKind.VerifyKey => $"somebody asks for {Change.Name(step.Key)}",
        StepKind.GiveUpCache => "the cache is given up",
        StepKind.Save => "what is shown is saved",
        StepKind.Crash => "the process crashes, and starts again",
        StepKind.SwitchTenant => "another user signs in",
        _ => step.Kind.ToString(),
    };

    public int Write(Span<byte> bytes)
    {
        var writer = new StateWriter(bytes);
        _server.Write(ref writer);
        _client.Write(ref writer);
        writer.Bytes(_left);
        return writer.Length;
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new StateReader(bytes);
        _server.Read(ref reader);
        _client.Read(ref reader);
        reader.Bytes(_left);
    }

    private void CollectServer(List<Step> steps)
    {
        Add(steps, StepKind.Join, !_client.IsJoined);
        Add(steps, StepKind.Subscribe, _server.IsSubscribing);
        Add(steps, StepKind.Ok, _server.IsOkOnItsWay);
        Add(steps, StepKind.OkWhileScanGoesOn, _server.IsOkOnItsWay && _client.IsScanning && _scenario.ScansOutliveEpochs);
        Add(steps, StepKind.CreateSlot, !_server.HasSlot);
        Add(steps, StepKind.Poll, _server.HasUnpolled);
        Add(steps, StepKind.Deliver, _server.HasUndelivered);
    }

    private void CollectClient(List<Step> steps)
    {
        Add(steps, StepKind.BeginScan, _client.IsScanDue);
        Add(steps, StepKind.ReadPage, _client.Scan.Stage == RequestStage.Sent);
        Add(steps, StepKind.TakePage, _client.Scan.Stage == RequestStage.Answered);
        Add(steps, StepKind.ReadAnswer, _client.Points.Stage == RequestStage.Sent);
        Add(steps, StepKind.TakeAnswer, _client.Points.Stage == RequestStage.Answered);
        Add(steps, StepKind.LoadCache, _client.IsLoading);
        Add(steps, StepKind.GiveUpCache, _client.IsLoading);
        Add(steps, StepKind.SaveRest, _client.Disk.IsHalfSaved);
        Add(steps, StepKind.Save, _client.CanSave);
        Add(steps, StepKind.TakeLateAnswer, _client.Late.Stage != RequestStage.None);
        Add(steps, StepKind.PassTime, _client.Rule.IsReadNear && (_scenario.CanBeLate || !(_server.HasUnpolled || _server.HasUndelivered)));
        if (_client.Rule.Doubted is var doubted && doubted != 0 && _client.Points.Stage == RequestStage.None)
        {
            // Which of them are due is a matter of time: any may be.
            for (var keys = doubted; keys > 0; keys = (keys - 1) & doubted)
            {
                steps.Add(new(StepKind.Ask, keys));
            }
        }
    }

    private void CollectCommits(List<Step> steps)
    {
        // Where keys are alike, the first to get a row is a: that others might have been the first shows nothing new.
        var most = _scenario.HasPages || _scenario.HasTenants ? _scenario.Keys : Math.Min(_scenario.Keys, _server.UsedKeys + 1);
        for (var key = 0; key < most && _server.Commits < _scenario.Commits; key++)
        {
            if (!_server.Holds(key))
            {
                steps.Add(new(StepKind.Commit, key, ChangeKind.Insert));
                continue;
            }

            steps.Add(new(StepKind.Commit, key, ChangeKind.Update));
            if (_scenario.HasDeletes)
            {
                steps.Add(new(StepKind.Commit, key, ChangeKind.Delete));
            }

            if (_scenario.HasPartialRows)
            {
                steps.Add(new(StepKind.Commit, key, ChangeKind.PartialUpdate));
            }

            for (var to = 0; to < most && _scenario.HasMoves; to++)
            {
                if (!_server.Holds(to))
                {
                    steps.Add(new(StepKind.Commit, key, ChangeKind.Move, to));
                }
            }
        }
    }

    private void CollectFaults(List<Step> steps)
    {
        Add(steps, StepKind.Drop, Left(Fault.Drop) && _server.HasUnpolled);
        Add(steps, StepKind.Disconnect, Left(Fault.Disconnect) && _client.IsJoined);
        Add(steps, StepKind.DisconnectWhileScanGoesOn, Left(Fault.Disconnect) && _client.IsJoined && _client.IsScanning && _scenario.ScansOutliveEpochs);
        Add(steps, StepKind.Resubscribe, Left(Fault.Resubscription) && _server.IsSubscribed);
        Add(steps, StepKind.LoseSubscription, Left(Fault.LostSubscription) && _server.IsSubscribed);
        Add(steps, StepKind.LoseSlot, Left(Fault.LostSlot) && _server.HasSlot);
        Add(steps, StepKind.Overflow, Left(Fault.Overflow) && _server.HasUndelivered);
        Add(steps, StepKind.FailScan, Left(Fault.FailedRead) && _client.IsScanning);
        Add(steps, StepKind.FailAsking, Left(Fault.FailedRead) && _client.Points.Stage != RequestStage.None);
        Add(steps, StepKind.LearnNothing, Left(Fault.FailedRead) && _client.Points.Stage == RequestStage.Answered);
        Add(steps, StepKind.Verify, Left(Fault.Verification) && !_client.IsWanted);
        for (var key = 0; key < _server.UsedKeys && Left(Fault.Verification) && _client.WasRead; key++)
        {
            steps.Add(new(StepKind.VerifyKey, key));
        }

        Add(steps, StepKind.Crash, Left(Fault.Crash));
        Add(steps, StepKind.SwitchTenant, Left(Fault.Switch));
    }

    private static void Add(List<Step> steps, StepKind kind, bool canBeTaken)
    {
        if (canBeTaken)
        {
            steps.Add(new(kind));
        }
    }

    private bool Left(Fault fault) => _left[(int)fault] > 0;

    private void Apply(Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Join:
                _client.Join();
                _server.TakeJoin();
                break;
            case StepKind.Subscribe:
                _server.Subscribe();
                break;
            case StepKind.Ok or StepKind.OkWhileScanGoesOn:
                _server.TakeOk();
                _client.TakeOk(scanGoesOn: step.Kind == StepKind.OkWhileScanGoesOn);
                break;
            case StepKind.CreateSlot:
                _server.CreateSlot();
                break;
            case StepKind.Poll:
                LoseUnless(_server.Poll(_client.Tenant));
                break;
            case StepKind.Deliver:
                _client.TakeEvent(_server.TakeUndelivered());
                break;
            case StepKind.Commit:
                LoseUnless(_server.Commit(step.Change, step.Key, step.To));
                break;
            case StepKind.BeginScan:
                _client.BeginScan();
                break;
            case StepKind.ReadPage:
                _client.ReadPage();
                break;
            case StepKind.TakePage:
                _client.TakePage();
                break;
            case StepKind.Ask:
                _client.Ask(step.Key);
                break;
            case StepKind.ReadAnswer:
                _client.ReadAnswer();
                break;
            case StepKind.TakeAnswer:
                _client.TakeAnswer();
                break;
            case StepKind.TakeLateAnswer:
                _client.TakeLateAnswer();
                break;
            case StepKind.LoadCache or StepKind.GiveUpCache:
                _client.Load(isGivenUp: step.Kind == StepKind.GiveUpCache);
                break;
            case StepKind.Save:
                _client.Disk.Save(_client.Rule, _client.Tenant, isAtomic: (_scenario.Breaks & Breaks.SavesAreNotAtomic) == 0);
                break;
            case StepKind.SaveRest:
                _client.Disk.SaveRest();
                break;
            case StepKind.PassTime:
                _client.Rule.PassTime();
                break;
            default:
                Fail(step);
                break;
        }
    }

    private void Fail(Step step)
    {
        var kind = step.Kind;
        _left[(int)FaultOf(kind)]--;
        switch (kind)
        {
            case StepKind.Drop:
                _server.TakeUnpolled();
                LoseUnless(isTold: false);
                break;
            case StepKind.Disconnect or StepKind.DisconnectWhileScanGoesOn:
                _server.Leave();
                _server.LoseUndelivered();
                _client.Disconnect(scanGoesOn: kind == StepKind.DisconnectWhileScanGoesOn);
                break;
            case StepKind.Resubscribe:
                _server.Resubscribe();
                break;
            case StepKind.LoseSubscription:
                _server.LoseSubscription();
                break;
            case StepKind.LoseSlot:
                LoseUnless(!_server.LoseSlot());
                break;
            case StepKind.Overflow:
                _server.LoseUndelivered();
                _client.Miss();
                break;
            case StepKind.FailScan:
                _client.FailScan();
                break;
            case StepKind.FailAsking or StepKind.LearnNothing:
                _client.FailAsking(isTold: kind == StepKind.LearnNothing);
                break;
            case StepKind.Verify:
                _client.Verify();
                break;
            case StepKind.VerifyKey:
                _client.VerifyKey(step.Key);
                break;
            case StepKind.Crash:
                _server.Leave();
                _server.LoseUndelivered();
                _client.Crash();
                break;
            case StepKind.SwitchTenant:
                _server.LeaveTopic();
                _client.Switch();
                break;
        }
    }

    private static Fault FaultOf(StepKind kind) => kind switch
    {
        StepKind.Drop => Fault.Drop,
        StepKind.Disconnect or StepKind.DisconnectWhileScanGoesOn => Fault.Disconnect,
        StepKind.Resubscribe => Fault.Resubscription,
        StepKind.LoseSubscription => Fault.LostSubscription,
        StepKind.LoseSlot => Fault.LostSlot,
        StepKind.Overflow => Fault.Overflow,
        StepKind.FailScan or StepKind.FailAsking or StepKind.LearnNothing => Fault.FailedRead,
        StepKind.Verify or StepKind.VerifyKey => Fault.Verification,
        StepKind.Crash => Fault.Crash,
        StepKind.SwitchTenant => Fault.Switch,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>A change that nobody is told of is lost without a word, unless the ok that ends the pause makes the client read.</summary>
    private void LoseUnless(bool isTold)
    {
        if (!isTold && _client.IsOpen)
        {
            _client.Unsettled.OnLost();
        }
    }
}
