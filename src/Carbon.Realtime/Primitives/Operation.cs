using System.Diagnostics;

namespace Carbon.Realtime.Primitives;

/// <summary>Something that takes time and ends well, badly, or given up: one activity, one duration, one count. The first end counts.</summary>
/// <remarks>
/// Its activity is a root: the client's loops serve everybody, so whoever happened to subscribe first is nobody's parent. An operation
/// is either followed, which is for loops outside the gate: its activity is the current one meanwhile, so that what the dial or the token provider
/// does shows beneath it. Or it is told afterwards, on the scheduler, with the times it had: listeners are other people's code and
/// never run under the gate. Whatever they throw costs their measurement and nothing else.
/// </remarks>
internal sealed class Operation : IDisposable
{
    public const string Ok = "ok";
    public const string Failed = "failed";
    public const string Abandoned = "abandoned";

    private readonly RealtimeInstruments _owner;
    private readonly OperationKind _kind;
    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly bool _isFollowed;
    private readonly DateTimeOffset _startedAt;
    private readonly long _started;
    private Activity? _activity;
    private int _ended;

    public Operation(RealtimeInstruments owner, OperationKind kind, bool isFollowed, params KeyValuePair<string, object?>[] tags)
    {
        _owner = owner;
        _kind = kind;
        _tags = tags;
        _isFollowed = isFollowed;
        _startedAt = owner.Clock.GetUtcNow();
        _started = owner.Clock.GetTimestamp();
        if (isFollowed)
        {
            RealtimeInstruments.Tell(this, static o => o._activity = o.StartActivity());
        }
    }

    public void Succeed(string outcome = Ok) => End(outcome, null);

    public void Fail(RealtimeErrorReason reason) => End(Failed, TagValue.Of(reason));

    /// <summary>Given up, unless it ended before.</summary>
    public void Dispose() => End(Abandoned, null);

    private void End(string outcome, string? errorType)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        _kind.Outcomes.Of(_owner.Manager, outcome, errorType).Add(1);
        var duration = _owner.Clock.GetElapsedTime(_started);
        if (_isFollowed)
        {
            RealtimeInstruments.Tell((this, outcome, errorType, duration), static e => e.Item1.Tell(e.outcome, e.errorType, e.duration));
        }
        else if (_kind.Duration.Enabled || RealtimeMeter.Activities.HasListeners())
        {
            _owner.Post(() => TellAfterwards(outcome, errorType, duration));
        }
    }

    private void TellAfterwards(string outcome, string? errorType, TimeSpan duration)
    {
        var ambient = Activity.Current;
        try
        {
            _activity = StartActivity();
            Tell(outcome, errorType, duration);
        }
        finally
        {
            Activity.Current = ambient;
        }
    }

    private Activity? StartActivity()
    {
        if (_kind.Activity is not { } name || !RealtimeMeter.Activities.HasListeners())
        {
            return null;
        }

        // A default context means "the current activity's": only without one does a root come of it.
        var ambient = Activity.Current;
        Activity? activity = null;
        try
        {
            Activity.Current = null;
            return activity = RealtimeMeter.Activities.StartActivity(name, _kind.ActivityKind, default(ActivityContext), _tags, null, _startedAt);
        }
        finally
        {
            if (activity is null)
            {
                Activity.Current = ambient;
            }
        }
    }

    private void Tell(string outcome, string? errorType, TimeSpan duration)
    {
        if (_activity is { } activity)
        {
            activity.SetTag(TelemetryNames.Outcome, outcome);
            if (errorType is not null)
            {
                // The reason and not the message: the server's words may quote a filter's value.
                activity.SetTag(TelemetryNames.ErrorType, errorType);
                activity.SetStatus(ActivityStatusCode.Error, errorType);
            }

            activity.SetEndTime((_startedAt + duration).UtcDateTime);
            try
            {
                activity.Stop();
            }
            finally
            {
                Activity.Current = null; // a listener that throws would leave it to all that the loop does from here on
            }
        }

        // How long it took until nobody wanted it any more says nothing about the server.
        if (outcome == Abandoned)
        {
            return;
        }

        if (errorType is null)
        {
            _kind.Duration.Record(duration.TotalSeconds, _owner.ManagerTag);
        }
        else
        {
            _kind.Duration.Record(duration.TotalSeconds, _owner.ManagerTag, new(TelemetryNames.ErrorType, errorType));
        }
    }
}
