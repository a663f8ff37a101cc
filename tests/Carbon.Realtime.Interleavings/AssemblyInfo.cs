// A run stops whatever else would enter a lock of this assembly.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
