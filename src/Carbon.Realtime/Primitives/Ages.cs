using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Carbon.Realtime.Primitives;

/// <summary>How old what is shown is, reckoned when somebody collects. Of several with equal attributes the oldest counts. Thread-safe.</summary>
/// <param name="attribute">What the ages of a manager are told apart by.</param>
internal sealed class Ages(string attribute)
{
    private readonly ConcurrentDictionary<Age, byte> _ages = new();

    /// <summary>An age that counts until it is disposed.</summary>
    public Age Add(string manager, string value, TimeProvider clock)
    {
        var age = new Age(this, manager, value, clock);
        _ages.TryAdd(age, 0);
        return age;
    }

    public IEnumerable<Measurement<double>> Read() => _ages.Keys
        .Select(static age => (age.Manager, age.Value, Seconds: age.Seconds()))
        .Where(static age => age.Seconds is not null)
        .GroupBy(static age => (age.Manager, age.Value))
        .Select(same => new Measurement<double>(
            same.Max(static age => age.Seconds)!.Value, new(TelemetryNames.Manager, same.Key.Manager), new(attribute, same.Key.Value)));

    internal sealed class Age(Ages owner, string manager, string value, TimeProvider clock) : IDisposable
    {
        private long _ticks;

        public string Manager => manager;

        public string Value => value;

        /// <summary>It is of this time, UTC; <see langword="null"/> while there is nothing that could be old.</summary>
        public void Set(DateTimeOffset? time) => Volatile.Write(ref _ticks, time?.UtcTicks ?? 0);

        public double? Seconds() => Volatile.Read(ref _ticks) is var ticks and not 0
            ? Math.Max(0, TimeSpan.FromTicks(clock.GetUtcNow().UtcTicks - ticks).TotalSeconds)
            : null;

        public void Dispose() => owner._ages.TryRemove(this, out _);
    }
}
