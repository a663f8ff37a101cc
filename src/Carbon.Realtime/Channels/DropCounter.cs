using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>Counts what was not used, by reason: this manager's own count, and the metric. Thread-safe.</summary>
internal sealed class DropCounter(RealtimeInstruments instruments)
{
    private readonly long[] _counts = new long[Enum.GetValues<FrameDropReason>().Length];

    public long this[FrameDropReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    /// <summary>Counts one more.</summary>
    /// <returns>How many that makes.</returns>
    public long Count(FrameDropReason reason)
    {
        if (reason == FrameDropReason.None)
        {
            return 0;
        }

        instruments.Dropped(TagValue.Of(reason));
        return Interlocked.Increment(ref _counts[(int)reason]);
    }
}
