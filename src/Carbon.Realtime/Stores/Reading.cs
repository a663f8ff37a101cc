using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Stores;

/// <summary>One read that is under way beside the actor, to which it only posts. Its owner, and nobody else, knows whether it is still wanted.</summary>
internal class Reading<TKey, TRow>
    where TKey : notnull
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>What it reads with. Once it is over another one may; until then it is its own, also if it was given up.</summary>
    public SnapshotReader<TKey, TRow>? Reader { get; private set; }

    /// <summary>Begins.</summary>
    /// <param name="actor">Whose rows.</param>
    /// <param name="context">What all generations share.</param>
    /// <param name="idle">A reader that nobody uses; <see langword="null"/> to make one.</param>
    /// <param name="read">Reads, on the scheduler.</param>
    /// <param name="onFailed">Told why it failed, on the actor's thread; not told of its cancellation.</param>
    public void Begin(
        StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context, SnapshotReader<TKey, TRow>? idle,
        Func<SnapshotReader<TKey, TRow>, CancellationToken, Task> read, Action<RealtimeException> onFailed)
    {
        Reader = idle;
        _ = context.Environment.Scheduler.Start(async () =>
        {
            try
            {
                await read(Reader ??= context.CreateReader(actor.Identity), _cancellation.Token);
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
            }
            catch (RealtimeException e)
            {
                actor.Post(() => onFailed(e));
            }
#pragma warning disable CA1031 // A read that nobody hears the end of would be the last one.
            catch (Exception e)
#pragma warning restore CA1031
            {
                actor.Post(() => onFailed(Unexpected(e)));
            }
        });
    }

    /// <summary>Whether it failed for a token that was replaced since, or for want of one that has come since.</summary>
    /// <remarks>Looked at when the failure is known, and not by what was told meanwhile: a read that has itself asked for a fresh token, and was refused with that, has no newer one to hope for.</remarks>
    public bool IsOutdated(RealtimeException error) => StatusRules.IsAuth(error) && Reader?.IsOutdated == true;

    /// <summary>It is of no use any more.</summary>
    public void Cancel() => _cancellation.CancelQuietly();

    /// <summary>What a read threw that is none of its errors.</summary>
    private static RealtimeException Unexpected(Exception e) => e is ArgumentException or InvalidOperationException
        ? new(RealtimeErrorReason.TableMisconfigured, e.Message, isTransient: false, innerException: e)
        : new(RealtimeErrorReason.Unknown, $"Reading ended with {e.GetType().Name}.", isTransient: true, innerException: e);
}
