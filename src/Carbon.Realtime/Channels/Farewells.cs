namespace Carbon.Realtime.Channels;

/// <summary>Remembers topics that were left until the server has answered: a reply, then <c>phx_close</c>. Those answers are no strays. Under the gate.</summary>
internal sealed class Farewells
{
    /// <summary>
    /// More leaves than that are not under way for long, and a server that never closes must not cost memory. The oldest is forgotten first;
    /// its answer is then counted as a frame of an unknown topic.
    /// </summary>
    public const int Most = 128;

    private readonly List<(byte[] Topic, byte[] Reference)> _left = [];

    public int Count => _left.Count;

    public void Add(byte[] topic, string reference)
    {
        if (_left.Count == Most)
        {
            _left.RemoveAt(0);
        }

        _left.Add((topic, System.Text.Encoding.UTF8.GetBytes(reference)));
    }

    /// <summary>Whether a reply answers a leave.</summary>
    public bool IsReply(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> reference)
    {
        var index = Find(topic);
        return index >= 0 && reference.SequenceEqual(_left[index].Reference);
    }

    /// <summary>Whether a topic that ends was left.</summary>
    public bool TryEnd(ReadOnlySpan<byte> topic)
    {
        var index = Find(topic);
        if (index >= 0)
        {
            _left.RemoveAt(index);
        }

        return index >= 0;
    }

    public void Clear() => _left.Clear();

    private int Find(ReadOnlySpan<byte> topic)
    {
        for (var i = 0; i < _left.Count; i++)
        {
            if (topic.SequenceEqual(_left[i].Topic))
            {
                return i;
            }
        }

        return -1;
    }
}
