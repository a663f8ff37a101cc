using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>An emulator's tables, rows and users as a JSON document, which tests in any language can share. The form is in <c>docs/testing.md</c>.</summary>
/// <remarks>Immutable; it can be applied to several emulators.</remarks>
public sealed class EmulatorSeed
{
    private readonly SeedDocument _document;

    private EmulatorSeed(SeedDocument document)
    {
        _document = document;
        Users = [.. document.Users.Select(static u => new EmulatorSeedUser(u.Name, u.Sub ?? u.Name, u.Role, u.Claims))];
    }

    /// <summary>The users, in the document's order.</summary>
    public IReadOnlyList<EmulatorSeedUser> Users { get; }

    /// <summary>Reads a document. Comments and trailing commas are welcome, unknown members are not: they are misspelt ones.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="EmulatorSeedException">It is no seed; the message says where and why.</exception>
    public static EmulatorSeed Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var document = JsonSerializer.Deserialize(json, SeedJson.Default.SeedDocument) ?? throw new EmulatorSeedException("The seed is null; it must be an object.");
            foreach (var user in document.Users)
            {
                _ = user?.Claims?.Count; // reads the names, which would throw later if one stands twice
                _ = user?.Claims?.ToJsonString(); // and the values, of which one may be no Unicode
            }

            return document.Fault() is { } fault ? throw new EmulatorSeedException($"The seed is wrong at {fault}") : new EmulatorSeed(document);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // A lone surrogate, or a name that stands twice in a map.
            throw new EmulatorSeedException($"The seed is wrong: {SeedWords.Of(e)}", e);
        }
        catch (JsonException e)
        {
            var line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
            throw new EmulatorSeedException($"The seed is wrong at {e.Path ?? "$"}{line}: {SeedWords.Of(e)}", e);
        }
    }

    /// <summary>Creates the types and tables, and inserts the rows, each table's in one transaction.</summary>
    /// <param name="emulator">One that has none of the tables that the seed gives columns, and all of the others.</param>
    /// <exception cref="EmulatorSeedException">A role, a table or a row is refused; what was made before it stays.</exception>
    public void ApplyTo(RealtimeEmulator emulator)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        foreach (var user in Users)
        {
            Run($"user {user.Name}", () => RequireRole(emulator, user.Role));
        }

        foreach (var channel in _document.PrivateChannels ?? [])
        {
            Run($"private channel {channel.Topic}", () => Array.ForEach(channel.Roles, role => RequireRole(emulator, role)));
        }

        foreach (var (name, labels) in _document.Enums)
        {
            Run($"enum {name}", () => emulator.CreateEnum(name, labels));
        }

        foreach (var table in _document.Tables)
        {
            Run($"table {table.Name}", () => Make(emulator, table));
        }

        if (_document.PrivateChannels is { } channels)
        {
            emulator.PrivateChannels = (claims, topic) => channels.Where(c => c.Allows(claims, topic)).Aggregate(EmulatorChannelAccess.None, static (all, c) => all | c.Access);
        }

        foreach (var table in _document.Tables.Where(static t => t.Rows.Count > 0))
        {
            var name = table.Schema == EmulatorDatabase.DefaultSchema ? table.Name : $"{table.Schema}.{table.Name}";
            emulator.Transaction(t =>
            {
                for (var i = 0; i < table.Rows.Count; i++)
                {
                    Run($"row {i + 1} of table {table.Name}", () => t.Insert(name, table.Rows[i]));
                }
            });
        }
    }

    private static void Make(RealtimeEmulator emulator, SeedTable table)
    {
        var exists = emulator.HasTable(table.Schema, table.Name);
        if (table.Columns is not null && !exists)
        {
            emulator.CreateTable(table.Name, table.Define, table.Schema);
        }
        else if (table.Columns is not null)
        {
            throw new ArgumentException($"The table {table.Schema}.{table.Name} exists already: leave out \"columns\" to add rows to it.");
        }
        else if (!exists)
        {
            throw new ArgumentException($"There is no table {table.Schema}.{table.Name}: it needs \"columns\", unless the program makes it before.");
        }
        else if (table.Definition.FirstOrDefault() is { } member)
        {
            throw new ArgumentException($"Without \"columns\" it is a table that exists already and gets rows: \"{member}\" cannot be changed here.");
        }
    }

    private static void RequireRole(RealtimeEmulator emulator, string role)
    {
        if (!emulator.Options.Roles.Contains(role, StringComparer.Ordinal))
        {
            throw new ArgumentException($"There is no role {role}: a token can name {string.Join(", ", emulator.Options.Roles)}.");
        }
    }

    private static void Run(string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new EmulatorSeedException($"The seed's {what}: {PlainWords.Of(e)}", e);
        }
    }
}

/// <summary>A user of a seed.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Subject">The claim <c>sub</c>.</param>
/// <param name="Role">The database role.</param>
/// <param name="Claims">More claims; <see langword="null"/> for none.</param>
public sealed record EmulatorSeedUser(string Name, string Subject, string Role, JsonObject? Claims)
{
    /// <summary>Signs a token of this user.</summary>
    /// <param name="emulator">Whose secret.</param>
    /// <param name="expiresIn">From now. Default one hour.</param>
    public string IssueToken(RealtimeEmulator emulator, TimeSpan? expiresIn = null)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        return emulator.IssueToken(Subject, Role, expiresIn, Claims);
    }
}

/// <summary>A document is no seed, or an emulator refuses what it says.</summary>
public sealed class EmulatorSeedException : FormatException
{
    internal EmulatorSeedException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
