/** What a store reports when what it reads is not what it wrote. */
import type { ActorId } from '../address.ts'
import { StorageError } from './storage.ts'

/**
 * A row whose checksum does not fit its bytes. In the table of rows writing it anew repairs it; what is damaged in the
 * journal, in what a `turn` wrote, refuses the file.
 */
export class DamagedRow extends StorageError {
  override readonly name: string = 'DamagedRow'
  readonly file: string
  readonly actor: ActorId
  readonly key: string

  constructor(file: string, actor: ActorId, key: string, turn?: number) {
    const how =
      turn === undefined
        ? 'its checksum does not match'
        : `a bit of it is flipped in what turn ${turn} wrote, as the checksum of that shows`
    super(
      `${file}: the row ${JSON.stringify(key)} of actor ${actor} is damaged (${how}); ` +
        'move the file away and let the node recover from the others',
    )
    this.file = file
    this.actor = actor
    this.key = key
  }
}
