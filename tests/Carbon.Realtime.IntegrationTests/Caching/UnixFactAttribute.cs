namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Of file modes and links, which Windows does not have or does not let everybody make.</summary>
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Windows has no file modes: there the folder's rights apply.";
        }
    }
}
