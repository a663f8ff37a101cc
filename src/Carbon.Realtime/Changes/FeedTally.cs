using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>Counts and logs what a table's feed tells. Nothing that it is told allocates, unless somebody logs.</summary>
internal sealed class FeedTally(string table, RealtimeInstruments instruments, ILogger logger)
{
    private Tally.Cell? _changes;

    /// <summary>A change was decoded. On the reader's loop, outside the gate.</summary>
    public void Ready(DateTimeOffset? committedAt) => instruments.ChangeReady(table, committedAt);

    /// <summary>A burst was told to those who are subscribed: counted once, however many they are.</summary>
    public void Told<TKey, TRow>(ReadOnlySpan<TableChange<TKey, TRow>> elements)
        where TKey : notnull
    {
        var gaps = 0;
        foreach (var element in elements)
        {
            if (element is Gap<TKey, TRow> gap)
            {
                gaps++;
                Told(gap.Reason);
            }
        }

        Told(elements.Length - gaps);
    }

    /// <summary>So many changes were told.</summary>
    public void Told(int changes)
    {
        if (changes > 0)
        {
            // Not before there is one: a table that the server does not know makes no number.
            (_changes ??= instruments.Changes(table)).Add(changes);
        }
    }

    /// <summary>A gap was told.</summary>
    public void Told(GapReason reason)
    {
        instruments.GapTold(table, TagValue.Of(reason));
        ChangesLog.GapTold(logger, table, reason);
    }
}
