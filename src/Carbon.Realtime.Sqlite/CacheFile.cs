namespace Carbon.Realtime.Sqlite;

/// <summary>The file of a cache and those that SQLite lays beside it: who may read them, and where a damaged one goes.</summary>
/// <remarks>
/// Never opens a file that SQLite may have open: closing any descriptor of a file drops all of the process's POSIX locks on it
/// (https://www.sqlite.org/howtocorrupt.html, section 2.2).
/// </remarks>
internal sealed class CacheFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public CacheFile(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        Log = Path + "-wal";
        Index = Path + "-shm";
        Aside = Path + ".corrupt";
    }

    public string Path { get; }

    /// <summary>SQLite's write-ahead log: what was saved since the last checkpoint.</summary>
    public string Log { get; }

    /// <summary>SQLite's index of the log.</summary>
    public string Index { get; }

    /// <summary>Where a damaged file goes; there is one at most.</summary>
    public string Aside { get; }

    public bool Exists => File.Exists(Path);

    /// <summary>Whether all that was saved is in the file itself.</summary>
    public bool IsWhole => new FileInfo(Log) is not { Exists: true, Length: > 0 };

    /// <summary>A link would let whoever made it choose what is read and overwritten.</summary>
    public void RefuseLinks()
    {
        foreach (var path in (string[])[Path, Log, Index])
        {
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new StoreCacheException(
                    StoreCacheFault.Unavailable, $"{path} is a symbolic link, which the cache does not follow. Give it the path of the file itself.", null);
            }
        }
    }

    /// <summary>Makes the file, if there is none, before SQLite could make it readable by others; SQLite gives its log and index the file's mode.</summary>
    public void Create()
    {
        if (Exists)
        {
            Tighten();
            return;
        }

        MakeFolder();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            new FileStream(Path, options).Dispose();
        }
        catch (IOException) when (Exists)
        {
            // Another process was quicker; it makes it the same way.
        }
    }

    /// <summary>Puts a damaged file away, in place of the one that was put away before.</summary>
    /// <remarks>The log goes first: one that outlives its file would be taken for the next file's.</remarks>
    public void PutAside()
    {
        File.Delete(Log);
        File.Delete(Index);
        File.Move(Path, Aside, overwrite: true);
    }

    /// <summary>Deletes what was put away.</summary>
    public void DeleteAside()
    {
        if (File.Exists(Aside)) // deleting in a folder that is not there throws
        {
            File.Delete(Aside);
        }
    }

    private void MakeFolder()
    {
        var folder = System.IO.Path.GetDirectoryName(Path)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>A file that came from elsewhere, such as a restored backup, may be open to others.</summary>
    private void Tighten()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var path in (string[])[Path, Log, Index, Aside])
        {
            if (File.Exists(path) && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            {
                File.SetUnixFileMode(path, File.GetUnixFileMode(path) & OwnerOnly);
            }
        }
    }
}
