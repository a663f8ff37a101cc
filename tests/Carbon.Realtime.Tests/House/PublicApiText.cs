using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Carbon.Realtime.Tests.House;

/// <summary>Renders what an assembly shows to others as C#-like text, one member a line, in an order that does not depend on the sources.</summary>
internal static class PublicApiText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Render(Assembly assembly) => Render(assembly.GetExportedTypes());

    public static string Render(IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        var namespaces = types.Where(type => !type.IsNested).GroupBy(type => type.Namespace ?? "");
        foreach (var space in namespaces.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append($"namespace {space.Key}\n{{\n");
            foreach (var type in space.OrderBy(type => type.Name, StringComparer.Ordinal))
            {
                Append(text, type, "    ");
            }

            text.Append("}\n");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Type type, string indent)
    {
        AppendAttributes(text, type, indent);
        text.Append(indent).Append(type.IsNested && !type.IsNestedPublic ? "protected " : "public ");
        if (type.IsSubclassOf(typeof(MulticastDelegate)))
        {
            var invoke = type.GetMethod("Invoke")!;
            text.Append($"delegate {TypeNames.Of(invoke.ReturnParameter)} {TypeNames.Declaration(type)}{MemberText.Parameters(invoke)}")
                .Append($"{MemberText.Constraints(TypeNames.OwnParameters(type))};\n");
            return;
        }

        text.Append($"{Kind(type)} {TypeNames.Declaration(type)}{Bases(type)}{MemberText.Constraints(TypeNames.OwnParameters(type))}\n{indent}{{\n");
        foreach (var line in Members(type))
        {
            text.Append($"{indent}    {line}\n");
        }

        var visible = type.GetNestedTypes(Declared).Where(nested => IsVisibleNested(nested, type));
        foreach (var nested in visible.OrderBy(nested => nested.Name, StringComparer.Ordinal))
        {
            Append(text, nested, indent + "    ");
        }

        text.Append($"{indent}}}\n");
    }

    private static bool IsVisibleNested(Type nested, Type type) =>
        !nested.Name.StartsWith('<') && (nested.IsNestedPublic || (!type.IsSealed && (nested.IsNestedFamily || nested.IsNestedFamORAssem)));

    private static string Kind(Type type)
    {
        if (type.IsEnum)
        {
            return "enum";
        }

        if (type.IsInterface)
        {
            return "interface";
        }

        if (type.IsValueType)
        {
            return (type.IsDefined(typeof(IsReadOnlyAttribute), false) ? "readonly " : "")
                + (type.IsByRefLike ? "ref " : "")
                + (MemberText.IsRecord(type) ? "record struct" : "struct");
        }

        var modifiers = type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        return modifiers + (MemberText.IsRecord(type) ? "record" : "class");
    }

    private static string Bases(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetUnderlyingType(type) == typeof(int) ? "" : $" : {TypeNames.Of(Enum.GetUnderlyingType(type))}";
        }

        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases.Add(TypeNames.Of(parent));
        }

        // Reflection lists inherited interfaces too; what an interface or the base class brings along says nothing new.
        var implied = type.GetInterfaces().SelectMany(i => i.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []).ToHashSet();
        var own = type.GetInterfaces().Where(i => i.IsVisible && !implied.Contains(i));
        bases.AddRange(own.Select(TypeNames.Of).Order(StringComparer.Ordinal));
        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .OrderBy(field => Convert.ToInt64(field.GetRawConstantValue(), null))
                .Select(field => $"{field.Name} = {field.GetRawConstantValue()},");
        }

        var constructors = type.GetConstructors(Declared).Where(constructor => !constructor.IsStatic);
        var methods = type.GetMethods(Declared).Where(method => !method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));
        return new[]
        {
            type.GetFields(Declared).Select(MemberText.Of),
            constructors.Select(MemberText.Of),
            type.GetProperties(Declared).Select(MemberText.Of),
            type.GetEvents(Declared).Select(MemberText.Of),
            methods.Select(MemberText.Of),
        }.SelectMany(lines => lines.OfType<string>().Order(StringComparer.Ordinal));
    }

    private static void AppendAttributes(StringBuilder text, Type type, string indent)
    {
        foreach (var name in MemberText.Attributes(type))
        {
            text.Append($"{indent}{name}\n");
        }
    }
}
