/** Faults that must strike in every suite that has them. */
export const faultGoals: readonly string[] = [
  'lost',
  'doubled',
  'overtaken',
  'cut',
  'partition',
  'bridge',
  'clog',
  'burst',
  'crash',
  'crash beforeCommit',
  'crash afterCommit',
  'crash whileReleasing',
  'pause',
  'clock skew',
  'clock jump',
  'slow node',
  'slow disk',
  'commit failed',
  'disk full',
].map(fault => `fault: ${fault}`)

/** Of suites with groups, whose leaders are hit and whose members lose their memory. */
export const groupGoals: readonly string[] = [
  ...faultGoals,
  'fault: leader isolated',
  'fault: bit flipped',
  'fault: damage found',
  'wipe',
  'rollback',
  'acceptor has recovered',
  'a recovered acceptor votes',
  'leads with slots in flight',
  'installed a snapshot',
  'half a flush thrown away',
  'swept its state',
]

/** Of suites whose groups are shards of transactions. */
export const shardGoals: readonly string[] = [
  'duplicate answered from the record',
  'wound',
  'in doubt, then committed',
  'in doubt, then aborted',
  'finished by another node',
]
