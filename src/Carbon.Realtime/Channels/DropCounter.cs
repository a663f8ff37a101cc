using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>Counts what was not used, by reason. Thread-safe.</summary>
internal sealed class DropCounter
{
    private readonly long[] _counts = new long[Enum.GetValues<FrameDropReason>().Length];

    public long this[FrameDropReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    /// <summary>Counts one more.</summary>
    /// <returns>How many that makes.</returns>
    public long Count(FrameDropReason reason) => Interlocked.Increment(ref _counts[(int)reason]);
}
