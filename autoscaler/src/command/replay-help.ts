/** The page of `replay --help`. */
export const REPLAY_HELP = `hangar-autoscaler replay: what would each policy have cost, and how long would builds have waited?

  hangar-autoscaler replay --load table-like
  hangar-autoscaler replay builds.jsonl.gz --policy forecast --policy karpenter
  hangar-autoscaler replay --trace builds.jsonl --node cpu=3920m,memory=6018Mi --boot-seconds 120 --json

Plays builds, recorded or made up, through policies that size a node pool, with the placement of Kubernetes' scheduler.
Policies learn during the training days; costs and waits count after them. No build is ever evicted.

The builds:
  FILE, --trace FILE      JSON lines, sorted or not, gzip or not, - for standard input; may be repeated, as for the daily
                          files of "serve". Damaged lines are named by number and left out:
                            {"arrivedAt":"2026-01-31T08:15:00Z","durationSeconds":310,"cpuMillis":1150,"memoryMiB":1700}
                          may also hold knownAt, build and repo; times may be seconds since 1970
  --load NAME             made up: table-like (1000 PRs a weekday) or harder (shifted peaks, a holiday, a doubling)
  --days N                how many days to make up (28)
  --known-share X         share of made-up pushes that are known --known-seconds (180) before they arrive (0)

The pool:
  --node TEXT             4cpu-8gb, 8cpu-16gb, cpu=3920m,memory=6018Mi, gke:cpu=…, eks:cpu=… (4cpu-8gb)
  --boot-seconds N        from the order of a node until builds run on it (180)
  --cold-seconds N        how much longer a build takes on a node without images (0)

The policies:
  --policy NAME           may be repeated: forecast, sqrt, look-ahead, clairvoyant, cluster-autoscaler, karpenter,
                          karpenter-buffer, karpenter-buffer-sqrt, static:N; those with whom others are compared when nothing is said
                            forecast       usual demand by weekday and hour, corrected by recent arrivals
                            sqrt           2·√(running + waiting) + 5 free places, needs no history
                            look-ahead     what is known ahead, and 5 free places
                            clairvoyant    knows the future: a bound, not a policy
                            karpenter-buffer  Karpenter, and the forecast as the replicas of a CapacityBuffer
                            karpenter-buffer-sqrt  the same with the rule of sqrt
  --placement NAME        least (the scheduler's default), most, or soft-taint (least, surplus nodes marked PreferNoSchedule);
                          soft-taint for forecast, sqrt, look-ahead and clairvoyant when nothing is said, least for others
  --train-days N          days to learn from, which don't count (14, or half of a trace that has no more)
  --objective-p95-seconds N   the wait that the forecast aims at (10)
  --seed N                for the made-up builds and the scheduler's chance (1)

The answer:
  --json                  data instead of a table
  --decisions FILE        the wanted pool size over time, {"at": seconds since the first midnight UTC, "nodes": n} on each
                          line, so that anybody's simulator can judge it; needs exactly one policy
  --plot text|FILE.svg    nodes over the counted days, as rows of blocks or as a picture

Exit codes: 0 played, 1 some builds never found a node or a file could not be written, 2 the command line or the trace makes no sense.
`;
