using Carbon.Realtime.Interleavings;

#pragma warning disable IDE0130 // As with the lock.
namespace System.Threading;
#pragma warning restore IDE0130

/// <summary>Reads and writes that other threads are meant to see, each a place to change over at.</summary>
internal static class Volatile
{
    public static T Read<T>(ref readonly T location)
    {
        Interleaver.Point();
        return location;
    }

    public static void Write<T>(ref T location, T value)
    {
        Interleaver.Point();
        location = value;
    }
}
