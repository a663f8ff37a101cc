// Log messages with every fault that the checker of event ids looks for.
#pragma warning disable IDE0130
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.House.Fixtures.Connection
{
    internal static partial class GoodLog
    {
        [LoggerMessage(LogEventRanges.Connection + 1, LogLevel.Information, "opened")]
        internal static partial void Opened(ILogger logger);

        [LoggerMessage(EventId = LogEventRanges.Connection + 999, Level = LogLevel.Trace, Message = "last of the range")]
        internal static partial void Last(this ILogger logger);
    }

    internal static partial class TwinLog
    {
        [LoggerMessage(1001, LogLevel.Information, "opened too")]
        internal static partial void OpenedToo(ILogger logger);
    }
}

namespace Carbon.Realtime.Tests.House.Fixtures.Channels
{
    internal static partial class BadLog
    {
        [LoggerMessage(LogLevel.Information, "no id")]
        internal static partial void WithoutId(ILogger logger);

        [LoggerMessage(1002, LogLevel.Information, "the id of another room")]
        internal static partial void OutOfRange(ILogger logger);
    }
}

namespace Carbon.Realtime.Tests.House.Fixtures.Attic
{
    internal static partial class AtticLog
    {
        [LoggerMessage(9999, LogLevel.Information, "a room without a range")]
        internal static partial void Homeless(ILogger logger);
    }
}
