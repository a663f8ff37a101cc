using Carbon.Realtime.Authentication;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Who signs out leaves nothing, whatever the cache was doing; and who cannot be told from another is kept apart all the same.</summary>
public sealed class StoreSignOutTests
{
    private readonly FakeTokens _tokens = new() { Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), "user_1") };
    private readonly StubbornCache _cache = new(new InMemoryStoreCache());

    [Theory]
    [InlineData(1)]
    [InlineData(10)] // longer than anybody waits for a cache
    public void A_save_that_a_company_switch_left_behind_does_not_outlast_the_sign_out(double seconds)
    {
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v1").Live();
        var gate = new TaskCompletionSource();
        _cache.Kept.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.World.Advance(2.5);
        world.World.Manager.Tenant.Set("co_2");
        world.World.Run();
        SignOut(world);
        world.World.Advance(seconds);
        _cache.Kept.Saving = null;
        gate.SetResult();
        world.World.Advance(10);

        _cache.Kept.Images.Keys.Should().NotContain(static k => k.Subject == "user_1");
    }

    [Fact]
    public void What_the_cache_refuses_to_delete_at_a_sign_out_is_deleted_later()
    {
        var world = Saved();
        _cache.UserRefusals = 3;
        SignOut(world);
        Left.Should().BeTrue();

        world.World.Advance(120);
        Left.Should().BeFalse();
    }

    [Fact]
    public void What_the_cache_refuses_to_delete_at_a_sign_out_is_tried_once_more_at_the_end()
    {
        var world = Saved();
        _cache.UserRefusals = 1;
        SignOut(world);
        Left.Should().BeTrue();

        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Run();
        world.World.Advance(3);
        Left.Should().BeFalse();
        disposal.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void Who_comes_back_before_the_cache_deleted_what_they_left_is_not_shown_it_and_keeps_what_is_saved_after_it_is_gone()
    {
        var world = Saved().Write("b", "v1", "co_2");
        world.TellOk();
        world.World.Advance(3);
        _cache.UserRefusals = 4;
        SignOut(world);
        var saves = new List<string?>();
        _cache.Kept.Saving = (key, _, _) =>
        {
            saves.Add(key.Subject);
            return ValueTask.CompletedTask;
        };

        _tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), "user_1", mark: "b");
        world.HoldReads();
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.Settle();
        Left.Should().BeTrue();
        world.Shown.Should().BeEmpty("what the cache has is of before the sign-out");

        world.ReleaseReads();
        world.World.Advance(3);
        world.Shown.Should().Be("b=v1");
        Left.Should().BeTrue();
        saves.Should().NotContain("user_1", "removal first");

        world.World.Advance(600);
        Left.Should().BeTrue();
        _cache.UserRefusals.Should().BeLessThan(0);
        var kept = _cache.Kept.Images.Where(static i => i.Key.Subject == "user_1").Should().ContainSingle("the other company's rows went, and these came later").Subject;
        (kept.Key.Tenant, string.Join(' ', kept.Value.Rows.Keys)).Should().Be(("co_2", "b"));
    }

    [Fact]
    public void A_manager_is_disposed_when_the_users_rows_are_gone_but_does_not_wait_for_ever()
    {
        var world = Saved();
        var gate = new TaskCompletionSource();
        _cache.Removing = gate.Task;
        SignOut(world);

        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Run();
        disposal.IsCompleted.Should().BeFalse("the cache may be disposed after it");
        world.World.Advance(5);
        disposal.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void Tokens_that_name_no_user_are_users_of_their_own()
    {
        _tokens.Token = "opaque-1";
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v1").Live();
        world.Shown.Should().Be("a=v1");

        world.Erase("a").Write("x", "v1").HoldReads();
        _tokens.Token = "opaque-2";
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Run();
        world.Shown.Should().BeEmpty("it may be somebody else");

        world.ReleaseReads();
        world.World.Advance(5);
        world.Shown.Should().Be("x=v1");
        world.Rest.Requests[^1].Headers.Authorization!.Parameter.Should().Be("opaque-2");
    }

    [Fact]
    public void Nothing_is_kept_for_a_user_whom_the_token_does_not_name()
    {
        _tokens.Token = "opaque-1";
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v1").Live();
        world.World.Advance(60);
        world.World.Manager.Dispose();
        world.World.Run();

        (_cache.Kept.Images.Count, _cache.Kept.Loads).Should().Be((0, 0));
    }

    [Fact]
    public void Nobodys_rows_are_not_shown_to_somebody_unknown()
    {
        new StoreWorld(cache: _cache).Write("a", "v1").Live().World.Advance(3);
        _cache.Kept.Images.Keys.Should().ContainSingle().Which.Subject.Should().BeNull();

        _tokens.Token = "opaque-1";
        new StoreWorld(tokens: _tokens, cache: _cache).HoldReads().Live().Shown.Should().BeEmpty();
    }

    [Fact]
    public void A_token_without_a_subject_is_told_by_what_it_says_beside_its_times()
    {
        static JwtIdentity Read(string claims) => JwtIdentity.Read($"e30.{System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(claims))}.c2ln");
        var worker = Read("""{"role":"service_role","company":"co_1","exp":1000,"iat":1,"jti":"x"}""");

        worker.IsSurelySameUser(Read("""{"company":"co_1","role":"service_role","exp":2000,"iat":1001,"jti":"y","nbf":5}""")).Should().BeTrue("it is the next one");
        worker.IsSurelySameUser(Read("""{"role":"service_role","company":"co_2","exp":1000}""")).Should().BeFalse();
        worker.Mark.Should().NotContain("co_1");
        Read("""{"sub":"user_1","company":"co_1"}""").IsSurelySameUser(Read("""{"sub":"user_1","company":"co_2"}""")).Should().BeTrue("it names its user");
        JwtIdentity.Read("opaque").IsSurelySameUser(JwtIdentity.Read("opaque")).Should().BeTrue();
        JwtIdentity.Read("opaque").IsSurelySameUser(JwtIdentity.Read("opaque-2")).Should().BeFalse();
        JwtIdentity.Read("a.b.c").Mark.Should().NotBeNull().And.NotContain("a.b.c");
    }

    private bool Left => _cache.Kept.Images.Keys.Any(static k => k.Subject == "user_1");

    private StoreWorld Saved()
    {
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v1").Live();
        world.World.Advance(3);

        // What another company's store had saved is deleted with the user only.
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(3);
        Left.Should().BeTrue();
        return world;
    }

    private void SignOut(StoreWorld world)
    {
        _tokens.Token = null;
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Run();
    }
}
