/** How a node begins: what it refuses to start with, and its store. */
import { openSqlite } from '../storage/sqlite.ts'
import type { Identity } from '../storage/storage.ts'
import { ProductionNode } from './node.ts'
import type { NodeOptions, RunningNode } from './options.ts'

/**
 * Opens the store and the mesh. Resolves as soon as the node takes part; `whenReady` waits until a majority has
 * answered and its actors run. Rejects with a `StorageError`, or an error that says what to change.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const self = options.members.find(member => member.id === options.node)
  if (self === undefined) throw new Error(`node ${options.node} is not in the list of members`)
  if (options.secret === '') throw new Error('the cluster secret is empty: give all nodes the same one')
  const storage = (options.openStorage ?? openSqlite)(options.folder)
  try {
    checkOwner(storage.identity(), options)
  } catch (error) {
    storage.close()
    throw error
  }
  const node = new ProductionNode(options, storage)
  try {
    node.begin()
  } catch (error) {
    await node.stop()
    throw error
  }
  return node
}

function checkOwner(identity: Identity | undefined, { cluster, node, folder }: NodeOptions): void {
  if (identity === undefined || (identity.cluster === cluster && identity.node === node)) return
  throw new Error(
    `${folder} holds the data of node ${identity.node} of cluster ${identity.cluster}, not of ${node} of ${cluster}: ` +
      'choose another data folder, or start with the names it was made for',
  )
}
