using System.Globalization;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>What a control connection asks for in each of its lines: <c>GO frames</c>, or <c>PACE frames per-second</c>.</summary>
/// <param name="Frames">How many frames.</param>
/// <param name="PerSecond">How many a second, each with its moment; null: as fast as they are taken.</param>
internal sealed record SendOrder(long Frames, long? PerSecond = null)
{
    public static bool TryParse(string line, out SendOrder order)
    {
        var words = line.Split(' ');
        order = new SendOrder(words.Length > 1 ? Number(words[1]) : 0, words.Length > 2 ? Number(words[2]) : null);
        return words is ["GO", _] or ["PACE", _, _] && order is { Frames: > 0, PerSecond: null or > 0 };
    }

    public override string ToString() => PerSecond is { } rate
        ? string.Create(CultureInfo.InvariantCulture, $"PACE {Frames} {rate}")
        : string.Create(CultureInfo.InvariantCulture, $"GO {Frames}");

    private static long Number(string word) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
