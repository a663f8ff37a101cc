namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What a parser made of an input that it was right about.</summary>
/// <param name="IsAccepted">Whether it got past the outermost layer and something came of it.</param>
/// <param name="Reason">What came of it, or the declared reason why nothing did: one of a few words.</param>
internal readonly record struct Verdict(bool IsAccepted, string Reason)
{
    public static Verdict Accepted(string reason) => new(true, reason);

    public static Verdict Refused(string reason) => new(false, reason);
}

/// <summary>A parser did what it may not do. Any other exception that leaves a target is a finding too: one that nobody declared.</summary>
internal sealed class OracleException(string message) : Exception(message);

/// <summary>One parser with everything that is true of it for any bytes. One instance is used by one thread.</summary>
internal abstract class FuzzTarget : IDisposable
{
    private long _began;
    private long _uncompared;

    public abstract string Name { get; }

    /// <summary>How many inputs it gets for each hundred of the quickest targets.</summary>
    public virtual int Share => 100;

    /// <summary>What an input may make the parser allocate: so much whatever it is, and so much for each of its bytes.</summary>
    public abstract (long Fixed, long PerByte) Budget { get; }

    /// <summary>What was recorded of the real thing, to be mutated.</summary>
    public abstract IReadOnlyList<byte[]> Recorded { get; }

    /// <summary>What the parser, and not the oracle, allocated for the last input.</summary>
    public long Allocated { get; private set; }

    /// <summary>Words that the mutations put in.</summary>
    public virtual IReadOnlyList<byte[]> Words => Mutations.JsonWords;

    /// <summary>Writes a well-formed input with hostile values.</summary>
    public abstract byte[] Write(Chance chance);

    /// <summary>Damages an input; where its text is packed, what is packed.</summary>
    public virtual byte[] Damage(byte[] input, byte[] other, Chance chance) => Mutations.Mutate(input, other, Words, chance);

    /// <summary>Gives an input to the parser and checks what must be true.</summary>
    /// <exception cref="OracleException">Something is not.</exception>
    public Verdict Try(byte[] input)
    {
        Allocated = 0;
        return Judge(input);
    }

    /// <summary>How many comparisons could not be made since it was asked last.</summary>
    public long TakeUncompared() => Interlocked.Exchange(ref _uncompared, 0);

    public virtual void Dispose()
    {
    }

    protected abstract Verdict Judge(byte[] input);

    /// <summary>From here on the parser runs.</summary>
    protected void Begin() => _began = GC.GetAllocatedBytesForCurrentThread();

    /// <summary>From here on the oracle does.</summary>
    protected void End() => Allocated += GC.GetAllocatedBytesForCurrentThread() - _began;

    /// <summary>Whether two rows say the same; also where nobody can tell, which is counted.</summary>
    protected bool AreSame<TRow>(TRow one, TRow other)
    {
        if (RowEquality.AreSame(one, other) is not { } areSame)
        {
            Uncompared();
            return true;
        }

        return areSame;
    }

    /// <summary>Counts a comparison that could not be made.</summary>
    protected void Uncompared() => _uncompared++;

    protected static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new OracleException(otherwise);
        }
    }
}
