using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Tests.House;

/// <summary>One member as one line of C#; <see langword="null"/> for what others cannot see.</summary>
internal static class MemberText
{
    // Attributes that change what a caller may do or is told.
    private static readonly HashSet<string> ShownAttributes =
    [
        "FlagsAttribute", "ObsoleteAttribute", "ExperimentalAttribute", "EditorBrowsableAttribute",
        "RequiresUnreferencedCodeAttribute", "RequiresDynamicCodeAttribute",
    ];

    public static string? Of(FieldInfo field)
    {
        if (Access(field.IsPublic, field.IsFamily || field.IsFamilyOrAssembly, field.DeclaringType!) is not { } access)
        {
            return null;
        }

        var modifier = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        var value = field.IsLiteral ? $" = {Value(field.GetRawConstantValue(), field.FieldType)}" : "";
        return $"{Prefix(field)}{access}{modifier}{TypeNames.Of(field)} {field.Name}{value};";
    }

    public static string? Of(ConstructorInfo constructor) =>
        AccessOf(constructor) is { } access && !IsCompilers(constructor)
            ? $"{Prefix(constructor)}{access}{TypeNames.Plain(constructor.DeclaringType!)}{Parameters(constructor)};"
            : null;

    public static string? Of(PropertyInfo property)
    {
        var accessors = new[] { (Name: "get", Method: property.GetMethod), (Name: "set", Method: property.SetMethod) }
            .Where(accessor => accessor.Method is not null && AccessOf(accessor.Method) is not null)
            .Where(_ => !(IsRecord(property.DeclaringType!) && property.Name == "EqualityContract"))
            .ToList();
        if (accessors.Count == 0)
        {
            return null;
        }

        var widest = accessors.Find(accessor => accessor.Method!.IsPublic).Method ?? accessors[0].Method!;
        var body = string.Concat(accessors.Select(accessor =>
            (accessor.Method!.IsPublic == widest.IsPublic ? "" : "protected ") + (IsInit(accessor.Method) ? "init" : accessor.Name) + "; "));
        var required = property.IsDefined(typeof(RequiredMemberAttribute), false) ? "required " : "";
        var index = property.GetIndexParameters();
        var name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        return $"{Prefix(property)}{AccessOf(widest)}{required}{Modifiers(widest)}{TypeNames.Of(property)} {name} {{ {body}}}";
    }

    public static string? Of(EventInfo @event) =>
        AccessOf(@event.AddMethod!) is { } access
            ? $"{Prefix(@event)}{access}{Modifiers(@event.AddMethod!)}event {TypeNames.Of(@event)} {@event.Name};"
            : null;

