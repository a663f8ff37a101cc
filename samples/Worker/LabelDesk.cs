using Carbon.Realtime.CoreStores;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Prints the label of a job, once, however often and by whomever it is asked to.</summary>
/// <remarks>
/// <para>
/// The order of the three steps is the promise: <em>begun</em> on the disk, the label out of the printer, <em>printed</em> on the disk. No order makes printing and
/// writing one step, for the printer takes no part in a transaction. Written first and printed then, a crash between the two loses the label; printed first
/// and written then, it comes twice and nobody can tell. With both writes:
/// </para>
/// <list type="bullet">
/// <item>every label is printed <b>at least once</b>;</item>
/// <item>it is printed <b>exactly once</b> unless the program, the machine or the printer dies between <em>begun</em> and <em>printed</em>;</item>
/// <item>the one that is in doubt after that is printed again, and <b>says so</b> (<see cref="Label.IsPossibleCopy"/>).</item>
/// </list>
/// <para>A printer that can be asked which labels it printed would remove that last doubt; so would any receiver that ignores a second delivery of one key.</para>
/// </remarks>
internal sealed class LabelDesk(LabelJournal journal, ILiveStore<string, Item> items, ILabelPrinter printer, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>One label at a time: two askers must not both find the same job new.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>What the journal has, as far as this run has asked it: most jobs are offered again and again.</summary>
    private readonly HashSet<(string Company, string Job)> _printed = [];

    /// <summary>Labels of this run.</summary>
    public int Printed { get; private set; }

    /// <summary>Of those, the ones that may be second copies.</summary>
    public int PossibleCopies { get; private set; }

    /// <summary>Jobs that wanted a label and had theirs from an earlier run.</summary>
    public int PrintedBefore { get; private set; }

    /// <summary>Completes when the job's label is out, now or long ago.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Gives up waiting; a label that was begun is finished.</param>
    /// <exception cref="IOException">The printer failed.</exception>
    /// <exception cref="RealtimeException">The item could not be read.</exception>
    /// <exception cref="TimeoutException">The item could not be read in time.</exception>
    public async Task PrintAsync(Job job, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_printed.Contains((job.CompanyId, job.Id)))
            {
                return;
            }

            var state = journal.StateOf(job);
            if (state == LabelState.Printed)
            {
                PrintedBefore++;
            }
            else
            {
                var item = await ItemOfAsync(job, cancellationToken);
                journal.Begin(job, time.GetUtcNow());
                await printer.PrintAsync(new Label(
                    job.JobId, item?.ReadableIdWithRevision ?? job.ItemId, item?.Name, job.Quantity, IsPossibleCopy: state == LabelState.InDoubt));
                journal.Finish(job, time.GetUtcNow());
                Printed++;
                PossibleCopies += state == LabelState.InDoubt ? 1 : 0;
            }

            _printed.Add((job.CompanyId, job.Id));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The job's item, out of memory; <see langword="null"/> where it has none or it is gone.</summary>
    private async Task<Item?> ItemOfAsync(Job job, CancellationToken cancellationToken)
    {
        if (job.ItemId is not { } id)
        {
            return null;
        }

        if (!items.TryGet(id, out var item))
        {
            // Two tables have no order between them: the job may be here before its item. What was committed of it before the job is in the store after this.
            await items.VerifyRowAsync(id, cancellationToken).WaitAsync(Patience, time, cancellationToken);
            items.TryGet(id, out item);
        }

        return item;
    }
}
