/** What a store reports when what it reads is not what it wrote. */
import type { ActorId } from '../address.ts'
import { StorageError } from './storage.ts'

/** A row whose checksum does not fit its bytes. It can be repaired from another replica, or by writing it anew. */
export class DamagedRow extends StorageError {
  override readonly name: string = 'DamagedRow'
  readonly file: string
  readonly actor: ActorId
  readonly key: string

  constructor(file: string, actor: ActorId, key: string) {
    super(
      `${file}: the row ${JSON.stringify(key)} of actor ${actor} is damaged (its checksum does not match); ` +
        'move the file away and let the node recover from the others',
    )
    this.file = file
    this.actor = actor
    this.key = key
  }
}
