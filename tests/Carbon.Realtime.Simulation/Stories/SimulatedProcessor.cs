using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>The client's processor: does what is due in an order that the seed draws, as a thread pool may, and nothing while the machine sleeps. Server and network go on.</summary>
/// <param name="scheduler">The world's, where it gets its time.</param>
/// <param name="chance">Draws what comes next.</param>
internal sealed class SimulatedProcessor(ManualWorkScheduler scheduler, IRandomizer chance) : WorkScheduler
{
    private readonly List<IThreadPoolWorkItem> _due = [];
    private Tasks? _tasks;
    private bool _sleeps;

    public override TaskScheduler TaskScheduler => _tasks ??= new Tasks(this);

    public override void Post(IThreadPoolWorkItem item)
    {
        _due.Add(item);
        if (!_sleeps)
        {
            scheduler.Post(RunOne);
        }
    }

    public void Sleep() => _sleeps = true;

    public void Wake()
    {
        _sleeps = false;
        for (var i = 0; i < _due.Count; i++)
        {
            scheduler.Post(RunOne);
        }
    }

    private void RunOne()
    {
        if (_sleeps || _due.Count == 0)
        {
            return;
        }

        var next = _due.Count == 1 ? 0 : (int)(chance.NextDouble() * _due.Count);
        var item = _due[next];
        _due.RemoveAt(next);
        item.Execute();
    }

    private sealed class Tasks(SimulatedProcessor owner) : TaskScheduler
    {
        protected override void QueueTask(Task task) => owner.Post(() => TryExecuteTask(task));

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
