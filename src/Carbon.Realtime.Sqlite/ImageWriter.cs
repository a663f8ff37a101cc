using System.Text;

namespace Carbon.Realtime.Sqlite;

/// <summary>Applies one save. All of it is the caller's transaction.</summary>
/// <remarks>
/// What has to be known of an old row, its size and tag, is read before it goes; a row that is equal already is not touched. The lookup costs
/// less than the write it may spare.
/// </remarks>
internal sealed class ImageWriter : IDisposable
{
    private static readonly UTF8Encoding Exact = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Generation _generation;
    private readonly Statement _find;
    private readonly Statement _put;
    private readonly Statement _delete;
    private byte[] _key = new byte[256];

    public ImageWriter(CacheDatabase database, Generation generation)
    {
        _generation = generation;
        _find = new Statement(database.Connection, "SELECT length(json), tag FROM row WHERE generation = ?1 AND key = ?2");
        _put = new Statement(database.Connection, "INSERT OR REPLACE INTO row (generation, key, json, tag) VALUES (?1, ?2, ?3, ?4)");
        _delete = new Statement(database.Connection, "DELETE FROM row WHERE generation = ?1 AND key = ?2");
    }

    public void Upsert(StoreCacheRow row)
    {
        var key = Encode(row.Key);
        var tag = InstallKey.TagOf(_generation.Name, key, row.Json.Span);
        if (Find(key) is { } old)
        {
            if (old.Tag == tag)
            {
                return;
            }

            _generation.Subtract(old.Bytes, old.Tag);
        }

        _put.Bind(1, _generation.Id).Bind(2, key).Bind(3, row.Json.Span).Bind(4, tag).Run();
        _generation.Add(key.Length + row.Json.Length, tag);
    }

    public void Remove(string rowKey)
    {
        var key = Encode(rowKey);
        if (Find(key) is not { } old)
        {
            return;
        }

        _delete.Bind(1, _generation.Id).Bind(2, key).Run();
        _generation.Subtract(old.Bytes, old.Tag);
    }

    public void Dispose()
    {
        _find.Dispose();
        _put.Dispose();
        _delete.Dispose();
    }

    private (long Bytes, long Tag)? Find(ReadOnlySpan<byte> key)
    {
        try
        {
            return _find.Bind(1, _generation.Id).Bind(2, key).Step() ? (key.Length + _find.Number(0), _find.Number(1)) : null;
        }
        finally
        {
            _find.Reset();
        }
    }

    /// <summary>Valid until the next call.</summary>
    private ReadOnlySpan<byte> Encode(string key)
    {
        var size = Exact.GetMaxByteCount(key.Length);
        if (_key.Length < size)
        {
            _key = new byte[size];
        }

        try
        {
            return _key.AsSpan(0, Exact.GetBytes(key, _key));
        }
        catch (EncoderFallbackException exception)
        {
            // Two such keys would become one; PostgreSQL, where keys come from, has none.
            throw new StoreCacheException(StoreCacheFault.Unavailable, "A row's key is not valid Unicode, and is not kept.", exception);
        }
    }
}
