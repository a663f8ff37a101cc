using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Stores.Views;

namespace Carbon.Realtime.Tests.Stores;

public sealed class FakeLiveStoreTests
{
    private readonly FakeLiveStore<string, Card> _store = new(c => c.Id);

    [Fact]
    public void It_has_no_status_that_a_real_store_cannot_have()
    {
        FluentActions.Invoking(() => _store.SetStatus(StoreState.Faulted, StoreReason.Configuration)).Should().Throw<ArgumentException>().WithMessage("*Faulted always has an error*");
        FluentActions.Invoking(() => _store.SetStatus(StoreState.NeedsAuth)).Should().Throw<ArgumentException>().WithMessage("*NeedsAuth always has an error*");
        FluentActions.Invoking(() => _store.SetStatus(StoreState.Live, StoreReason.Auth)).Should().Throw<ArgumentException>();
        _store.Status.State.Should().Be(StoreState.Live);
    }

    [Theory]
    [InlineData(StoreState.Empty)]
    [InlineData(StoreState.Loading)]
    public void A_state_without_rows_takes_them_away(StoreState state)
    {
        using var store = new FakeLiveStore<string, string>(static row => row);
        store.Set("a");
        using var seen = new StreamRecorder<StoreChangeSet<string, string>>(store.Changes);

        store.SetStatus(state);

        store.Current.Should().BeEmpty();
        seen.Items[^1].IsReset.Should().BeTrue();
    }

    [Fact]
    public void A_call_is_one_change_set_and_is_told_before_it_returns()
    {
        using var sets = new StreamRecorder<StoreChangeSet<string, Card>>(_store.Changes);

        _store.Set(new("a", 1), new("b", 1));
        sets.Items.Should().HaveCount(2);
        sets.Items[1].Changes.Should().HaveCount(2);

        _store.Remove("a", "x");
        sets.Items.Should().HaveCount(3);
        _store.Remove("x");
        sets.Items.Should().HaveCount(3, "nothing came of it");
    }

    [Fact]
    public void With_an_environment_everything_waits_for_it()
    {
        var environment = new ManualEnvironment();
        var store = new FakeLiveStore<string, Card>(c => c.Id, environment);
        using var sets = new StreamRecorder<StoreChangeSet<string, Card>>(store.Changes);
        store.Set(new Card("a", 1));
        sets.Items.Should().BeEmpty();

        environment.RunUntilIdle();

        sets.Items.Should().HaveCount(2);
    }

    [Fact]
    public void A_change_made_by_an_observer_comes_after_the_one_it_was_told_of()
    {
        using var sets = new StreamRecorder<StoreChangeSet<string, Card>>(_store.Changes, (_, set) =>
        {
            if (set.Snapshot.ContainsKey("a") && !set.Snapshot.ContainsKey("b"))
            {
                _store.Set(new Card("b", 1));
            }
        });

        _store.Set(new Card("a", 1));

        sets.Items.Select(s => s.Snapshot.Count).Should().Equal(0, 1, 2);
    }

    [Fact]
    public void What_an_observer_throws_comes_out_of_the_call_that_told_it()
    {
        _store.Changes.Subscribe(set => _ = set.IsReset ? 0 : throw new FormatException());

        _store.Invoking(s => s.Set(new Card("a", 1))).Should().Throw<FormatException>();
        _store.Users.Should().Be(0);
        _store.Set(new Card("b", 1));
        _store.Current.Count.Should().Be(2);
    }

    [Fact]
    public async Task An_error_that_does_not_pass_ends_waits_and_a_verification_is_the_tests()
    {
        _store.SetStatus(StoreState.Loading);
        var wait = _store.WhenLiveAsync();
        _store.Users.Should().Be(1);
        _store.SetStatus(StoreState.Faulted, StoreReason.Configuration, new RealtimeException(RealtimeErrorReason.TableMisconfigured, "No such table.", isTransient: false));
        await wait.Awaiting(w => w).Should().ThrowAsync<RealtimeException>();

        await _store.VerifyAsync();
        var held = new TaskCompletionSource();
        _store.Verification = () => held.Task;
        var verified = _store.VerifyAsync();
        verified.IsCompleted.Should().BeFalse();
        held.SetException(new RealtimeException(RealtimeErrorReason.TableMisconfigured, "Not now.", isTransient: true));
        await verified.Awaiting(v => v).Should().ThrowAsync<RealtimeException>();
        _store.Users.Should().Be(0);
    }

    [Fact]
    public async Task An_error_page_can_be_tested_with_any_error()
    {
        var lasting = RealtimeErrors.Lasting(RealtimeErrorReason.PermissionDenied, "Not yours.", "42501");
        (lasting.Reason, lasting.Message, lasting.IsTransient, lasting.ServerCode).Should().Be((RealtimeErrorReason.PermissionDenied, "Not yours.", false, "42501"));
        RealtimeErrors.Lasting(RealtimeErrorReason.TokenRejected, "No.").IsTransient.Should().BeFalse();
        RealtimeErrors.Transient(RealtimeErrorReason.RateLimited, "Slower.").IsTransient.Should().BeTrue();
        RealtimeErrors.Transient(RealtimeErrorReason.ServerUnavailable, "Later.", "57014").ServerCode.Should().Be("57014");

        _store.SetStatus(StoreState.Faulted, StoreReason.Configuration, lasting);
        _store.Status.Error.Should().BeSameAs(lasting);
        await _store.Awaiting(static s => s.WhenLiveAsync()).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public void Its_table_is_one_that_says_nothing_unless_the_test_says_which()
    {
        (_store.Table, _store.Definition.Filter.IsEmpty).Should().Be(("public.fake", true));
        var table = Support.Shop.SalesOrders.Where("status=eq.open");
        var store = new FakeLiveStore<string, Card>(c => c.Id) { Definition = table };
        (store.Table, store.Definition).Should().Be(("public.salesOrder", table));
        new FakeLiveStore<string, Card>(c => c.Id) { Table = "public.card" }.Table.Should().Be("public.card");
    }

    [Fact]
    public void A_view_model_that_shows_a_bound_list_can_be_tested()
    {
        var ui = new UiThread();
        using var list = _store.Where(c => c.Rank > 0).BindTo(ui);

        _store.Set(new("a", 1), new("b", 0));
        _store.SetStatus(StoreState.Stale, StoreReason.Offline);
        _store.Environment.Advance(TimeSpan.FromMilliseconds(40));
        ui.Run();

        list.Should().ContainSingle().Which.Id.Should().Be("a");
        list.Status.IsLive.Should().BeFalse();
    }
}
