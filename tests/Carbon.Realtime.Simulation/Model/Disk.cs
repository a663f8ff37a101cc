namespace Carbon.Realtime.Simulation.Model;

/// <summary>What the cache keeps: the rows of one store, saved whole, or in two writes where that is what is to be shown wrong.</summary>
internal sealed class Disk(int keys)
{
    private readonly byte[] _rows = new byte[keys];
    private readonly byte[] _rest = new byte[keys];

    public bool HasRows { get; private set; }

    public int Tenant { get; private set; }

    /// <summary>Whether the second half is yet to be written.</summary>
    public bool IsHalfSaved { get; private set; }

    /// <summary>Whether one half is older than the other, and will stay so.</summary>
    public bool IsTorn { get; private set; }

    public ReadOnlySpan<byte> Rows => _rows;

    public bool Differs(ClientRule rule, int tenant)
    {
        for (var key = 0; key < keys; key++)
        {
            if (rule.Row(key) != _rows[key])
            {
                return true;
            }
        }

        return !HasRows || Tenant != tenant;
    }

    public void Save(ClientRule rule, int tenant, bool isAtomic)
    {
        for (var key = 0; key < keys; key++)
        {
            _rest[key] = (byte)rule.Row(key);
        }

        (HasRows, Tenant, IsHalfSaved, IsTorn) = (true, tenant, !isAtomic, false);
        _rows[0] = _rest[0];
        if (isAtomic)
        {
            SaveRest();
        }
    }

    public void SaveRest()
    {
        _rest.CopyTo(_rows, 0);
        Array.Clear(_rest);
        IsHalfSaved = false;
    }

    /// <summary>Who was writing is gone.</summary>
    public void OnCrash()
    {
        IsTorn |= IsHalfSaved && !_rest.AsSpan().SequenceEqual(_rows);
        Array.Clear(_rest);
        IsHalfSaved = false;
    }

    public void Write(ref StateWriter writer)
    {
        writer.Bytes(_rows);
        writer.Bytes(_rest);
        writer.Flags(HasRows, IsHalfSaved, Tenant != 0, IsTorn);
    }

    public void Read(ref StateReader reader)
    {
        reader.Bytes(_rows);
        reader.Bytes(_rest);
        var flags = reader.Flags();
        (HasRows, IsHalfSaved, Tenant, IsTorn) = (flags[0], flags[1], flags[2] ? 1 : 0, flags[3]);
    }
}
