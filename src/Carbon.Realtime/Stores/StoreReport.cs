namespace Carbon.Realtime.Stores;

/// <summary>Where one store stands, for whoever looks after the program.</summary>
/// <param name="Table">Its table, with its name where the program gave it one.</param>
/// <param name="Status">Its status.</param>
/// <param name="Rows">How many rows it shows.</param>
/// <param name="NotLiveSince">Since when it is in use and not live; <see langword="null"/> while it is live or not in use.</param>
internal sealed record StoreReport(string Table, StoreStatus Status, int Rows, DateTimeOffset? NotLiveSince);
