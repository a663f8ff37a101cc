using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Charts;

/// <summary>A line chart with two logarithmic axes, as SVG: each measured point, what the runs lay between, and a table's worth of numbers at the points.</summary>
/// <remarks>Drawn for a light and a dark page alike: grey axes, and colours that stand out on both.</remarks>
internal sealed class LineChart(string title, string xAxis, string yAxis)
{
    private const double Width = 640;
    private const double Height = 320;
    private const double Left = 64;
    private const double Right = 24;
    private const double Top = 44;
    private const double Bottom = 48;

    private static readonly string[] Colours = ["#2a78d6", "#c2571a", "#3d9a50", "#8a5cc2"];

    private readonly List<(string Name, IReadOnlyList<Point> Points)> _lines = [];

    /// <param name="X">Greater than 0.</param>
    /// <param name="Y">The median, greater than 0.</param>
    /// <param name="Low">The lowest run.</param>
    /// <param name="High">The highest run.</param>
    public readonly record struct Point(double X, double Y, double Low, double High);

    public void Add(string name, IEnumerable<Point> points) => _lines.Add((name, [.. points]));

    public string Svg()
    {
        var points = _lines.SelectMany(static l => l.Points).ToArray();
        var x = new Axis(points.Min(static p => p.X), points.Max(static p => p.X), Left, Width - Right);
        var y = new Axis(Axis.Below(points.Min(static p => p.Low)), Axis.Above(points.Max(static p => p.High)), Height - Bottom, Top);
        var svg = new StringBuilder();
        Add(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#808080\">\n");
        Add(svg, $"<title>{Escaped(title)}</title>\n<text x=\"{Left}\" y=\"18\" font-size=\"14\" font-weight=\"bold\">{Escaped(title)}</text>\n");
        foreach (var tick in x.Ticks())
        {
            Add(svg, $"<line x1=\"{x.At(tick):F1}\" x2=\"{x.At(tick):F1}\" y1=\"{Top}\" y2=\"{Height - Bottom}\" stroke=\"#80808040\"/>");
            Add(svg, $"<text x=\"{x.At(tick):F1}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Short(tick)}</text>\n");
        }

        foreach (var tick in y.Ticks())
        {
            Add(svg, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y.At(tick):F1}\" y2=\"{y.At(tick):F1}\" stroke=\"#80808040\"/>");
            Add(svg, $"<text x=\"{Left - 6}\" y=\"{y.At(tick) + 4:F1}\" text-anchor=\"end\">{Short(tick)}</text>\n");
        }

        Add(svg, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 12}\" text-anchor=\"middle\">{Escaped(xAxis)}</text>\n");
        Add(svg, $"<text x=\"{Left}\" y=\"{Top - 8}\">{Escaped(yAxis)}</text>\n");
        for (var i = 0; i < _lines.Count; i++) Line(svg, i, x, y);
        return svg.Append("</svg>\n").ToString();
    }

    private void Line(StringBuilder svg, int index, Axis x, Axis y)
    {
        var (name, points) = _lines[index];
        var colour = Colours[index % Colours.Length];
        Add(svg, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"");
        foreach (var p in points) Add(svg, $"{x.At(p.X):F1},{y.At(p.Y):F1} ");
        svg.Append("\"/>\n");
        foreach (var p in points)
        {
            Add(svg, $"<line x1=\"{x.At(p.X):F1}\" x2=\"{x.At(p.X):F1}\" y1=\"{y.At(p.Low):F1}\" y2=\"{y.At(p.High):F1}\" stroke=\"{colour}\" stroke-width=\"1\"/>");
            Add(svg, $"<circle cx=\"{x.At(p.X):F1}\" cy=\"{y.At(p.Y):F1}\" r=\"3\" fill=\"{colour}\"/>\n");
        }

        Add(svg, $"<text x=\"{Width - Right}\" y=\"{18 + (16 * index)}\" text-anchor=\"end\" fill=\"{colour}\">{Escaped(name)}</text>\n");
    }

    /// <summary>1,000 as 1k.</summary>
    private static string Short(double number) => number switch
    {
        >= 1e6 => Text($"{number / 1e6:0.##}M"),
        >= 1e3 => Text($"{number / 1e3:0.##}k"),
        _ => Text($"{number:0.##}"),
    };

    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Add(StringBuilder to, FormattableString text) => to.Append(Text(text));

    /// <summary>From one place to another, by powers of ten; less than one power of ten by twos and fives as well.</summary>
    private readonly struct Axis(double least, double most, double from, double to)
    {
        private readonly double _low = Math.Log10(least) - 0.05;
        private readonly double _high = Math.Log10(most) + 0.1;

        /// <summary>The next 1, 2 or 5 of a power of ten, so that an axis begins and ends with a number.</summary>
        public static double Below(double value) => Numbers(value).Last(n => n <= value);

        /// <inheritdoc cref="Below"/>
        public static double Above(double value) => Numbers(value).First(n => n >= value);

        public double At(double value) => from + ((Math.Log10(value) - _low) / (_high - _low) * (to - from));

        public IEnumerable<double> Ticks()
        {
            var (low, high) = (_low, _high);
            double[] steps = high - low < 2 ? [1, 2, 5] : [1];
            return Enumerable.Range((int)Math.Floor(low), (int)(high - low) + 3).SelectMany(power => steps.Select(step => step * Math.Pow(10, power)))
                .Where(tick => Math.Log10(tick) >= low && Math.Log10(tick) <= high);
        }

        private static IEnumerable<double> Numbers(double around)
        {
            var power = Math.Pow(10, Math.Floor(Math.Log10(around)));
            return [power / 2, power, power * 2, power * 5, power * 10];
        }
    }
}
