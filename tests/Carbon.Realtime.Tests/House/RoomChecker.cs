using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Carbon.Realtime.Tests.House;

/// <summary>Holds a built assembly against the rooms.</summary>
internal sealed class RoomChecker : IDisposable
{
    private static readonly Guid TypeDefinitionDocument = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly PEReader _image;
    private readonly MetadataReader _metadata;
    private readonly RoomMap _rooms;
    private readonly string _path;

    public RoomChecker(Assembly assembly, RoomMap rooms)
    {
        _path = assembly.Location;
        _image = new PEReader(File.OpenRead(_path));
        _metadata = _image.GetMetadataReader();
        _rooms = rooms;
    }

    private IEnumerable<TypeDefinitionHandle> TopLevelTypes =>
        _metadata.TypeDefinitions.Where(type => _metadata.GetTypeDefinition(type).GetDeclaringType().IsNil);

    public void Dispose() => _image.Dispose();

    /// <summary>How many references were looked at: a checker that sees none has proven nothing.</summary>
    public int ReferenceCount => TypeReferences.Read(_image).Count;

    /// <summary>References from one room to another that the table does not permit, as "From (Room) in Member uses To (Room)".</summary>
    public IReadOnlyList<string> ForbiddenReferences()
    {
        var forbidden =
            from reference in TypeReferences.Read(_image)
            let @from = RoomOf(reference.From)
            let to = RoomOf(reference.To)
            where @from is not null && to is not null && !_rooms.Permits(@from, to)
            select $"{@from} may not use {to}: {reference.Where} uses {FullName(reference.To)}";
        return [.. forbidden.Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Rooms that the table does not know, public types that it does not list, and rows for types that are not there.</summary>
    public IReadOnlyList<string> MisplacedTypes()
    {
        var problems = new List<string>();
        var unused = _rooms.ListedNames.ToHashSet();
        foreach (var handle in TopLevelTypes)
        {
            var type = _metadata.GetTypeDefinition(handle);
            var room = RoomOf(handle);
            if (room is not null && !_rooms.Knows(room))
            {
                problems.Add($"{FullName(handle)}: there is no room '{room}'");
            }

            if (_rooms.ListedName(_metadata.GetString(type.Namespace), _metadata.GetString(type.Name)) is { } name
                && !unused.Remove(name)
                && (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
            {
                problems.Add($"{FullName(handle)}: public and not listed in House/PublicTypes.cs");
            }
        }

        return [.. problems, .. unused.Select(name => $"{name}: listed in House/PublicTypes.cs, but there is no such type")];
    }

    /// <summary>Types whose source file lies in another room's folder, by the symbols of the build.</summary>
    /// <param name="sourceFolder">The end of the folder's path, "/src/Carbon.Realtime/".</param>
    /// <param name="checkedTypes">How many types have a source file there.</param>
    public IReadOnlyList<string> MisfiledTypes(string sourceFolder, out int checkedTypes)
    {
        if (!_image.TryOpenAssociatedPortablePdb(_path, File.OpenRead, out var provider, out _))
        {
            throw new InvalidOperationException($"No symbols beside {_path}: the folders cannot be checked.");
        }

        using (provider)
        {
            var symbols = provider!.GetMetadataReader();
            var filed =
                from type in _metadata.TypeDefinitions
                let top = TypeReferences.TopLevel(_metadata, type)
                from document in Documents(symbols, type)
                let path = symbols.GetString(symbols.GetDocument(document).Name).Replace('\\', '/')
                let start = path.LastIndexOf(sourceFolder, StringComparison.Ordinal)
                where start >= 0
                let parts = path[(start + sourceFolder.Length)..].Split('/')
                where parts[0] != "obj"
                select (Type: top, File: string.Join('/', parts), Folder: parts.Length > 1 ? parts[0] : Rooms.Root);
            var all = filed.Distinct().ToList();
            checkedTypes = all.Select(row => row.Type).Distinct().Count();
            return [.. all
                .Where(row => RoomOf(row.Type) != row.Folder)
                .Select(row => $"{FullName(row.Type)} belongs to {RoomOf(row.Type) ?? "no room"}, but {row.File} lies in {row.Folder}")];
        }
    }

    private IEnumerable<DocumentHandle> Documents(MetadataReader symbols, TypeDefinitionHandle type)
    {
        foreach (var method in _metadata.GetTypeDefinition(type).GetMethods())
        {
            if (symbols.GetMethodDebugInformation(method).Document is { IsNil: false } document)
            {
                yield return document;
            }
        }

        // What has no method bodies (interfaces, enumerations) names its documents here.
        foreach (var handle in symbols.GetCustomDebugInformation(type))
        {
            var information = symbols.GetCustomDebugInformation(handle);
            if (symbols.GetGuid(information.Kind) == TypeDefinitionDocument)
            {
                var blob = symbols.GetBlobReader(information.Value);
                while (blob.RemainingBytes > 0)
                {
                    yield return MetadataTokens.DocumentHandle(blob.ReadCompressedInteger());
                }
            }
        }
    }

    private string? RoomOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return _rooms.RoomOf(_metadata.GetString(type.Namespace), _metadata.GetString(type.Name));
    }

    private string FullName(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return $"{_metadata.GetString(type.Namespace)}.{_metadata.GetString(type.Name)}";
    }
}
