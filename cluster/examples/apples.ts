/**
 * A program outside the cluster, as the README shows it. With a cluster running, from the repository's root:
 *
 *   npx -y pnpm exec node cluster/examples/apples.ts http://127.0.0.1:8001 http://127.0.0.1:8002
 */
import { connect } from '@synod/cluster/client'

const db = connect(process.argv.slice(2)) // URLs of nodes, one or more
await db.transaction(async tx => {
  const apples = (await tx.get<number>('kv', 'apples')) ?? 0
  tx.put('kv', 'apples', apples + 1)
})
console.log('apples', (await db.get('kv', 'apples'))?.value)
db.close()
