namespace Carbon.Realtime;

/// <summary>What is wrong with a cache.</summary>
public enum StoreCacheFault
{
    /// <summary>Something else; the inner exception says what.</summary>
    Unavailable = 0,

    /// <summary>What is there is damaged or not a cache's. It was put away where that was possible, and the cache begins anew.</summary>
    Corrupt,

    /// <summary>A newer version of the library wrote it; it is left alone.</summary>
    Newer,

    /// <summary>Another process holds it.</summary>
    Locked,

    /// <summary>It may not be written.</summary>
    ReadOnly,

    /// <summary>The disk, or what the cache may take of it, is full.</summary>
    Full,

    /// <summary>A save had nothing to change: what was kept was removed, or made room for another store's rows.</summary>
    Missing,
}

/// <summary>A cache could not do what it was asked for. Never reaches a program that only uses stores: they go on without their cache.</summary>
public sealed class StoreCacheException : Exception
{
    /// <summary>Made by a cache.</summary>
    /// <param name="fault">For a program.</param>
    /// <param name="message">For a person: what happened and what to do. No key, no row.</param>
    /// <param name="innerException">The cause.</param>
    public StoreCacheException(StoreCacheFault fault, string message, Exception? innerException)
        : base(message, innerException) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public StoreCacheFault Fault { get; }
}
