using System.Text;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>The pool's frames one by one, each with room for its <see cref="Stamp"/>: made before the first is due, so that sending writes nineteen digits and no more.</summary>
internal sealed class StampedFrames
{
    private readonly (byte[] Bytes, int Stamp)[] _frames;

    public StampedFrames(Workload load, string topic, IReadOnlyList<long> ids)
    {
        var frames = new ChangeFrames(load);
        _frames = [.. Enumerable.Range(0, ChangeFrames.PoolSize).Select(index => Room(frames.Frame(topic, ids, index, Stamp.Blank)))];
    }

    /// <summary>A frame of the endless repetition, with the time.</summary>
    public ReadOnlySpan<byte> Take(long index, long now)
    {
        var (bytes, stamp) = _frames[index % _frames.Length];
        Stamp.Write(bytes.AsSpan(stamp, Stamp.Blank.Length), now);
        return bytes;
    }

    /// <summary>The bytes of the first <paramref name="frames"/> frames.</summary>
    public long Size(long frames) => (frames / _frames.Length * _frames.Sum(static f => (long)f.Bytes.Length)) +
        _frames.Take((int)(frames % _frames.Length)).Sum(static f => (long)f.Bytes.Length);

    private static (byte[] Bytes, int Stamp) Room(byte[] frame)
    {
        using var buffer = new MemoryStream();
        WebSocketFrames.Append(buffer, WebSocketFrames.Text, frame);
        var bytes = buffer.ToArray();
        return (bytes, bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Stamp.Blank)));
    }
}
