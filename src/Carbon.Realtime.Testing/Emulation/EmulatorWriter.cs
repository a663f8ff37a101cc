namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Tables of an emulator's own, and who changes them.</summary>
internal sealed record EmulatorTables(EmulatorDatabase Database, EmulatorPublication Publication, EmulatorWriter Writer);

/// <summary>Commits transactions: to the tables, to the replica and to the log.</summary>
internal sealed class EmulatorWriter(EmulatorAgenda agenda, EmulatorDatabase database, EmulatorReplica replica, EmulatorReplication replication)
{
    /// <summary>Runs a transaction under the lock. If it throws, nothing of it happened.</summary>
    public TResult Run<TResult>(Func<EmulatorTransaction, TResult> change) => agenda.Locked(() =>
    {
        var transaction = new EmulatorTransaction(database, agenda.Environment);
        try
        {
            var result = change(transaction);
            replica.OnCommit(transaction.Writes);
            replication.Commit(transaction.Changes);
            return result;
        }
        catch
        {
            transaction.RollBack();
            throw;
        }
    });
}
