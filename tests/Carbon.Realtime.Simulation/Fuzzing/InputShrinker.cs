namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Makes an input that fails shorter, as long as it fails in the same way.</summary>
internal static class InputShrinker
{
    private const int MostTries = 2_000;

    public static byte[] Shrink(byte[] input, Func<byte[], string?> fails) => Shrink(input, fails, MostTries);

    public static byte[] Shrink(byte[] input, Func<byte[], string?> fails, int mostTries)
    {
        var way = fails(input);
        var tries = 0;
        for (var size = Math.Max(1, input.Length / 2); way is not null && size >= 1; size /= 2)
        {
            for (var at = 0; at < input.Length && tries < mostTries; tries++)
            {
                byte[] shorter = [.. input[..at], .. input[Math.Min(input.Length, at + size)..]];
                if (fails(shorter) == way)
                {
                    input = shorter;
                }
                else
                {
                    at += size;
                }
            }
        }

        return input;
    }
}
