using System.Reactive.Subjects;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Testing;

/// <summary>The contract checker must bite, or every stream test that uses it proves nothing.</summary>
public sealed class StreamRecorderTests
{
    [Fact]
    public void An_element_after_the_end_is_a_violation()
    {
        var source = new Unguarded();
        var recorder = new StreamRecorder<int>(source);
        source.Observer!.OnCompleted();
        source.Observer.Invoking(o => o.OnNext(1)).Should().Throw<InvalidOperationException>();
        recorder.Invoking(r => r.AssertContract()).Should().Throw<InvalidOperationException>().WithMessage("*after the end*");
        recorder.Invoking(r => r.Dispose()).Should().Throw<InvalidOperationException>("a using must not overlook it");
    }

    [Fact]
    public void A_second_end_is_a_violation()
    {
        var source = new Unguarded();
        var recorder = new StreamRecorder<int>(source);
        source.Observer!.OnError(new IOException());
        source.Observer.Invoking(o => o.OnCompleted()).Should().Throw<InvalidOperationException>();
        recorder.Invoking(r => r.AssertContract()).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void An_element_after_disposal_is_a_violation()
    {
        var source = new Unguarded();
        var recorder = new StreamRecorder<int>(source);
        recorder.Dispose();
        source.Observer!.Invoking(o => o.OnNext(1)).Should().Throw<InvalidOperationException>();
        recorder.Invoking(r => r.AssertContract()).Should().Throw<InvalidOperationException>().WithMessage("*disposed*");
    }

    [Fact]
    public void Overlapping_elements_are_a_violation()
    {
        var source = new Unguarded();
        var recorder = new StreamRecorder<int>(source, (_, item) =>
        {
            if (item == 1)
            {
                source.Observer!.OnNext(2);
            }
        });
        source.Observer!.Invoking(o => o.OnNext(1)).Should().Throw<InvalidOperationException>();
        recorder.Invoking(r => r.AssertContract()).Should().Throw<InvalidOperationException>().WithMessage("*overlaps*");
    }

    [Fact]
    public void A_well_behaved_stream_passes()
    {
        using var subject = new Subject<int>();
        using var recorder = new StreamRecorder<int>(subject);
        subject.OnNext(1);
        subject.OnCompleted();
        recorder.AssertContract();
        recorder.Items.Should().Equal(1);
        recorder.IsCompleted.Should().BeTrue();
    }

    private sealed class Unguarded : IObservable<int>
    {
        public IObserver<int>? Observer { get; private set; }

        public IDisposable Subscribe(IObserver<int> observer)
        {
            Observer = observer;
            return System.Reactive.Disposables.Disposable.Empty;
        }
    }
}
