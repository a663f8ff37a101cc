namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A named query. Realtime knows no views: they can be read and not subscribed.</summary>
/// <param name="Shape">Its columns; the table has no rows.</param>
/// <param name="Query">Its rows, for a reader.</param>
internal sealed record EmulatorView(EmulatorTable Shape, Func<EmulatorViewReader, IEnumerable<EmulatorJson>> Query);
