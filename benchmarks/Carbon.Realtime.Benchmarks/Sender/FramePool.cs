using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>
/// Every frame of the pool, framed and laid end to end in one buffer: the sender's work per frame is a share of one <c>send</c> call
/// of about a megabyte (of large rows, of some more).
/// </summary>
internal sealed class FramePool
{
    private readonly byte[] _bytes;
    private readonly int[] _ends = new int[ChangeFrames.PoolSize];

    public FramePool(Workload load, string topic, IReadOnlyList<long> ids)
    {
        var frames = new ChangeFrames(load);
        using var buffer = new MemoryStream();
        for (var i = 0; i < _ends.Length; i++)
        {
            WebSocketFrames.Append(buffer, WebSocketFrames.Text, frames.Frame(topic, ids, i));
            _ends[i] = (int)buffer.Length;
        }

        _bytes = buffer.ToArray();
    }

    /// <summary>The bytes of the first <paramref name="frames"/> frames of the endless repetition.</summary>
    public long Size(long frames) => (frames / _ends.Length * _bytes.Length) + Remainder(frames).Length;

    /// <summary>The buffers whose concatenation is the first <paramref name="frames"/> frames; each ends with a frame.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Buffers(long frames)
    {
        for (var i = 0L; i < frames / _ends.Length; i++) yield return _bytes;
        if (frames % _ends.Length != 0) yield return Remainder(frames);
    }

    private ReadOnlyMemory<byte> Remainder(long frames) =>
        frames % _ends.Length == 0 ? default : _bytes.AsMemory(0, _ends[frames % _ends.Length - 1]);
}
