using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Three hundred random stories of changes told, lost, late and repeated, of reads that wait and fail, of sockets that break.</summary>
public sealed class StoreHistoryPropertyTests
{
    private const int Seeds = 300;
    private const int Actions = 40;

    [Fact]
    public void Change_sets_add_up_to_snapshots_and_every_story_ends_with_the_databases_rows()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            new Story(seed).Tell();
        }
    }

    private sealed class Story
    {
        private readonly SeededRandomizer _chance;
        private readonly StoreWorld _world = new();
        private readonly Dictionary<string, SalesOrder> _folded = [];
        private readonly string _name;
        private bool _broken;
        private long _version = -1;
        private int _value;

        public Story(int seed)
        {
            _chance = new SeededRandomizer(seed);
            _name = $"seed {seed}";
        }

        public void Tell()
        {
            using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(_world.Store.Changes, (_, set) => Fold(set));
            for (var i = 0; i < Actions; i++)
            {
                Act();
                _world.World.Run();
                Check();
            }

            Heal();
            recorder.AssertContract();
            _world.Shown.Should().Be(_world.Truth, _name);
            _world.State.Should().Be(StoreState.Live, _name);
            _world.Store.Status.Unverified.Should().Be(0, _name);
            _folded.Keys.Should().BeEquivalentTo(_world.Store.Current.Keys, _name);
        }

        private void Act()
        {
            var id = "abcdefgh"[Next(8)].ToString();
            switch (Next(14))
            {
                case 0 or 1 or 2:
                    _world.Write(id, $"v{++_value}");
                    Stream(() => _world.Socket.Update(_world.Join, "salesOrder", StoreWorld.Record(id, $"v{_value}"), $$"""{"id":"{{id}}"}""", 1));
                    break;
                case 3:
                    _world.Write(id, $"v{++_value}"); // nobody is told
                    break;
                case 4:
                    _world.Erase(id);
                    Stream(() => _world.Socket.Delete(_world.Join, "salesOrder", $$"""{"id":"{{id}}"}""", 2));
                    break;
                case 5:
                    _world.Erase(id);
                    break;
                case 6:
                    Stream(() => _world.Socket.Insert(_world.Join, "salesOrder", StoreWorld.Record(id, "old"), 1));
                    break;
                case 7:
                    Stream(() => _world.Socket.Subscribed(_world.Join));
                    break;
                case 8:
                    _world.World.Advance(_chance.NextDouble() * 8);
                    _broken = false;
                    break;
                case 9 when _world.World.Server.Sockets.Count > 0:
                    _world.Socket.Break();
                    _broken = true;
                    break;
                case 10:
                    _ = _world.Rest.Held is null ? _world.HoldReads() : _world.ReleaseReads();
                    break;
                case 11:
                    _world.Rest.Script = _world.Rest.Script is null ? static (_, _) => FakePostgrest.Error(503, "PGRST002") : null;
                    break;
                case 12:
                    _world.Rest.MaxRows = 1 + Next(5);
                    break;
                default:
                    _world.World.Join();
                    _broken = false;
                    break;
            }
        }

        private void Heal()
        {
            _world.Rest.Script = null;
            if (_world.Rest.Held is not null)
            {
                _world.ReleaseReads();
            }

            _world.World.Advance(70);
            _world.World.Join();
            _world.World.Advance(230);
        }

        private void Stream(Action deliver)
        {
            if (!_broken && _world.World.Server.Sockets.Count > 0 && _world.Socket.Frames("phx_join").Count > 0)
            {
                deliver();
            }
        }

        private void Check()
        {
            if (_broken)
            {
                _world.State.Should().NotBe(StoreState.Live, "{0}: the socket is down", _name);
            }

            if (_world.State == StoreState.Live)
            {
                var actor = _world.Store.Actor!;
                (actor.Epochs.IsOpen && actor.Scans.VerifiedEpoch == actor.Epochs.Current).Should().BeTrue("{0}: live is said of one epoch and its scan", _name);
            }
        }

        private void Fold(StoreChangeSet<string, SalesOrder> set)
        {
            set.Snapshot.Version.Should().BeGreaterThan(_version, _name);
            _version = set.Snapshot.Version;
            if (set.IsReset)
            {
                set.Changes.Should().BeEmpty(_name);
                _folded.Clear();
                foreach (var (key, row) in set.Snapshot)
                {
                    _folded.Add(key, row);
                }
            }

            foreach (var change in set.Changes)
            {
                switch (change.Kind)
                {
                    case StoreChangeKind.Added:
                        _folded.TryAdd(change.Key, change.Current!).Should().BeTrue("{0}: an added key is new", _name);
                        break;
                    case StoreChangeKind.Updated:
                        _folded[change.Key].Should().Be(change.Previous, _name);
                        _folded[change.Key] = change.Current!;
                        break;
                    default:
                        _folded.Remove(change.Key, out var row).Should().BeTrue("{0}: a removed key was there", _name);
                        row.Should().Be(change.Previous, _name);
                        break;
                }
            }

            (_folded.Count == set.Snapshot.Count && _folded.All(p => set.Snapshot.TryGetValue(p.Key, out var row) && row == p.Value))
                .Should().BeTrue("{0}: the snapshot is what the change sets add up to", _name);
        }

        private int Next(int below) => (int)(_chance.NextDouble() * below);
    }
}
