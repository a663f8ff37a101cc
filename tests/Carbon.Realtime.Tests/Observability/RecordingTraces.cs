using System.Diagnostics;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>Hears the activities of one manager, by its name: the source is one for the process, and tests run beside each other.</summary>
public sealed class RecordingTraces : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly List<Activity> _stopped = [];

    public RecordingTraces(string manager, ActivitySamplingResult sampling = ActivitySamplingResult.AllDataAndRecorded, Action<Activity>? hook = null)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Carbon.Realtime",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Tags?.Contains(new("carbon.realtime.manager", manager)) == true ? sampling : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity.GetTagItem("carbon.realtime.manager") as string == manager)
                {
                    _stopped.Add(activity);
                    hook?.Invoke(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> Stopped => _stopped;

    public IReadOnlyList<Activity> Of(string name) => [.. _stopped.Where(a => a.OperationName == name)];

    public void Dispose() => _listener.Dispose();
}
