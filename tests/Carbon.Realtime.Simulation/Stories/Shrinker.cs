namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Makes a story that fails shorter, as long as it fails with the same promise broken.</summary>
internal static class Shrinker
{
    public static Story Shrink(Story story, Func<Story, string?> tell)
    {
        if (Promise(tell(story)) is not { } promise)
        {
            return story;
        }

        for (var size = story.Steps.Count / 2; size >= 1; size /= 2)
        {
            for (var at = 0; at + size <= story.Steps.Count;)
            {
                // The time of what is left out is kept, then not: most failures need the order only.
                var shorter = Without(story, at, size, keepsTime: false);
                if (promise != Promise(tell(shorter)))
                {
                    shorter = Without(story, at, size, keepsTime: true);
                }

                if (promise == Promise(tell(shorter)))
                {
                    story = shorter;
                }
                else
                {
                    at += size;
                }
            }
        }

        return story;
    }

    private static string? Promise(string? failure) => failure?.Split(' ', '\n') is [var first, var second, ..] ? $"{first} {(first.StartsWith('V') ? "" : second)}" : failure;

    private static Story Without(Story story, int at, int size, bool keepsTime)
    {
        var steps = story.Steps.ToList();
        var time = keepsTime ? steps.Skip(at).Take(size).Sum(static s => s.Pause) : 0;
        steps.RemoveRange(at, size);
        if (time > 0 && at < steps.Count)
        {
            steps[at] = steps[at] with { Pause = steps[at].Pause + time };
        }

        return story with { Steps = steps };
    }
}
