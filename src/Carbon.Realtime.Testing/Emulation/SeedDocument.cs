using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A seed as it is written (docs/testing.md, "Seeds"). Its members are settable, because the generated reader forgets the defaults of others.</summary>
internal sealed record SeedDocument
{
    public OrderedDictionary<string, string[]> Enums { get; set; } = [];

    public IReadOnlyList<SeedTable> Tables { get; set; } = [];

    public IReadOnlyList<SeedUser> Users { get; set; } = [];

    public IReadOnlyList<SeedPrivateChannel>? PrivateChannels { get; set; }

    /// <summary>What the reader does not check: a null inside a list or a map, and names that stand twice.</summary>
    /// <returns>What is wrong; <see langword="null"/> if nothing is.</returns>
    public string? Fault()
    {
        var nulls = Enums.Where(static e => IsNull(e.Value)).Select(static e => $"enums.{e.Key}")
            .Concat(Nulls(Tables, "tables")).Concat(Nulls(Users, "users")).Concat(Nulls(PrivateChannels ?? [], "privateChannels"))
            .Concat(Tables.OfType<SeedTable>().SelectMany(static t => t.Nulls()))
            .Concat((PrivateChannels ?? []).OfType<SeedPrivateChannel>().Where(static c => IsNull(c.Roles)).Select(static c => $"privateChannels, {c.Topic}.roles"));
        return nulls.FirstOrDefault() is { } place ? $"{place}: there is a null, which means nothing here."
            : Users.GroupBy(static u => u.Name).FirstOrDefault(static g => g.Skip(1).Any()) is { } twice ? $"users: two are named {twice.Key}."
            : null;
    }

    internal static bool IsNull(string?[]? texts) => texts is null || Array.Exists(texts, static t => t is null);

    internal static IEnumerable<string> Nulls<T>(IEnumerable<T?> list, string name)
        where T : class => list.Select((one, i) => (one, i)).Where(static e => e.one is null).Select(e => $"{name}[{e.i}]");
}

/// <summary>A private channel and who may use it.</summary>
internal sealed record SeedPrivateChannel(string Topic)
{
    public string[] Roles { get; set; } = ["authenticated"];

    public bool Write { get; set; } = true;

    public EmulatorChannelAccess Access => Write ? EmulatorChannelAccess.Read | EmulatorChannelAccess.Write : EmulatorChannelAccess.Read;

    public bool Allows(EmulatorClaims claims, string topic) => Topic == topic && Roles.Contains(claims.Role);
}

/// <summary>A user.</summary>
internal sealed record SeedUser(string Name)
{
    public string? Sub { get; set; }

    public string Role { get; set; } = "authenticated";

    public JsonObject? Claims { get; set; }
}

/// <summary>A table and its rows.</summary>
internal sealed record SeedTable(string Name, OrderedDictionary<string, JsonElement> Columns)
{
    public string Schema { get; set; } = EmulatorDatabase.DefaultSchema;

    public string[] PrimaryKey { get; set; } = [];

    /// <summary><c>default</c>, <c>full</c>, <c>nothing</c>, or the columns of an index with commas between.</summary>
    public string ReplicaIdentity { get; set; } = "default";

    public bool Published { get; set; } = true;

    public Dictionary<string, string> ForeignKeys { get; set; } = [];

    /// <summary>Unique constraints, each a list of columns.</summary>
    public IReadOnlyList<string[]> Unique { get; set; } = [];

    /// <summary>Column to claim: a row is for those whose claim is, or contains, its value. Absent: row level security is off.</summary>
    public Dictionary<string, string>? VisibleTo { get; set; }

    public IReadOnlyList<JsonObject> Rows { get; set; } = [];

    /// <summary>Where there is a null that means nothing.</summary>
    public IEnumerable<string> Nulls() => SeedDocument.Nulls(Rows, "rows").Concat(SeedDocument.Nulls(PrimaryKey, "primaryKey"))
        .Concat(Unique.Where(SeedDocument.IsNull).Select(static _ => "unique"))
        .Concat(ForeignKeys.Where(static k => k.Value is null).Select(static k => $"foreignKeys.{k.Key}"))
        .Concat((VisibleTo ?? []).Where(static v => v.Value is null).Select(static v => $"visibleTo.{v.Key}"))
        .Select(place => $"table {Name}, {place}");

    /// <exception cref="ArgumentException">Something of it cannot be.</exception>
    public void Define(EmulatorTableBuilder builder)
    {
        foreach (var (name, value) in Columns)
        {
            AddColumn(builder, name, value);
        }

        foreach (var (column, target) in ForeignKeys)
        {
            var dot = target.IndexOf('.', StringComparison.Ordinal);
            builder.ForeignKey(column, dot < 0 ? target : target[..dot], dot < 0 ? "id" : target[(dot + 1)..]);
        }

        foreach (var columns in Unique)
        {
            builder.Unique(columns);
        }

        builder.PrimaryKey(PrimaryKey).Published(Published);
        _ = ReplicaIdentity switch
        {
            "default" => builder.ReplicaIdentityDefault(),
            "full" => builder.ReplicaIdentityFull(),
            "nothing" => builder.ReplicaIdentityNothing(),
            var columns => builder.ReplicaIdentityIndex(columns.Split(',', StringSplitOptions.TrimEntries)),
        };
        if (VisibleTo is { } visibleTo)
        {
            var unknown = visibleTo.Keys.FirstOrDefault(c => !Columns.ContainsKey(c));
            if (unknown is not null)
            {
                throw new ArgumentException($"visibleTo names the column {unknown}, which the table does not have.");
            }

            builder.RowLevelSecurity((claims, row) => visibleTo.All(v => row.Text(v.Key) is { } text && claims.Texts(v.Value).Contains(text)));
        }
    }

    /// <summary>A type, or an object of <c>type</c> and <c>default</c>.</summary>
    private static void AddColumn(EmulatorTableBuilder builder, string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            builder.Column(name, value.GetString()!);
            return;
        }

        var members = value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().ToDictionary(static p => p.Name, static p => p.Value, StringComparer.Ordinal) : [];
        if (!members.Remove("type", out var type) || type.ValueKind != JsonValueKind.String || (members.Remove("default", out var standard) && members.Count > 0) || members.Count > 0)
        {
            throw new ArgumentException($"The column {name} must be a type, or an object of \"type\" and \"default\".");
        }

        builder.Column(name, type.GetString()!, standard.ValueKind switch
        {
            JsonValueKind.Undefined => null,
            JsonValueKind.String when IsComputed(standard.GetString()!) => standard.GetString(),
            _ => standard.GetRawText(),
        });
    }

    private static bool IsComputed(string text) =>
        text is "now()" or "gen_random_uuid()" or "identity" || (text.StartsWith("identity(", StringComparison.Ordinal) && text.EndsWith(')'));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SeedDocument))]
internal sealed partial class SeedJson : JsonSerializerContext;
