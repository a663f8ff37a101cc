using System.Buffers.Text;
using System.Reflection;
using System.Text;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Reads that are refused for their token: what the last one was refused for says nothing of the next, and that is no reason to try for ever.</summary>
public sealed class StoreRefusalTests
{
    private readonly FakeTokens _tokens = new() { Token = Token("bad0") };

    [Fact]
    public async Task A_read_that_is_refused_just_as_a_good_token_comes_is_made_again_in_whatever_order_the_two_are_told()
    {
        for (var step = 0; step < 60; step++)
        {
            _tokens.Token = Token("bad0");
            var world = new StoreWorld(tokens: _tokens).Write("a", "v1").HoldReads();
            world.Rest.Script = Refuse;
            world.Live();
            _tokens.Token = Token("good");
            var held = world.Rest.Held!;
            world.Rest.Held = null;
            held.SetResult();
            for (var i = 0; i < step; i++)
            {
                world.World.Env.Scheduler.RunOne();
            }

            var signedIn = SignInAndWait(world);
            world.World.Run();
            (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1"), "step {0}", step);
            await signedIn.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public void Who_waits_for_a_read_does_not_hear_what_the_token_was_refused_for_that_was_replaced_meanwhile()
    {
        var world = Renewing(out var done);
        world.Store.Actor!.Verify(done);
        world.World.Run();
        world.World.Advance(5);
        done.Task.IsCompletedSuccessfully.Should().BeTrue();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void Who_waits_for_a_row_does_not_hear_what_the_token_was_refused_for_that_was_replaced_meanwhile()
    {
        var world = Renewing(out var done);
        var asOf = world.Store.Status.AsOf;
        world.Store.Actor!.Verify("a", done);
        world.World.Advance(15);
        done.Task.IsCompletedSuccessfully.Should().BeTrue();
        world.Shown.Should().Be("a=v2");
        world.Store.Status.AsOf.Should().Be(asOf, "nothing is wrong with all the other rows");
    }

    [Fact]
    public void A_token_that_was_made_for_the_refusal_and_is_refused_too_is_told()
    {
        var made = 0;
        _tokens.Answer = (r, _) => ValueTask.FromResult<string?>(Token($"bad{(r.MustBeFresh ? ++made : made)}"));
        var world = new StoreWorld(tokens: _tokens);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(401, "PGRST301");
        world.Live();
        (world.State, world.Store.Status.Error!.IsTransient, made).Should().Be((StoreState.NeedsAuth, false, 1));
    }

    [Fact]
    public void A_token_that_comes_a_while_after_several_that_were_refused_is_tried_at_once()
    {
        var world = new StoreWorld(tokens: _tokens).Write("a", "v1");
        world.Rest.Script = Refuse;
        world.Live();
        for (var i = 1; i < 6; i++)
        {
            SignIn(world, $"bad{i}");
            world.World.Advance(60);
            world.State.Should().Be(StoreState.NeedsAuth);
        }

        SignIn(world, "good");
        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1"));
    }

    [Fact]
    public void Tokens_that_come_one_upon_another_and_are_all_refused_are_tried_later_each_time_and_a_success_ends_that()
    {
        var world = new StoreWorld(tokens: _tokens).Write("a", "v1");
        world.Rest.Script = Refuse;
        world.Live();
        for (var i = 1; i < 100; i++)
        {
            SignIn(world, $"bad{i}");
            world.World.Advance(0.01);
        }

        world.Rest.Requests.Should().HaveCount(2, "the first of them at once, and then none for a second");
        SignIn(world, "good");
        world.State.Should().NotBe(StoreState.NeedsAuth, "nobody knows yet that it is refused");
        world.Store.Status.NextRetry.Should().NotBeNull();
        world.World.Advance(2);
        world.State.Should().Be(StoreState.Live);

        for (var i = 1; i < 3; i++)
        {
            SignIn(world, "bad");
            world.TellOk();
            world.State.Should().Be(StoreState.NeedsAuth);
            SignIn(world, "good");
            world.State.Should().Be(StoreState.Live, "the first refusal after a success is a first one");
        }
    }

    [Fact]
    public void A_new_token_is_noted_whatever_becomes_of_the_publication()
    {
        var world = new StoreWorld().Live();
        var context = (StoreContext<string, SalesOrder>)typeof(LiveStore<string, SalesOrder>)
            .GetField("_context", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(world.Store)!;
        var actor = new StoreActor<string, SalesOrder>(context, world.Store.Actor!.Identity, static _ => throw new FormatException(), static () => false);
        var noted = 0;
        actor.OnTokenRenewed(() => noted++);
        world.World.Run();
        noted.Should().Be(1);
    }

    [Fact]
    public void A_read_that_fails_for_an_hour_is_said_once_and_again_after_a_success_or_for_another_cause()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        Fail(503, "PGRST002").Should().Be(1);
        Fail(404, "PGRST205").Should().Be(2);
        world.Rest.Script = null;
        world.World.Advance(310);
        world.State.Should().Be(StoreState.Live);
        Fail(404, "PGRST205").Should().Be(3);

        int Fail(int status, string code)
        {
            world.Rest.Script = (_, _) => FakePostgrest.Error(status, code);
            world.TellOk();
            world.World.Advance(3600);
            return world.World.Log.Lines.Count(static l => l.Contains("[6003]"));
        }
    }

    [Fact]
    public void That_nobody_may_read_any_more_is_said_once_while_it_stays_so()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.World.Advance(3600);
        world.World.Log.Lines.Should().ContainSingle(static l => l.Contains("[6009]"));
    }

    private static string Token(string mark) => Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), mark: mark);

    private static HttpResponseMessage? Refuse(int number, HttpRequestMessage request) =>
        IsBad(request.Headers.Authorization!.Parameter!) ? FakePostgrest.Error(401, "PGRST302") : null;

    private static bool IsBad(string token) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1])).Contains("\"m\":\"bad", StringComparison.Ordinal);

    /// <summary>Waits on the scheduler's thread, right where the sign-in completes. The wait itself is a program's, and ends on the thread pool.</summary>
    private static Task SignInAndWait(StoreWorld world) => world.World.Env.Environment.Scheduler.Start(async () =>
    {
        await world.World.Manager.RefreshAccessTokenAsync();
        await world.Store.WhenLiveAsync().ConfigureAwait(false);
    });

    private void SignIn(StoreWorld world, string mark)
    {
        _tokens.Token = Token(mark);
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Run();
    }

    /// <summary>A live store whose token is refused from now on, and replaced while each refusal is on its way: the second time by a good one.</summary>
    private StoreWorld Renewing(out TaskCompletionSource done)
    {
        var world = new StoreWorld(tokens: _tokens).Write("a", "v1").Live();
        world.World.Advance(20);
        world.Write("a", "v2");
        var refused = 0;
        world.Rest.Script = (number, request) =>
        {
            var answer = Refuse(number, request);
            if (answer is not null)
            {
                SignIn(world, ++refused < 2 ? $"bad{refused}" : "good");
            }

            return answer;
        };
        done = new TaskCompletionSource();
        return world;
    }
}
