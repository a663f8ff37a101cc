using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Snapshots;

/// <summary>Reads a table's rows, all of them or those of given keys, as one tenant and one user sees them. One read at a time.</summary>
/// <remarks>
/// <para>
/// Called from loops on the environment's scheduler, where its callbacks run too. A page is handed over whole and once; what failed halfway
/// was never there.
/// </para>
/// <para>
/// Pages are of different instants: a row may be inserted before the place that was reached, or change its key and be seen twice or never. Whoever
/// wants to converge listens to changes meanwhile.
/// </para>
/// </remarks>
internal sealed class SnapshotReader<TKey, TRow>
    where TKey : notnull
{
    private readonly RestSession _session;
    private readonly string _table;
    private readonly string _schema;
    private readonly TableDefinition<TKey, TRow> _definition;
    private readonly RowQuery _query;
    private readonly PageReader<TKey, TRow> _pages;
    private readonly PageSize _size;
    private readonly Tally.Cell _rowsRead;
    private readonly string _asked;
    private ReadUser _user = new();

    /// <param name="session">Whose reads.</param>
    /// <param name="table">The table with its filter.</param>
    /// <param name="tenant">The tenant; not looked at where the table is not tenant-scoped.</param>
    /// <exception cref="ArgumentException">Columns and filter are longer than an address may be.</exception>
    /// <exception cref="InvalidOperationException">The table is tenant-scoped and no tenant is given.</exception>
    public SnapshotReader(RestSession session, RealtimeTable<TKey, TRow> table, string? tenant)
        : this(session, table, tenant, select: null)
    {
    }

    /// <inheritdoc cref="SnapshotReader{TKey, TRow}(RestSession, RealtimeTable{TKey, TRow}, string)"/>
    /// <param name="session">Whose reads.</param>
    /// <param name="table">The table with its filter.</param>
    /// <param name="tenant">The tenant; not looked at where the table is not tenant-scoped.</param>
    /// <param name="select">
    /// What is selected, in PostgREST's syntax, such as <c>id,companyId,modelUpload(thumbnailPath)</c>; <see langword="null"/> for the columns that the
    /// row type maps. Key and tenant columns must be in it, and what the row type maps.
    /// </param>
    public SnapshotReader(RestSession session, RealtimeTable<TKey, TRow> table, string? tenant, string? select)
    {
        var tenantColumn = table.IsAllTenants ? null : table.TenantColumn;
        if (tenantColumn is not null && tenant is null)
        {
            throw new InvalidOperationException($"Table {table.Schema}.{table.Name} is tenant-scoped and no tenant is known.");
        }

        var scope = tenantColumn is null ? RealtimeFilter.None : RealtimeFilter.Where(tenantColumn).Equal(tenant!);
        _session = session;
        _table = $"{table.Schema}.{table.Name}";
        _schema = table.Schema;
        _definition = table.Definition;

        // Tenant and key first, where they are found at once in each row. No columns are mapped where rows stay raw: then all.
        string[] head = [.. (string[])(tenantColumn is null ? [] : [tenantColumn]), .. _definition.Key.Columns];
        var list = select is not null ? SelectList.Checked(select, head)
            : SelectList.Of(_definition.Columns.Count == 0 ? [] : [.. head, .. _definition.Columns.Select(static c => c.Name)]);
        _query = new RowQuery(session.Root, table.Name, list, _definition.Key.Columns, scope.And(table.Filter).ToPostgrest());
        _pages = new PageReader<TKey, TRow>(_table, _definition, tenantColumn, scope, session.Limits, session.Logger);
        _size = new PageSize(session.Limits);
        _rowsRead = session.Instruments.RowsRead(_table);
        _asked = RestFaultTable.Asked(table.Filter, tenantColumn);
    }

    /// <summary>Whom every read must be made for; whoever is signed in when it begins, where that is not said.</summary>
    public (bool IsKnown, JwtIdentity? Identity) User { get; init; }

    /// <summary>Whether there is another token by now than the last read's last request was made with.</summary>
    public bool IsOutdated => _session.IsOutdated(_user);

    /// <summary>Reads everything, page by page, until a page is empty: one with fewer rows than asked for proves nothing.</summary>
    /// <param name="count">Whether the first page tells how many rows there are in all, which costs the database a count.</param>
    /// <param name="onPage">Given each page with rows.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">It failed for good, or too often. Pages already given are as true as they were.</exception>
    /// <exception cref="ObjectDisposedException">The manager or the user's scope was disposed.</exception>
    public Task<ScanResult> ScanAsync(bool count, Action<SnapshotPage<TKey, TRow>> onPage, CancellationToken cancellationToken) =>
        ObserveAsync("scan", () => ScanPagesAsync(count, onPage, cancellationToken));

    /// <summary>Reads the rows of given keys, in batches.</summary>
    /// <param name="keys">Each once.</param>
    /// <param name="onRead">Given each batch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">As for <see cref="ScanAsync"/>.</exception>
    /// <exception cref="ObjectDisposedException">As for <see cref="ScanAsync"/>.</exception>
    public Task ReadAsync(IReadOnlyList<TKey> keys, Action<PointRead<TKey, TRow>> onRead, CancellationToken cancellationToken) =>
        ObserveAsync("point", () => ReadBatchesAsync(keys, onRead, cancellationToken));

    private async Task<T> ObserveAsync<T>(string kind, Func<Task<T>> read)
    {
        using var reading = _session.Instruments.StartRead(kind, _table, _session.Root);
        try
        {
            var result = await read();
            reading.Succeed();
            return result;
        }
        catch (RealtimeException e)
        {
            reading.Fail(e.Reason);
            throw;
        }
    }

    private async Task<ScanResult> ScanPagesAsync(bool count, Action<SnapshotPage<TKey, TRow>> onPage, CancellationToken cancellationToken)
    {
        var user = NewUser();
        byte[][]? after = null;
        long rows = 0;
        long? total = null;
        var provesAbsence = true;
        var loop = new LoopWatch();
        _size.Begin();
        for (var pages = 0; ; pages++)
        {
            var behind = after;
            var counting = count && pages == 0;
            var texts = behind is null ? null : TextsOf(behind);
            var asked = 0;
            var page = await GetAsync(
                () => _query.Page(asked = _size.Current, texts), counting, behind, _size.TryShrink, user, cancellationToken);
            if (page.Answered == 0)
            {
                return new ScanResult(rows, pages, provesAbsence);
            }

            _size.OnPage(asked, page.Answered);
            total ??= page.Total;
            rows += page.Answered;
            page.RowsSoFar = rows;
            page.Total = total;
            provesAbsence &= page.ProvesAbsence;
            _rowsRead.Add(page.Answered);
            after = page.Last ?? throw new RealtimeException(RealtimeErrorReason.TableMisconfigured,
                $"Rows of {_table} have no key to go on from: '{string.Join("', '", _definition.Key.Columns)}' is null or not sent.", isTransient: false);
            loop.Add(after, _table);
            onPage(page);
        }
    }

    /// <summary>The server's own text of a key, to begin the next page behind.</summary>
    private string[] TextsOf(byte[][] key)
    {
        try
        {
            return [.. key.Take(_definition.Key.Columns.Count).Select(static part => KeyText.Of(part))];
        }
        catch (InvalidOperationException)
        {
            throw new RealtimeException(RealtimeErrorReason.ProtocolViolation,
                $"A key of {_table} is no text that a next page could be asked for with: it is not UTF-8.", isTransient: false);
        }
    }

    private async Task<long> ReadBatchesAsync(IReadOnlyList<TKey> keys, Action<PointRead<TKey, TRow>> onRead, CancellationToken cancellationToken)
    {
        var user = NewUser();
        var texts = keys.Select(_definition.Key.Encode).ToList();
        long rows = 0;
        foreach (var batch in _query.PointBatches(texts).ToList())
        {
            var (start, length) = batch.GetOffsetAndLength(keys.Count);
            rows = await ReadBatchAsync([.. keys.Skip(start).Take(length)], texts.GetRange(start, length), rows, onRead, user, cancellationToken);
        }

        return rows;
    }

    /// <summary>Asks until each key has a row or is known to have none: the server's own limit of rows cuts this answer too, without a word.</summary>
    /// <returns>How many rows the read brought so far.</returns>
    private async Task<long> ReadBatchAsync(
        List<TKey> keys, List<string[]> texts, long rows, Action<PointRead<TKey, TRow>> onRead, ReadUser user, CancellationToken cancellationToken)
    {
        var most = keys.Count;
        while (keys.Count > 0)
        {
            // Rows whose changes were too long to be sent are read by key: together they may be too long for one answer as well.
            var page = await GetAsync(() => _query.Points(texts[..Math.Min(most, texts.Count)]), count: true, after: null, TryHalve, user, cancellationToken);
            List<TKey> asked = keys[..Math.Min(most, keys.Count)];
            var seen = page.Rows.Select(static r => r.Key).Concat(page.Unreadable.Where(static r => r.HasKey).Select(static r => r.Key!))
                .ToHashSet(_definition.Key.Comparer);
            var missing = Enumerable.Range(0, asked.Count).Where(i => !seen.Contains(asked[i])).ToList();
            List<TKey> missingKeys = [.. missing.Select(i => asked[i])];
            page.RowsSoFar = rows += page.Answered;
            _rowsRead.Add(page.Answered);

            // Where the total is not said (a gateway dropped the header), only an answer without rows says that there are none.
            var isAll = missing.Count == 0 || page.Answered == 0 || page.Answered == page.Total;

            // A row that was not asked for may be one that was: the server finds keys equal that this client does not (a uuid in upper case).
            var isProof = page.ProvesAbsence && seen.IsSubsetOf(asked);
            var isEnd = isAll || !isProof;
            onRead(new PointRead<TKey, TRow>(page, isAll && isProof ? missingKeys : [], isEnd && !(isAll && isProof) ? missingKeys : []));
            List<int> left = [.. isEnd ? [] : missing, .. Enumerable.Range(asked.Count, keys.Count - asked.Count)];
            texts = [.. left.Select(i => texts[i])];
            keys = [.. left.Select(i => keys[i])];
        }

        return rows;

        bool TryHalve()
        {
            var now = Math.Min(most, keys.Count);
            most = (now + 1) / 2;
            return now > 1;
        }
    }

    private ReadUser NewUser() => _user = new() { IsKnown = User.IsKnown, Identity = User.Identity };

    private async Task<SnapshotPage<TKey, TRow>> GetAsync(
        Func<Uri> address, bool count, byte[][]? after, Func<bool> tryShrink, ReadUser user, CancellationToken cancellationToken)
    {
        try
        {
            return await _session.GetAsync(
                _table, token => _session.Request(address(), _schema, token, count), (response, ct) => _pages.ReadAsync(response, after, ct), tryShrink, user,
                cancellationToken);
        }
        catch (RealtimeException e) when (RestFaultTable.IsOfValue(e.ServerCode))
        {
            throw new RealtimeException(e.Reason, $"{e.Message}. {_asked}", e.IsTransient, e.ServerCode);
        }
    }
}
