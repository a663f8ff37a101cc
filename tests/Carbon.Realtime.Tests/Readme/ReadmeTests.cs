using System.Text;
using System.Threading.Channels;
using Carbon.Realtime.Tests.CoreStores;
using Carbon.Realtime.Tests.House;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Carbon.Realtime.Tests.Readme;

/// <summary>What README.md shows compiles, runs, and is what it says.</summary>
public sealed class ReadmeTests
{
    private static readonly string Folder = ApprovedText.RepositoryRoot();

    public static TheoryData<string> Blocks => [.. CSharpBlocks(File.ReadAllText(Path.Combine(Folder, "README.md")))];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Every_block_stands_in_the_compiled_file(string block)
    {
        var compiled = Lines(File.ReadAllText(Path.Combine(Folder, "tests", "Carbon.Realtime.Tests", "Readme", "ReadmeSnippets.cs")));

        IsPartOf(Lines(block), compiled).Should().BeTrue("README.md shows it, so ReadmeSnippets.cs must hold it:\n{0}", block);
    }

    [Fact]
    public void There_are_blocks_to_compare() => Blocks.Should().HaveCountGreaterThanOrEqualTo(6);

    [Fact]
    public void A_changed_line_is_noticed()
    {
        string[] compiled = ["class A", "{", "void B();", "}"];

        IsPartOf(["{", "void B();"], compiled).Should().BeTrue();
        IsPartOf(["{", "void C();"], compiled).Should().BeFalse();
        IsPartOf(["class A", "void B();"], compiled).Should().BeFalse("the lines must follow one another");
    }

    [Fact]
    public async Task The_registration_gives_a_manager_with_the_tenant_and_the_tokens()
    {
        var services = new ServiceCollection();
        services.AddSingleton<Session>();
        ReadmeSnippets.Register(services, new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Realtime:Url"] = "https://project.supabase.example",
            ["Realtime:ApiKey"] = "key",
        }).Build());
        await using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IRealtimeChannelManager>().Tenant.Current.Should().Be("co_1");
        var tokens = provider.GetRequiredService<IAccessTokenProvider>();
        (await tokens.GetAccessTokenAsync(new AccessTokenRequest(AccessTokenReason.Connect), default)).Should().Be("first");
        (await tokens.GetAccessTokenAsync(new AccessTokenRequest(AccessTokenReason.Rejected), default)).Should().Be("refreshed");
    }

    [Fact]
    public async Task A_store_is_followed_verified_and_read()
    {
        using var shop = new ShopHost(b => b.AddStore(Shop.SalesOrders));
        shop.Emulator.Insert("salesOrder", """{"id":"so_1","companyId":"co_1","status":"draft"}""");
        await shop.StartAsync();
        var followed = ReadmeSnippets.UseAStoreAsync(shop.Get<ILiveStore<string, SalesOrder>>(), default);
        shop.Advance(5);
        await followed.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task The_loop_keeps_a_list_current()
    {
        var world = new World();
        using var stop = new CancellationTokenSource();
        var list = new ToldList();
        var loop = ReadmeSnippets.KeepCurrentAsync(world.Manager.Changes(Shop.SalesOrders), list, stop.Token);
        world.Join();
        var join = world.Socket.Join();
        world.Socket.Insert(join, "salesOrder", """{"id":"so_3","companyId":"co_1","status":"draft"}""");
        world.Socket.Update(join, "salesOrder", """{"id":"so_9","companyId":"co_1","status":"released"}""", """{"id":"so_2"}""");
        world.Socket.Delete(join, "salesOrder", """{"id":"so_3"}""");
        world.Socket.Update(join, "salesOrder", """{"id":"so_1","companyId":"co_1"}""", """{"id":"so_1"}""");
        world.Run();

        var told = new List<string>();
        while (told.Count < 6)
        {
            told.Add(await list.Told.Reader.ReadAsync());
        }

        told.Should().Equal("reload all", "put so_3 draft", "remove so_2", "put so_9 released", "remove so_3", "reload so_1");
        await stop.CancelAsync();
        await loop.Invoking(l => l).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task The_page_and_the_cache_hear_of_a_change()
    {
        var world = new World();
        using var cache = new MemoryCache(new MemoryCacheOptions());
        using var watched = world.Manager.Revalidations(Shop.SalesOrders).Subscribe(static _ => { });
        world.Join();
        var saved = 0;
        await ReadmeSnippets.ReloadAsync(world.Manager, cache, _ => Task.FromResult(++saved), _ => Task.FromResult(7), default);
        (saved, cache.Get("open orders")).Should().Be((1, 7));
        world.Advance(1);
        world.Socket.Insert(world.Socket.Join(0), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"draft"}""");
        world.Advance(1);
        cache.Get("open orders").Should().BeNull();
    }

    [Fact]
    public void The_test_on_an_emulator_passes() => ReadmeSnippets.TestOnAnEmulator();

    [Fact]
    public void The_test_on_a_fake_socket_passes() => ReadmeSnippets.TestOnAFakeSocket();

    internal static List<string> CSharpBlocks(string markdown)
    {
        var blocks = new List<string>();
        StringBuilder? block = null;
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            if (block is null)
            {
                block = line.Trim() == "```csharp" ? new StringBuilder() : null;
            }
            else if (line.Trim() == "```")
            {
                blocks.Add(block.ToString());
                block = null;
            }
            else
            {
                block.Append(line).Append('\n');
            }
        }

        return blocks;
    }

    internal static string[] Lines(string text) => [.. text.Trim().ReplaceLineEndings("\n").Split('\n').Select(static line => line.Trim())];

    internal static bool IsPartOf(string[] block, string[] text) =>
        Enumerable.Range(0, Math.Max(0, text.Length - block.Length + 1)).Any(start => text.AsSpan(start, block.Length).SequenceEqual(block));

    /// <summary>Tells what the loop did: a program's loop runs on the thread pool, so its own calls are the signal to wait for.</summary>
    private sealed class ToldList : IOrderList
    {
        public Channel<string> Told { get; } = Channel.CreateUnbounded<string>();

        public Task ReloadAllAsync(CancellationToken cancellationToken) => Tell("reload all");

        public Task ReloadAsync(string id, CancellationToken cancellationToken) => Tell($"reload {id}");

        public void Put(string id, SalesOrder row) => Tell($"put {id} {row.Status}");

        public void Remove(string id) => Tell($"remove {id}");

        private Task Tell(string what)
        {
            Told.Writer.TryWrite(what).Should().BeTrue();
            return Task.CompletedTask;
        }
    }
}
