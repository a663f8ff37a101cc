using System.Globalization;
using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>What is said of a promise that is broken; not put together while it holds, which is millions of times.</summary>
[InterpolatedStringHandler]
internal ref struct Otherwise
{
    private DefaultInterpolatedStringHandler _text;

    public Otherwise(int literals, int holes, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        _text = isWanted ? new DefaultInterpolatedStringHandler(literals, holes, CultureInfo.InvariantCulture) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _text.ToStringAndClear();
}

/// <summary>A line of the log; not put together where none is kept.</summary>
[InterpolatedStringHandler]
internal ref struct Noted
{
    private DefaultInterpolatedStringHandler _text;

    public Noted(int literals, int holes, SimulatedWorld world, out bool isWanted)
    {
        isWanted = world.KeepsLog;
        _text = isWanted ? new DefaultInterpolatedStringHandler(literals, holes, CultureInfo.InvariantCulture) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _text.ToStringAndClear();
}
