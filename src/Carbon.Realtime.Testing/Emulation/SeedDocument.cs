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

    /// <summary>What the serializer does not check: nulls in lists and maps, and names that stand twice.</summary>
    /// <returns>Where and what; <see langword="null"/> if nothing is wrong.</returns>
    public string? Fault() => PlaceOfNull() is { } place ? $"{place}: there must not be a null."
        : Users.GroupBy(static u => u.Name).FirstOrDefault(static g => g.Skip(1).Any()) is { } twice ? $"$.users: two are named {twice.Key}."
        : null;

    private string? PlaceOfNull() => SeedNulls.InMap("$.enums", Enums)
        ?? Enums.Select(static e => SeedNulls.InList($"$.enums.{e.Key}", e.Value)).FirstOrDefault(static place => place is not null)
        ?? SeedNulls.InList("$.tables", Tables)
        ?? Tables.Select(static (table, i) => table.PlaceOfNull($"$.tables[{i}]")).FirstOrDefault(static place => place is not null)
        ?? SeedNulls.InList("$.users", Users)
        ?? SeedNulls.InList("$.privateChannels", PrivateChannels ?? [])
        ?? (PrivateChannels ?? []).Select(static (channel, i) => SeedNulls.InList($"$.privateChannels[{i}].roles", channel.Roles)).FirstOrDefault(static place => place is not null);
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
internal sealed record SeedTable(string Name)
{
    /// <summary>Absent for a table that exists already and gets rows.</summary>
    public OrderedDictionary<string, JsonElement>? Columns { get; set; }

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

    /// <summary>What is said that only the making of a table can heed, by the members' names.</summary>
    public IEnumerable<string> Definition =>
    [
        .. PrimaryKey.Length > 0 ? (string[])["primaryKey"] : [], .. Unique.Count > 0 ? (string[])["unique"] : [], .. ForeignKeys.Count > 0 ? (string[])["foreignKeys"] : [],
        .. ReplicaIdentity != "default" ? (string[])["replicaIdentity"] : [], .. Published ? [] : (string[])["published"], .. VisibleTo is null ? [] : (string[])["visibleTo"],
    ];

    /// <summary>Where a null stands in a list or a map: the serializer checks the members of objects, and not those of these.</summary>
    public string? PlaceOfNull(string place) => SeedNulls.InList($"{place}.primaryKey", PrimaryKey)
        ?? SeedNulls.InList($"{place}.unique", Unique)
        ?? Unique.Select((columns, i) => SeedNulls.InList($"{place}.unique[{i}]", columns)).FirstOrDefault(static at => at is not null)
        ?? SeedNulls.InMap($"{place}.foreignKeys", ForeignKeys)
        ?? SeedNulls.InMap($"{place}.visibleTo", VisibleTo ?? [])
        ?? SeedNulls.InList($"{place}.rows", Rows);

    /// <exception cref="ArgumentException">Something of it cannot be.</exception>
    public void Define(EmulatorTableBuilder builder)
    {
        foreach (var (name, value) in Columns!)
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
            var unknown = visibleTo.Keys.FirstOrDefault(c => !Columns!.ContainsKey(c));
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

/// <summary>Finds nulls where the types say that there are none.</summary>
file static class SeedNulls
{
    public static string? InMap<TValue>(string place, IEnumerable<KeyValuePair<string, TValue>> map) =>
        map.Where(static e => e.Value is null).Select(e => $"{place}.{e.Key}").FirstOrDefault();

    public static string? InList<TElement>(string place, IReadOnlyList<TElement> list)
    {
        var index = Enumerable.Range(0, list.Count).Where(i => list[i] is null).Cast<int?>().FirstOrDefault();
        return index is null ? null : $"{place}[{index}]";
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SeedDocument))]
internal sealed partial class SeedJson : JsonSerializerContext;
