using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Carbon.Realtime.Primitives;

/// <summary>A number for each set of attributes: changed by one interlocked addition, read when somebody collects. Thread-safe.</summary>
/// <remarks>
/// Why not the synchronous counters: they call their listeners, which are other people's code, where the number changes, and ours change on
/// the reader's loop and under the gate. This way nothing of a listener's runs there, it costs the same whoever listens, and whoever begins to
/// listen late sees the whole count. Managers of one name share their cells, which are kept for the process's life: tables times reasons.
/// </remarks>
/// <param name="attributes">What the cells of a manager are told apart by; three at most.</param>
internal sealed class Tally(params string[] attributes)
{
    private readonly ConcurrentDictionary<(string Manager, string? First, string? Second, string? Third), Cell> _cells = new();

    /// <summary>The number of these attributes. One that is <see langword="null"/> is left out.</summary>
    public Cell Of(string manager, string? first = null, string? second = null, string? third = null) => _cells.GetOrAdd(
        (manager, first, second, third),
        static (key, names) => new Cell([.. Attributes(key, names)]),
        attributes);

    public IEnumerable<Measurement<long>> Read() => _cells.Values.Select(static cell => cell.Read());

    private static IEnumerable<KeyValuePair<string, object?>> Attributes((string Manager, string? First, string? Second, string? Third) key, string[] names)
    {
        yield return new(TelemetryNames.Manager, key.Manager);
        if (key.First is not null)
        {
            yield return new(names[0], key.First);
        }

        if (key.Second is not null)
        {
            yield return new(names[1], key.Second);
        }

        if (key.Third is not null)
        {
            yield return new(names[2], key.Third);
        }
    }

    internal sealed class Cell(KeyValuePair<string, object?>[] tags)
    {
        private long _value;

        public void Add(long delta) => Interlocked.Add(ref _value, delta);

        public Measurement<long> Read() => new(Interlocked.Read(ref _value), tags);
    }
}
