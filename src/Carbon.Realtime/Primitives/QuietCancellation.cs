namespace Carbon.Realtime.Primitives;

/// <summary>Cancellation of what may be other people's code.</summary>
internal static class QuietCancellation
{
    /// <summary>Cancels. What a callback throws, an HTTP handler's say, ends nothing here: whoever cancels has more to do.</summary>
    public static void CancelQuietly(this CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (AggregateException)
        {
            // It is its owner's, who gave up listening when it registered a callback.
        }
    }
}