    public static string? Of(MethodInfo method)
    {
        if (AccessOf(method) is not { } access || IsCompilers(method) || method.Name.StartsWith('<'))
        {
            return null;
        }

        var arguments = method.GetGenericArguments();
        var generic = arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(argument => argument.Name))}>";
        return $"{Prefix(method)}{access}{Modifiers(method)}{TypeNames.Of(method.ReturnParameter)} {method.Name}{generic}"
            + $"{Parameters(method)}{Constraints(arguments)};";
    }

    public static string Parameters(MethodBase method)
    {
        var extension = method.IsDefined(typeof(ExtensionAttribute), false) ? "this " : "";
        return $"({extension}{string.Join(", ", method.GetParameters().Select(Parameter))})";
    }

    public static string Constraints(Type[] parameters) => string.Concat(parameters.Select(parameter =>
    {
        var attributes = parameter.GenericParameterAttributes;
        var constraints = new List<string>();
        if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            constraints.Add("class");
        }

        if (attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            constraints.Add("struct");
        }
        else
        {
            if (IsNotNull(parameter))
            {
                constraints.Add("notnull");
            }

            constraints.AddRange(parameter.GetGenericParameterConstraints().Select(constraint => TypeNames.Of(constraint)));
            if (attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
            {
                constraints.Add("new()");
            }
        }

        return constraints.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", constraints)}";
    }));

    public static IEnumerable<string> Attributes(MemberInfo member) => member.GetCustomAttributesData()
        .Select(attribute => attribute.AttributeType.Name)
        .Where(ShownAttributes.Contains)
        // The compiler marks constructors of types with required members, and ref structs, for compilers that do not know them.
        .Where(name => name != nameof(ObsoleteAttribute) || !member.IsDefined(typeof(CompilerFeatureRequiredAttribute), false))
        .Order(StringComparer.Ordinal)
        .Select(name => $"[{name[..^"Attribute".Length]}]");

    public static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null
        || (type.IsValueType
            && type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is { } print
            && IsGenerated(print));

    private static string Parameter(ParameterInfo parameter)
    {
        var isParams = parameter.IsDefined(typeof(ParamArrayAttribute), false) || parameter.IsDefined(typeof(ParamCollectionAttribute), false);
        var passing = isParams ? "params "
            : !parameter.ParameterType.IsByRef ? ""
            : parameter.IsOut ? "out "
            : parameter.IsIn ? "in "
            : "ref ";
        var value = parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue, parameter.ParameterType)}" : "";
        return $"{passing}{TypeNames.Of(parameter)} {parameter.Name}{value}";
    }

    private static string Value(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        char one => $"'{one}'",
        bool truth => truth ? "true" : "false",
        _ when (Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } names => $"{TypeNames.Of(names)}.{Enum.ToObject(names, value)}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Prefix(MemberInfo member) => string.Concat(Attributes(member).Select(attribute => attribute + " "));

    private static string? AccessOf(MethodBase method) =>
        Access(method.IsPublic, method.IsFamily || method.IsFamilyOrAssembly, method.DeclaringType!);

    // In an interface everything is public, and in a sealed type nobody sees what is protected.
    private static string? Access(bool isPublic, bool isProtected, Type type) =>
        isPublic ? (type.IsInterface ? "" : "public ") : isProtected && !type.IsSealed ? "protected " : null;

    private static string Modifiers(MethodInfo method)
    {
        var modifiers = method.IsStatic ? "static " : "";
        if (method.DeclaringType!.IsInterface)
        {
            return modifiers + (method.IsAbstract ? (method.IsStatic ? "abstract " : "") : method.IsVirtual ? "virtual " : "");
        }

        if (!method.IsVirtual)
        {
            return modifiers;
        }

        var overrides = method.GetBaseDefinition().DeclaringType != method.DeclaringType;
        return method.IsAbstract ? (overrides ? "abstract override " : "abstract ")
            : overrides ? (method.IsFinal ? "sealed override " : "override ")
            : method.IsFinal ? "" : "virtual ";
    }

    private static bool IsInit(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    // What the compiler adds to records is said by the word "record".
    private static bool IsCompilers(MethodBase method) => IsRecord(method.DeclaringType!) && IsGenerated(method);

    private static bool IsGenerated(MethodBase method) => method.IsDefined(typeof(CompilerGeneratedAttribute), false);

    // "notnull" is written as a nullability of 1, or left to the nearest context of 1.
    private static bool IsNotNull(Type parameter)
    {
        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)
            || parameter.GetGenericParameterConstraints().Length > 0)
        {
            return false;
        }

        var flag = Flag(parameter.GetCustomAttributesData(), "NullableAttribute");
        MemberInfo? scope = (MemberInfo?)parameter.DeclaringMethod ?? parameter.DeclaringType;
        while (flag is null && scope is not null)
        {
            flag = Flag(scope.GetCustomAttributesData(), "NullableContextAttribute");
            scope = scope.DeclaringType;
        }

        return flag == 1;
    }

    private static byte? Flag(IList<CustomAttributeData> attributes, string name) =>
        attributes.FirstOrDefault(attribute => attribute.AttributeType.Name == name)?.ConstructorArguments[0].Value as byte?;
}
