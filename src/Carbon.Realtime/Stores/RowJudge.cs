using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>Asks the user's code whether rows are the same, and which is the newer: what it throws costs a needless change, never rows.</summary>
internal sealed class RowJudge<TRow>(Func<TRow, TRow, RowDifference> compare, Func<TRow, long>? version, ILogger logger, string table)
{
    private bool _hasThrown;

    /// <summary>A row's version; <see langword="null"/> where rows have none. One that throws makes its row older than any, so that its key is read.</summary>
    public Func<TRow, long>? Version => version is null ? null : row => Ask(version, row, long.MinValue);

    /// <summary>Whether a read brought what is held. Two rows that cannot be compared are two.</summary>
    public bool IsSame(TRow held, TRow read) => Compare(held, read) == RowDifference.None;

    /// <summary>Whether a read brought what is held in other words: no sign of a change that was lost.</summary>
    public bool IsRespelled(TRow held, TRow read) => Compare(held, read) == RowDifference.Spelling;

    /// <summary>Whether there is nothing to tell who watches.</summary>
    public bool AreEqual(TRow one, TRow other) => Ask(static rows => EqualityComparer<TRow>.Default.Equals(rows.one, rows.other), (one, other), otherwise: false);

    /// <summary>Says that the user's code threw: once, for it may be every row.</summary>
    public void Tell(Exception e)
    {
        if (!_hasThrown)
        {
            _hasThrown = true;
            StoresLog.Thrown(logger, table, e.GetType().Name);
        }
    }

    private RowDifference Compare(TRow held, TRow read) => Ask(static rows => rows.compare(rows.held, rows.read), (compare, held, read), RowDifference.Content);

    private TAnswer Ask<TQuestion, TAnswer>(Func<TQuestion, TAnswer> ask, TQuestion question, TAnswer otherwise)
    {
        try
        {
            return ask(question);
        }
#pragma warning disable CA1031 // Equality, versions and converters are the user's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Tell(e);
            return otherwise;
        }
    }
}
