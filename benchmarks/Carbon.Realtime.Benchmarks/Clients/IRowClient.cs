using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>A contender of this program that decodes rows.</summary>
internal interface IRowClient
{
    /// <summary>Subscribes; what comes from then on goes to the meter, row by row, until the subscription is disposed.</summary>
    Task<IAsyncDisposable> SubscribeAsync<TRow>(RunOptions options, JsonTypeInfo<TRow> row, IMeter meter) where TRow : RaceRow;
}
