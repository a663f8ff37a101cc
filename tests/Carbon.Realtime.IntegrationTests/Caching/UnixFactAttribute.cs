namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Of what Windows does not have: file modes, links that anybody may make, renames of open files.</summary>
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Windows has no file modes, does not let everybody make links, and renames no open file.";
        }
    }
}
