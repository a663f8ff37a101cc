using System.Reflection;

namespace Carbon.Realtime.Tests.House;

/// <summary>Types as C# writes them, with nullability where a member carries it.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    // Namespaces whose types are known by their bare name; all other foreign types are written in full.
    private static readonly HashSet<string> Familiar =
        ["System", "System.Collections.Generic", "System.Threading", "System.Threading.Tasks", "System.Text.Json"];

    public static string Of(Type type) => Of(type, null);

    public static string Of(ParameterInfo parameter) => Of(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    public static string Of(PropertyInfo property) => Of(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string Of(FieldInfo field) => Of(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Of(EventInfo @event) => Of(@event.EventHandlerType!, new NullabilityInfoContext().Create(@event));

    /// <summary>The name without type parameters.</summary>
    public static string Plain(Type type) => type.Name.Split('`')[0];

    /// <summary>The name with its type parameters, as at the declaration: variance included.</summary>
    public static string Declaration(Type type)
    {
        var parameters = OwnParameters(type).Select(parameter =>
            (parameter.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
            {
                GenericParameterAttributes.Covariant => "out ",
                GenericParameterAttributes.Contravariant => "in ",
                _ => "",
            } + parameter.Name).ToList();
        return Plain(type) + (parameters.Count == 0 ? "" : $"<{string.Join(", ", parameters)}>");
    }

    /// <summary>A nested type's type parameters without those it repeats from its declarer.</summary>
    public static Type[] OwnParameters(Type type) => type.GetGenericArguments()[(type.DeclaringType?.GetGenericArguments().Length ?? 0)..];

    private static string Of(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!, nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying, nullability?.GenericTypeArguments.FirstOrDefault()) + "?";
        }

        var mark = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (type.IsGenericParameter)
        {
            // Reflection calls an unconstrained T and T? alike nullable; the mark is left out rather than guessed.
            return type.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? type.Name + mark : type.Name;
        }

        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword + mark;
        }

        var arguments = type.GetGenericArguments()
            .Select((argument, i) => Of(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i)))
            .ToArray();
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
        {
            return $"({string.Join(", ", arguments)}){mark}";
        }

        var outer = type.DeclaringType;
        var inherited = outer?.GetGenericArguments().Length ?? 0;
        var own = arguments[inherited..];
        var prefix = outer is not null
            ? Of(inherited == 0 ? outer : outer.MakeGenericType(type.GetGenericArguments()[..inherited])) + "."
            : Familiar.Contains(type.Namespace ?? "") || (type.Namespace ?? "").StartsWith("Carbon.Realtime", StringComparison.Ordinal)
                ? ""
                : type.Namespace + ".";
        return $"{prefix}{Plain(type)}{(own.Length == 0 ? "" : $"<{string.Join(", ", own)}>")}{mark}";
    }
}
