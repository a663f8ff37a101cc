using System.Text.Json.Serialization;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>A row of Carbon's table <c>job</c>: the columns that a label needs. The server's other columns are skipped.</summary>
internal sealed record Job(string Id, string CompanyId, string JobId, string Status, string? ItemId, decimal Quantity);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Job))]
internal sealed partial class JobJson : JsonSerializerContext;

/// <summary>The table, defined once: a store and a stream of the same definition and filter share the server's subscription.</summary>
internal static class JobTable
{
    /// <summary>
    /// Which jobs want a label: a <em>state</em> that lasts as long as the label is of use, not the moment of a release. Nobody tells a worker that was away
    /// of moments; what still is so when it comes back, it can read.
    /// </summary>
    public const string WantLabels = "status=in.(released,inProgress)";

    public static readonly RealtimeTable<string, Job> Jobs =
        RealtimeTable.Define("job", JobJson.Default.Job, "id", static job => job.Id).TenantScoped("companyId");
}
