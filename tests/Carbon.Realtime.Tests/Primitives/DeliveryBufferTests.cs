using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Tests.Primitives;

public sealed class DeliveryBufferTests
{
    private readonly DeliveryBuffer<int> _buffer = new(capacity: 4, new Owner<int>(-1));

    [Fact]
    public void One_taker_at_a_time_is_started_and_takes_all_that_waits()
    {
        _buffer.Add(1).Should().BeTrue();
        _buffer.Add(2).Should().BeFalse("somebody takes already");
        Take().Should().Equal(1, 2);
        _buffer.Add(3).Should().BeFalse("the taker has not looked again");
        Take().Should().Equal(3);
        Take().Should().BeEmpty();
        _buffer.Add(4).Should().BeTrue("the taker has stopped");
    }

    [Fact]
    public void On_overflow_what_waits_is_kept_what_comes_is_dropped_and_one_marker_follows()
    {
        _buffer.Add([1, 2, 3, 4, 5, 6]);
        _buffer.Add(7);
        Take().Should().Equal(1, 2, 3, 4);
        _buffer.Add(8).Should().BeFalse("all that waited is not taken before the taker finds nothing");
        Take().Should().Equal([-1], "one marker for the episode");
        _buffer.Add(9);
        Take().Should().Equal(9);
        Take().Should().BeEmpty();
    }

    [Fact]
    public void The_end_comes_after_what_waits_once_and_nothing_is_added_after_it()
    {
        _buffer.Add(1);
        _buffer.End(null).Should().BeFalse();
        _buffer.Add(2).Should().BeFalse();
        Take().Should().Equal(1);
        _buffer.TryTake(out _, out var ended).Should().BeFalse();
        ended.Should().BeTrue();
        _buffer.End(new InvalidOperationException()).Should().BeFalse();
        _buffer.Error.Should().BeNull("the first end is the end");
    }

    [Fact]
    public void A_steady_flow_allocates_nothing()
    {
        var buffer = new DeliveryBuffer<object>(1024, new Owner<object>(null!));
        var items = Enumerable.Range(0, 100).Select(_ => new object()).ToArray();
        void Round()
        {
            buffer.Add(items);
            while (buffer.TryTake(out var batch, out _))
            {
                batch.Clear();
            }
        }

        Round();
        Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Round();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    private sealed class Owner<T>(T marker) : IDeliveryOwner<T>
    {
        public T Overflowed() => marker;

        public void OnObserverThrew(Exception error)
        {
        }

        public void OnDisposed(IDelivery<T> delivery)
        {
        }
    }

    private int[] Take() => _buffer.TryTake(out var batch, out _) ? batch.ToArray() : [];
}
