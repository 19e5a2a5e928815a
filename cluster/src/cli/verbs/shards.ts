/** `cluster shards`: the shard map. */
import type { ShardMap } from '@synod/actors'
import { askAny } from '../ask-nodes.ts'
import { look } from '../look.ts'
import { table } from '../output.ts'

type Seen = ShardMap & { readonly source: 'directory' | 'configuration' }

export const shards = look<object, Seen>({
  name: 'shards',
  summary: 'which group holds which keys',
  examples: ['shards', 'shards --json'],
  see: found => askAny(found, '/map'),
  show(map) {
    const rows = Object.entries(map.keyspaces).flatMap(([keyspace, { partition, shards: own }]) =>
      own.map(shard => ({ keyspace, partition, shard, group: map.groups[shard.group] })),
    )
    const from =
      map.source === 'directory'
        ? ''
        : ' (the directory does not answer; this is what the nodes were configured with)'
    const body = table(rows, [
      { title: 'keyspace', value: row => row.keyspace },
      { title: 'shard', value: row => row.shard.shard },
      { title: 'partition', value: row => row.partition },
      { title: 'from', value: row => hex(row.shard.from) },
      { title: 'to', value: row => hex(row.shard.to) },
      { title: 'group', value: row => row.shard.group },
      { title: 'protocol', value: row => row.group?.protocol },
      { title: 'members', value: row => row.group?.members.join(' ') },
    ])
    return `epoch ${map.epoch}${from}\n${body}`
  },
})

function hex(hash: number): string {
  return hash.toString(16).padStart(8, '0')
}
