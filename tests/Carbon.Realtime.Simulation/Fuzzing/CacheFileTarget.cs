using System.Text;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// A cache's whole file, damaged. Declared: <see cref="StoreCacheException"/>. A load gives exactly the rows that were saved under its key, or nothing, or fails; and whatever it was, the cache works again afterwards:
/// a whole save is loaded as it was saved, or is refused in turn because the file is not ours to touch.
/// </summary>
internal sealed class CacheFileTarget : FuzzTarget
{
    private const string Resource = "cache.sqlite";

    private static readonly DateTimeOffset AsOf = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _folder = Folder();
    private readonly byte[] _whole = Recordings.Resource(Resource);

    public override string Name => "file";

    /// <summary>An input costs some opened files.</summary>
    public override int Share => 1;

    // SQLite's own memory is not the runtime's. A file is never read into memory whole, so that its length counts for nothing but its rows.
    public override (long Fixed, long PerByte) Budget => (128 * 1024, 16);

    public override IReadOnlyList<byte[]> Recorded => [_whole];

    private static StoreCacheKey Mine { get; } =
        new() { Project = "https://abc.supabase.co", Subject = "user_1", Role = "authenticated", Tenant = FuzzTables.Tenant, Table = "public.order", Query = "select=id", Shape = "s1" };

    private static StoreCacheKey Theirs { get; } = Mine with { Subject = "user_2" };

    /// <summary>The file as it is before any damage, made anew: for whoever changes its format.</summary>
    public static void Make(string path)
    {
        using var cache = new SqliteStoreCache(path, new SqliteCacheOptions(), new ManualTimeProvider(AsOf));
        foreach (var (key, name) in new[] { (Mine, "mine"), (Theirs, "theirs") })
        {
            Run(cache.SaveAsync(key, new StoreCacheChanges { ReplacesAll = true, AsOf = AsOf, Upserts = Rows(name) }, default));
        }
    }

    public override byte[] Write(Chance chance) => _whole;

    public override byte[] Damage(byte[] input, byte[] other, Chance chance)
    {
        // Each page is as likely as another, and its head, where SQLite's own structure is, as likely as its rows.
        var damaged = (byte[])input.Clone();
        var count = 1 + chance.Below(4);
        for (var i = 0; i < count; i++)
        {
            var page = chance.Below(damaged.Length / 4096) * 4096;
            var at = page + chance.Below(chance.OneIn(2) ? 128 : 4096);
            switch (chance.Below(7))
            {
                case 0 or 1:
                    damaged[at] ^= (byte)(1 << chance.Below(8));
                    break;
                case 2:
                    damaged[at] = chance.Byte();
                    break;
                case 3:
                    damaged.AsSpan(at, Math.Min(damaged.Length - at, 1 + chance.Below(64))).Fill(chance.OneIn(2) ? (byte)0 : chance.Byte());
                    break;
                case 4: // a page in the place of another
                    damaged.AsSpan(chance.Below(damaged.Length / 4096) * 4096, 4096).CopyTo(damaged.AsSpan(page));
                    break;
                case 5: // bytes moved
                    damaged.AsSpan(at, Math.Min(64, damaged.Length - at)).CopyTo(damaged.AsSpan(chance.Below(damaged.Length - 64)));
                    break;
                default:
                    return damaged[..(chance.OneIn(2) ? page : at)];
            }
        }

        return damaged;
    }

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    protected override Verdict Judge(byte[] input)
    {
        var path = Path.Combine(_folder, "cache.db");
        File.WriteAllBytes(path, input);
        try
        {
            using var cache = new SqliteStoreCache(path, new SqliteCacheOptions(), new ManualTimeProvider(AsOf));
            Begin();
            var isMineFirst = input.Length > 0 && input[^1] % 2 == 0;
            var first = isMineFirst ? Load(cache, Mine, "mine") : Load(cache, Theirs, "theirs");
            _ = isMineFirst ? Load(cache, Theirs, "theirs") : Load(cache, Mine, "mine");
            End();
            CheckAfterwards(cache);
            return first;
        }
        finally
        {
            foreach (var file in Directory.GetFiles(_folder))
            {
                File.Delete(file);
            }
        }
    }

    private static Verdict Load(SqliteStoreCache cache, StoreCacheKey key, string name)
    {
        var rows = new List<string>();
        try
        {
            var header = Run(cache.LoadAsync(key, row => rows.Add(Encoding.UTF8.GetString(row)), default));
            if (header is null)
            {
                Require(rows.Count == 0, "rows without a header");
                return Verdict.Refused("nothing");
            }

            Require(header.AsOf == AsOf, "another time");
            Require(rows.Order(StringComparer.Ordinal).SequenceEqual(Rows(name).Select(static r => Encoding.UTF8.GetString(r.Json.Span)).Order(StringComparer.Ordinal)), "wrong rows");
            return Verdict.Accepted("right rows");
        }
        catch (StoreCacheException e)
        {
            return Verdict.Refused(e.Fault.ToString());
        }
    }

    /// <summary>The call that finds the damage fails, be it a save or a load; the next one begins anew.</summary>
    private static void CheckAfterwards(SqliteStoreCache cache)
    {
        StoreCacheException? last = null;
        for (var tries = 0; tries < 4; tries++)
        {
            try
            {
                Run(cache.SaveAsync(Mine, new StoreCacheChanges { ReplacesAll = true, AsOf = AsOf, Upserts = Rows("new") }, default));
                if (Load(cache, Mine, "new").IsAccepted)
                {
                    return;
                }
            }
            catch (StoreCacheException e) when (e.Fault is StoreCacheFault.Newer || e.Message.Contains("another program", StringComparison.Ordinal))
            {
                return;
            }
            catch (StoreCacheException e)
            {
                last = e;
            }
        }

        Require(false, $"no save helps: {last}");
    }

    /// <summary>In memory where there is such a file system: each input is some written files.</summary>
    private static string Folder() => Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory($"/dev/shm/carbon-fuzz-{Environment.ProcessId}-{Guid.NewGuid():N}").FullName
        : Directory.CreateTempSubdirectory("carbon-fuzz-").FullName;

    private static StoreCacheRow[] Rows(string name) =>
        [.. Enumerable.Range(0, 24).Select(i => new StoreCacheRow($"row {i:00}", Encoding.UTF8.GetBytes($"{{\"id\":\"row {i:00}\",\"note\":\"{name} {new string('x', i == 7 ? 5000 : 180)}\"}}")))];

    private static T Run<T>(ValueTask<T> call) => call.IsCompleted ? call.Result : throw new OracleException("a call of the cache does not end on its thread");

    private static void Run(ValueTask call)
    {
        if (!call.IsCompleted)
        {
            throw new OracleException("a call of the cache does not end on its thread");
        }

        call.GetAwaiter().GetResult();
    }
}
