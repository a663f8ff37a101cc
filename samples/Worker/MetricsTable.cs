using System.Diagnostics.Metrics;
using System.Globalization;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>What the meter <c>Carbon.Realtime</c> measured, a line for each instrument. A program in operation exports it instead (docs/observability.md).</summary>
internal sealed class MetricsTable : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Figure> _figures = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public MetricsTable()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Carbon.Realtime")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        _listener.Start();
    }

    /// <summary>The instruments that have something to say, each over all of its attributes.</summary>
    public IReadOnlyList<string> Read()
    {
        lock (_gate)
        {
            // Counters and levels are observable, and report their whole value for each set of attributes: what they said the last time is not added to.
            foreach (var figure in _figures.Values.Where(static f => f.IsObservable))
            {
                figure.Clear();
            }

            _listener.RecordObservableInstruments();
            return [.. from figure in _figures where figure.Value.HasSomething select $"  {figure.Key,-45} {figure.Value}"];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value)
    {
        lock (_gate)
        {
            if (!_figures.TryGetValue(instrument.Name, out var figure))
            {
                _figures[instrument.Name] = figure = new Figure(instrument);
            }

            figure.Add(value);
        }
    }

    private sealed class Figure(Instrument instrument)
    {
        private long _count;
        private double _sum;
        private double _most;

        public bool IsObservable => instrument.IsObservable;

        public bool HasSomething => IsObservable ? _sum != 0 : _count > 0;

        /// <summary>A gauge is the age of a store, and the oldest counts; a sum of ages says nothing.</summary>
        private bool IsGauge => instrument is ObservableGauge<double> or ObservableGauge<long>;

        public void Add(double value)
        {
            _count++;
            _sum += value;
            _most = Math.Max(_most, value);
        }

        public void Clear() => (_count, _sum, _most) = (0, 0, 0);

        public override string ToString() => this switch
        {
            { IsGauge: true } => Text($"{_most,10:0.000} {instrument.Unit} at most"),
            { IsObservable: true } => Text($"{_sum,10:0} {instrument.Unit}"),
            _ => Text($"{_count,10} times, {_sum / _count:0.000} {instrument.Unit} on average, {_most:0.000} at most"),
        };

        private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
