namespace Carbon.Realtime.Tables;

/// <summary>How a row that was read differs from the one that is held.</summary>
internal enum RowDifference
{
    /// <summary>Not at all, as values: blanks, the order of names and the spelling of numbers are no difference.</summary>
    None,

    /// <summary>As a change and a read may differ of the same row: the server and PostgREST write some values in two ways.</summary>
    Spelling,

    /// <summary>As two rows.</summary>
    Content,
}
