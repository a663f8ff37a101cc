using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Returns;

/// <summary>Dials by the second, as a table and as a picture.</summary>
internal sealed class ReturnsReport
{
    private const int BarWidth = 44;
    private const int Gap = 8;
    private const int Left = 48;
    private const int Right = 112;
    private const int Top = 44;
    private const int Height = 200;

    private readonly int[] _seconds;
    private readonly int _clients;

    /// <param name="dials">When each client dialled, from the close on.</param>
    /// <param name="spread">Over what they are to be spread.</param>
    public ReturnsReport(IReadOnlyList<TimeSpan> dials, TimeSpan spread)
    {
        _clients = dials.Count;
        _seconds = new int[(int)Math.Ceiling(spread.TotalSeconds)];
        foreach (var dial in dials) _seconds[Math.Min((int)dial.TotalSeconds, _seconds.Length - 1)]++;
        Mean = _clients / _seconds.Length;
    }

    /// <summary>Dials a second, if they came evenly over the spread.</summary>
    public int Mean { get; }

    /// <summary>Dials of the second that has most.</summary>
    public int Busiest => _seconds.Max();

    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{_clients} clients; the mean over the spread is {Mean} dials a second, the busiest second has {Busiest}, {(double)Busiest / Mean:0.00} of it.\n\n");
        text.Append("| second after the close | dials |\n|--:|--:|\n");
        for (var i = 0; i < _seconds.Length; i++) text.Append(CultureInfo.InvariantCulture, $"| {i}–{i + 1} | {_seconds[i]} |\n");
        return text.ToString();
    }

    public string Svg()
    {
        var right = Left + (_seconds.Length * (BarWidth + Gap));
        var bottom = Top + Height;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + Right} {bottom + 48}" font-family="sans-serif" font-size="12" role="img">
            <title>Dials in each second after a server closed {_clients} clients with 1012</title>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="{Left}" y="20" font-size="14" fill="#222222">Dials a second after a server closed {_clients} clients in one instant</text>

            """);
        Line(svg, Mean, "mean", right);
        Line(svg, 2 * Mean, "twice the mean", right);
        for (var i = 0; i < _seconds.Length; i++)
        {
            var (x, y) = (Left + (i * (BarWidth + Gap)), Y(_seconds[i]));
            svg.Append(CultureInfo.InvariantCulture, $"""
                <rect x="{x}" y="{y}" width="{BarWidth}" height="{bottom - y}" fill="#4477aa"/>
                <text x="{x + (BarWidth / 2)}" y="{y - 4}" text-anchor="middle" fill="#222222">{_seconds[i]}</text>
                <text x="{x + (BarWidth / 2)}" y="{bottom + 16}" text-anchor="middle" fill="#222222">{i}–{i + 1}</text>

                """);
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + right) / 2}\" y=\"{bottom + 36}\" text-anchor=\"middle\" fill=\"#222222\">seconds after the close</text>\n</svg>\n");
        return svg.ToString();
    }

    private void Line(StringBuilder svg, int dials, string name, int right) => svg.Append(CultureInfo.InvariantCulture, $"""
        <line x1="{Left}" y1="{Y(dials)}" x2="{right}" y2="{Y(dials)}" stroke="#aa4444" stroke-dasharray="4 4"/>
        <text x="{Left - 8}" y="{Y(dials) + 4}" text-anchor="end" fill="#aa4444">{dials}</text>
        <text x="{right + 6}" y="{Y(dials) + 4}" fill="#aa4444">{name}</text>

        """);

    /// <summary>Twice the mean, or the busiest second, is at the top.</summary>
    private int Y(int dials) => Top + Height - (dials * (Height - 16) / Math.Max(2 * Mean, Busiest));
}
