using System.Collections.Immutable;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime.Changes;

/// <summary>Some tables' next signal, as a change token: fires once, and then holds nothing.</summary>
/// <remarks>
/// Nobody disposes a change token, so each has a lifetime. Where changes flow already a token has missed nothing when it is made, and does not begin with a
/// signal: <c>ChangeToken.OnChange</c>, which takes the next token whenever one fires, would go round for ever.
/// </remarks>
internal sealed class TableChangeToken : IChangeToken, ITableWatcher
{
    private readonly ChangeFeeds _owner;
    private readonly string _tables;
    private readonly Debouncer _debouncer;
    private readonly List<IDisposable> _watches = [];
    private readonly Lock _callbacksLock = new();
    private readonly HashSet<Callback> _callbacks = [];
    private Deadlines.Deadline? _end;
    private bool _hasChanged;

    public TableChangeToken(ChangeFeeds owner, ImmutableArray<WatchFeed> feeds, RevalidationOptions options)
    {
        _owner = owner;
        _tables = string.Join(", ", feeds.Select(static f => f.Name));
        _debouncer = new Debouncer(owner, options, static () => false, _ => Fire());
        lock (owner.Gate)
        {
            _end = owner.Deadlines.Schedule(options.Lifetime, Fire);
            foreach (var feed in feeds)
            {
                _watches.Add(feed.Add(this, isToldIfLive: false));
            }

            if (HasChanged)
            {
                Release();
            }
        }
    }

    public bool HasChanged => Volatile.Read(ref _hasChanged);

    public bool ActiveChangeCallbacks => true;

    public IDisposable RegisterChangeCallback(Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var registered = new Callback(this, callback, state);
        lock (_callbacksLock)
        {
            if (!_hasChanged)
            {
                _callbacks.Add(registered);
                return registered;
            }
        }

        Post(registered);
        return registered;
    }

    void ITableWatcher.OnTouched(string table, GapReason? gap) => _debouncer.Touch(table, gap);

    void ITableWatcher.OnEnded(Exception? error) => Fire();

    /// <summary>Under the gate.</summary>
    private void Fire()
    {
        Callback[] callbacks;
        lock (_callbacksLock)
        {
            // In one step: a callback is either taken here, and its disposal comes too late, or it finds the token changed. ChangeToken.OnChange
            // disposes a registration that it finds changed, and relies on having been called.
            _hasChanged = true;
            callbacks = [.. _callbacks];
            _callbacks.Clear();
        }

        Release();
        foreach (var callback in callbacks)
        {
            Post(callback);
        }
    }

    private void Release()
    {
        _end?.Cancel();
        _end = null;
        _debouncer.Stop();
        _watches.ForEach(static w => w.Dispose());
        _watches.Clear();
    }

    private void Post(Callback callback) => _owner.Environment.Scheduler.Post(() =>
    {
        try
        {
            callback.Invoke();
        }
#pragma warning disable CA1031 // A callback is the user's code: whatever it throws costs no other callback anything.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ChangesLog.CallbackThrew(_owner.Logger, _tables, e);
        }
    });

    private sealed class Callback(TableChangeToken token, Action<object?> callback, object? state) : IDisposable
    {
        public void Invoke() => callback(state);

        public void Dispose()
        {
            lock (token._callbacksLock)
            {
                token._callbacks.Remove(this);
            }
        }
    }
}
