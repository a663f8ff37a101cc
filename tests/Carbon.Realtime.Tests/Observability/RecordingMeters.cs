using System.Diagnostics.Metrics;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>One measurement, its attributes as text in order: <c>carbon.realtime.manager=default carbon.realtime.table=public.todos</c>.</summary>
public sealed record Measured(string Instrument, double Value, string Attributes);

/// <summary>A container's meter factory and a listener to its meters alone: tests beside this one are not heard.</summary>
public sealed class RecordingMeters : IMeterFactory
{
    private readonly Dictionary<string, Meter> _meters = [];
    private readonly MeterListener _listener = new();
    private readonly List<Measured> _recorded = [];
    private List<Measured> _collected = [];

    public RecordingMeters(bool listen = true)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, this))
            {
                Instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            _recorded.Add(new Measured(instrument.Name, value, Text(tags)));
            Hook?.Invoke();
        });
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _collected.Add(new Measured(instrument.Name, value, Text(tags))));
        if (listen)
        {
            Listen();
        }
    }

    public List<Instrument> Instruments { get; } = [];

    /// <summary>Runs inside the listener's callback of each duration and lag.</summary>
    public Action? Hook { get; set; }

    public void Listen() => _listener.Start();

    public Meter Create(MeterOptions options)
    {
        if (!_meters.TryGetValue(options.Name, out var meter))
        {
            _meters.Add(options.Name, meter = new Meter(new MeterOptions(options.Name) { Version = options.Version, Scope = this }));
        }

        return meter;
    }

    /// <summary>The durations and lags of an instrument so far.</summary>
    public IReadOnlyList<Measured> Recorded(string instrument) => [.. _recorded.Where(m => m.Instrument == instrument)];

    /// <summary>Everything that was ever measured, and every number as it is now.</summary>
    public IReadOnlyList<Measured> Everything() => [.. _recorded, .. Collect()];

    /// <summary>An instrument's numbers now: attributes (without the manager's name) = value, those that are not zero.</summary>
    public IReadOnlyList<string> Now(string instrument) =>
        [.. Collect().Where(m => m.Instrument == instrument && m.Value != 0).Select(m => $"{Short(m.Attributes)}{m.Value}").Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters.Values)
        {
            meter.Dispose();
        }
    }

    private List<Measured> Collect()
    {
        _collected = [];
        _listener.RecordObservableInstruments();
        return _collected;
    }

    private static string Short(string attributes)
    {
        var rest = attributes.Split(' ').Skip(1).Select(a => a.Split('=')[1]).ToList();
        return rest.Count == 0 ? "" : string.Join(' ', rest) + ": ";
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var parts = new List<string>();
        foreach (var (key, value) in tags)
        {
            parts.Add($"{key}={value}");
        }

        return string.Join(' ', parts);
    }
}
