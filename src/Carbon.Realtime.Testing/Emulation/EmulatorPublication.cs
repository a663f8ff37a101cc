namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Notices, at its next look, that the publication has other tables than before: all subscriptions are deleted and made anew, which repeats
/// "Subscribed" or refuses (docs/protocol.md, "From join to changes"). Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorPublication(
    EmulatorOptions options, EmulatorAgenda agenda, EmulatorDatabase database, EmulatorServer server, EmulatorSubscriber subscriber)
{
    private readonly long _start = agenda.Environment.TimeProvider.GetTimestamp();
    private bool _isPending;

    /// <summary>Runs something that may change which tables are published.</summary>
    public void Change(Action change)
    {
        HashSet<EmulatorTable> before = [.. Published];
        change();
        if (options.Timing.PublicationCheckInterval is not { } interval || _isPending || before.SetEquals(Published)
            || !server.Channels.Any(static c => c.Bindings.Count > 0))
        {
            return;
        }

        // What is changed and changed back between two looks is not noticed (docs/protocol.md, "Silent loss").
        _isPending = true;
        var sinceLast = agenda.Environment.TimeProvider.GetElapsedTime(_start).Ticks % interval.Ticks;
        agenda.After(interval - TimeSpan.FromTicks(sinceLast), () => Check(before));
    }

    private IEnumerable<EmulatorTable> Published => database.Tables.Where(static t => t.IsPublished);

    private void Check(HashSet<EmulatorTable> before)
    {
        _isPending = false;
        if (before.SetEquals(Published))
        {
            return;
        }

        subscriber.Renew(server.Channels);
    }
}
