using System.Text;

namespace Carbon.Realtime.Tests.House;

/// <summary>Compares a text with its approved file in the repository.</summary>
internal static class ApprovedText
{
    public const string AcceptVariable = "ACCEPT_PUBLIC_API";

    /// <summary>Fails with the differences, or rewrites the file where the environment says so.</summary>
    /// <param name="project">The test project's folder, below tests/.</param>
    /// <param name="file">The approved file, below the project's House/.</param>
    /// <param name="actual">The text as it is now.</param>
    public static void Verify(string project, string file, string actual)
    {
        var path = Path.Combine(RepositoryRoot(), "tests", project, "House", file);
        var approved = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (approved == actual)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(path, actual);
            return;
        }

        Assert.Fail(
            $"The public API is not what tests/{project}/House/{file} approves.\n\n{Differences(approved, actual)}\n" +
            $"If that is meant, accept it and commit the file:  {AcceptVariable}=1 dotnet test tests/{project}\n");
    }

    /// <summary>The lines that went (-) and came (+), each under the last line of less depth before it.</summary>
    public static string Differences(string approved, string actual)
    {
        var before = approved.Split('\n');
        var after = actual.Split('\n');

        // common[i, j]: how many lines the two texts share from line i and line j on.
        var common = new int[before.Length + 1, after.Length + 1];
        for (var i = before.Length - 1; i >= 0; i--)
        {
            for (var j = after.Length - 1; j >= 0; j--)
            {
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        var text = new StringBuilder();
        var context = new Stack<(string Line, bool Shown)>();
        for (int i = 0, j = 0; i < before.Length || j < after.Length;)
        {
            if (i < before.Length && j < after.Length && before[i] == after[j])
            {
                Enter(context, before[i++]);
                j++;
            }
            else if (j == after.Length || (i < before.Length && common[i + 1, j] >= common[i, j + 1]))
            {
                Show(text, context, '-', before[i++]);
            }
            else
            {
                Show(text, context, '+', after[j++]);
            }
        }

        return text.ToString();
    }

    public static string RepositoryRoot()
    {
        // Not by the caller's file path: a continuous-integration build writes /_/ there.
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Carbon.Realtime.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not below the repository.");
    }

    private static int Depth(string line) => line.Length - line.TrimStart().Length;

    private static void Enter(Stack<(string Line, bool Shown)> context, string line)
    {
        if (line.TrimStart() is "{" or "}" or "")
        {
            return;
        }

        while (context.TryPeek(out var top) && Depth(top.Line) >= Depth(line))
        {
            context.Pop();
        }

        context.Push((line, false));
    }

    private static void Show(StringBuilder text, Stack<(string Line, bool Shown)> context, char sign, string line)
    {
        var outer = context.Reverse().Where(entry => Depth(entry.Line) < Depth(line)).ToList();
        foreach (var entry in outer.Where(entry => !entry.Shown))
        {
            text.Append("  ").Append(entry.Line).Append('\n');
        }

        context.Clear();
        outer.ForEach(entry => context.Push((entry.Line, true)));
        text.Append(sign).Append(' ').Append(line).Append('\n');
    }
}
