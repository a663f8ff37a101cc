using System.Threading.Channels;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>A subscriber that hands its elements to the test one by one.</summary>
internal sealed class Follower<TKey, TRow>
    where TKey : notnull
{
    private readonly Channel<TableChange<TKey, TRow>> _arrived = Channel.CreateUnbounded<TableChange<TKey, TRow>>();
    private readonly StreamRecorder<TableChange<TKey, TRow>> _recorder;
    private readonly CancellationToken _hang;

    public Follower(IChangeStream<TKey, TRow> stream, CancellationToken hang)
    {
        _hang = hang;
        _recorder = new StreamRecorder<TableChange<TKey, TRow>>(stream, (_, change) => _arrived.Writer.TryWrite(change));
    }

    public async Task<Inserted<TKey, TRow>> InsertAsync() => (await NextAsync()).Should().BeOfType<Inserted<TKey, TRow>>().Subject;

    public async Task<Updated<TKey, TRow>> UpdateAsync() => (await NextAsync()).Should().BeOfType<Updated<TKey, TRow>>().Subject;

    public async Task<Deleted<TKey, TRow>> DeleteAsync() => (await NextAsync()).Should().BeOfType<Deleted<TKey, TRow>>().Subject;

    public async Task GapAsync(GapReason reason) => (await NextAsync()).Should().BeOfType<Gap<TKey, TRow>>().Which.Reason.Should().Be(reason);

    public void AssertContract() => _recorder.AssertContract();

    private async Task<TableChange<TKey, TRow>> NextAsync() => await _arrived.Reader.ReadAsync(_hang);
}
