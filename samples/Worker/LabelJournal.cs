using Microsoft.Data.Sqlite;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>What the journal knows of a label.</summary>
internal enum LabelState
{
    /// <summary>Nothing: it was never begun.</summary>
    New,

    /// <summary>It was begun, and nobody wrote that it came out: the program was killed in between, or the printer failed.</summary>
    InDoubt,

    /// <summary>It is out.</summary>
    Printed,
}

/// <summary>Which labels were printed: one row for each, on the disk before the next step is taken. One thread at a time.</summary>
/// <remarks>
/// SQLite, because a file of one's own has to get torn writes, fsync and recovery right, and this has. <c>synchronous = FULL</c> makes each commit survive a
/// power cut. A row is some fifty bytes and stays: a job may be opened again years later.
/// </remarks>
internal sealed class LabelJournal : IDisposable
{
    private readonly SqliteConnection _connection;

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="SqliteException">It cannot be had; another worker has it.</exception>
    public LabelJournal(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

        // No pool: closing the connection closes the file. One second to wait for another worker that is just ending.
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        try
        {
            _connection.Open();

            // Two workers on one journal would ask it by turns and print the same label: the second one is refused. The lock is taken by the first
            // transaction and ends with the process, however that ends.
            Execute("PRAGMA locking_mode = EXCLUSIVE");
            Execute("PRAGMA synchronous = FULL");
            Execute(
                """
                BEGIN EXCLUSIVE;
                CREATE TABLE IF NOT EXISTS label (company TEXT, job TEXT, begun TEXT NOT NULL, printed TEXT, PRIMARY KEY (company, job)) WITHOUT ROWID, STRICT;
                COMMIT
                """);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>How many labels are out.</summary>
    public long Count => (long)Ask("SELECT count(*) FROM label WHERE printed IS NOT NULL")!;

    public LabelState StateOf(Job job) =>
        Ask("SELECT printed IS NOT NULL FROM label WHERE company = $company AND job = $job", ("$company", job.CompanyId), ("$job", job.Id)) switch
        {
            null => LabelState.New,
            0L => LabelState.InDoubt,
            _ => LabelState.Printed,
        };

    /// <summary>From here on the label is in doubt.</summary>
    public void Begin(Job job, DateTimeOffset now) => Execute(
        "INSERT INTO label (company, job, begun) VALUES ($company, $job, $now) ON CONFLICT DO UPDATE SET begun = excluded.begun",
        ("$company", job.CompanyId), ("$job", job.Id), ("$now", now.ToString("O")));

    /// <summary>The label is out.</summary>
    public void Finish(Job job, DateTimeOffset now) => Execute(
        "UPDATE label SET printed = $now WHERE company = $company AND job = $job",
        ("$company", job.CompanyId), ("$job", job.Id), ("$now", now.ToString("O")));

    public void Dispose() => _connection.Dispose();

    private void Execute(string sql, params (string Name, string Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private object? Ask(string sql, params (string Name, string Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, (string Name, string Value)[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
