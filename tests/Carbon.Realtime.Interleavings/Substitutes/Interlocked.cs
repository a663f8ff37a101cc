using Carbon.Realtime.Interleavings;

#pragma warning disable IDE0130 // As with the lock.
namespace System.Threading;
#pragma warning restore IDE0130

/// <summary>Atomic operations, each a place to change over at. Counters are none: in which order something is added up makes no difference.</summary>
internal static class Interlocked
{
    /// <summary>One strand runs at a time; this is for what runs beside no strands.</summary>
    private static readonly object Outside = new();

    private delegate TResult Operation<T, TResult>(ref T location);

    public static T Exchange<T>(ref T location, T value) => Do(ref location, (ref T at) =>
    {
        var before = at;
        at = value;
        return before;
    });

    public static T CompareExchange<T>(ref T location, T value, T comparand) => Do(ref location, (ref T at) =>
    {
        var before = at;
        if (typeof(T).IsValueType ? EqualityComparer<T>.Default.Equals(before, comparand) : ReferenceEquals(before, comparand))
        {
            at = value;
        }

        return before;
    });

    public static int Increment(ref int location) => Do(ref location, static (ref int at) => ++at);

    public static long Increment(ref long location) => Do(ref location, static (ref long at) => ++at);

    public static int Decrement(ref int location) => Do(ref location, static (ref int at) => --at);

    public static long Decrement(ref long location) => Do(ref location, static (ref long at) => --at);

    public static long Add(ref long location, long value) => Do(ref location, (ref long at) => at += value, isPoint: false);

    public static long Read(ref long location) => Do(ref location, static (ref long at) => at, isPoint: false);

    private static TResult Do<T, TResult>(ref T location, Operation<T, TResult> operation, bool isPoint = true)
    {
        if (isPoint || !Interleaver.IsStrand)
        {
            Interleaver.Point();
        }

        Monitor.Enter(Outside);
        try
        {
            return operation(ref location);
        }
        finally
        {
            Monitor.Exit(Outside);
        }
    }
}
