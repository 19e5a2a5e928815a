/** Settings of a keyspace as a configuration has them. */
export const settings = (shards: number, replicas = 3, groups: number | string = shards) => ({
  shards,
  groups,
  replicas,
  replication: 'paxos',
  partition: 'hash',
  concurrency: '2pl',
})
