namespace Carbon.Realtime.Tests.Emulation;

/// <summary>
/// How long the server takes for what it says: the class that docs/protocol.md, "From join to changes" and "Joins block the socket" give, and not the
/// millisecond of the recording.
/// </summary>
internal static class AnswerTime
{
    private const string TokenPush = "access_token\"";

    /// <param name="frame">What was said.</param>
    /// <param name="recorded">When the real server said it, in milliseconds.</param>
    /// <param name="given">When the emulator did.</param>
    /// <param name="sent">What the client had sent, and when.</param>
    public static void Check(string frame, double recorded, double given, IEnumerable<(double Time, string Frame)> sent)
    {
        if (frame.Contains("Subscribed to PostgreSQL", StringComparison.Ordinal))
        {
            var cause = sent.Last(s => s.Time <= given && (s.Frame.Contains("phx_join", StringComparison.Ordinal) || IsTokenPush(s.Frame)));
            var (shortest, longest) = IsTokenPush(cause.Frame) ? (1000, 3000) : (0, 2500);
            (given - cause.Time).Should().BeInRange(shortest, longest, frame);
        }
        else
        {
            // Replies are immediate, and those to failing joins five seconds late; a poll reads half a second after the commit at the latest.
            var tolerance = frame.Contains("phx_reply", StringComparison.Ordinal) ? 100 : 600;
            (given - recorded).Should().BeInRange(-tolerance, tolerance, frame);
        }
    }

    private static bool IsTokenPush(string frame) => frame.Contains($"\"event\":\"{TokenPush}", StringComparison.Ordinal) || frame.Contains($",\"{TokenPush},", StringComparison.Ordinal);
}
