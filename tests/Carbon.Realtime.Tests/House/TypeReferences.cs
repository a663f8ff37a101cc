using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Carbon.Realtime.Tests.House;

/// <summary>One use of a type of the assembly by another: both are top-level types, nested and generated ones counted to their declarer.</summary>
internal sealed record TypeReference(TypeDefinitionHandle From, TypeDefinitionHandle To, string Where);

/// <summary>Reads from a built assembly which of its types use which: declarations, signatures and every instruction of every body.</summary>
/// <remarks>Not seen, because the compiler leaves no trace of the type: constants (enumeration values included) and <c>nameof</c>.</remarks>
internal sealed class TypeReferences
{
    private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (ushort)code.Value, code => code.OperandType);

    private readonly PEReader _image;
    private readonly MetadataReader _metadata;
    private readonly Collector _collector;
    private readonly HashSet<TypeReference> _found = [];
    private TypeDefinitionHandle _from;
    private string _where = "";

    private TypeReferences(PEReader image)
    {
        _image = image;
        _metadata = image.GetMetadataReader();
        _collector = new Collector(this);
    }

    public static IReadOnlyCollection<TypeReference> Read(PEReader image)
    {
        var reader = new TypeReferences(image);
        foreach (var type in reader._metadata.TypeDefinitions)
        {
            reader.ReadType(type);
        }

        return reader._found;
    }

    public static TypeDefinitionHandle TopLevel(MetadataReader metadata, TypeDefinitionHandle type)
    {
        while (metadata.GetTypeDefinition(type).GetDeclaringType() is { IsNil: false } outer)
        {
            type = outer;
        }

        return type;
    }

    private string Path(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var name = _metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{Path(outer)}.{name}" : name;
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var name = Path(handle);
        _from = TopLevel(_metadata, handle);
        _where = name;
        Use(type.BaseType);
        Use(type.GetGenericParameters());
        Use(type.GetCustomAttributes());
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            Use(_metadata.GetInterfaceImplementation(implementation).Interface);
        }

        foreach (var fieldHandle in type.GetFields())
        {
            var field = _metadata.GetFieldDefinition(fieldHandle);
            _where = $"{name}.{_metadata.GetString(field.Name)}";
            field.DecodeSignature(_collector, null);
            Use(field.GetCustomAttributes());
        }

        foreach (var @event in type.GetEvents())
        {
            Use(_metadata.GetEventDefinition(@event).Type);
        }

        foreach (var property in type.GetProperties())
        {
            Use(_metadata.GetPropertyDefinition(property).GetCustomAttributes());
        }

        foreach (var methodHandle in type.GetMethods())
        {
            var method = _metadata.GetMethodDefinition(methodHandle);
            _where = $"{name}.{_metadata.GetString(method.Name)}";
            method.DecodeSignature(_collector, null);
            Use(method.GetGenericParameters());
            Use(method.GetCustomAttributes());
            if (method.RelativeVirtualAddress != 0)
            {
                ReadBody(_image.GetMethodBody(method.RelativeVirtualAddress));
            }
        }
    }

    private void ReadBody(MethodBodyBlock body)
    {
        Use(body.LocalSignature);
        foreach (var region in body.ExceptionRegions)
        {
            Use(region.CatchType);
        }

        for (var il = body.GetILReader(); il.RemainingBytes > 0;)
        {
            ushort code = il.ReadByte();
            if (code == 0xFE)
            {
                code = (ushort)(0xFE00 | il.ReadByte());
            }

            switch (Operands[code])
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    il.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32(); // on its own line: += would read the offset before this moves it
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineSig or OperandType.InlineTok or OperandType.InlineType:
                    Use(MetadataTokens.EntityHandle(il.ReadInt32()));
                    break;
                default:
                    il.Offset += 4;
                    break;
            }
        }
    }

    private void Use(CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes)
        {
            Use(_metadata.GetCustomAttribute(attribute).Constructor);
        }
    }

    private void Use(GenericParameterHandleCollection parameters)
    {
        foreach (var parameter in parameters)
        {
            foreach (var constraint in _metadata.GetGenericParameter(parameter).GetConstraints())
            {
                Use(_metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }
    }

    private void Use(EntityHandle used)
    {
        if (used.IsNil)
        {
            return;
        }

        switch (used.Kind)
        {
            case HandleKind.TypeDefinition:
                _found.Add(new TypeReference(_from, TopLevel(_metadata, (TypeDefinitionHandle)used), _where));
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)used).DecodeSignature(_collector, null);
                break;
            case HandleKind.FieldDefinition:
                Use(_metadata.GetFieldDefinition((FieldDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.MethodDefinition:
                Use(_metadata.GetMethodDefinition((MethodDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Use(_metadata.GetMemberReference((MemberReferenceHandle)used).Parent);
                break;
            case HandleKind.MethodSpecification:
                var method = _metadata.GetMethodSpecification((MethodSpecificationHandle)used);
                Use(method.Method);
                method.DecodeSignature(_collector, null);
                break;
            case HandleKind.StandaloneSignature:
                var signature = _metadata.GetStandaloneSignature((StandaloneSignatureHandle)used);
                if (signature.GetKind() == StandaloneSignatureKind.LocalVariables)
                {
                    signature.DecodeLocalSignature(_collector, null);
                }
                else
                {
                    signature.DecodeMethodSignature(_collector, null);
                }

                break;
            default:
                break; // a type of another assembly
        }
    }

    /// <summary>Walks signatures. Nothing is built: only the visit of each type definition counts.</summary>
    private sealed class Collector(TypeReferences owner) : ISignatureTypeProvider<bool, object?>
    {
        public bool GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            owner.Use(handle);
            return true;
        }

        public bool GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            owner.Use(handle);
            return true;
        }

        public bool GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => true;

        public bool GetArrayType(bool elementType, ArrayShape shape) => true;

        public bool GetByReferenceType(bool elementType) => true;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => true;

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => true;

        public bool GetGenericMethodParameter(object? genericContext, int index) => true;

        public bool GetGenericTypeParameter(object? genericContext, int index) => true;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => true;

        public bool GetPinnedType(bool elementType) => true;

        public bool GetPointerType(bool elementType) => true;

        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => true;

        public bool GetSZArrayType(bool elementType) => true;
    }
}
