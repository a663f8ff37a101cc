using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What a close frame can say (RFC 6455, sections 5.5.1 and 7.4).</summary>
internal static class CloseFrame
{
    // A control frame has 125 bytes, two of which are the code.
    private const int LongestReason = 123;

    /// <exception cref="ArgumentException">No socket can send it, or no client would take it for a close.</exception>
    public static void Check(int code, string reason = "")
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (code is < 1000 or > 4999 or 1004 or 1005 or 1006 or 1015)
        {
            throw new ArgumentOutOfRangeException(
                nameof(code), code, "A close code is 1000 to 4999, but for 1004, 1005, 1006 and 1015, which no frame carries; what a client sees as 1006 is BreakConnections.");
        }

        if (Encoding.UTF8.GetByteCount(reason) > LongestReason)
        {
            throw new ArgumentException($"The reason of a close is at most {LongestReason} bytes long.", nameof(reason));
        }
    }
}
