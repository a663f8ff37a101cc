using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>Judges the stream by what reads put right, and renews one that loses changes. On the actor's thread.</summary>
internal sealed class Repairs<TKey, TRow>(StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context)
    where TKey : notnull
{
    private readonly Suspicions<TKey> _suspicions = new(context.Table.Definition.Key.Comparer);

    /// <summary>Whether the stream has proven unreliable.</summary>
    public bool IsLossy => _suspicions.IsLossy;

    /// <summary>A read put a row right that no event had spoken of.</summary>
    public void OnRepair(TKey key, RepairKind kind)
    {
        // A row leaves the filter without an event, and what is joined changes without one: no proof of a loss.
        var isProof = kind != RepairKind.Extra && context.Options is { SignalTable: null, Select: null };
        _suspicions.OnRepair(key, kind, isProof, actor.Now);
        if (!actor.Alarms.IsSet(Alarm.Suspicion))
        {
            actor.Alarms.Set(Alarm.Suspicion, Suspicions<TKey>.Grace, Look);
        }
    }

    /// <inheritdoc cref="Suspicions{TKey}.OnEvent"/>
    public void OnEvent(TKey key) => _suspicions.OnEvent(key);

    /// <inheritdoc cref="Suspicions{TKey}.OnEpoch"/>
    public void OnEpoch() => _suspicions.OnEpoch();

    /// <summary>Everything was read by a scan that could tell a loss.</summary>
    public void OnScanned()
    {
        _suspicions.OnPass();
        actor.Reconcile.IsLossy = IsLossy;
    }

    private void Look()
    {
        // Without an epoch there is nothing to renew: the connection does what can be done.
        var age = actor.Epochs.IsOpen ? actor.Epochs.Age : TimeSpan.Zero;
        var (lost, cure) = _suspicions.Look(actor.Now, age, kind => actor.Measured.Repaired(TagValue.Of(kind)));
        if (lost > 0)
        {
            StoresLog.Repaired(context.Logger, context.Name, lost);
            actor.Reconcile.OnLoss();
        }

        actor.Reconcile.IsLossy = IsLossy;
        if (_suspicions.NextDue is { } due)
        {
            actor.Alarms.Set(Alarm.Suspicion, due - actor.Now, Look);
        }

        if (cure is StreamCure.Rejoin or StreamCure.Reconnect)
        {
            StoresLog.Renewing(context.Logger, context.Name, cure);
            actor.Epochs.Renew(socket: cure == StreamCure.Reconnect);
        }

        actor.ScheduleReconcile();
    }
}
