using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>What a store makes of events and reads. Rows are versions, 0 for none; keys are small numbers, and sets of them bits.</summary>
internal abstract class ClientRule
{
    /// <summary>Whether something was read so short ago that an event may be older.</summary>
    public virtual bool IsReadNear => false;

    /// <summary>The keys to be read by themselves.</summary>
    public virtual int Doubted => 0;

    public abstract int Row(int key);

    /// <summary>Another store, or another process.</summary>
    public abstract void Clear();

    /// <param name="kind">What the event says.</param>
    /// <param name="key">Of which row.</param>
    /// <param name="version">The row it brings.</param>
    /// <param name="commit">The commit it tells of: only the exact mark knows it.</param>
    public abstract void OnEvent(RowEventKind kind, int key, int version, int commit);

    public abstract void BeginScan();

    /// <summary>A page is about to be asked for.</summary>
    public virtual void BeginPage()
    {
    }

    /// <param name="rows">A row for each key, 0 for those that did not come.</param>
    /// <param name="mark">The last commit that the read saw: only the exact mark knows it.</param>
    public abstract void OnPage(ReadOnlySpan<byte> rows, int mark);

    public abstract void EndScan();

    public abstract void AbandonScan();

    public virtual void BeginAsking(int keys)
    {
    }

    /// <param name="keys">Which were asked for.</param>
    /// <param name="rows">As for <see cref="OnPage"/>.</param>
    /// <returns>Whether some are left to the next scan.</returns>
    public virtual bool OnAnswer(int keys, ReadOnlySpan<byte> rows) => false;

    /// <summary>Nothing was learnt of the keys that were asked for.</summary>
    /// <returns>As for <see cref="OnAnswer"/>.</returns>
    public virtual bool OnNoAnswer(int keys) => false;

    public virtual void EndAsking()
    {
    }

    public virtual void BeginHydration()
    {
    }

    public virtual void EndHydration(ReadOnlySpan<byte> rows)
    {
    }

    /// <summary>So much time passes that no read is near any more.</summary>
    public virtual void PassTime()
    {
    }

    /// <summary>Writes all that makes a difference to what may come.</summary>
    public abstract void Write(ref StateWriter writer);

    public abstract void Read(ref StateReader reader);
}
