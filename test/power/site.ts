/** Three nodes, each with its data on a file system of its own that can lose its power. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'
import { diskNode } from '../chaos/disk-node.ts'
import { nodeIds, unlessInterrupted } from '../chaos/stage.ts'
import { localMembers, Nodes } from '../processes/nodes.fixture.ts'
import { Volume } from './volume.ts'

export interface Site {
  readonly nodes: Nodes
  readonly volumes: ReadonlyMap<string, Volume>
}

/** Nothing stays mounted, however it ends. */
export async function onVolumes(scene: (site: Site) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-power-'))
  const volumes = new Map<string, Volume>(nodeIds.map(id => [id, new Volume(folder, id)]))
  for (const volume of volumes.values()) volume.format()
  const nodes = new Nodes({
    members: localMembers(await freeBasePort()),
    data: id => join(folder, id, 'data'),
    command: () => diskNode,
  })
  const clean = async () => {
    await nodes.stopAll('SIGKILL')
    for (const volume of volumes.values()) volume.destroy()
    for (const made of [folder, nodes.folder]) rmSync(made, { recursive: true })
  }
  // Whoever asks first: the end of the scene, or Ctrl-C in the middle of it.
  let left: Promise<void> | undefined
  const leave = () => {
    left ??= clean()
    return left
  }
  try {
    await unlessInterrupted(leave, () => scene({ nodes, volumes }))
  } finally {
    await leave()
  }
}
