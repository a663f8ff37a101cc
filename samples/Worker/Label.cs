namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>What is printed.</summary>
/// <param name="Job">The job's number, as people know it.</param>
/// <param name="Item">The item's number and revision; its key where the item is gone.</param>
/// <param name="ItemName">The item's name; <see langword="null"/> where the item is gone.</param>
/// <param name="Quantity">How many pieces.</param>
/// <param name="IsPossibleCopy">Whether the same label may have been printed before: who finds two throws this one away.</param>
internal sealed record Label(string Job, string? Item, string? ItemName, decimal Quantity, bool IsPossibleCopy);
